"""Every round as a table for pandas, R and spreadsheets."""

from __future__ import annotations

from collections.abc import Sequence

from harness.model.comparison import Comparison, ImageRow
from harness.report import as_csv
from harness.report.frame import rounds_of


def render(comparison: Comparison) -> str:
    """One line a round, with a header: its case, its time, and what the host did meanwhile."""
    return str(rounds_of(comparison).to_csv(index=False))


def render_images(images: Sequence[ImageRow]) -> str:
    """One line an image, with a header."""
    return as_csv.render_images(images)
