"""The file that a container writes: made before it starts, read after it ended."""

from __future__ import annotations

import os
from mmap import ACCESS_READ, mmap
from pathlib import Path

from docker.errors import NotFound
from docker.models.containers import Container

from harness.archives import empty_file, only_file

USER = 65534  # nobody, by whom containers run


def lay_output(container: Container, path: str) -> None:
    """Make an empty file in a volume, which the container's user may write."""
    if here := file_here(container, path):
        here.touch(0o600)
        os.chown(here, USER, USER)
    else:
        container.put_archive(str(Path(path).parent), empty_file(Path(path).name, owner=USER))


def read_output(container: Container, path: str) -> bytes | mmap | None:
    """A file out of a volume of a stopped container, or None where it is not there."""
    if here := file_here(container, path):
        return _mapped(here)
    try:
        stream, _ = container.get_archive(path)
    except NotFound:
        return None
    return only_file(stream)


def file_here(container: Container, path: str) -> Path | None:
    """A file in a volume by its path on this machine, where we may use it: that is much faster than archives are.

    The names of volumes are random, so that none of this machine's is mistaken for another's. Only root's is used: an
    engine that gives containers users of their own gives it to one of those.
    """
    file = Path(path)
    (source,) = (mount["Source"] for mount in container.attrs["Mounts"] if mount["Destination"] == str(file.parent))
    try:
        return Path(source, file.name) if os.geteuid() == Path(source).stat().st_uid == 0 else None
    except OSError:
        return None


def _mapped(path: Path) -> bytes | mmap | None:
    """What a file holds, without a copy: it stays when the file is removed. None where the file is not there."""
    try:
        with path.open("rb") as file:
            return mmap(file.fileno(), 0, access=ACCESS_READ) if path.stat().st_size else b""
    except FileNotFoundError:
        return None
