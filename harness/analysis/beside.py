"""Beside speed: container overhead, start-up and memory. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from statistics import median

from harness.measure.experiment import Experiment, Timing
from harness.model.cases import Case
from harness.model.comparison import ImageRow, OverheadRow, Ratio
from harness.model.journal import PLACES, OverheadRound, Place, Round, Startup
from harness.statistics.estimates import ratio


def startup_seconds(entries: Iterable[Startup]) -> dict[str | None, float]:
    """Median lifetimes of containers that only answer `info`, by image; under None, of idle ones."""
    lives: dict[str | None, list[int]] = defaultdict(list)
    for entry in entries:
        lives[entry.image].append(entry.container_ns)
    return {image: median(lives_ns) / 1e9 for image, lives_ns in lives.items()}


def with_startup(row: ImageRow, seconds: dict[str | None, float]) -> ImageRow:
    """An image's row with its start-up time."""
    return row.model_copy(update={"startup_seconds": seconds.get(row.name)})


def resident_bytes(rounds: Iterable[Round]) -> int | None:
    """The largest memory that any container of a case was seen to use."""
    return max((r.resident_bytes for r in rounds if r.resident_bytes is not None), default=None)


def overhead_rows(
    experiment: Experiment, entries: Sequence[OverheadRound], floor: Callable[[Case], float]
) -> Iterable[OverheadRow]:
    """Each case in each environment, with its time relative to the first environment that could be measured.

    `floor` is the noise floor of a case: smaller differences are not significant.
    """
    rounds: dict[Case, dict[Place, list[Round]]] = defaultdict(lambda: defaultdict(list))
    for entry in sorted(entries, key=lambda entry: PLACES.index(entry.place)):
        rounds[entry.round.case][entry.place].append(entry.round)
    for case, places in rounds.items():
        first: Timing | None = None
        for place, there in places.items():
            if failure := next((r.failure for r in there if r.failure), None):
                yield OverheadRow(case=case, place=place, reason=failure.reason)
                continue
            taken = experiment.timing(there)
            first = first or taken
            yield OverheadRow(case=case, place=place, seconds=taken.interval, ratio=_beside(taken, first, floor(case)))


def _beside(taken: Timing, first: Timing, floor: float) -> Ratio | None:
    found = ratio(taken, first)
    return (
        Ratio(**found.model_dump(), not_significant=taken is not first and found.is_insignificant(floor))
        if found
        else None
    )
