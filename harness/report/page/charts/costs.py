"""Size against cost: what an image weighs beside the least metric of a case that it holds, both on logarithmic axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.report.figures import number
from harness.report.page.charts.labels import width_of
from harness.report.page.charts.palette import Palette
from harness.report.page.charts.vega import Chart, around, axis, bytes_axis, mark, scale, ticks

SIZE = 12


@dataclass(frozen=True)
class Cost:
    """One point: the bytes of an image, and what a request costs with its interval, in the unit of the axis."""

    name: str
    bytes: int
    value: float
    low: float
    high: float


def costs(points: Sequence[Cost], title: str, unit: str, width: int, palette: Palette) -> Chart:
    """A point and its interval for each image: to the left and down is better."""
    left, right = 58, 24 + round(max(width_of(point.name, SIZE) for point in points))
    plot, height = width - left - right, 320
    x_ends = around([float(point.bytes) for point in points])
    lows, highs = [point.low for point in points], [point.high for point in points]
    y_ends = min(lows) / 1.3, max(highs) * 1.3
    values = [
        {
            "name": point.name,
            "bytes": point.bytes,
            "value": point.value,
            "low": point.low,
            "high": point.high,
            "color": palette.of(place),
            "tip": f"{point.name}: {point.bytes:,} bytes, {number(point.value)} {unit}",
        }
        for place, point in enumerate(points)
    ]
    bottom = bytes_axis(x_ends, palette, "bytes of the image, unpacked")
    return Chart(
        title=title,
        description="; ".join(str(value["tip"]) for value in values),
        width=plot,
        height=height,
        scales=[scale("x", "log", x_ends, (0, plot)), scale("y", "log", y_ends, (height, 0))],
        axes=[bottom, axis("y", "left", ticks(*y_ends), palette, format="~", title=unit)],
        marks=[
            mark("rule", values, x=("x", "bytes"), y=("y", "low"), y2=("y", "high"), stroke=["color"], strokeWidth=2),
            mark("symbol", values, x=("x", "bytes"), y=("y", "value"), size=70, fill=["color"], description=["tip"]),
            mark("text", values, x=("x", "bytes"), dx=10, y=("y", "value"), text=["name"], baseline="middle",
                 fontSize=SIZE, fill=palette.ink, stroke=palette.paper, strokeWidth=3),
        ],
        left=left,
        right=right,
        top=16,
        bottom=46,
    )  # fmt: skip
