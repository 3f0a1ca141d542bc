"""The rows as a table for spreadsheets and data frames; intervals become three columns."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from harness.model.comparison import Comparison, ImageRow, Interval, Row

INTERVALS = {
    "seconds": "mean", "ratio": "value", "step": "value", "efficiency": "value", "to_yardstick": "value",
    "to_yardstick_naive": "value",
}  # fmt: skip


def render(comparison: Comparison) -> str:
    """One line a case, with a header."""
    rows = [_flat(row) for row in comparison.rows]
    return str(pd.DataFrame(rows, dtype=object).to_csv(index=False))  # as objects, or a gap makes floats of counts


def render_images(images: Sequence[ImageRow]) -> str:
    """One line an image, with a header."""
    table = pd.json_normalize([image.model_dump() for image in images], sep="_")
    return str(table.convert_dtypes().to_csv(index=False))


def _flat(row: Row) -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in row:
        if name in INTERVALS:
            flat |= _three_columns(name, INTERVALS[name], value)
        else:
            flat[name] = " ".join(value) if isinstance(value, tuple) else value
    return flat


def _three_columns(name: str, value: str, interval: Interval | None) -> dict[str, float | None]:
    return {
        f"{name}_{value}": interval.value if interval else None,
        f"{name}_low": interval.low if interval else None,
        f"{name}_high": interval.high if interval else None,
    }
