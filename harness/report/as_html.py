"""The report that people look at: one page, which needs nothing but a browser."""

from __future__ import annotations

from collections.abc import Sequence

from harness.model.comparison import Comparison, ImageRow
from harness.report.image_sizes import image_sizes


def render(comparison: Comparison) -> str:
    """One self-contained file; see page."""
    from harness.report.page.page import page
    from harness.report.page.services import services_page

    return services_page(comparison) if comparison.metrics else page(comparison)


def render_images(images: Sequence[ImageRow]) -> str:
    """The images table, as a page."""
    from harness.report.page.page import section_page

    return section_page(image_sizes(images))
