"""The ratios of a run's cases to each other, and which of them are significant. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.analysis.noise import Floors
from harness.measure.experiment import Timing
from harness.measure.plan import max_threads
from harness.model.cases import Case
from harness.model.comparison import Ratio, Row
from harness.statistics.estimates import ratio


@dataclass(frozen=True)
class Ratios:
    """The cases of a run, without its A/A controls, compared with each other."""

    timings: Mapping[Case, Timing]
    floors: Floors

    def between(self, above: Case | None, below: Case) -> Ratio | None:
        """The speedup of `below` over `above`; None where one of the two was not measured."""
        if above is None or (found := ratio(self.timings.get(above), self.timings.get(below))) is None:
            return None
        insignificant = above != below and found.is_insignificant(self.floors.of(above, below))
        return Ratio(**found.model_dump(), not_significant=insignificant)

    def between_rows(self, above: Row, below: Row) -> Ratio | None:
        """The same of two rows of a comparison."""
        return self.between(_case_of(above), _case_of(below))

    def find(self, name: str) -> Case | None:
        """The measured case of that name, on the most threads that it was measured on."""
        return max_threads(self._by_name.get(name, ()), name)

    @cached_property
    def _by_name(self) -> Mapping[str, Sequence[Case]]:
        found: dict[str, list[Case]] = {}
        for case in self.timings:
            found.setdefault(case.name, []).append(case)
        return found


def _case_of(row: Row) -> Case:
    return Case(implementation=row.implementation, rung=row.rung, n=row.n, threads=row.threads)
