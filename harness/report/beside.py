"""What stands beside speed: memory, start-up, time to build, size, and the container's own tax."""

from __future__ import annotations

from collections.abc import Sequence

from harness.model.comparison import Comparison, ImageRow, Row, TaxRow
from harness.report.figures import NONE, interval, number, ratio, seconds, size
from harness.report.section import Section, Table


def costs(comparison: Comparison) -> Section:
    """Memory of every measured case; start-up, time to build and size of the image that it runs in."""
    images = {image.name: image for image in comparison.images}
    rows = [_cost(row, images.get(row.image or "")) for row in comparison.rows if row.outcome == "measured"]
    headers = ["case", "threads", "seconds", "memory, MB", "of rows", "start-up, s", "built in, s", "image, bytes"]
    section = Section("Beside speed", table=Table(headers, rows), points=_legend(comparison))
    return section if rows else Section(section.heading)


def _cost(row: Row, image: ImageRow | None) -> list[str]:
    return [
        row.name,
        str(row.threads),
        seconds(row),
        number(row.resident_bytes / 1e6 if row.resident_bytes is not None else None),
        f"{row.rows_computed} of {row.n}" if row.is_estimate else "all",
        number(image.startup_seconds if image else None),
        number(image.build_seconds if image else None),
        size(image.unpacked_bytes if image else None),
    ]


def _legend(comparison: Comparison) -> Sequence[str]:
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


def tax(comparison: Comparison) -> Section:
    """Each case that was run in several places, with its time there as a multiple of that in the first."""
    rows = [_tax(row) for row in comparison.tax]
    table = Table(["case", "where", "seconds", "× the time"], rows)
    return Section("The container's own tax: the same program in and out of it", table=table if rows else None)


def _tax(row: TaxRow) -> list[str]:
    if row.ratio is None:
        return [str(row.case), row.place, f"not measured: {row.reason}", NONE]
    return [str(row.case), row.place, interval(row.seconds), ratio(row.ratio)]
