"""What of a comparison the page shows: the records that its charts, tables and templates are given."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.model.comparison import RoundRow, SourceFile

REFERENCE, REFERENCE_NAIVE = "vs_reference", "vs_reference_naive"  # the keys of the report for programs


@dataclass(frozen=True)
class Figure:
    """One figure of a case: as it is said, and exactly."""

    key: str  # of the report for programs
    text: str  # 27.0×
    value: float
    low: float | None = None
    high: float | None = None
    tie: bool = False
    spread: str = ""  # ±2%
    long: str = ""  # 27.0 [26.5–27.5]×

    @property
    def whole(self) -> str:
        """With the interval where there is little room: 27.0× ±2%."""
        return f"{self.text} {self.spread}".strip()

    @property
    def ends(self) -> tuple[float, float]:
        """The interval; where nothing is known of it, the value twice."""
        return (self.value if self.low is None else self.low, self.value if self.high is None else self.high)


@dataclass(frozen=True)
class Counts:
    """How often a case was measured, and why no more."""

    rounds: int
    samples: int
    interfered: int
    stopped: str


@dataclass(frozen=True)
class CaseView:
    """One case, or a rung that an implementation does not have."""

    id: str
    implementation: str
    language: str
    rung: str
    threads: int
    outcome: str
    reason: str
    log: str
    image: str
    figures: Mapping[str, Figure]
    facts: Sequence[tuple[str, str]]
    command: str
    counts: Counts
    previous: str | None = None  # the id of the case that it was made from
    variant_of: str | None = None  # of a variant: its rung
    changes: str = ""  # of a variant: what differs from its rung
    rounds: Sequence[RoundRow] = field(default_factory=tuple)
    files: Sequence[SourceFile] = field(default_factory=tuple)

    @property
    def is_library(self) -> bool:
        """Whether its image is that of somebody else's library."""
        return self.image not in {"", self.implementation}

    @property
    def name(self) -> str:
        """`implementation/rung`."""
        return f"{self.implementation}/{self.rung}"

    @property
    def full_name(self) -> str:
        """The same with its threads."""
        return f"{self.name}, {self.threads} thread{'s' if self.threads > 1 else ''}"


def case_id(implementation: str, rung: str, threads: int, *, control: bool = False) -> str:
    """What a link to a case names, whatever contributors call their implementations and rungs."""
    plain = [re.sub(r"[^\w-]", lambda each: f".{ord(each[0]):x}", part) for part in (implementation, rung)]
    return f"case-{plain[0]}-{plain[1]}-{threads}{'-control' if control else ''}"


def short(label: str) -> str:
    """A language's name without what its compiler is called: Python of Python (CPython)."""
    return label.partition(" (")[0]


@dataclass(frozen=True)
class Language:
    """An implementation with its cases on the most threads that each was measured on, up the ladder."""

    name: str
    label: str
    place: int  # among all, for its colour
    cases: Sequence[CaseView]


@dataclass(frozen=True)
class Published:
    """One step of the published climb."""

    version: str
    ratio: float
    per_core: float
    seconds: float
    cores: int
    flags: str
    toolchain: str
    here: str | None  # the id of the case that repeats it
    differences: Sequence[str]


@dataclass(frozen=True)
class Peak:
    """What the machine can do at the most, on so many threads."""

    threads: int
    gflops: float
    ratio: float | None  # times the baseline; None where that was not measured

    @property
    def per_core(self) -> float | None:
        """The ratio for each of the threads."""
        return self.ratio / self.threads if self.ratio else None


@dataclass(frozen=True)
class Compared:
    """One rung beside its published row and its variants."""

    case: CaseView | None  # as measured here, on the most threads; None where it was not run
    name: str
    published: Published | None
    variants: Sequence[CaseView]
