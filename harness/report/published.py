"""The published experiment beside the cases that reproduce it."""

from __future__ import annotations

from harness.model.comparison import Comparison, PublishedRow
from harness.report.figures import NONE, interval, number, percent, percents, ratio, seconds
from harness.report.section import Section, Table


def published(comparison: Comparison) -> Section:
    """The published rows, each above the case that reproduces it."""
    rows: list[list[str]] = []
    for entry in comparison.published:
        rows += [_as_published(entry), _as_measured(entry)]
    headers = [
        "version", "", "threads", "seconds", "GFLOP/s", "share of peak", "speedup", "vs row above", "speedup per core",
        "efficiency", "flags",
    ]  # fmt: skip
    return Section("Published and measured", f"{comparison.published_source}.", Table(headers, rows))


def _as_published(entry: PublishedRow) -> list[str]:
    return [
        entry.version,
        "published",
        str(entry.cores),
        f"{entry.seconds:,.2f}",
        number(entry.gflops),
        percent(entry.peak_share),
        number(entry.ratio),
        number(entry.ratio_to_row_above),
        number(entry.ratio / entry.cores),
        NONE,
        entry.flags,
    ]


def _as_measured(entry: PublishedRow) -> list[str]:
    row = entry.here
    if row is None or row.seconds is None:
        return ["", f"{entry.case}: {row.outcome if row else 'not run'}", *[NONE] * 9]
    return [
        "",
        row.name,
        str(row.threads),
        seconds(row),
        number(row.gflops),
        percent(row.peak_share),
        ratio(row.ratio),
        ratio(entry.here_to_row_above),
        interval(row.ratio_per_core),
        percents(row.efficiency),
        f"{row.toolchain}: {row.flags}",
    ]


def differences(comparison: Comparison) -> Section:
    """Where a measured ratio is not the published one, and what differs between the two."""
    points = [
        f"{row.case}: {interval(row.here.ratio)}× here, {row.ratio:g}× published. " + "; ".join(row.differences) + "."
        for row in comparison.published
        if row.here and row.differences
    ]
    return Section("Differences from the published setup", points=points)
