"""The published experiment beside the cases that repeat it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from harness.model.comparison import Comparison, PublishedRow, Row, VariantRow
from harness.report.figures import NONE, interval, number, percent, percents, ratio, seconds
from harness.report.section import Section, Table

VARIANTS = (
    "Below a case stand its variants, measured in the same run: the same kernel with other flags or in another form. "
    "No other table has them."
)
NO_VARIANTS = "`harness compare --variants` also measures what other flags, or another form of a kernel, come to."


def published(comparison: Comparison) -> Section:
    """The published rows, each above the case that repeats it."""
    rows: list[list[str]] = []
    for entry in comparison.published:
        rows += [_as_published(entry), _as_measured(entry)]
    headers = [
        "version", "", "threads", "seconds", "GFLOP/s", "peak", "× baseline", "× row above", "× a core", "efficiency",
        "flags",
    ]  # fmt: skip
    return Section("The published experiment, and here", f"{comparison.published_source}.", Table(headers, rows))


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
    """Where a measured ratio is not the published one: what differs between the two, and what variants come to."""
    variants: dict[str, list[VariantRow]] = defaultdict(list)
    for each in comparison.variants:
        variants[f"{each.row.implementation}/{each.of}"].append(each)
    chosen = [row for row in comparison.published if row.here and (row.differences or row.case in variants)]
    is_comparable = comparison.options.baseline == comparison.published[0].case if comparison.published else False
    lines: list[list[str]] = []
    for entry in chosen:
        there = f"{entry.ratio:,g}" if is_comparable else NONE
        lines += _lines(entry.version, there, entry.case, entry.here, variants.pop(entry.case, []))
    by_name = {row.name: row for row in comparison.rows}
    for case, found in variants.items():
        lines += _lines("", NONE, case, by_name.get(case), found)
    headers = ["published row", "case", "published", "here", "seconds", "vs its rung", "what it changes"]
    points = [f"{row.case}: {'; '.join(row.differences)}." for row in chosen if row.differences]
    if not lines:
        return Section("Differences from the published setup")
    intro = VARIANTS if comparison.variants else NO_VARIANTS
    return Section("Differences from the published setup", intro, Table(headers, lines), points)


def _lines(version: str, there: str, case: str, here: Row | None, variants: Iterable[VariantRow]) -> list[list[str]]:
    """A case beside the published ratio, and below it its variants."""
    first = [version, case, there, *_speed(here), NONE, here.flags or NONE if here else NONE]
    return [
        first,
        *(["", _named(each.row), "", *_speed(each.row), ratio(each.to_rung), each.changes] for each in variants),
    ]


def _named(row: Row) -> str:
    return row.name if row.threads == 1 else f"{row.name} on {row.threads} threads"


def _speed(row: Row | None) -> tuple[str, str]:
    """The ratio to the baseline and the seconds, or why there are none."""
    if row is None or row.seconds is None:
        return NONE, row.outcome if row else "not run"
    return ratio(row.ratio, estimate=row.is_estimate), seconds(row)
