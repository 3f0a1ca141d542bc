"""The climb: how far each step takes each language, on one logarithmic axis, the published climb beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from harness.report.figures import number
from harness.report.page.charts.labels import Flag, flags, width_of
from harness.report.page.charts.palette import Palette
from harness.report.page.charts.vega import CASE, Chart, Mark, axis, decades, mark, scale
from harness.report.page.view import CaseView, Language, Published

LEVEL, SIZE = 15, 12  # pixels of a label's line, and of its letters
LANE_ROOM = 16  # pixels of a lane beside its labels
NARROW = 500  # pixels: below this each step has a row, and no interval in words, which the table beside it has
ROW, ROWS_LEFT = 19, 196  # pixels of a row, and of the names on its left


@dataclass(frozen=True)
class Step:
    """One point of a lane."""

    name: str
    said: str
    value: float
    low: float
    high: float
    case: str | None = None
    is_hollow: bool = False  # a library's

    @property
    def label(self) -> str:
        """What is written beside it."""
        return f"{self.name} {self.said}"


@dataclass(frozen=True)
class Lane:
    """One language, or the published climb."""

    label: str
    steps: Sequence[Step]
    place: int | None  # of its colour; None: ink


def lanes(
    languages: Sequence[Language], published: Sequence[Published], *, per_core: bool, intervals: bool
) -> list[Lane]:
    """The published climb first, then every language that has a ratio."""
    key = "ratio_per_core" if per_core else "ratio"
    found = [_published(published, per_core=per_core)] if published else []
    for language in languages:
        steps = [_step(case, key, intervals=intervals) for case in language.cases if key in case.figures]
        if steps:
            found.append(Lane(language.label, steps, language.place))
    return found


def _published(rows: Sequence[Published], *, per_core: bool) -> Lane:
    values = [(row, row.per_core if per_core else row.ratio) for row in rows]
    steps = [Step(row.version, f"{number(v) if per_core else format(v, ',g')}×", v, v, v) for row, v in values]
    cores = max(row.cores for row in rows)
    return Lane(f"Published, {cores} cores", steps, None)


def _step(case: CaseView, key: str, *, intervals: bool) -> Step:
    figure = case.figures[key]
    low, high = figure.ends
    return Step(
        case.rung, figure.whole if intervals else figure.text, figure.value, low, high, case.id, case.is_library
    )


def climb(found: Sequence[Lane], peak: float | None, unit: str, width: int, palette: Palette) -> Chart:
    """The chart of these lanes, so many pixels wide; `peak` is the machine's, in the same unit."""
    is_narrow = width < NARROW
    ends = [end for lane in found for step in lane.steps for end in (step.low, step.high)]
    low, high = min([1.0, *ends]), max([10.0, *ends, peak or 1.0])
    left, right = _margins(found, low, high, width, is_narrow=is_narrow)
    plot = width - left - right
    drawing = _Rows(plot, low, high, palette) if is_narrow else _Flags(plot, low, high, palette)
    for lane in found:
        drawing.add(lane)
    limit = drawing.limit(peak) if peak else []
    anchor = "end" if is_narrow else "middle"
    form = "~s" if is_narrow else ","
    ticks = axis("x", "bottom", decades(low, high, plot), palette, format=form, title=unit, titleAnchor=anchor)
    return Chart(
        title=f"The climb: {unit}",
        description="; ".join(map(_in_words, found)),
        width=plot,
        height=drawing.bottom,
        scales=[scale("x", "log", (low, high), (0, plot))],
        axes=[ticks, {**ticks, "orient": "top", "grid": False, "title": None}],
        marks=[*limit, *drawing.marks],
        left=left,
        right=right,
        top=42,
        bottom=44,
    )


def _in_words(lane: Lane) -> str:
    best = max(lane.steps, key=lambda step: step.value)
    return f"{lane.label}: from {lane.steps[0].name} {lane.steps[0].said} to {best.name} {best.said}"


def _margins(found: Sequence[Lane], low: float, high: float, width: int, *, is_narrow: bool) -> tuple[int, int]:
    """Room for names on the left, and on the right for the last labels, whose points hang on it in turn."""
    if is_narrow:
        return ROWS_LEFT, 14
    left, right = 24 + math.ceil(max((width_of(lane.label, SIZE + 1) for lane in found), default=0)), 8.0
    steps = [step for lane in found for step in lane.steps]
    for _ in range(4):
        decade = (width - left - right) / math.log10(high / low)
        needed = (math.log10(it.value / high) * decade + 14 + width_of(it.label, SIZE) for it in steps)
        right = max([8.0, *needed])
    return left, math.ceil(right)


