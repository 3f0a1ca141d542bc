"""What each image weighs, beside its budget and a conventional image."""

from __future__ import annotations

from collections.abc import Iterable

from harness.model.comparison import ImageRow
from harness.model.manifests import Conventional
from harness.report.figures import NONE, number, size
from harness.report.section import Section, Table


def image_sizes(images: Iterable[ImageRow]) -> Section:
    """What each image weighs, beside its budget and a conventional image."""
    rows = [
        [
            row.name,
            size(row.unpacked_bytes),
            size(row.compressed_bytes),
            number(row.layers) if row.layers is None else str(row.layers),
            size(row.runtime_bytes),
            size(row.payload_bytes),
            size(row.budget_bytes),
            _kept(row),
            _conventional(row.conventional),
        ]
        for row in images
    ]
    headers = [
        "image", "unpacked", "compressed", "layers", "runtime", "payload", "budget", "", "conventional",
    ]  # fmt: skip
    return Section("Images, bytes", table=Table(headers, rows))


def _kept(row: ImageRow) -> str:
    if row.unpacked_bytes is None:
        return "not built"
    if row.budget_bytes is None:
        return NONE
    return "kept" if row.within_budget else "BROKEN"


def _conventional(other: Conventional | None) -> str:
    if other is None:
        return NONE
    if other.unpacked_bytes:
        return f"{other.image}: {size(other.unpacked_bytes)}"
    return f"{other.image}: {size(other.compressed_bytes)} compressed"
