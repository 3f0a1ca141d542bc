"""The sources of a run on their way to its machines."""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from harness.images.sources import read_sources

FOLDERS = ("implementations", "containers")


def packed_sources(root: Path) -> bytes:
    """implementations/ and containers/ as a tar archive. Raises RecipeError for a link or a pipe among them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz") as archive:
        for top in FOLDERS:
            for name, data in sorted(read_sources(root / top).items()):
                entry = tarfile.TarInfo(f"{top}/{name}")
                entry.size, entry.mode = len(data), 0o644
                archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


@contextmanager
def laid_out(sources: bytes) -> Iterator[Path]:
    """A temporary folder that holds them."""
    with tempfile.TemporaryDirectory(prefix="harness-fleet-") as folder:
        with tarfile.open(fileobj=io.BytesIO(sources)) as archive:
            for entry in archive:
                path = Path(folder, entry.name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(cast("IO[bytes]", archive.extractfile(entry)).read())
        yield Path(folder)
