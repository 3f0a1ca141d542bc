"""Two runs, case by case: what takes longer, what takes less, and what nobody can tell. Pure.

Both runs' uncertainties are in every ratio, and what the machine's state adds to each, which does not cancel between
runs. A difference below the larger noise floor of the two is a tie.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.errors import GateError, UsageError
from harness.evidence import Evidence, timings_of
from harness.model.cases import Case
from harness.model.comparison import Interval
from harness.model.journal import Entry, Machine
from harness.noise import noise_of
from harness.timing import Timing, interval_of

FALSE_ALARMS = 0.05  # of the diffs of runs that are the same may fail a gate, however many cases they have
PROCESSOR = ("cpu", "architecture", "features")  # no ratio is taken where these differ
CONDITIONS = ("cores", "memory_bytes", "kernel", "transparent_huge_pages", "governor", "engine")

Verdict = Literal["tie", "slower", "faster"]


@dataclass(frozen=True)
class Change:
    """One case in both runs."""

    case: Case
    before: Timing
    after: Timing
    floor: float

    @property
    def ratio(self) -> Interval:
        """How many times as long it takes in the second run."""
        return self._within(0.025)

    @property
    def verdict(self) -> Verdict:
        """What can be said of it with 95 % certainty."""
        if self.ratio.low is None or self.ratio.ties(self.floor):
            return "tie"
        return "slower" if self.ratio.value > 1 else "faster"

    def is_slower(self, limit: float, tail: float) -> bool:
        """Whether it is slower by more than a share, with all but so small a risk of being wrong."""
        low = self._within(tail).low
        return self.verdict == "slower" and low is not None and low > 1 + limit

    def _within(self, tail: float) -> Interval:
        one, two = self.before.lasting, self.after.lasting
        spread = two.beside(one) if one and two else None
        return interval_of(self.after.mean / self.before.mean, spread, tail)


@dataclass(frozen=True)
class Difference:
    """What the second run has that the first has not."""

    before: str  # the runs' ids
    after: str
    floor: float
    changes: tuple[Change, ...]
    lost: tuple[str, ...]  # cases with a result in one run only, and why
    conditions: tuple[str, ...]  # what else differs between the runs


def diff(before: Sequence[Entry], after: Sequence[Entry]) -> Difference:
    """Set two runs side by side. Raises UsageError where their CPUs differ, or no case was measured in both."""
    one, two = Evidence.of(before), Evidence.of(after)
    names = one.started.run, two.started.run
    _check_processors(names, one.machine, two.machine)
    first, second = timings_of(one), timings_of(two)
    floor = max((noise.floor for noise in (noise_of(first), noise_of(second)) if noise), default=0.0)
    both = [case for case in first if case in second and not case.twin]
    if not both:
        raise UsageError(f"no case was measured in both {names[0]} and {names[1]}: the n, rungs and threads must agree")
    return Difference(
        *names,
        floor=floor,
        changes=tuple(Change(case, first[case], second[case], floor) for case in sorted(both, key=str)),
        lost=(*_lost(first, two, second), *_lost(second, one, first)),
        conditions=tuple(_conditions(one, two, both)),
    )


def check_slowdown(difference: Difference, limit: float) -> None:
    """Raise GateError where a case is slower by more than a share, for certain.

    The risk of a false alarm is shared out among the cases (Bonferroni), so that it is FALSE_ALARMS for all together.
    """
    tail = FALSE_ALARMS / len(difference.changes)
    slower = [change for change in difference.changes if change.is_slower(limit, tail)]
    if slower:
        told = ", ".join(f"{change.case} {change.ratio.value - 1:+.1%}" for change in slower)
        raise GateError(f"slower by more than {100 * limit:g} %, for certain: {told}")


def _check_processors(names: tuple[str, str], one: Machine | None, two: Machine | None) -> None:
    if one is None or two is None:
        nameless = names[0] if one is None else names[1]
        raise UsageError(f"{nameless} does not say which CPU it was measured on: it ended before it was read")
    found = [f"{field}: {_told(one, two, field)}" for field in PROCESSOR if getattr(one, field) != getattr(two, field)]
    if found:
        raise UsageError(
            f"{names[0]} and {names[1]} were measured on different CPUs, of which no ratio is taken.\n"
            + "\n".join(found)
            + "\nMeasure both on one machine, or read the two reports side by side."
        )


def _told(one: Machine, two: Machine, field: str) -> str:
    here, there = getattr(one, field), getattr(two, field)
    if isinstance(here, tuple):  # long lists: only what one has and the other has not
        here, there = sorted(set(here) - set(there)), sorted(set(there) - set(here))
        return f"{' '.join(here) or 'nothing more'} in the first, {' '.join(there) or 'nothing more'} in the second"
    return f"{here} in the first, {there} in the second"


def _lost(measured: Iterable[Case], other: Evidence, there: dict[Case, Timing]) -> Iterable[str]:
    """The cases that have a result in one run and none in the other."""
    for case in measured:
        if case not in there and not case.twin:
            failure = other.failure(case)
            yield f"{case}, n = {case.n}: {failure.reason if failure else 'not measured'} in {other.started.run}"


def _conditions(one: Evidence, two: Evidence, cases: Iterable[Case]) -> Iterable[str]:
    """What differs beside the times: the machine's state, and what the cases were built from."""
    if one.machine and two.machine:
        for field in CONDITIONS:
            if getattr(one.machine, field) != getattr(two.machine, field):
                yield f"{field}: {_told(one.machine, two.machine, field)}"
    for name in sorted({case.implementation for case in cases}):
        digests = [evidence.images[name].digest for evidence in (one, two) if name in evidence.images]
        if len(set(digests)) > 1:
            yield f"image {name}: built anew, from other sources or another base"
