"""The tables of languages × rungs: ratios, speeds, the yardstick, the climb. Each is a pivot of the figures' frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from harness.experiments.matmul.ladder import ladder_position
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
    heading = f"Languages × rungs: times faster than {comparison.options.baseline}"
    return _crossed(comparison, heading, lambda of, estimate: times(of.get("ratio"), estimate=estimate))


def speeds(comparison: Comparison) -> Section:
    """Languages × rungs against what the machine can do."""
    return _crossed(
        comparison,
        "Languages × rungs: GFLOP/s and share of the measured peak",
        lambda of, estimate: (
            f"{number(_value(of, 'gflops'))}{ESTIMATE if estimate else ''} · {percent(_value(of, 'peak_share'))}"
        ),
    )


def against_yardstick(comparison: Comparison) -> Section:
    """Languages × rungs against the yardstick: the same rung first, which compares languages and not efforts."""
    yardstick = comparison.options.yardstick
    label = next((row.label for row in comparison.rows if row.implementation == yardstick), yardstick)
    heading = f"Faster than {label}? Times faster on the same rung · than its naive"
    if not any(row.to_yardstick_naive for row in comparison.rows):
        return Section(heading)
    return _crossed(
        comparison,
        heading,
        lambda of, estimate: (
            f"{times(of.get('to_yardstick'), estimate=estimate)} · "
            f"{times(of.get('to_yardstick_naive'), estimate=estimate)}"
        ),
    )


def climb(comparison: Comparison) -> Section:
    """What each step multiplied, language by language; every case's table names the rung that it was made from."""
    heading = "The climb: how many times faster each rung is than the one it was made from"
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
    rungs = sorted({row.rung for row in sorted(comparison.rows, key=lambda row: row.threads)}, key=ladder_position)
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
            tie=bool(tie),
        )
        for figure, value, low, high, tie in zip(
            group["figure"], group["value"], group["low"], group["high"], group["tie"].fillna(False), strict=True
        )
    }


def _value(of: Mapping[str, Ratio], figure: str) -> float | None:
    return of[figure].value if figure in of else None
