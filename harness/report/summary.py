"""The result on one screen: published and measured speedups, each language's fastest case, warnings."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from harness.model.comparison import Comparison, PublishedRow, Row
from harness.report.figures import ESTIMATE, NONE, number, percent, ratio
from harness.report.integrity import chained, verified
from harness.report.metrics import metric_section
from harness.report.section import Section, Table

MAX_POINTS = 2
MAX_METRICS = 2
POINT_WIDTH = 96  # so that each takes one line of a terminal


def summary(comparison: Comparison) -> list[Section]:
    """Headline, fastest cases and warnings: with the published rows and six languages, 25 lines of text."""
    shown = [metric_section(comparison, metric) for metric in comparison.metrics[:MAX_METRICS]]
    everything = [*(shown or [headline(comparison), fastest(comparison)]), _warnings(comparison)]
    return [section for section in everything if section.table or section.points]


def headline(comparison: Comparison) -> Section:
    """The published times and speedups beside those measured here."""
    rows = [_published_row(entry) for entry in comparison.published if entry.here]
    headers = ["", "published, s", "here, s", "speedup, published", "speedup, here"]
    machine = comparison.machine
    where = f", {machine.cores} cores of {machine.cpu}" if machine else ""
    return Section(
        f"n = {comparison.options.n}{where}: speedup over {comparison.options.baseline}",
        table=Table(headers, rows) if rows else None,
    )


def _published_row(entry: PublishedRow) -> list[str]:
    return [
        entry.version,
        number(entry.seconds),
        _seconds(entry.here) if entry.here else NONE,
        f"{entry.ratio:,g}{_on(entry.cores)}",
        _speedup(entry.here) if entry.here else NONE,
    ]


def _seconds(row: Row) -> str:
    return number(row.seconds.value) + (ESTIMATE if row.is_estimate else "") if row.seconds else NONE


def _speedup(row: Row) -> str:
    return f"{ratio(row.ratio)}{_on(row.threads)}" if row.seconds else row.outcome


def _on(cores: int) -> str:
    return f" on {cores} cores" if cores > 1 else ""


def fastest(comparison: Comparison) -> Section:
    """The fastest case of each language, libraries apart; the fastest first."""
    best: dict[str, Row] = {}
    for row in sorted(comparison.rows, key=lambda row: row.gflops or 0.0):
        if row.gflops and row.image == row.implementation:
            best[row.label] = row
    rows = [
        [row.label, row.rung, f"{number(row.gflops)} GFLOP/s", percent(row.peak_share), ratio(row.ratio)]
        for row in sorted(best.values(), key=lambda row: -(row.gflops or 0.0))
    ]
    headers = ["fastest without a library", "rung", "rate", "share of peak", "speedup"]
    return Section("", table=Table(headers, rows) if rows else None)


def _warnings(comparison: Comparison) -> Section:
    points = list(_points(comparison))
    shown = points[:MAX_POINTS]
    if left := len(points) - len(shown):
        shown.append(f"and {left} more: see the full report")
    return Section("", points=[textwrap.shorten(point, POINT_WIDTH, placeholder=" …") for point in shown])


def _points(comparison: Comparison) -> Iterator[str]:
    """What a reader should know before using the figures: an edited journal first, then failures."""
    if comparison.verification:
        yield verified(comparison.verification)
    if comparison.chain and comparison.chain.breaks:
        yield f"Journal: {chained(comparison.chain)}"
    for row in comparison.everything:
        if row.outcome == "failed":
            yield f"{row.name} failed: {row.reason}"
    yield from comparison.warnings
