"""Two runs, case by case: what is slower, what is faster, and what is not significant. Pure.

Both runs' uncertainties are in every ratio, and what the machine's state adds to each, which does not cancel between
runs. A difference below the larger noise floor of the two, for that kind of case, is not significant. The more cases
are compared, the more would differ by chance: verdicts are corrected for their number (S. Holm, A simple sequentially
rejective multiple test procedure, Scandinavian Journal of Statistics 6, 1979), so that the stated risk is that of a
whole diff.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.analysis.built import differences_of_images
from harness.analysis.evidence import Evidence, timings_of
from harness.analysis.noise import Floors, noise_of
from harness.errors import GateError, UsageError
from harness.measure.experiment import Timing
from harness.measure.plan import rungs_by_case
from harness.model.cases import Case
from harness.model.comparison import Interval, Metric
from harness.model.journal import Entry, Machine
from harness.statistics.estimates import TAIL, Estimate, estimate, interval_of
from harness.statistics.families import rejected_of

FALSE_ALARMS = 0.05  # share of the diffs of equal runs that may call any case different, however many cases they have
PROCESSOR = ("cpu", "architecture", "features")  # no ratio is taken where these differ
CONDITIONS = ("cores", "memory_bytes", "kernel", "transparent_huge_pages", "governor", "engine")

Verdict = Literal["not significant", "slower", "faster", "unknown"]


@dataclass(frozen=True)
class Change:
    """One case in both runs."""

    case: Case
    before: Estimate
    after: Estimate
    floor: float

    @property
    def ratio(self) -> Interval:
        """How many times as long it takes in the second run, with its own 95 % interval."""
        return self.within(TAIL)

    def within(self, tail: float) -> Interval:
        """The same with an interval that leaves out `tail` on either side."""
        one, two = self.before.lasting, self.after.lasting
        return interval_of(self.after.mean / self.before.mean, two.beside(one) if one and two else None, tail)


@dataclass(frozen=True)
class Difference:
    """How the second run differs from the first."""

    before: str  # the runs' ids
    after: str
    changes: tuple[Change, ...]
    lost: tuple[str, ...]  # cases with a result in the first run only, and why
    gained: tuple[str, ...]  # in the second only
    conditions: tuple[str, ...]  # what else differs between the runs
    metric: Metric | None = None  # what the changes are of; None: of a case's seconds
    others: tuple[tuple[Metric, Change], ...] = ()  # every other metric of every case

    def verdicts(self) -> list[Verdict]:
        """The verdict on every change, at 95 % confidence for all of them together."""
        different = _different(self.changes)
        return [_verdict(change, id(change) in different) for change in self.changes]

    def better_or_worse(self) -> list[tuple[Metric, Change, bool]]:
        """The other metrics that differ, at 95 % confidence for all of them together, and whether for the better."""
        different = _different([change for _, change in self.others])
        return [
            (metric, change, (change.ratio.value > 1) == (metric.better == "more"))
            for metric, change in self.others
            if id(change) in different
        ]

    def slower(self, limit: float) -> list[Change]:
        """The cases that are slower by more than a share, at 95 % confidence for all of them together."""
        certain = _rejected(self.changes, lambda change, risk: (change.within(risk).low or 0.0) > 1 + limit)
        verdicts = zip(self.changes, self.verdicts(), strict=True)
        return [change for change, verdict in verdicts if verdict == "slower" and id(change) in certain]


def _different(changes: Sequence[Change]) -> set[int]:
    """The changes that are significant, by their ids."""
    return _rejected(changes, lambda change, risk: not change.within(risk / 2).is_insignificant(change.floor))


def _rejected(changes: Sequence[Change], rejects: Callable[[Change, float], bool]) -> set[int]:
    """The changes, by their ids, whose hypothesis of none is rejected; the risk that any is wrong is FALSE_ALARMS."""
    return {id(change) for change in rejected_of(changes, rejects, FALSE_ALARMS)}


def _verdict(change: Change, is_different: bool) -> Verdict:
    if change.ratio.low is None:
        return "unknown"
    if not is_different:
        return "not significant"
    return "slower" if change.ratio.value > 1 else "faster"


def diff(before: Sequence[Entry], after: Sequence[Entry]) -> Difference:
    """Set two runs side by side. Raises UsageError where their CPUs differ, or they have no case in common."""
    one, two = Evidence.of(before), Evidence.of(after)
    names = one.started.run, two.started.run
    _check_processors(names, one.machine, two.machine)
    if not set(_asked(one)) & set(_asked(two)):
        raise UsageError(f"{names[0]} and {names[1]} have no case in common: their n, rungs and threads must match")
    timings = timings_of(one), timings_of(two)
    first, second = map(_without_controls, timings)
    both = sorted(first.keys() & second.keys(), key=str)
    return Difference(
        *names,
        changes=tuple(_changes(both, (one, two), timings)),
        lost=tuple(_lost(first, two, second)),
        gained=tuple(_lost(second, one, first)),
        conditions=tuple(_conditions(one, two, both)),
        metric=next(iter(two.experiment.metrics), None),
        others=tuple(_others(both, one, two)),
    )


def check_slowdown(difference: Difference, limit: float) -> None:
    """Raise GateError where a case is slower by more than a share at 95 % confidence, or lost its result."""
    found = []
    if slower := difference.slower(limit):
        listed = ", ".join(f"{change.case} {change.ratio.value - 1:+.1%}" for change in slower)
        found.append(f"slower by more than {100 * limit:g} % at 95 % confidence: {listed}")
    if difference.lost:
        found.append(f"lost results (measured in {difference.before}): {'; '.join(difference.lost)}")
    if found:
        raise GateError("\n".join(found))


def _asked(evidence: Evidence) -> Iterable[Case]:
    return (case for case in evidence.started.cases if not case.control)


def _without_controls(timings: Mapping[Case, Timing]) -> dict[Case, Timing]:
    return {case: taken for case, taken in timings.items() if not case.control}


def _changes(
    cases: Iterable[Case], runs: Iterable[Evidence], timings: tuple[Mapping[Case, Timing], Mapping[Case, Timing]]
) -> Iterable[Change]:
    floors = [_floors(run, taken) for run, taken in zip(runs, timings, strict=True)]
    before, after = timings
    for case in cases:
        yield Change(case, before[case], after[case], max(each.of(case) for each in floors))


def _others(cases: Iterable[Case], one: Evidence, two: Evidence) -> Iterable[tuple[Metric, Change]]:
    """Every metric but the first, of the cases that have it in both runs."""
    for case in cases:
        for metric in two.experiment.metrics[1:]:
            before, after = (_estimate(evidence, case, metric) for evidence in (one, two))
            if before and after:
                yield metric, Change(case, before, after, floor=0.0)


def _estimate(evidence: Evidence, case: Case, metric: Metric) -> Estimate | None:
    """A metric of a case; None where not all rounds that count have it."""
    figures = [entry.values.get(metric.name) for entry in evidence.counted[case]]
    known = [figure for figure in figures if figure]
    return estimate(known) if known and len(known) == len(figures) else None


def _floors(evidence: Evidence, timings: Mapping[Case, Timing]) -> Floors:
    rungs = rungs_by_case(evidence.started.cases, evidence.started.manifests)
    return Floors(noise_of(timings, rungs), rungs)


def _check_processors(names: tuple[str, str], one: Machine | None, two: Machine | None) -> None:
    if one is None or two is None:
        nameless = names[0] if one is None else names[1]
        raise UsageError(f"{nameless} does not say which CPU it was measured on: it ended before it was read")
    found = [
        f"{field}: {_described(one, two, field)}" for field in PROCESSOR if getattr(one, field) != getattr(two, field)
    ]
    if found:
        raise UsageError(
            f"{names[0]} and {names[1]} were measured on different CPUs, of which no ratio is taken.\n"
            + "\n".join(found)
            + "\nMeasure both on one machine, or read the two reports side by side."
        )


def _described(one: Machine, two: Machine, field: str) -> str:
    here, there = getattr(one, field), getattr(two, field)
    if isinstance(here, tuple):  # long lists: only what one has and the other has not
        here, there = sorted(set(here) - set(there)), sorted(set(there) - set(here))
        return f"{' '.join(here) or 'nothing more'} in the first, {' '.join(there) or 'nothing more'} in the second"
    return f"{here} in the first, {there} in the second"


def _lost(measured: Iterable[Case], other: Evidence, there: Collection[Case]) -> Iterable[str]:
    """The cases that have a result in one run and none in the other."""
    for case in measured:
        if case not in there:
            failure = other.failure(case)
            yield f"{case}, n = {case.n}: {failure.reason if failure else 'not measured'} in {other.started.run}"


def _conditions(one: Evidence, two: Evidence, cases: Iterable[Case]) -> Iterable[str]:
    """What differs besides the times: the machine's state, and what the cases were built from."""
    if one.machine and two.machine:
        for field in CONDITIONS:
            if getattr(one.machine, field) != getattr(two.machine, field):
                yield f"{field}: {_described(one.machine, two.machine, field)}"
    yield from differences_of_images(one, two, cases)
