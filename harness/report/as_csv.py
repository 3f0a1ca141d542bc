"""The rows as a table for spreadsheets and data frames; an interval becomes three columns, and a ratio four."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from harness.model.comparison import Comparison, ImageRow, Row
from harness.report.frame import CASE, FACTS, FIGURES, PARTS, frame_of

RATIOS = ("ratio", "step", "vs_reference", "vs_reference_naive")
INTERVALS = ("seconds", "ratio_per_core", "efficiency", *RATIOS)


def render(comparison: Comparison) -> str:
    """One line a case of the ladder, with a header: its figures beside what it was made of."""
    import pandas as pd

    key = ["implementation", "rung", "n", "threads"]
    figures = frame_of(comparison).pivot(index=key, columns="figure", values=list(PARTS))
    parts, names = (figures.columns.get_level_values(level) for level in (0, 1))
    of_metrics = {metric.name for metric in comparison.metrics}
    figures.columns = pd.Index([_named(figure, part, of_metrics) for figure, part in zip(names, parts, strict=True)])
    facts = pd.DataFrame([_facts(row) for row in comparison.rows], columns=[*CASE, *FACTS])
    columns = [*_columns(), *(f"{metric.name}_{part}" for metric in comparison.metrics for part in PARTS[:3])]
    table = facts.merge(figures.reset_index(), on=key, how="left").reindex(columns=columns)
    for name in _counts():
        table[name] = table[name].astype("Int64")  # a gap makes floats of counts
    return str(table.to_csv(index=False))


def render_images(images: Sequence[ImageRow]) -> str:
    """One line an image, with a header."""
    import pandas as pd

    table = pd.json_normalize([image.model_dump() for image in images], sep="_")
    return str(table.convert_dtypes().to_csv(index=False))


def _facts(row: Row) -> dict[str, object]:
    values = {name: getattr(row, name) for name in (*CASE, *FACTS)}
    return {name: " ".join(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _named(figure: str, part: str, metrics: Collection[str] = ()) -> str:
    return f"{figure}_{part}" if figure in {*INTERVALS, *metrics} or part != "value" else figure


def _columns() -> Iterator[str]:
    """The columns in the order of a row's fields."""
    for name in Row.model_fields:
        if name in INTERVALS:
            yield from (_named(name, part) for part in PARTS if part != "not_significant" or name in RATIOS)
        else:
            yield name


def _counts() -> list[str]:
    """The figures that are whole numbers."""
    return [name for name in FIGURES if Row.model_fields[name].annotation in {int, int | None}]
