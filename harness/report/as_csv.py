"""The figures as a tidy table for pandas, R and spreadsheets: one observation a row."""

from __future__ import annotations

from collections.abc import Sequence

from harness.model.comparison import Comparison, ImageRow
from harness.report.frame import frame_of


def render(comparison: Comparison) -> str:
    """One line a figure of a case, with a header: the case, the figure, its value and the ends of its interval."""
    return str(frame_of(comparison).to_csv(index=False))


def render_images(images: Sequence[ImageRow]) -> str:
    """One line an image, with a header."""
    import pandas as pd

    table = pd.json_normalize([image.model_dump() for image in images], sep="_")
    return str(table.convert_dtypes().to_csv(index=False))
