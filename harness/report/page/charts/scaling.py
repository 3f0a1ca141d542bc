"""Threads against speedup, for the rungs that were measured on several, with the line of an ideal speedup."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from harness.report.figures import number
from harness.report.page.charts.labels import width_of
from harness.report.page.charts.palette import Palette
from harness.report.page.charts.vega import CASE, Chart, axis, mark, scale
from harness.report.page.view import CaseView

LINE = 15  # pixels between labels


@dataclass(frozen=True)
class ScalingLine:
    """One rung of one language: its case and speedup over one thread, for each number of threads."""

    name: str
    place: int  # its language's, for the colour
    points: Sequence[tuple[CaseView, float]]


def scaling_lines(cases: Sequence[CaseView]) -> list[ScalingLine]:
    """Those of which one thread and more were measured."""
    languages = list(dict.fromkeys(case.implementation for case in cases))
    by_name: dict[str, list[CaseView]] = defaultdict(list)
    for case in sorted(cases, key=lambda each: each.threads):
        if "seconds" in case.figures:
            by_name[case.name].append(case)
    return [
        ScalingLine(name, languages.index(held[0].implementation), [(case, _speedup(held[0], case)) for case in held])
        for name, held in by_name.items()
        if len(held) > 1 and held[0].threads == 1
    ]


def _speedup(alone: CaseView, case: CaseView) -> float:
    return alone.figures["seconds"].value / case.figures["seconds"].value


def scaling(lines: Sequence[ScalingLine], width: int, palette: Palette) -> Chart:
    """Both axes linear, so that the ideal is a straight line; names at the right ends, none upon another."""
    left, right = 44, 16 + round(max(width_of(line.name) for line in lines))
    plot, height = width - left - right, max(300, LINE * (len(lines) + 1))
    threads = sorted({case.threads for line in lines for case, _ in line.points})
    most = max([float(threads[-1]), *(value for line in lines for _, value in line.points)])
    y_of = {line.name: height * (1 - line.points[-1][1] / most) for line in lines}
    label_at = _apart(y_of, height)
    marks = [
        mark("line", [{"x": 1, "y": 1}, {"x": threads[-1], "y": threads[-1]}], x=("x", "x"), y=("y", "y"),
             stroke=palette.soft, strokeDash=[5, 4], strokeWidth=1.5),
    ]  # fmt: skip
    for line in lines:
        color = palette.of(line.place)
        values = [
            {"x": case.threads, "y": value, "tip": f"{CASE}{case.id} {case.full_name}: {number(value)}× one thread"}
            for case, value in line.points
        ]
        end = [{"text": line.name, "y": y_of[line.name], "at": label_at[line.name]}]
        marks += [
            mark("line", values, x=("x", "x"), y=("y", "y"), stroke=color, strokeWidth=2),
            mark("symbol", values, x=("x", "x"), y=("y", "y"), size=50, fill=color, description=["tip"]),
            mark("rule", end, x=plot + 4, y=["y"], x2=plot + 12, y2=["at"], stroke=palette.soft, strokeWidth=0.75),
            mark("text", end, x=plot + 14, y=["at"], text=["text"], baseline="middle", fontSize=12, fill=palette.ink),
        ]
    return Chart(
        title="Threads against speedup over one thread; dashed: ideal",
        description="; ".join(
            f"{line.name}: {number(line.points[-1][1])}× on {line.points[-1][0].threads}" for line in lines
        ),
        width=plot,
        height=height,
        scales=[scale("x", "linear", (1, threads[-1]), (0, plot)), scale("y", "linear", (0, most), (height, 0))],
        axes=[
            axis("x", "bottom", threads, palette, format="d", title="threads"),
            axis("y", "left", sorted({0, *threads}), palette, format="d", title="speedup"),
        ],
        marks=marks,
        left=left,
        right=right,
        top=10,
        bottom=44,
    )


def _apart(y_of: dict[str, float], height: float) -> dict[str, float]:
    """The same places, moved as far as labels need to stand clear of one another."""
    found: dict[str, float] = {}
    last = -LINE / 2
    for name, y in sorted(y_of.items(), key=lambda each: each[1]):
        last = found[name] = max(y, last + LINE)
    overflow = max(0.0, last - height)
    return {name: y - overflow for name, y in found.items()} if overflow else found
