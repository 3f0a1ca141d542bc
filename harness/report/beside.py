"""The tables of what stands beside speed: headers and rows, for the document to place."""

from __future__ import annotations

from collections.abc import Sequence

from harness.model.comparison import Comparison, ImageRow, Row, TaxRow
from harness.report.figures import NONE, TIE, interval, number, size

Cells = list[list[str]]


def costs(comparison: Comparison) -> tuple[Sequence[str], Cells]:
    """Memory of every measured case; start-up, time to build and size of the image that it runs in."""
    headers = ["case", "threads", "seconds", "memory, MB", "of rows", "start-up, s", "built in, s", "image, bytes"]
    images = {image.name: image for image in comparison.images}
    measured = [row for row in comparison.rows if row.outcome == "measured"]
    return headers, [_cost(row, images.get(row.image or "")) for row in measured]


def _cost(row: Row, image: ImageRow | None) -> list[str]:
    return [
        row.name,
        str(row.threads),
        number(row.seconds.value if row.seconds else None),
        number(row.resident_bytes / 1e6 if row.resident_bytes is not None else None),
        "all" if row.rows_computed == row.n else f"{row.rows_computed} of {row.n}",
        number(image.startup_seconds if image else None),
        number(image.build_seconds if image else None),
        size(image.unpacked_bytes if image else None),
    ]


def legend(comparison: Comparison) -> Sequence[str]:
    """What the columns mean, with the start-up of a container alone."""
    alone = (
        f"; a container that does nothing takes {number(comparison.container_seconds)} s of it"
        if comparison.container_seconds
        else ""
    )
    return (
        "Memory: the most that the containers' processes were seen to hold, shared pages once, cached files not; "
        "of A and C, as many rows as were computed.",
        f"Start-up: the life of a container that only answers `matmul info`, the median{alone}.",
        f"Built: from the base image and nothing else; {NONE} where a step of it was kept from before: "
        "--rebuild forbids that.",
    )


def taxes(comparison: Comparison) -> tuple[Sequence[str], Cells]:
    """Each case that was run in several places, with its time there as a multiple of that in the first."""
    return ["case", "where", "seconds", "× the time"], [_tax(row) for row in comparison.tax]


def _tax(row: TaxRow) -> list[str]:
    if row.ratio is None:
        return [str(row.case), row.place, f"not measured: {row.reason}", NONE]
    is_tie = row.ratio.value != 1 and row.ratio.holds(1.0)
    return [str(row.case), row.place, interval(row.seconds), interval(row.ratio, prefix=TIE if is_tie else "")]
