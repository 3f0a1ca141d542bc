"""The rounds of every case in their order, as what each differs from the case's own mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.report.page.charts.labels import width_of
from harness.report.page.charts.palette import Palette
from harness.report.page.charts.vega import CASE, Chart, axis, mark, scale
from harness.report.page.view import CaseView

ROW, SIZE = 30, 12  # pixels of a case's row, and of its letters
MOST = 60  # rounds that are drawn of a case: more are thinned out evenly, which the table tells
MOST_PERCENT = 25  # either way: what is farther off stands at the edge, with its figure in the tooltip


def drawable(cases: Sequence[CaseView]) -> list[CaseView]:
    """Those that have a mean and rounds about it."""
    return [case for case in cases if "seconds" in case.figures and case.rounds]


def rounds(cases: Sequence[CaseView], width: int, palette: Palette) -> Chart:
    """A row for each case: its rounds from the first at the top to the last, about the mean; the interval as a bar."""
    names = [f"{case.name}{f', {case.threads}' if case.threads > 1 else ''}" for case in cases]
    left = 10 + round(max(map(width_of, names), default=0))
    plot, height = width - left - 16, ROW * len(cases)
    points = [each for place, case in enumerate(cases) for each in _points(place, case, palette)]
    edge = min(MOST_PERCENT, max([2.0, *(abs(each["off"]) for each in points)]) * 1.05)
    for each in points:
        each["at"] = max(-edge, min(edge, each["off"]))
    steps = (-20, -10, 0, 10, 20) if edge > 12 else (-10, -5, 0, 5, 10) if edge > 5 else (-4, -2, 0, 2, 4)
    ticks = axis(
        "x", "bottom", [t for t in steps if abs(t) <= edge], palette, format="+d", title="per cent off the mean"
    )
    calm = [each for each in points if not each["is_disturbed"]]
    disturbed = [each for each in points if each["is_disturbed"]]
    labels = [{"text": name, "y": ROW * place + ROW / 2} for place, name in enumerate(names)]
    bars = [
        {"low": max(-edge, _off(low, case)), "high": min(edge, _off(high, case)), "y": ROW * place + 3}
        for place, case in enumerate(cases)
        for low, high in [case.figures["seconds"].ends]
    ]
    lines = [{"y": ROW * place} for place in range(1, len(cases))]
    return Chart(
        title="Rounds of every case, in per cent off its mean",
        description="Each row is a case, its rounds from the first at the top to the last; bars are 95 % confidence "
        "intervals, triangles rounds with interference. The table below has the same figures.",
        width=plot,
        height=height,
        scales=[scale("x", "linear", (-edge, edge), (0, plot))],
        axes=[ticks, {**ticks, "orient": "top", "title": None, "grid": False}],
        marks=[
            mark("rule", lines, x=0, x2=plot, y=["y"], stroke=palette.grid, strokeWidth=0.5),
            mark("rect", bars, x=("x", "low"), x2=("x", "high"), y=["y"], height=ROW - 6, fill=palette.of(5),
                 fillOpacity=0.3),
            mark("symbol", calm, x=("x", "at"), y=["y"], size=["size"], fill=palette.of(0), description=["tip"]),
            mark("symbol", disturbed, x=("x", "at"), y=["y"], size=46, shape="triangle-up", fill=["fill"],
                 stroke=palette.warn, strokeWidth=1.5, description=["tip"]),
            mark("text", labels, x=-8, y=["y"], text=["text"], align="right", baseline="middle", fontSize=SIZE),
        ],
        left=left,
        right=16,
        top=24,
        bottom=44,
    )  # fmt: skip


def _points(place: int, case: CaseView, palette: Palette) -> list[dict[str, Any]]:
    every = -(-len(case.rounds) // MOST)
    shown = case.rounds[::every]
    step = (ROW - 10) / max(1, len(shown) - 1)
    return [
        {
            "off": _off(each.seconds, case),
            "y": ROW * place + 5 + (step * order if len(shown) > 1 else ROW / 2 - 5),
            "size": 22 if len(shown) <= 12 else 9,
            "is_disturbed": each.interference is not None,
            "fill": palette.warn if each.counted else palette.paper,
            "tip": f"{CASE}{case.id} {case.full_name}, round {each.number}: {each.seconds:.4g} s"
            + (f", {each.interference}" if each.interference else ""),
        }
        for order, each in enumerate(shown)
    ]


def _off(seconds: float, case: CaseView) -> float:
    return 100 * (seconds / case.figures["seconds"].value - 1)
