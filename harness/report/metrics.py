"""Languages × scenarios, a table for each metric: the report of an experiment that has metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from harness.model.comparison import Comparison, Interval, Measured, Metric, Row
from harness.report.figures import NONE, interval, times
from harness.report.section import Section, Table

SCALES = {
    "s": (("s", 1.0), ("ms", 1e3), ("µs", 1e6)),
    "bytes": (("MiB", 2.0**-20), ("KiB", 2.0**-10)),
    "/s": (("", 1.0),),
}
"""By a metric's unit, the units in which its values may be written."""


def metric_sections(comparison: Comparison) -> Iterable[Section]:
    """A table for each metric, and after the first the ratios of the same figure to the reference's."""
    for place, metric in enumerate(comparison.metrics):
        yield metric_section(comparison, metric)
        if place == 0:
            yield against_reference(comparison)


def metric_section(comparison: Comparison, metric: Metric) -> Section:
    """One metric in every scenario."""
    found = {(each.case.implementation, each.case.rung): each for each in comparison.measured if _is(each, metric)}
    unit, scale = unit_of(metric, [each.value.value for each in found.values()])
    told = {name: f"{interval(scaled(each.value, scale))}{each.mark}" for name, each in found.items()}
    way = "less is better" if metric.better == "less" else "more is better"
    heading = f"{metric.title}{f', {unit}' if unit else ''} ({way})"
    return _crossed(comparison, heading, lambda row: told.get((row.implementation, row.rung), NONE))


def against_reference(comparison: Comparison) -> Section:
    """How much cheaper a request is than with the reference, in the same scenario."""
    reference = comparison.options.reference
    label = next((row.label for row in comparison.rows if row.implementation == reference), reference)
    name = comparison.metrics[0].title
    heading = f"{name}: {label}'s divided by each one's, in the same scenario (more is better)"
    return _crossed(comparison, heading, lambda row: times(row.vs_reference))


def unit_of(metric: Metric, values: Sequence[float]) -> tuple[str, float]:
    """The unit in which a metric's values are written, so that the least is 1 or more, and by what to multiply them."""
    least, scales = min(values, default=1.0), SCALES[metric.unit]
    return next((each for each in scales if least * each[1] >= 1), scales[-1])


def scaled(value: Interval, scale: float) -> Interval:
    """The same in another unit."""
    low, high = (None if end is None else end * scale for end in (value.low, value.high))
    return Interval(value=value.value * scale, low=low, high=high)


def _is(each: Measured, metric: Metric) -> bool:
    return each.metric == metric.name and not each.case.control


def _crossed(comparison: Comparison, heading: str, cell: Callable[[Row], str]) -> Section:
    """A table of languages × scenarios; empty where no cell says anything."""
    rows: Mapping[tuple[str, str], Row] = {(row.implementation, row.rung): row for row in comparison.rows}
    scenarios = [name for name in comparison.options.rungs if any(row.rung == name for row in comparison.rows)]
    labels = {row.implementation: row.label for row in comparison.rows}

    def told(implementation: str, scenario: str) -> str:
        row = rows.get((implementation, scenario))
        if row is None:
            return NONE
        return cell(row) if row.outcome == "measured" else row.outcome

    lines = [[label, *(told(name, scenario) for scenario in scenarios)] for name, label in labels.items()]
    has_figures = any(text not in {NONE, "failed"} for line in lines for text in line[1:])
    return Section(heading, table=Table(["", *scenarios], lines) if has_figures else None)
