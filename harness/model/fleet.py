"""The record of a fleet: what was asked of it, and what became of each machine."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from harness.model.record import Record, Words

FLEET_SCHEMA = 1
"""Of a fleet's record; each machine's own journal has the schema of any run's."""

State = Literal["left out", "joined", "measuring", "lost", "failed", "finished"]
"""`lost` and `measuring` are resumed; `failed` is a run that could not be continued, with the reason."""


class FleetStarted(Record):
    """The first entry: everything that was requested."""

    kind: Literal["fleet"] = "fleet"
    schema_version: int = FLEET_SCHEMA
    harness: str
    code: str  # see identity.code_digest: the same on every machine
    run: str
    at: str
    hosts: str  # what --fleet said
    experiment: str
    typed: dict[str, Any]  # the options, as they were typed: threads and CPUs are each machine's own
    given: tuple[str, ...]  # the names of those that the user set
    unfit: bool = False  # measure machines with problems, too


class Member(Record):
    """What is known of one machine, from now on; the last entry of a machine holds."""

    kind: Literal["member"] = "member"
    at: str
    name: Words  # as the fleet file or its worker names it
    state: State
    reason: Words = ""
    architecture: str = ""
    run: str = ""  # the folder of its run, beside this record; none where it was left out


class Shipped(Record):
    """The images that all machines of an architecture were given, by tag with their digests."""

    kind: Literal["shipped"] = "shipped"
    architecture: str
    builder: Words
    base: str
    digests: dict[str, str]


FleetEntry = Annotated[FleetStarted | Member | Shipped, Field(discriminator="kind")]
