"""The report as a picture: every measured case as a bar on a logarithmic scale, with its interval."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

from harness.model.comparison import Comparison, ImageRow, Interval, PublishedRow, Row
from harness.report.figures import ESTIMATE, mark, number

WIDTH, LEFT, RIGHT = 900, 190, 130
TOP, BAR, GAP, FOOT = 64, 16, 10, 44
COLORS = ("#94a3b8", "#38bdf8", "#6366f1", "#22c55e", "#eab308", "#f97316", "#ef4444", "#a855f7", "#14b8a6")
INK, FAINT = "#1e293b", "#cbd5e1"


def render(comparison: Comparison) -> str:
    """Bars by language, up the ladder; dashed lines where the published rows stand."""
    most = {(row.implementation, row.rung): row for row in sorted(comparison.rows, key=lambda row: row.threads)}
    rows = [row for row in comparison.rows if row.ratio and most[row.implementation, row.rung] is row]
    published = comparison.published[1:]
    ends = [end for row in rows if row.ratio for end in (row.ratio.low, row.ratio.value, row.ratio.high) if end]
    scale = _Scale([*ends, *(row.ratio for row in published)])
    bottom, bars = _bars(rows, scale)
    options, machine = comparison.options, comparison.machine
    where = f"{machine.cpu}, {max(options.threads)} threads" if machine else "an unknown machine"
    what = f"C = A · B, n = {options.n}, float64; {where}; lines: 95 % CI; {ESTIMATE}: scaled from some rows"
    lines = [*_axis(scale, bottom), *_published(published, scale, bottom)]
    return _picture(f"Speedup over {options.baseline}", what, bottom + FOOT, [*lines, *bars])


def render_images(images: Sequence[ImageRow]) -> str:
    """Image sizes as bars, in unpacked bytes."""
    sizes = {image.name: image.unpacked_bytes for image in images if image.unpacked_bytes}
    scale = _Scale([float(size) for size in sizes.values()])
    parts: list[str] = []
    for place, (name, size) in enumerate(sizes.items()):
        top = TOP + place * (BAR + GAP)
        parts += _labelled_bar(name, top, (LEFT, scale.x(size)), COLORS[1], f"{size:,}", scale.x(size))
    return _picture("Images", "unpacked bytes", TOP + len(sizes) * (BAR + GAP), parts)


def _picture(title: str, subtitle: str, height: int, parts: Iterable[str]) -> str:
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="system-ui, sans-serif">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        _text(16, 24, title, size=16),
        _text(16, 42, subtitle),
    ]
    return "\n".join([*head, *parts, "</svg>", ""])


class _Scale:
    """Logarithmic, over all values; from 1 at the left, or from the least one where that is below."""

    def __init__(self, values: Sequence[float]) -> None:
        self.first = min(0.0, math.log10(min(values, default=1.0)))
        self.last = max(1.0, math.log10(max(values, default=10.0)))

    def x(self, value: float) -> float:
        """Pixels from the left."""
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(value) - self.first) / (self.last - self.first)


def _bars(rows: Sequence[Row], scale: _Scale) -> tuple[int, list[str]]:
    """The bottom of the last bar, and the bars."""
    rungs = list(dict.fromkeys(row.rung for row in rows))
    top, language = TOP, ""
    parts: list[str] = []
    for row in rows:
        if row.implementation != language:
            language, top = row.implementation, top + GAP
        parts += _row(row, top, scale, COLORS[rungs.index(row.rung) % len(COLORS)])
        top += BAR + 2
    return top + GAP, parts


def _row(row: Row, top: int, scale: _Scale, color: str) -> Iterable[str]:
    ratio = row.ratio or Interval(value=1.0)
    low, high = scale.x(ratio.low or ratio.value), scale.x(ratio.high or ratio.value)
    estimate = ESTIMATE if row.is_estimate else ""
    figure = (
        f"{mark(row.ratio)}{number(ratio.value)}×{estimate} · {number(row.seconds.value if row.seconds else None)} s"
    )
    yield from _labelled_bar(row.name, top, (scale.x(1.0), scale.x(ratio.value)), color, figure, high)
    yield f'<path d="M{low:.1f} {top + BAR / 2} H{high:.1f}" stroke="{INK}" stroke-width="1.5"/>'


def _labelled_bar(
    name: str, top: int, ends: tuple[float, float], color: str, figure: str, figure_at: float
) -> Iterable[str]:
    """A bar between its two ends, whichever of them is the left one, and what it says beside it."""
    left, right = sorted(ends)
    yield _text(LEFT - 8, top + 12, name, anchor="end")
    yield f'<rect x="{left:.1f}" y="{top}" width="{max(1.0, right - left):.1f}" height="{BAR}" rx="2" fill="{color}"/>'
    yield _text(max(right, figure_at) + 8, top + 12, figure)


def _axis(scale: _Scale, bottom: int) -> Iterable[str]:
    for decade in range(math.ceil(scale.first), math.floor(scale.last) + 1):
        x = scale.x(10.0**decade)
        yield f'<path d="M{x:.1f} {TOP} V{bottom}" stroke="{FAINT}" stroke-width="{0.5 if decade else 1.5}"/>'
        yield _text(x, bottom + 16, f"{10.0**decade:,.10g}×", anchor="middle")


def _published(rows: Iterable[PublishedRow], scale: _Scale, bottom: int) -> Iterable[str]:
    yield _text(LEFT - 8, bottom + 32, "published", anchor="end", size=10)
    for row in rows:
        x = scale.x(row.ratio)
        yield f'<path d="M{x:.1f} {TOP} V{bottom}" stroke="{INK}" stroke-width="0.7" stroke-dasharray="3 3"/>'
        yield _text(x, bottom + 32, f"{row.ratio:,.0f}×", anchor="middle", size=10)


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 12) -> str:
    halo = 'stroke="white" stroke-width="3" paint-order="stroke"'  # lines pass behind figures
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{INK}" {halo}>'
        f"{escape(text)}</text>"
    )
