"""What of a comparison the page shows, in its own words: no other module of the page looks into a comparison's rows."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.model.cases import Case
from harness.model.comparison import Comparison, Interval, Ratio, RoundRow, Row, SourceFile
from harness.report.figures import ESTIMATE, NOT_SIGNIFICANT, interval, number, percent, percents, spread, yes

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


def cases_of(comparison: Comparison) -> list[CaseView]:
    """Every row, in the order of the comparison."""
    rounds: dict[str, list[RoundRow]] = {}
    for each in comparison.rounds:
        rounds.setdefault(_round_id(each.case), []).append(each)
    return [_case(comparison, row, rounds) for row in comparison.rows]


def _round_id(case: Case) -> str:
    return case_id(case.implementation, case.rung, case.threads, control=case.control)


def _case(comparison: Comparison, row: Row, rounds: Mapping[str, Sequence[RoundRow]]) -> CaseView:
    identity = case_id(row.implementation, row.rung, row.threads)
    return CaseView(
        id=identity,
        implementation=row.implementation,
        language=row.label,
        rung=row.rung,
        threads=row.threads,
        outcome="not implemented" if row.outcome == "not implemented" else row.outcome,
        reason=row.reason or "",
        log=row.log or "",
        image=row.image or "",
        figures={figure.key: figure for figure in _figures(row)},
        facts=list(_facts(row)),
        command=_command(comparison, row),
        counts=Counts(row.rounds, row.samples, row.interference_rounds, row.stop_reason or ""),
        previous=_previous(comparison, row),
        rounds=rounds.get(identity, ()),
        files=_kernels(comparison, row),
    )


def _figures(row: Row) -> Iterable[Figure]:
    mark = ESTIMATE if row.is_estimate else ""
    estimates = {
        "seconds": (row.seconds, " s"),
        "ratio": (row.ratio, "×"),
        "ratio_per_core": (row.ratio_per_core, "×"),
        REFERENCE: (row.vs_reference, "×"),
        REFERENCE_NAIVE: (row.vs_reference_naive, "×"),
        "step": (row.step, "×"),
    }
    for key, (found, unit) in estimates.items():
        if found:
            yield _estimate(key, found, unit, mark)
    if row.gflops is not None:
        yield Figure("gflops", f"{number(row.gflops)}{mark}", row.gflops)
    if row.peak_share is not None:
        yield Figure("peak_share", f"{percent(row.peak_share)}{mark}", row.peak_share)
    if row.efficiency:
        low, high = row.efficiency.low, row.efficiency.high
        yield Figure(
            "efficiency", percent(row.efficiency.value), row.efficiency.value, low, high, long=percents(row.efficiency)
        )
    if row.first_sample_seconds is not None:
        yield Figure("first_sample_seconds", f"{number(row.first_sample_seconds)} s", row.first_sample_seconds)
    if row.busy_cores is not None:
        yield Figure("busy_cores", number(row.busy_cores), row.busy_cores)
    if row.resident_bytes is not None:
        yield Figure("resident_bytes", f"{number(row.resident_bytes / 2**20)} MiB", row.resident_bytes)


def _estimate(key: str, found: Interval, unit: str, mark: str) -> Figure:
    tie = isinstance(found, Ratio) and found.not_significant
    prefix = NOT_SIGNIFICANT if tie else ""
    return Figure(
        key=key,
        text=f"{prefix}{number(found.value)}{unit}{mark}",
        value=found.value,
        low=found.low,
        high=found.high,
        tie=tie,
        spread=spread(found).strip(),
        long=f"{interval(found, prefix=prefix)}{unit}{mark}",
    )


def _facts(row: Row) -> Iterable[tuple[str, str]]:
    """What a case was built from and how it was measured."""
    rows = f"{row.rows_computed} of {row.n} rows, scaled to all" if row.is_estimate else "all"
    facts = {
        "Toolchain": row.toolchain,
        "Flags": row.flags,
        "Loop order": row.loop_order,
        "Layout": row.layout,
        "Bounds checks": None if row.bounds_checks is None else yes(row.bounds_checks),
        "Fast-math": None if row.fast_math is None else yes(row.fast_math),
        "Instruction sets": ", ".join(row.instruction_sets) or None,
        "Path that ran": row.runs,
        "Image": row.image,
        "Rows timed": rows if row.rows_computed else None,
        "Rounds and samples": f"{row.rounds} rounds, {row.samples} samples" if row.rounds else None,
        "Stop reason": row.stop_reason,
        "Rounds with interference": str(row.interference_rounds) if row.rounds else None,
        "Previous rung": row.step_from,
        "Note": row.note,
        "SHA-256 of the product": row.sha256,
        "Key of the result": row.key,
    }
    return ((name, text) for name, text in facts.items() if text)


def _command(comparison: Comparison, row: Row) -> str:
    """What measures this row again, on the same inputs."""
    options = comparison.options
    chosen = {"--langs": row.implementation, "--rungs": row.rung, "--n": str(row.n), "--threads": str(row.threads)}
    chosen |= {"--rounds": str(options.rounds), "--budget": f"{options.budget_s:g}", "--seed": str(options.seed)}
    return shlex.join(["harness", "compare", *(word for pair in chosen.items() for word in pair)])


def _previous(comparison: Comparison, row: Row) -> str | None:
    """The case that this one was made from; on the most threads, where it was measured on several."""
    found = [
        other
        for other in comparison.rows
        if other.implementation == row.implementation and other.rung == row.step_from and other.seconds
    ]
    before = max(found, key=lambda other: other.threads, default=None)
    return case_id(before.implementation, before.rung, before.threads) if before else None


ARCHITECTURES = {"amd64": "x86_64", "x86": "x86_64", "arm64": "aarch64", "neon": "aarch64"}  # as file names have them


def _kernels(comparison: Comparison, row: Row) -> list[SourceFile]:
    """The files that are called as the rung is, in whatever case, and are for this machine."""
    machine = comparison.machine.architecture if comparison.machine else None

    def is_kernel(file: SourceFile) -> bool:
        stem = file.path.rpartition("/")[2].partition(".")[0].lower()
        rung, _, suffix = stem.partition("_")
        return rung == row.rung and (not suffix or machine is None or ARCHITECTURES.get(suffix) == machine)

    return [file for file in comparison.sources if file.implementation == row.implementation and is_kernel(file)]


@dataclass(frozen=True)
class Language:
    """An implementation with its cases on the most threads that each was measured on, up the ladder."""

    name: str
    label: str
    place: int  # among all, for its colour
    cases: Sequence[CaseView]


def languages_of(cases: Sequence[CaseView]) -> list[Language]:
    """The implementations, in the order of the comparison."""
    most: dict[tuple[str, str], CaseView] = {}
    for case in sorted(cases, key=lambda each: each.threads):
        most[case.implementation, case.rung] = case
    labels = {case.implementation: case.language for case in cases}
    return [
        Language(
            name,
            label,
            place,
            [case for case in cases if case.implementation == name and most[name, case.rung] is case],
        )
        for place, (name, label) in enumerate(labels.items())
    ]


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


def published_of(comparison: Comparison) -> list[Published]:
    """The published rows."""
    return [
        Published(
            version=row.version,
            ratio=row.ratio,
            per_core=row.ratio / row.cores,
            seconds=row.seconds,
            cores=row.cores,
            flags=row.flags,
            toolchain=row.toolchain,
            here=case_id(row.here.implementation, row.here.rung, row.here.threads) if row.here else None,
            differences=row.differences,
        )
        for row in comparison.published
    ]


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


def peaks_of(comparison: Comparison) -> list[Peak]:
    """The measured peaks, on the fewest threads first."""
    rows = [row for row in comparison.rows if row.name == comparison.options.baseline and row.gflops]
    baseline = max(rows, key=lambda row: row.threads, default=None)
    own = baseline.gflops if baseline else None
    return [
        Peak(peak.threads, peak.gflops, peak.gflops / own if own else None)
        for peak in sorted(comparison.peaks, key=lambda each: each.threads)
    ]
