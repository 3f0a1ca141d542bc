"""Variants of rungs: what other flags, or another form of a kernel, come to, on one axis with the published ratios."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.report.page.charts.labels import flags, width_of
from harness.report.page.charts.palette import Palette
from harness.report.page.charts.vega import CASE, Chart, Mark, axis, decades, mark, scale
from harness.report.page.view import CaseView, Compared

ROW, SIZE, LEVEL = 21, 12, 15  # pixels of a row, of its letters, and of a line of marked ratios
NARROW = 500  # pixels: below this no interval in words
ABOVE = 8  # pixels from the first row up to the lowest line of published ratios


@dataclass(frozen=True)
class _Row:
    """One line of the chart: a rung's name, or a case's point."""

    name: str
    y: float
    case: CaseView | None = None  # of a point
    is_rung: bool = False


def is_drawable(each: Compared) -> bool:
    """Whether a point of it can be drawn."""
    return any(case and "ratio" in case.figures for case in (each.case, *each.variants))


def variants(
    compared: Sequence[Compared], places: dict[str, int], baseline: str, width: int, palette: Palette
) -> Chart:
    """A row for each rung and each variant; the published ratios are lines down the whole chart.

    `places` are those of the implementations, for their colours.
    """
    rows = list(_rows(compared))
    points = [row for row in rows if row.case]
    marked = {each.published.ratio: each.published.version for each in compared if each.published}
    ends = [end for row in points if row.case for end in row.case.figures["ratio"].ends]
    low, high = min([1.0, *ends]), max([10.0, *marked, *ends]) * 1.15
    said = {row.y: _said(row.case, width) for row in points if row.case}
    value_room = max(width_of(text, SIZE) for text in said.values()) + 14
    left = round(value_room + min(max(width_of(row.name, SIZE) for row in rows), width / 2 - value_room))
    right = 8 + round(max((width_of(f"{ratio:,g}×", SIZE) for ratio in marked), default=8.0))
    plot, height = width - left - right, ROW * len(rows)
    placed = flags(
        [(math.log10(ratio / low) / math.log10(high / low) * plot, f"{ratio:,g}×") for ratio in marked], SIZE
    )
    lines = [{"ratio": ratio, "tip": f"Published, {version}: {ratio:,g}×"} for ratio, version in marked.items()]
    names = [{"text": flag.text, "x": flag.x + 4, "y": -ABOVE - LEVEL * flag.level} for flag in placed]
    for line, name in zip(lines, names, strict=True):
        line["top"] = name["y"]
    ticks = axis("x", "bottom", decades(low, high, plot), palette, format="~s", title=f"times faster than {baseline}")
    return Chart(
        title="Variants of rungs beside the published ratios",
        description="; ".join(map(_in_words, compared)),
        width=plot,
        height=height,
        scales=[scale("x", "log", (low, high), (0, plot))],
        axes=[ticks],
        marks=[
            mark("rule", lines, x=("x", "ratio"), y=["top"], y2=height, stroke=palette.warn, strokeWidth=1.5,
                 strokeDash=[5, 4], description=["tip"]),
            mark("text", names, x=["x"], y=["y"], text=["text"], baseline="middle", fontSize=SIZE, fill=palette.warn,
                 fontWeight="bold"),
            mark("text", [{}], x=-left, y=-ABOVE, text="published:", baseline="middle", fontSize=SIZE,
                 fill=palette.warn),
            *_labels(rows, said, left, round(value_room), palette),
            *_points(points, places, palette),
        ],
        left=left,
        right=right,
        top=ABOVE + LEVEL * (1 + max((flag.level for flag in placed), default=0)),
        bottom=44,
    )  # fmt: skip


def _rows(compared: Sequence[Compared]) -> Iterator[_Row]:
    y = ROW / 2
    for each in compared:
        yield _Row(each.name, y, is_rung=True)
        y += ROW
        own = [("as on the ladder", each.case), *((it.rung.partition("@")[2] or it.rung, it) for it in each.variants)]
        for name, case in own:
            if case and "ratio" in case.figures:
                yield _Row(name, y, case)
                y += ROW


def _said(case: CaseView, width: int) -> str:
    figure = case.figures["ratio"]
    return figure.whole if width >= NARROW else figure.text


def _labels(
    rows: Sequence[_Row], said: dict[float, str], left: int, value_room: int, palette: Palette
) -> Iterator[Mark]:
    headings = [{"text": row.name, "y": row.y} for row in rows if row.is_rung]
    names = [{"text": row.name, "said": said[row.y], "y": row.y} for row in rows if row.case]
    yield mark("text", headings, x=-left, y=["y"], text=["text"], baseline="middle", fontSize=SIZE, fontWeight="bold",
               fill=palette.ink)  # fmt: skip
    yield mark("text", names, x=-left + 8, y=["y"], text=["text"], baseline="middle", fontSize=SIZE, fill=palette.ink,
               limit=left - value_room - 8)  # fmt: skip
    yield mark("text", names, x=-12, y=["y"], text=["said"], align="right", baseline="middle", fontSize=SIZE,
               fill=palette.ink)  # fmt: skip


def _points(rows: Sequence[_Row], places: dict[str, int], palette: Palette) -> Iterator[Mark]:
    """The ladder's own cases are filled, variants hollow."""
    values = [
        {
            "value": row.case.figures["ratio"].value,
            "low": row.case.figures["ratio"].ends[0],
            "high": row.case.figures["ratio"].ends[1],
            "y": row.y,
            "stroke": palette.of(places[row.case.implementation]),
            "fill": palette.paper if row.case.variant_of else palette.of(places[row.case.implementation]),
            "tip": f"{CASE}{row.case.id} {_tip(row.case)}",
        }
        for row in rows
        if row.case
    ]
    yield mark("rule", values, x=("x", "low"), x2=("x", "high"), y=["y"], stroke=["stroke"], strokeWidth=7,
               strokeOpacity=0.45)  # fmt: skip
    yield mark("symbol", values, x=("x", "value"), y=["y"], size=64, fill=["fill"], stroke=["stroke"], strokeWidth=2,
               description=["tip"])  # fmt: skip


def _tip(case: CaseView) -> str:
    changes = f": {case.changes}" if case.changes else ""
    return f"{case.name}, {case.figures['ratio'].whole}{changes}"


def _in_words(each: Compared) -> str:
    there = f" (published {each.published.ratio:,g}×)" if each.published else ""
    own = [each.case, *each.variants]
    said = [f"{it.rung} {it.figures['ratio'].text}" for it in own if it and "ratio" in it.figures]
    return f"{each.name}{there}: {', '.join(said) or 'not measured'}"
