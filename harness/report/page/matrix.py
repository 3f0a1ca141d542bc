"""Languages × rungs as a table that switches between figures: what each cell says, and how strongly it is coloured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.report.page.view import REFERENCE, CaseView, Figure, Language


@dataclass(frozen=True)
class Measure:
    """One of the figures that the table switches between."""

    key: str
    id: str
    label: str


@dataclass(frozen=True)
class Entry:
    """A figure in a cell: `heat` from 0 to 100, negative on the slower side of a ratio's 1."""

    measure: Measure
    figure: Figure | None
    heat: int


@dataclass(frozen=True)
class Cell:
    """One language on one rung; without a case where its manifest has no word of the rung."""

    case: CaseView | None
    entries: Sequence[Entry]


@dataclass(frozen=True)
class Matrix:
    """The whole table."""

    measures: Sequence[Measure]
    rungs: Sequence[str]
    rows: Sequence[tuple[Language, Sequence[Cell]]]


def matrix_of(languages: Sequence[Language], ladder: Sequence[str], baseline: str, reference: str) -> Matrix:
    """Every language on every rung that any of them has."""
    cases = [case for language in languages for case in language.cases]
    rungs = [rung for rung in ladder if any(case.rung == rung for case in cases)]
    every = (
        Measure("ratio", "speedup", f"Speedup over {baseline}"),
        Measure("gflops", "gflops", "GFLOP/s"),
        Measure("peak_share", "share", "Share of the measured peak"),
        Measure(REFERENCE, "reference", f"Speedup over {reference} on the same rung"),
    )
    measures = [measure for measure in every if any(measure.key in case.figures for case in cases)]
    heats = {measure.key: _Heat(measure, cases) for measure in measures}
    rows = []
    for language in languages:
        held = {case.rung: case for case in language.cases}
        rows.append((language, [_cell(held.get(rung), measures, heats) for rung in rungs]))
    return Matrix(measures, rungs, rows)


def _cell(case: CaseView | None, measures: Sequence[Measure], heats: dict[str, _Heat]) -> Cell:
    figures = case.figures if case else {}
    entries = []
    for measure in measures:
        figure = figures.get(measure.key)
        entries.append(Entry(measure, figure, heats[measure.key].of(figure) if figure else 0))
    return Cell(case, entries)


class _Heat:
    """How far a figure is between the least and the most of its kind, by its logarithm."""

    def __init__(self, measure: Measure, cases: Sequence[CaseView]) -> None:
        logs = [math.log(case.figures[measure.key].value) for case in cases if measure.key in case.figures]
        self.is_about_one = measure.key == REFERENCE
        self.low, self.high = (0.0, max(map(abs, logs))) if self.is_about_one else (min(logs), max(logs))

    def of(self, figure: Figure) -> int:
        """From 0 to 100; of a ratio below 1 negative, and 0 where it is not significant."""
        if self.is_about_one and figure.tie:
            return 0
        share = (math.log(figure.value) - self.low) / ((self.high - self.low) or 1.0)
        if self.is_about_one:  # by the root: twice as slow is to be seen beside two hundred times
            share = math.copysign(math.sqrt(abs(share)), share)
        return round(100 * share)
