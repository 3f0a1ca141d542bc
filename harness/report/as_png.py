"""The same pictures in pixels, for what shows no SVG: their letters are in a font of this machine."""

from __future__ import annotations

from collections.abc import Sequence

from harness.model.comparison import Comparison, ImageRow
from harness.report import as_svg
from harness.report.page.charts.vega import png
from harness.report.page.drawings import CLIMB


def render(comparison: Comparison, chart: str = CLIMB) -> bytes:
    """The climb, or another chart by its name. Raises ResultsError where the run has nothing to show in it."""
    return png(as_svg.render(comparison, chart))


def render_images(images: Sequence[ImageRow]) -> bytes:
    """Image sizes on a logarithmic axis, each with its budget."""
    return png(as_svg.render_images(images))
