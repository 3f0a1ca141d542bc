"""The tables of languages × rungs: speedups over the baseline, the reference and the previous rung, and speeds."""

from __future__ import annotations

from collections.abc import Callable

from harness.model.comparison import Comparison, Ratio, Row
from harness.report.figures import ESTIMATE, NONE, number, percent, times
from harness.report.section import Section, Table


def matrix(comparison: Comparison) -> Section:
    """Languages × rungs against the baseline."""
    heading = f"Languages × rungs: speedup over {comparison.options.baseline}"
    return _crossed(comparison, heading, lambda row: _times(row, row.ratio))


def speeds(comparison: Comparison) -> Section:
    """Languages × rungs against the measured peak."""
    return _crossed(
        comparison,
        "Languages × rungs: GFLOP/s and share of the measured peak",
        lambda row: f"{number(row.gflops)}{ESTIMATE if row.is_estimate else ''} · {percent(row.peak_share)}",
    )


def against_reference(comparison: Comparison) -> Section:
    """Speedup over the reference: on the same rung, which compares languages, and over its naive rung."""
    reference = comparison.options.reference
    label = next((row.label for row in comparison.rows if row.implementation == reference), reference)
    section = _crossed(
        comparison,
        f"Speedup over {label}: same rung · over its naive rung",
        _beside,
    )
    return section if any(row.vs_reference_naive for row in comparison.rows) else Section(section.heading)


def steps(comparison: Comparison) -> Section:
    """Speedup of each rung over the previous one, by language; the table of all cases names the previous rung."""
    section = _crossed(
        comparison,
        "Speedup over the previous rung",
        lambda row: _times(row, row.step) if row.step else "1",
    )
    return section if any(row.step for row in comparison.rows) else Section(section.heading)


def _crossed(comparison: Comparison, heading: str, cell: Callable[[Row], str]) -> Section:
    """A table of languages × rungs, each on the most threads that it was measured on."""
    rows = sorted(comparison.rows, key=lambda row: row.threads)
    held = {row.rung for row in rows}
    rungs = [rung for rung in comparison.options.rungs if rung in held]
    cells = {(row.implementation, row.rung): cell(row) if row.seconds else row.outcome for row in rows}
    labels = {row.implementation: row.label for row in comparison.rows}
    lines = [[label, *(cells.get((name, rung), NONE) for rung in rungs)] for name, label in labels.items()]
    return Section(heading, table=Table(["", *rungs], lines))


def _times(row: Row, ratio: Ratio | None) -> str:
    return times(ratio, estimate=row.is_estimate)


def _beside(row: Row) -> str:
    """Speedup over the reference implementation on the same rung, and over its naive rung."""
    return f"{_times(row, row.vs_reference)} · {_times(row, row.vs_reference_naive)}"
