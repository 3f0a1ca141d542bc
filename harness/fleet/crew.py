"""A machine as its leader sees it, the rules that it is measured by, and why it can take no part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from distributed import Future

from harness.fleet.orders import Greeting
from harness.images.identity import code_digest
from harness.version import __version__

Step = Literal["greeting", "waiting", "building", "loading", "ready", "measuring", "done"]
UNSUPPLIED = {"waiting", "building", "loading"}


@dataclass(frozen=True)
class Rules:
    """On which terms machines are measured."""

    idle_s: float  # how long a machine is watched before it is measured
    unfit: bool = False
    wait: bool = False


@dataclass
class Crew:
    """One machine that takes part, and what it does now."""

    name: str
    address: str
    has_finished: bool = False  # in an earlier session: it only has images for others
    step: Step = "greeting"
    architecture: str = ""
    future: Future[Any] | None = None
    lacks: list[str] | None = None  # the images that it has not; None where nobody looked


def fault_of(greeting: Greeting | BaseException | None) -> str:
    """Why a machine can take no part; empty where nothing speaks against it."""
    if greeting is None:
        return "it was gone before it answered"
    if isinstance(greeting, ModuleNotFoundError):
        return f"harness is not installed there, or an older one without fleets: {greeting}"
    if isinstance(greeting, BaseException):
        return f"it could not be greeted: {greeting}"
    if greeting.harness != __version__ or greeting.code != code_digest():
        return f"its harness is another: {greeting.harness} ({greeting.code}), not {__version__} ({code_digest()})"
    if greeting.is_taken:
        return "busy: another client of its scheduler has its slot"
    return greeting.fault