class _Drawing:
    """The marks of lanes, from the top down."""

    def __init__(self, width: int, low: float, high: float, palette: Palette) -> None:
        self.low, self.decade = low, width / math.log10(high / low)
        self.palette = palette
        self.bottom = 0
        self.marks: list[Mark] = []

    def x(self, value: float) -> float:
        """Pixels from the left."""
        return math.log10(value / self.low) * self.decade

    def add(self, lane: Lane) -> None:
        """Draw a lane below the last one."""
        raise NotImplementedError

    def color(self, lane: Lane) -> str:
        """A lane's own."""
        return self.palette.ink if lane.place is None else self.palette.of(lane.place)

    def limit(self, peak: float) -> list[Mark]:
        """The line that nothing on this machine can pass, and its name above the axis."""
        text = f"measured peak {number(peak)}×"
        color = self.palette.warn
        return [
            mark("rule", [{"tip": text}], x=self.x(peak), y=-2, y2=self.bottom, stroke=color, strokeWidth=1.5,
                 strokeDash=[5, 4], description=["tip"]),
            mark("text", [{"text": text}], x=self.x(peak) + 4, y=-32, text=["text"], align="right", baseline="middle",
                 fill=color, fontSize=SIZE),
        ]  # fmt: skip

    def points(self, lane: Lane, lines: Sequence[int]) -> Iterator[Mark]:
        """The points of a lane on these lines, with their intervals."""
        color = self.color(lane)
        values = [
            {
                "value": step.value, "low": step.low, "high": step.high, "line": line,
                "tip": f"{CASE}{step.case} {lane.label}, {step.label}" if step.case else f"{lane.label}, {step.label}",
                "fill": self.palette.paper if step.is_hollow else color,
            }
            for step, line in zip(lane.steps, lines, strict=True)
        ]  # fmt: skip
        yield mark("rule", values, x=("x", "low"), x2=("x", "high"), y=["line"], stroke=color, strokeWidth=7,
                   strokeOpacity=0.45)  # fmt: skip
        yield mark("symbol", values, x=("x", "value"), y=["line"], size=64, fill=["fill"], stroke=color, strokeWidth=2,
                   shape="diamond" if lane.place is None else "circle", description=["tip"])  # fmt: skip


class _Flags(_Drawing):
    """A line for each lane, with flags upon its points."""

    def add(self, lane: Lane) -> None:
        """Draw a lane below the last one, as high as its flags."""
        placed = flags([(self.x(step.value), step.label) for step in lane.steps], SIZE)
        line = self.bottom + LANE_ROOM + (max(flag.level for flag in placed) + 1) * LEVEL
        ends = [{"low": min(s.value for s in lane.steps), "high": max(s.value for s in lane.steps)}]
        color = self.color(lane)
        self.marks.append(
            mark(
                "rule", ends, x=("x", "low"), x2=("x", "high"), y=line, stroke=color, strokeWidth=2, strokeOpacity=0.45
            )
        )
        self.marks += self._labels(placed, line)
        self.marks += self.points(lane, [line] * len(lane.steps))
        self.marks.append(
            mark("text", [{"text": lane.label}], text=["text"], x=-14, y=line, align="right", baseline="middle",
                 fontSize=SIZE + 1, fontWeight="bold", fill=color)
        )  # fmt: skip
        self.bottom = line + 10

    def _labels(self, placed: Sequence[Flag], line: int) -> Iterator[Mark]:
        values = [
            {"x": flag.x, "at": flag.x + 5, "top": line - 14 - flag.level * LEVEL, "text": flag.text} for flag in placed
        ]
        palette = self.palette
        yield mark("rule", values, x=["x"], y=line, y2=["top"], stroke=palette.soft, strokeWidth=0.75)
        yield mark("text", values, x=["at"], y=["top"], text=["text"], baseline="middle", fontSize=SIZE,
                   fill=palette.ink, stroke=palette.paper, strokeWidth=3)  # fmt: skip


class _Rows(_Drawing):
    """A row for each step, where there is no room for flags."""

    def add(self, lane: Lane) -> None:
        """Draw a lane below the last one: its name, and its steps from the slowest up."""
        lane = replace(lane, steps=sorted(lane.steps, key=lambda step: step.value))
        name_at = self.bottom + 18
        lines = [name_at + (place + 1) * ROW for place in range(len(lane.steps))]
        names = [
            {"name": step.name, "said": step.said, "line": line} for step, line in zip(lane.steps, lines, strict=True)
        ]
        ink = self.palette.ink
        self.marks += [
            mark("text", [{"text": lane.label}], text=["text"], x=-ROWS_LEFT, y=name_at, baseline="middle",
                 fontSize=SIZE + 1, fontWeight="bold", fill=self.color(lane)),
            mark("text", names, text=["name"], x=-ROWS_LEFT, y=["line"], baseline="middle", fontSize=SIZE, fill=ink,
                 limit=ROWS_LEFT - 66),
            mark("text", names, text=["said"], x=-12, y=["line"], baseline="middle", fontSize=SIZE, fill=ink,
                 align="right"),
        ]  # fmt: skip
        self.marks += self.points(lane, lines)
        self.bottom = lines[-1] + 8
