"""Languages × rungs: speedups over the baseline, the reference and the previous rung, and rates; pivots of a frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from harness.model.comparison import Comparison, Ratio
from harness.report.figures import ESTIMATE, NONE, number, percent, times
from harness.report.frame import frame_of, on_most_threads
from harness.report.section import Section, Table

if TYPE_CHECKING:
    import pandas as pd

Cell = Callable[[Mapping[str, Ratio], bool], str]
"""What a cell says of a case, by its figures, and whether they are estimates."""


def matrix(comparison: Comparison) -> Section:
    """Languages × rungs against the baseline."""
    heading = f"Languages × rungs: speedup over {comparison.options.baseline}"
    return _crossed(comparison, heading, lambda of, estimate: times(of.get("ratio"), estimate=estimate))


def speeds(comparison: Comparison) -> Section:
    """Languages × rungs against the measured peak."""
    return _crossed(
        comparison,
        "Languages × rungs: GFLOP/s and share of the measured peak",
        lambda of, estimate: (
            f"{number(_value(of, 'gflops'))}{ESTIMATE if estimate else ''} · {percent(_value(of, 'peak_share'))}"
        ),
    )


def against_reference(comparison: Comparison) -> Section:
    """Speedup over the reference: on the same rung, which compares languages, and over its naive rung."""
    reference = comparison.options.reference
    label = next((row.label for row in comparison.rows if row.implementation == reference), reference)
    heading = f"Speedup over {label}: same rung · over its naive rung"
    if not any(row.vs_reference_naive for row in comparison.rows):
        return Section(heading)
    return _crossed(
        comparison,
        heading,
        lambda of, estimate: (
            f"{times(of.get('vs_reference'), estimate=estimate)} · "
            f"{times(of.get('vs_reference_naive'), estimate=estimate)}"
        ),
    )


def steps(comparison: Comparison) -> Section:
    """Speedup of each rung over the previous one, by language; the table of all cases names the previous rung."""
    heading = "Speedup over the previous rung"
    if not any(row.step for row in comparison.rows):
        return Section(heading)
    return _crossed(
        comparison, heading, lambda of, estimate: times(of["step"], estimate=estimate) if "step" in of else "1"
    )


def _crossed(comparison: Comparison, heading: str, cell: Cell) -> Section:
    """A table of languages × rungs, each on the most threads that it was measured on."""
    frame = on_most_threads(frame_of(comparison))
    cases = ["implementation", "rung"]
    told = frame.drop_duplicates(cases).set_index(cases)[["outcome", "estimate"]]
    figures = {name: _figures(group) for name, group in frame.groupby(cases)}
    told["cell"] = [
        cell(figures[name], bool(estimate)) if outcome == "measured" else str(outcome)
        for name, outcome, estimate in told.itertuples()
    ]
    labels = {row.implementation: row.label for row in comparison.rows}
    held = {row.rung for row in comparison.rows}
    rungs = [rung for rung in comparison.options.rungs if rung in held]
    table = told["cell"].unstack("rung").reindex(index=list(labels), columns=rungs).fillna(NONE)
    lines = [[label, *map(str, table.loc[name])] for name, label in labels.items()]
    return Section(heading, table=Table(["", *rungs], lines))


def _figures(group: pd.DataFrame) -> dict[str, Ratio]:
    """The figures of one case, by name; where an end of an interval is not known it is None."""
    return {
        figure: Ratio(
            value=value,
            low=None if math.isnan(low) else low,
            high=None if math.isnan(high) else high,
            not_significant=bool(not_significant),
        )
        for figure, value, low, high, not_significant in zip(
            group["figure"],
            group["value"],
            group["low"],
            group["high"],
            group["not_significant"].fillna(False),
            strict=True,
        )
    }


def _value(of: Mapping[str, Ratio], figure: str) -> float | None:
    return of[figure].value if figure in of else None
