"""Speed against size: what an image weighs beside the fastest case that it holds, both on logarithmic axes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.report.figures import number
from harness.report.page.charts.labels import width_of
from harness.report.page.charts.palette import Palette
from harness.report.page.charts.vega import Chart, axis, decades, mark, scale
from harness.report.page.images import ImageView

SIZE, LINE = 12, 15
SYMBOL = 7  # pixels from a point's middle to its label


def plotted(images: Sequence[ImageView]) -> list[ImageView]:
    """Those that were weighed and hold a case that was measured."""
    return [image for image in images if image.unpacked_bytes and image.best]


def sizes(images: Sequence[ImageView], peak: float | None, width: int, palette: Palette) -> Chart:
    """Unpacked bytes as a filled point, compressed ones as a hollow one, joined: to the left and up is better."""
    left, top = 52, 16
    plot, height = width - left - 20, 340 if width > 500 else 300
    bytes_ = [float(b) for image in images for b in (image.compressed_bytes, image.unpacked_bytes) if b]
    speeds = [image.best.figures["gflops"].value for image in images if image.best]
    x_ends = 10 ** math.floor(math.log10(min(bytes_))), 10 ** math.ceil(math.log10(max(bytes_)))
    y_ends = min(speeds) / 1.4, max([*speeds, *([peak] if peak else [])]) * 1.3
    across = _Axis(x_ends, (0, plot))
    up = _Axis(y_ends, (height, 0))
    values = [_value(image, palette) for image in images]
    labels = _labels(images, across, up, plot)
    y_ticks = [t for d in decades(y_ends[0] / 10, y_ends[1]) for t in (d, 2 * d, 5 * d) if y_ends[0] <= t <= y_ends[1]]
    limit = [{"tip": "measured peak", "text": f"measured peak {number(peak)} GFLOP/s", "y": peak}] if peak else []
    bottom = axis("x", "bottom", decades(*x_ends), palette, title="bytes of the image, compressed and unpacked")
    bottom["encode"] = {"labels": {"update": {"text": {"signal": "format(datum.value, '~s') + 'B'"}}}}
    return Chart(
        title="Speed against size: each image's fastest case and its bytes",
        description="; ".join(value["tip"] for value in values if isinstance(value["tip"], str)),
        width=plot,
        height=height,
        scales=[scale("x", "log", x_ends, (0, plot)), scale("y", "log", y_ends, (height, 0))],
        axes=[bottom, axis("y", "left", y_ticks, palette, format="~", title="GFLOP/s")],
        marks=[
            mark("rule", limit, x=0, x2=plot, y=("y", "y"), stroke=palette.warn, strokeWidth=1.5, strokeDash=[5, 4]),
            mark("text", limit, x=plot, y=("y", "y"), dy=-8, text=["text"], align="right", fill=palette.warn),
            mark("rule", values, x=("x", "compressed"), x2=("x", "unpacked"), y=("y", "speed"), stroke=["color"],
                 strokeWidth=2, strokeOpacity=0.5),
            mark("symbol", values, x=("x", "compressed"), y=("y", "speed"), size=50, fill=palette.paper,
                 stroke=["color"], strokeWidth=1.5, description=["tip"]),
            mark("symbol", values, x=("x", "unpacked"), y=("y", "speed"), size=70, fill=["color"], description=["tip"]),
            mark("rule", labels, x=["x0"], y=["y0"], x2=["x1"], y2=["y1"], stroke=palette.soft, strokeWidth=0.75),
            mark("text", labels, x=["x"], y=["y"], text=["text"], baseline="middle", fontSize=SIZE, fill=palette.ink,
                 stroke=palette.paper, strokeWidth=3),
        ],
        left=left,
        right=20,
        top=top,
        bottom=46,
    )  # fmt: skip


class _Axis:
    """From values to pixels, as the scale of the same ends has it."""

    def __init__(self, ends: tuple[float, float], pixels: tuple[float, float]) -> None:
        self.low, self.start = ends[0], pixels[0]
        self.decade = (pixels[1] - pixels[0]) / math.log10(ends[1] / ends[0])

    def at(self, value: float) -> float:
        """Pixels from the left or the top."""
        return self.start + math.log10(value / self.low) * self.decade


def _value(image: ImageView, palette: Palette) -> dict[str, object]:
    best = image.best
    speed = best.figures["gflops"].value if best else 0.0
    return {
        "unpacked": image.unpacked_bytes,
        "compressed": image.compressed_bytes or image.unpacked_bytes,
        "speed": speed,
        "color": palette.of(image.place),
        "tip": f"{image.name}: {image.said_sizes}, {number(speed)} GFLOP/s; {image.said_costs}",
    }


def _labels(images: Sequence[ImageView], across: _Axis, up: _Axis, width: int) -> list[dict[str, object]]:
    """A label near each point: the first free place of many, nearest first, so that none covers another or a point."""
    boxes: list[tuple[float, float, float, float]] = []
    for image in images:
        y = up.at(image.best.figures["gflops"].value if image.best else 1.0)
        ends = [across.at(b) for b in (image.compressed_bytes, image.unpacked_bytes) if b]
        boxes.append((min(ends) - SYMBOL, y - SYMBOL, max(ends) + SYMBOL, y + SYMBOL))
    placed = []
    for image, (x0, y0, x1, _) in zip(images, list(boxes), strict=True):
        y, room = y0 + SYMBOL, width_of(image.name, SIZE)
        x = x1 - SYMBOL
        tries = [
            (at, y + down)
            for down in (0, -LINE, LINE, -2 * LINE, 2 * LINE, -3 * LINE, 3 * LINE, -4 * LINE, 4 * LINE, 5 * LINE, 6 * LINE)
            for at in (x1 + 4, x0 - 4 - room, x - room / 2, x1 + 24, x0 - 24 - room)
        ]
        free = (
            (at, down) for at, down in tries
            if 0 <= at and at + room <= width and not any(_overlap((at, down - 8, at + room, down + 8), b) for b in boxes)
        )  # fmt: skip
        at, down = next(free, tries[0])
        boxes.append((at, down - 8, at + room, down + 8))
        is_far = abs(down - y) > 1
        foot = min(max(x, at), at + room)
        placed.append(
            {"x": at, "y": down, "text": image.name, "x0": x, "y0": y, "x1": foot if is_far else x,
             "y1": (down + (7 if down < y else -7)) if is_far else y}
        )  # fmt: skip
    return placed


def _overlap(one: tuple[float, float, float, float], two: tuple[float, float, float, float]) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]
