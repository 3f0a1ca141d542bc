"""The tables with one line per case: all its figures, what it was built from, or why it has none."""

from __future__ import annotations

from harness.model.comparison import Comparison, Row
from harness.report.figures import NONE, interval, number, percent, percents, ratio, seconds, yes
from harness.report.section import Section, Table


def all_cases(comparison: Comparison) -> Section:
    """Every measured case with all its figures."""
    rows = [
        [
            row.name,
            str(row.threads),
            seconds(row),
            number(row.first_sample_seconds),
            number(row.gflops),
            percent(row.peak_share),
            ratio(row.ratio),
            f"{ratio(row.step)} {row.step_from}" if row.step else NONE,
            interval(row.ratio_per_core),
            percents(row.efficiency),
            percent(row.busy_cores / row.threads) if row.busy_cores is not None else NONE,
            _rows_text(row),
            f"{row.rounds} / {row.samples}",
            NONE if row.warm_up is None else str(row.warm_up),
            number(row.warm_up_seconds),
            row.stop_reason or NONE,
        ]
        for row in comparison.rows
        if row.outcome == "measured"
    ]
    headers = [
        "case", "threads", "seconds", "first sample, s", "GFLOP/s", "share of peak", "speedup", "vs previous rung",
        "speedup per core", "efficiency", "CPU utilization", "rows", "rounds / samples",
        "discarded as warm-up", "warm-up, s", "stop reason",
    ]  # fmt: skip
    return Section("All cases", table=Table(headers, rows))


def _rows_text(row: Row) -> str:
    """Whether the time is of the whole product, of several of them together, or scaled from some of its rows."""
    if row.is_estimate:
        return f"estimate from {row.rows_computed} of {row.n} rows"
    return f"all, {row.calls} times" if row.calls > 1 else "all"


def build_facts(comparison: Comparison) -> Section:
    """What each case was built from: part of its identity."""
    rows = [
        [
            row.name,
            row.toolchain or NONE,
            row.flags or NONE,
            row.loop_order or NONE,
            row.layout or NONE,
            yes(row.bounds_checks),
            yes(row.fast_math),
            ", ".join(row.instruction_sets) or NONE,
            row.runs or NONE,
            row.note or "",
        ]
        for row in comparison.rows
        if row.outcome == "measured"
    ]
    headers = [
        "case",
        "toolchain",
        "flags",
        "loop order",
        "layout",
        "bounds checks",
        "fast-math",
        "requires",
        "code path",
        "note",
    ]
    return Section("Build details", table=Table(headers, rows))


def without_result(comparison: Comparison) -> Section:
    """Cases that failed, with the reason and the log; rungs that are not implemented, with the reason."""
    points = [
        f"{row.name}: {row.outcome}: {row.reason}" + (f" (log: {row.log})" if row.log else "")
        for row in comparison.everything
        if row.outcome != "measured"
    ]
    return Section("Failed or not implemented", points=points)
