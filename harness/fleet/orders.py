"""What the machines of a fleet are told, and what they answer. All of it travels through Dask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SLOT = "harness"
"""The Dask resource of which every machine has one, and every task of ours takes one: never two at once."""


@dataclass(frozen=True)
class Order:
    """What every machine is asked for: the same run, of the same sources."""

    fleet: str
    experiment: str
    typed: Mapping[str, Any]
    given: tuple[str, ...]
    sources: bytes  # implementations/ and containers/, as a tar archive

    @property
    def topic(self) -> str:
        """Of the events by which journals come back."""
        return f"harness-journals-{self.fleet}"


@dataclass(frozen=True)
class Greeting:
    """What a machine says of itself; `fault` is why it can take no part."""

    harness: str
    code: str
    architecture: str = ""
    engine: str = ""
    is_taken: bool = False  # whether another client's task has its slot
    fault: str = ""


@dataclass(frozen=True)
class Built:
    """The images of an architecture: the base's tag, the digests by tag, and those that a machine lacked."""

    base: str
    digests: Mapping[str, str]
    fault: str = ""


@dataclass(frozen=True)
class Terms:
    """On which terms one machine is measured."""

    machine: str
    run: str
    base: str
    idle_s: float  # how long the machine is watched before it is measured
    facts: Mapping[str, str] = field(default_factory=dict)  # as its line of the fleet file says
    unfit: bool = False
    wait: bool = False
    known: bytes = b""  # its journal, as far as it came back


@dataclass(frozen=True)
class Piece:
    """Some of a machine's journal, from an offset on."""

    machine: str
    offset: int
    data: bytes


@dataclass(frozen=True)
class Outcome:
    """How a machine's run ended: its journal's size and SHA-256, and the logs that it kept."""

    refused: str = ""  # why it was left out
    failed: str = ""  # why its run cannot go on
    size: int = 0
    sha256: str = ""
    logs: Mapping[str, bytes] = field(default_factory=dict)
