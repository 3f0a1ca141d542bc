"""The figures of a row as the page says them."""

from __future__ import annotations

from collections.abc import Iterable

from harness.model.comparison import Interval, Ratio, Row
from harness.report.figures import ESTIMATE, NOT_SIGNIFICANT, interval, number, percent, percents, spread
from harness.report.page.view import REFERENCE, REFERENCE_NAIVE, Figure


def figures_of(row: Row, to_rung: Ratio | None = None) -> Iterable[Figure]:
    """Every figure that a row has; `to_rung` is a variant's speedup over its rung."""
    mark = ESTIMATE if row.is_estimate else ""
    estimates = {
        "seconds": (row.seconds, " s"),
        "ratio": (row.ratio, "×"),
        "ratio_per_core": (row.ratio_per_core, "×"),
        REFERENCE: (row.vs_reference, "×"),
        REFERENCE_NAIVE: (row.vs_reference_naive, "×"),
        "step": (row.step, "×"),
        "to_rung": (to_rung, "×"),
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
