"""The tables of languages × rungs: ratios, speeds, the yardstick, the climb."""

from __future__ import annotations

from collections.abc import Callable

from harness.model.comparison import Comparison, Ratio, Row
from harness.report.figures import ESTIMATE, NONE, number, percent, times
from harness.report.section import Section, Table


def matrix(comparison: Comparison) -> Section:
    """Languages × rungs against the baseline."""
    heading = f"Languages × rungs: times faster than {comparison.options.baseline}"
    return _crossed(comparison, heading, lambda row: _times(row, row.ratio))


def speeds(comparison: Comparison) -> Section:
    """Languages × rungs against what the machine can do."""
    return _crossed(
        comparison,
        "Languages × rungs: GFLOP/s and share of the measured peak",
        lambda row: f"{number(row.gflops)}{ESTIMATE if row.is_estimate else ''} · {percent(row.peak_share)}",
    )


def against_yardstick(comparison: Comparison) -> Section:
    """Languages × rungs against the yardstick: the same rung first, which compares languages and not efforts."""
    yardstick = comparison.options.yardstick
    label = next((row.label for row in comparison.rows if row.implementation == yardstick), yardstick)
    section = _crossed(
        comparison,
        f"Faster than {label}? Times faster on the same rung · than its naive",
        _beside,
    )
    return section if any(row.to_yardstick_naive for row in comparison.rows) else Section(section.heading)


def climb(comparison: Comparison) -> Section:
    """What each step multiplied, language by language; every case's table names the rung that it was made from."""
    section = _crossed(
        comparison,
        "The climb: how many times faster each rung is than the one it was made from",
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
    """Times faster than the yardstick on the same rung, and than its naive one."""
    return f"{_times(row, row.to_yardstick)} · {_times(row, row.to_yardstick_naive)}"
