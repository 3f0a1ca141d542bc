"""The page of an experiment that has metrics: size against the first of them, and every table of the report."""

from __future__ import annotations

from markupsafe import Markup

from harness.model.comparison import Comparison
from harness.report.document import sections
from harness.report.metrics import scaled, unit_of
from harness.report.page.charts.costs import Cost, costs
from harness.report.page.charts.palette import LIGHT, PAGE
from harness.report.page.charts.vega import Chart, svg
from harness.report.page.drawings import WIDTHS, Drawing
from harness.report.page.page import alarms, rendered

SHOWN = ("wide", "narrow")
ALONE = 1080


def services_page(comparison: Comparison) -> str:
    """The whole page: one file, without anything that is fetched."""
    chart_title, points, unit = points_of(comparison)
    drawings = [
        Drawing(name, Markup(svg(costs(points, chart_title, unit, WIDTHS[name], PAGE), PAGE)))  # noqa: S704 (our own)
        for name in SHOWN
        if points
    ]
    labels = {row.implementation: row.label for row in comparison.rows}
    shown = {
        "comparison": comparison,
        "heading": f"{comparison.metrics[0].title}, in {len(labels)} implementations of one service",
        "alarms": list(alarms(comparison)),
        "reference": f"Ratios are to {labels.get(comparison.options.reference, comparison.options.reference)}.",
        "chart_title": chart_title,
        "drawings": drawings,
        "sections": sections(comparison),
    }
    return rendered("services.html.j2", shown)


def chart_alone(comparison: Comparison) -> str:
    """Size against the first metric, as a picture of its own."""
    title, points, unit = points_of(comparison)
    empty = Chart(title, "nothing was measured", ALONE, 40, (), (), ())
    return svg(costs(points, title, unit, ALONE, LIGHT) if points else empty, LIGHT, alone=True)


def points_of(comparison: Comparison) -> tuple[str, list[Cost], str]:
    """The title of the chart, its points and their unit: of the first scenario that has any."""
    metric = comparison.metrics[0]
    weights = {image.name: image.unpacked_bytes for image in comparison.images}
    labels = {row.implementation: row.label for row in comparison.rows}
    found = [each for each in comparison.measured if each.metric == metric.name and not each.case.control]
    scenario = next((name for name in comparison.options.rungs if any(it.case.rung == name for it in found)), "")
    found = [each for each in found if each.case.rung == scenario]
    unit, scale = unit_of(metric, [each.value.value for each in found])
    points = []
    for each in found:
        value = scaled(each.value, scale)
        if weight := weights.get(each.case.implementation):
            low, high = value.low or value.value, value.high or value.value
            points.append(Cost(labels[each.case.implementation], weight, value.value, low, high))
    return f"Size against {metric.title.lower()}, {scenario}", points, unit
