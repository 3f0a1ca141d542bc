"""The size of each image, beside its budget and the image most users would have used."""

from __future__ import annotations

from collections.abc import Iterable

from harness.model.comparison import ImageRow
from harness.model.manifests import Conventional
from harness.report.figures import NONE, number, size
from harness.report.section import Section, Table


def image_sizes(images: Iterable[ImageRow]) -> Section:
    """The size of each image, beside its budget and the image most users would have used."""
    rows = [
        [
            row.name,
            size(row.unpacked_bytes),
            size(row.compressed_bytes),
            number(row.layers) if row.layers is None else str(row.layers),
            size(row.runtime_bytes),
            size(row.payload_bytes),
            size(row.budget_bytes),
            _within_budget(row),
            _conventional(row.conventional),
        ]
        for row in images
    ]
    headers = [
        "image", "unpacked", "compressed", "layers", "runtime", "payload", "budget", "within budget",
        "conventional image",
    ]  # fmt: skip
    return Section("Image sizes, bytes", table=Table(headers, rows))


def _within_budget(row: ImageRow) -> str:
    if row.unpacked_bytes is None:
        return "not built"
    if row.budget_bytes is None:
        return NONE
    return "yes" if row.within_budget else "EXCEEDED"


def _conventional(other: Conventional | None) -> str:
    if other is None:
        return NONE
    if other.unpacked_bytes:
        return f"{other.image}: {size(other.unpacked_bytes)}"
    return f"{other.image}: {size(other.compressed_bytes)} compressed"
