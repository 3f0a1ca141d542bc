"""What images weigh: worked out from their own saved layers, since engines mean different things by "size"."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from typing import IO

from harness.engine.archives import opened, saved_layers
from harness.errors import GateError
from harness.model.comparison import ImageRow
from harness.model.journal import Image, Layer, Weight
from harness.model.manifests import Manifest, Stage

GZIP = 31  # zlib's window bits for a gzip header, as registries store layers
CHUNK_BYTES = 1 << 20


def weigh(saved: Iterable[bytes], payload: Sequence[str]) -> Weight:
    """The weight of an image, given what `docker save` writes and the globs of the files that are our own."""
    with saved_layers(saved) as (archive, names):
        weighed = [_weigh_layer(archive, name, payload) for name in names]
    return Weight(
        unpacked_bytes=sum(layer.unpacked_bytes for layer, _ in weighed),
        compressed_bytes=sum(layer.compressed_bytes for layer, _ in weighed),
        payload_bytes=sum(payload_bytes for _, payload_bytes in weighed),
        layers=tuple(layer for layer, _ in weighed),
    )


def _weigh_layer(archive: tarfile.TarFile, name: str, payload: Sequence[str]) -> tuple[Layer, int]:
    with tarfile.open(fileobj=opened(archive, name)) as layer:  # "r:*" reads a gzipped layer as well
        files = [member for member in layer if member.isfile()]
    ours = [file for file in files if any(fnmatch(file.name.lstrip("./"), glob) for glob in payload)]
    return (
        Layer(
            unpacked_bytes=sum(file.size for file in files),
            compressed_bytes=_gzipped_bytes(opened(archive, name)),
            files=len(files),
        ),
        sum(file.size for file in ours),
    )


def _gzipped_bytes(stream: IO[bytes]) -> int:
    """The size of a layer as a registry would store it."""
    first = stream.read(CHUNK_BYTES)
    if first.startswith(b"\x1f\x8b"):
        return len(first) + sum(len(chunk) for chunk in iter(lambda: stream.read(CHUNK_BYTES), b""))
    packer = zlib.compressobj(wbits=GZIP)
    packed_bytes = 0
    while first:
        packed_bytes += len(packer.compress(first))
        first = stream.read(CHUNK_BYTES)
    return packed_bytes + len(packer.flush())


def image_row(manifest: Manifest, stage: Stage, image: Image | None) -> ImageRow:
    """An image beside its budget, if it is to keep one; without a weight where it was not built."""
    weight = image.weight if image else None
    final = stage == "final"
    return ImageRow(
        name=manifest.image_of(stage),
        label=manifest.label,
        digest=image.digest if image else None,
        unpacked_bytes=weight.unpacked_bytes if weight else None,
        compressed_bytes=weight.compressed_bytes if weight else None,
        payload_bytes=weight.payload_bytes if weight else None,
        runtime_bytes=weight.runtime_bytes if weight else None,
        layers=len(weight.layers) if weight else None,
        budget_bytes=manifest.budget_bytes if final else None,
        conventional=manifest.conventional if final else None,
        build_seconds=image.build_ns / 1e9 if image and image.build_ns else None,
        failure=image.failure.reason if image and image.failure else None,
    )


def check_budgets(rows: Sequence[ImageRow]) -> None:
    """Raise GateError, naming every image that exceeds its budget or could not be weighed."""
    broken = [
        f"{row.name}: {row.unpacked_bytes:,} bytes, budget {row.budget_bytes:,}"
        if row.unpacked_bytes is not None and row.budget_bytes is not None
        else f"{row.name}: not weighed ({row.failure or 'not built'})"
        for row in rows
        if not row.within_budget
    ]
    if broken:
        raise GateError("image budgets exceeded:\n" + "\n".join(broken))
