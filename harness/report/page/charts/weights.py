"""What images weigh, with their budgets, on a logarithmic axis."""

from __future__ import annotations

from collections.abc import Sequence

from harness.report.page.charts.labels import width_of
from harness.report.page.charts.palette import Palette
from harness.report.page.charts.vega import Chart, axis, decades, mark, scale
from harness.report.page.images import ImageView

ROW = 24  # pixels


def weights(images: Sequence[ImageView], width: int, palette: Palette) -> Chart:
    """A row for each image that was weighed: its unpacked bytes, and a line where its budget ends."""
    rows = [
        {
            "name": image.name,
            "bytes": image.unpacked_bytes,
            "said": f"{image.unpacked_bytes:,}",
            "y": ROW * place + ROW / 2,
        }
        for place, image in enumerate(image for image in images if image.unpacked_bytes)
    ]
    budgets = [
        {"budget": image.budget_bytes, "y": row["y"]}
        for image, row in zip((image for image in images if image.unpacked_bytes), rows, strict=True)
        if image.budget_bytes
    ]
    left = 16 + round(max((width_of(str(row["name"])) for row in rows), default=0))
    plot, height = width - left - 100, max(ROW, ROW * len(rows))
    every = [float(image.unpacked_bytes) for image in images if image.unpacked_bytes]
    every += [float(image.budget_bytes) for image in images if image.budget_bytes]
    low, high = min([1000.0, *every]), max([10_000.0, *every])
    return Chart(
        title="What images weigh, unpacked",
        description="; ".join(f"{row['name']}: {row['said']} bytes" for row in rows),
        width=plot,
        height=height,
        scales=[scale("x", "log", (low, high), (0, plot))],
        axes=[axis("x", "bottom", decades(low, high), palette, format="~s", title="bytes; lines: budgets")],
        marks=[
            mark("rect", rows, x=0, x2=("x", "bytes"), yc=["y"], height=12, fill=palette.of(0)),
            mark("symbol", budgets, x=("x", "budget"), y=["y"], shape="stroke", angle=90, size=200, stroke=palette.warn,
                 strokeWidth=2),
            mark("text", rows, x=-8, y=["y"], text=["name"], align="right", baseline="middle"),
            mark("text", rows, x=("x", "bytes"), dx=8, y=["y"], text=["said"], baseline="middle", stroke=palette.paper,
                 strokeWidth=3, fill=palette.ink),
        ],
        left=left,
        right=100,
        top=8,
        bottom=44,
    )  # fmt: skip
