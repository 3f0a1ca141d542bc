"""The rows as a table for spreadsheets and data frames; an interval becomes three columns, and a ratio four."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from harness.model.comparison import Comparison, ImageRow, Interval, Row

RATIOS = ("ratio", "step", "vs_reference", "vs_reference_naive")
INTERVALS = ("seconds", "ratio_per_core", "efficiency", *RATIOS)


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
            flat |= _columns(name, value)
        else:
            flat[name] = " ".join(value) if isinstance(value, tuple) else value
    return flat


def _columns(name: str, interval: Interval | None) -> dict[str, object]:
    parts = ("value", "low", "high", "not_significant") if name in RATIOS else ("value", "low", "high")
    return {f"{name}_{part}": getattr(interval, part, None) for part in parts}
