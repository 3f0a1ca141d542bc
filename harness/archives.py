"""The tar archives that files travel to and from an engine in."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import IO, Any, BinaryIO, cast

from harness.files import spool


def empty_file(name: str, owner: int) -> bytes:
    """An archive of one empty file that its owner, a container's user, may write.

    The volume's own directory stays root's: no archive can change the directory it is unpacked into.
    """
    entry = tarfile.TarInfo(name)
    entry.mode, entry.uid, entry.gid = 0o600, owner, owner
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(entry)
    return buffer.getvalue()


@contextmanager
def packed(files: Mapping[str, memoryview]) -> Generator[BinaryIO]:
    """The files as a tar archive on disk: inputs can be larger than is good to hold twice.

    It depends on nothing but their names and contents, so that the builder's cache finds them again.
    """
    with spool() as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            for name, data in sorted(files.items()):
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = data.nbytes, 0o755 if bytes(data[:2]) == b"#!" else 0o644
                archive.addfile(entry, cast("Any", _Reader(data)))
        file.seek(0)
        yield cast("BinaryIO", file)


class _Reader(io.RawIOBase):
    """Reads a memoryview without copying it whole."""

    def __init__(self, data: memoryview) -> None:
        self._data, self._at = data.cast("B"), 0

    def read(self, size: int = -1) -> bytes:
        end = len(self._data) if size < 0 else self._at + size
        chunk = bytes(self._data[self._at : end])
        self._at += len(chunk)
        return chunk


def only_file(stream: Iterable[bytes]) -> bytes | None:
    """The contents of the one file that an archive holds, or None where it holds something else."""
    with io.BytesIO() as spool:
        spool.writelines(stream)
        spool.seek(0)
        with tarfile.open(fileobj=spool) as opened:
            member = opened.next()
            if member is None or not member.isfile():
                return None
            return bytes(spool.getbuffer()[member.offset_data : member.offset_data + member.size])


def opened(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    """A file of an archive, through links. Raises ValueError where there is none."""
    stream = archive.extractfile(name)
    if stream is None:
        raise ValueError(f"an archive whose {name} is no file")
    return stream
