"""Charts as pictures: for slides and READMEs."""

from __future__ import annotations

from collections.abc import Sequence

from harness.model.comparison import Comparison, ImageRow
from harness.report.page import drawings
from harness.report.page.images import images_of
from harness.report.page.services import chart_alone
from harness.report.page.shown import shown_of


def render(comparison: Comparison, chart: str = drawings.CLIMB) -> str:
    """The climb: how far each step takes each language, the published climb beside it; or another chart by its name.

    Of services it is their size against their cost. Raises ResultsError where the run has nothing to show in it.
    """
    if comparison.metrics and chart == drawings.CLIMB:
        return chart_alone(comparison)
    return drawings.alone(chart, shown_of(comparison))


def render_images(images: Sequence[ImageRow]) -> str:
    """Image sizes on a logarithmic axis, each with its budget."""
    return drawings.weights_alone(images_of(images, ()))
