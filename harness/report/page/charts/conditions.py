"""What the machine did while it measured: what others used, what the hypervisor kept, memory, frequency."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from harness.model.comparison import RoundRow
from harness.report.figures import number
from harness.report.page.charts.palette import Palette
from harness.report.page.charts.vega import Chart, Mark, mark, scale

PANEL, BETWEEN = 56, 30  # pixels of one small chart, and of its heading
MOST = 400  # points of a line: of more, the worst of each group is drawn

Worst = Callable[[Sequence[float]], float]


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


PANELS: Sequence[tuple[str, Callable[[RoundRow], float | None], Worst]] = (
    ("Other processes, % of CPU time", lambda it: _percent(it.others_share), max),
    ("Steal, % of CPU time", lambda it: _percent(it.steal_share), max),
    ("Memory available, GiB", lambda it: it.available_bytes and it.available_bytes / 2**30, min),
    ("CPU frequency, MHz", lambda it: it.mhz, min),
)


def series_of(rounds: Sequence[RoundRow]) -> list[tuple[str, list[tuple[float, float]]]]:
    """What could be read in at least two rounds, as (minutes since the first, value), thinned to the worst."""
    found = []
    for name, reading, worst in PANELS:
        points = [(each.began_s / 60, value) for each in rounds if (value := reading(each)) is not None]
        if len(points) > 1:
            found.append((name, _thinned(points, worst)))
    return found


def _thinned(points: Sequence[tuple[float, float]], worst: Worst) -> list[tuple[float, float]]:
    every = -(-len(points) // MOST)
    groups = (points[place : place + every] for place in range(0, len(points), every))
    return [(group[0][0], worst([value for _, value in group])) for group in groups]


def conditions(series: Sequence[tuple[str, list[tuple[float, float]]]], width: int, palette: Palette) -> Chart:
    """One small chart above the other, over the minutes of the run."""
    left, right = 16, 16
    plot, height = width - left - right, len(series) * (PANEL + BETWEEN)
    last = max((points[-1][0] for _, points in series), default=1.0) or 1.0
    scales = [scale("x", "linear", (0, last), (0, plot))]
    marks: list[Mark] = []
    for place, (name, points) in enumerate(series):
        top = place * (PANEL + BETWEEN) + BETWEEN
        most = max(value for _, value in points)
        scales.append(scale(f"y{place}", "linear", (0, most or 1.0), (top + PANEL, top)))
        marks += _panel(f"y{place}", name, points, top, plot, palette)
    said = "; ".join(f"{name}: {number(min(v for _, v in p))} to {number(max(v for _, v in p))}" for name, p in series)
    axis = {
        "scale": "x", "orient": "bottom", "title": "minutes since the first round", "tickCount": 8, "domain": False,
        "ticks": False, "labelColor": palette.soft, "titleColor": palette.soft, "titleFontWeight": "normal",
        "labelFontSize": 12, "titleFontSize": 12,
    }  # fmt: skip
    return Chart("Conditions over the run", f"{said}.", plot, height, scales, [axis], marks, left, right, 0, 44)


def _panel(
    scale_name: str, name: str, points: Sequence[tuple[float, float]], top: int, width: int, palette: Palette
) -> Iterator[Mark]:
    values = [{"x": x, "y": y} for x, y in points]
    low, high = min(y for _, y in points), max(y for _, y in points)
    heading = [{"text": f"{name}: {number(low)} to {number(high)}"}]
    yield mark("rule", [{}], x=0, x2=width, y=top + PANEL, stroke=palette.grid, strokeWidth=1)
    yield mark("area", values, x=("x", "x"), y=(scale_name, "y"), y2=top + PANEL, fill=palette.of(0), fillOpacity=0.15)
    yield mark("line", values, x=("x", "x"), y=(scale_name, "y"), stroke=palette.of(0), strokeWidth=1.25)
    yield mark("text", heading, x=0, y=top - 10, text=["text"], baseline="middle", fontSize=12, fill=palette.ink)
