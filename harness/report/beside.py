"""Beside speed: memory, start-up, build time, image size, and the container overhead."""

from __future__ import annotations

from collections.abc import Sequence

from harness.model.comparison import Comparison, ImageRow, OverheadRow, Row
from harness.report.figures import NONE, interval, number, ratio, seconds, size
from harness.report.section import Section, Table


def costs(comparison: Comparison) -> Section:
    """Memory of every measured case; start-up, build time and size of the image that it runs in."""
    images = {image.name: image for image in comparison.images}
    rows = [_cost(row, images.get(row.image or "")) for row in comparison.rows if row.outcome == "measured"]
    headers = [
        "case",
        "threads",
        "seconds",
        "memory, MB",
        "rows in memory",
        "start-up, s",
        "build time, s",
        "image, bytes",
    ]
    section = Section(
        "Memory, start-up, build time, image size", table=Table(headers, rows), points=_legend(comparison)
    )
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
        f"; an idle container takes {number(comparison.container_seconds)} s of it"
        if comparison.container_seconds
        else ""
    )
    return (
        "Memory: the peak resident memory of a container's processes as sampled, shared pages counted once, without "
        "cached files; A and C have as many rows as were computed.",
        f"Start-up: median lifetime of a container that only runs `matmul info`{alone}.",
        f"Build time: from the base image alone; {NONE} where a step came from the build cache (--rebuild ignores it).",
    )


def overhead(comparison: Comparison) -> Section:
    """Each case that was run in several environments, with its time as a multiple of that in the first."""
    rows = [_overhead(row) for row in comparison.overhead]
    table = Table(["case", "environment", "seconds", "relative time"], rows)
    return Section(
        "Container overhead: the same program with and without the seccomp filter", table=table if rows else None
    )


def _overhead(row: OverheadRow) -> list[str]:
    if row.ratio is None:
        return [str(row.case), row.place, f"not measured: {row.reason}", NONE]
    return [str(row.case), row.place, interval(row.seconds), ratio(row.ratio)]
