"""What is run: cases, what is requested of them, and what a sample is."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, ValidationInfo, model_validator

from harness.model.ranges import DAY_S, MAX_N, MAX_PERCENT, MAX_ROUNDS, MAX_SEED
from harness.model.record import Record, Words, renamed


def flop(n: int) -> int:
    """Floating-point operations of an n x n product: n multiplications and n additions an element."""
    return 2 * n**3


class Case(Record):
    """One row of a report."""

    implementation: str
    rung: str
    n: int  # the size of the matrices; of a service, the connections
    threads: int
    control: bool = False  # the A/A control: the second of two cases that are the same

    @model_validator(mode="before")
    @classmethod
    def _by_present_names(cls, value: Any, info: ValidationInfo) -> Any:
        return renamed(value, info, {"twin": "control"})

    @property
    def name(self) -> str:
        """`implementation/rung`, as options and tables say it; an A/A control has a name of its own."""
        return f"{self.implementation}/{self.rung}" + (" (A/A control)" if self.control else "")

    def __str__(self) -> str:
        """The case with its threads, for progress and messages."""
        return f"{self.name} ({self.threads} thread{'s' if self.threads > 1 else ''})"


class Options(Record):
    """The user's options, after defaults."""

    langs: tuple[str, ...]
    rungs: tuple[str, ...]
    n: int = Field(ge=1, le=MAX_N)
    threads: tuple[int, ...]  # ascending
    rounds: int = Field(ge=1, le=MAX_ROUNDS)
    precision: float = Field(ge=0, le=MAX_PERCENT / 100)
    budget_s: float = Field(ge=0, le=DAY_S)
    baseline: str
    reference: str
    seed: int = Field(ge=0, le=MAX_SEED)
    tune: bool = False
    controls: bool = True  # measure A/A controls
    overhead: bool = False  # measure the container overhead
    rebuild: bool = False  # build every image from scratch, to time it
    variants: bool = False  # measure variants of the rungs
    quick: bool = False  # a first taste
    only: tuple[str, ...] = ()  # of the rungs, these cases by name; all, where none is named
    own: dict[str, float] = Field(default_factory=dict)  # what only the experiment knows

    @model_validator(mode="before")
    @classmethod
    def _by_present_names(cls, value: Any, info: ValidationInfo) -> Any:
        return renamed(value, info, {"yardstick": "reference", "twin": "controls", "tax": "overhead"})


class Batch(Record):
    """The request for one container: SAMPLES samples, each of CALLS calls of the kernel on ROWS rows.

    FIRST says where the first sample's rows begin; those of the later ones follow from it. What an experiment asks
    for that has no rows is in ASKED, by name.
    """

    rows: int = 1
    samples: int = 1
    first: int = 0
    calls: int = 1  # with 0, everything is done but the work: what everything else takes
    pilot: bool = False  # whether it only sizes the containers that follow
    asked: tuple[tuple[str, float], ...] = ()


class Sample(Record):
    """The timed calls of a kernel, all those of a sample together, as the implementation printed it."""

    wall_ns: int
    cpu_ns: int
    checksum: int


class Failure(Record):
    """Why a case failed."""

    stage: Literal["build", "info", "run", "validate"]
    reason: Words
    log: str | None = None  # path of the log, relative to the run's folder


class Conditions(Record):
    """What the engine's host did from just before a container's start until just after its end."""

    wall_ns: int  # by the host's own clock
    cpus: int
    busy_ns: int  # CPU time of all CPUs, used by any process
    steal_ns: int  # steal: CPU time that the hypervisor gave to other machines
    swapped_pages: int
    throttled: int | None  # how often CPUs were throttled, for heat or power
    available_bytes: int
    mhz: float | None


class Accounts(Record):
    """What was counted of a container from outside."""

    life_ns: int  # from its start to its end, by the engine's clock
    cpu_ns: int | None = (
        None  # used by all of its processes, by the kernel's accounting; None where it is not available
    )
