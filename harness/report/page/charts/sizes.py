"""Speed against size: what an image weighs beside the fastest case that it holds, both on logarithmic axes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.report.figures import number
from harness.report.page.charts.labels import flags, width_of
from harness.report.page.charts.palette import Palette
from harness.report.page.charts.vega import Chart, around, axis, bytes_axis, mark, scale, ticks
from harness.report.page.images import ImageView

SIZE, LINE = 12, 15
NARROW = 500  # pixels: below this the axis has no room for many words
BAND = 30  # pixels below the fastest point within which points have flags


def plotted(images: Sequence[ImageView]) -> list[ImageView]:
    """Those that were weighed and hold a case that was measured."""
    return [image for image in images if image.unpacked_bytes and image.best]


def sizes(images: Sequence[ImageView], peak: float | None, width: int, palette: Palette) -> Chart:
    """Unpacked bytes as a filled point, compressed ones as a hollow one, joined: to the left and up is better."""
    bytes_ = [float(b) for image in images for b in (image.compressed_bytes, image.unpacked_bytes) if b]
    speeds = [image.best.figures["gflops"].value for image in images if image.best]
    x_ends = around(bytes_)
    y_ends = min(speeds) / 1.4, max([*speeds, *([peak] if peak else [])]) * 1.3
    y_ticks = ticks(*y_ends)
    left = 28 + round(max((width_of(f"{tick:g}", SIZE) for tick in y_ticks), default=24.0))
    right = 24 + round(max(width_of(image.name, SIZE) for image in images))
    plot, height = width - left - right, 340
    across = _Axis(x_ends, (0, plot))
    up = _Axis(y_ends, (height, 0))
    values = [_value(image, palette) for image in images]
    labels = _labels(images, across, up, plot + right)
    limit = [{"tip": f"measured peak, {number(peak)} GFLOP/s", "y": peak}] if peak else []
    title = "bytes of the image, compressed and unpacked" if width > NARROW else "bytes of the image"
    bottom = bytes_axis(x_ends, palette, title, plot)
    return Chart(
        title="Speed against size: each image's fastest case and its bytes",
        description="; ".join(value["tip"] for value in values if isinstance(value["tip"], str)),
        width=plot,
        height=height,
        scales=[scale("x", "log", x_ends, (0, plot)), scale("y", "log", y_ends, (height, 0))],
        axes=[bottom, axis("y", "left", y_ticks, palette, format="~", title="GFLOP/s")],
        marks=[
            mark("rule", limit, x=0, x2=plot, y=("y", "y"), stroke=palette.warn, strokeWidth=1.5, strokeDash=[5, 4],
                 description=["tip"]),
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
        right=right,
        top=52 + max(0, round(-min(each["y"] for each in labels if isinstance(each["y"], float)))),
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
    speed = _speed(image)
    return {
        "unpacked": image.unpacked_bytes,
        "compressed": image.compressed_bytes or image.unpacked_bytes,
        "speed": speed,
        "color": palette.of(image.place),
        "tip": f"{image.name}: {image.said_sizes}, {number(speed)} GFLOP/s; {image.said_costs}",
    }


def _labels(images: Sequence[ImageView], across: _Axis, up: _Axis, width: int) -> list[dict[str, object]]:
    """Flags above the points at the top, where most stand side by side; the others' names beside them."""
    points = [(image, across.at(image.unpacked_bytes or 1.0), up.at(_speed(image))) for image in images]
    top = min(y for _, _, y in points)
    high = [point for point in points if point[2] < top + BAND]
    placed = flags([(x, image.name) for image, x, _ in high], SIZE)
    found: list[dict[str, object]] = []
    for (_, x, y), flag in zip(high, placed, strict=True):
        line = top - 28 - flag.level * LINE
        found.append({"text": flag.text, "x": flag.x + 5, "y": line, "x0": x, "x1": x, "y0": y, "y1": line})
    boxes: list[Box] = []
    for image, x, y in sorted((point for point in points if point not in high), key=lambda point: point[2]):
        room = width_of(image.name, SIZE)
        tries = [(at, y + LINE * down) for down in range(6) for at in (x + 10, x - 10 - room)]
        at, line = next((place for place in tries if _is_free(place, room, width, boxes)), tries[0])
        boxes.append((at, line - 8, at + room, line + 8))
        found.append({"text": image.name, "x": at, "y": line, "x0": x, "x1": x, "y0": y, "y1": line})
    return found


def _speed(image: ImageView) -> float:
    return image.best.figures["gflops"].value if image.best else 1.0


Box = tuple[float, float, float, float]  # left, top, right and bottom, in pixels


def _is_free(place: tuple[float, float], room: float, width: int, boxes: Sequence[Box]) -> bool:
    box = (place[0], place[1] - 8, place[0] + room, place[1] + 8)
    return box[0] >= 0 and box[2] <= width and not any(_overlap(box, other) for other in boxes)


def _overlap(one: Box, two: Box) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]
