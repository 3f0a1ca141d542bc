"""What is run: cases, what is asked for them and what a sample is."""

from __future__ import annotations

from typing import Literal

from harness.model.record import Record, Words


def flop(n: int) -> int:
    """Floating-point operations of an n x n product: n multiplications and n additions an element."""
    return 2 * n**3


class Case(Record):
    """One row of a result."""

    implementation: str
    rung: str
    n: int
    threads: int
    twin: bool = False  # the A/A control: the second of two cases that are the same

    @property
    def name(self) -> str:
        """`implementation/rung`, as options and tables say it; an A/A control has a name of its own."""
        return f"{self.implementation}/{self.rung}" + (" (A/A control)" if self.twin else "")

    def __str__(self) -> str:
        """The case with its threads, for progress and messages."""
        return f"{self.name} ({self.threads} thread{'s' if self.threads > 1 else ''})"


class Options(Record):
    """What the user asked for, after defaults."""

    langs: tuple[str, ...]
    rungs: tuple[str, ...]
    n: int
    threads: tuple[int, ...]  # ascending
    rounds: int
    precision: float
    budget_s: float
    baseline: str
    yardstick: str
    seed: int
    tune: bool = False
    twin: bool = True  # measure A/A controls
    tax: bool = False  # measure what the container itself costs
    rebuild: bool = False  # build every image from nothing, to time it
    variants: bool = False  # measure variants of the rungs
    quick: bool = False  # a first taste
    only: tuple[str, ...] = ()  # of the rungs, these cases by name; all, where none is named


class Batch(Record):
    """What one container is asked for: SAMPLES samples, each of CALLS calls of the kernel on ROWS rows.

    FIRST says where the first sample's rows begin; those of the later ones follow from it.
    """

    rows: int
    samples: int
    first: int = 0
    calls: int = 1  # with none, all is done but the work: what is left is what everything else takes
    pilot: bool = False  # whether it only sizes those that follow


class Sample(Record):
    """The timed calls of a kernel, all those of a sample together, as the implementation printed it."""

    wall_ns: int
    cpu_ns: int
    checksum: int


class Failure(Record):
    """Why a case came to nothing."""

    stage: Literal["build", "info", "run", "validate"]
    reason: Words
    log: str | None = None  # path of the log, relative to the run's folder


class Conditions(Record):
    """What the engine's host did from just before a container's start until just after its end."""

    wall_ns: int  # by the host's own clock
    cpus: int
    busy_ns: int  # CPU time of all CPUs, whoever used it
    steal_ns: int  # CPU time that a hypervisor gave to others
    swapped_pages: int
    throttled: int | None  # how often CPUs were, for heat or power
    available_bytes: int
    mhz: float | None


class Accounts(Record):
    """What was counted of a container from outside."""

    life_ns: int  # from its start to its end, by the engine's clock
    cpu_ns: int | None = None  # used by all of its processes, by the kernel's account; None where that is not readable
