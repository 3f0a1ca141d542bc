"""The climb as a picture: for slides and READMEs."""

from __future__ import annotations

from collections.abc import Sequence

from harness.model.comparison import Comparison, ImageRow
from harness.report.page import drawings
from harness.report.page.images import images_of
from harness.report.page.services import chart_alone
from harness.report.page.view import cases_of, languages_of, peaks_of, published_of


def render(comparison: Comparison) -> str:
    """How far each step takes each language, the published climb beside it; of services, their size and cost."""
    if comparison.metrics:
        return chart_alone(comparison)
    languages = languages_of(cases_of(comparison))
    return drawings.climb_alone(languages, published_of(comparison), peaks_of(comparison), comparison.options.baseline)


def render_images(images: Sequence[ImageRow]) -> str:
    """Image sizes on a logarithmic axis, each with its budget."""
    return drawings.weights_alone(images_of(images, ()))
