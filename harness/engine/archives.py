"""The tar archives that files travel to and from an engine in."""

from __future__ import annotations

import io
import json
import shutil
import stat
import tarfile
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from typing import IO, Any, BinaryIO, cast

from harness.engine.outputs import check_file, check_folder, check_names, check_size
from harness.errors import ProtocolError
from harness.files import spool

CHUNK_BYTES = 2**20
END_BYTES = 2 * tarfile.BLOCKSIZE


def empty_file(name: str, owner: int) -> bytes:
    """An archive of one empty file that its owner, a container's user, may write.

    The volume's own directory stays root's: no archive can change the directory it is unpacked into.
    """
    entry = tarfile.TarInfo(name)
    entry.mode, entry.uid, entry.gid = 0o600, owner, owner
    buffer = io.BytesIO()
    with _unpadded(buffer) as archive:
        archive.addfile(entry)
    return buffer.getvalue()


@contextmanager
def packed(files: Mapping[str, memoryview]) -> Generator[BinaryIO]:
    """The files as a tar archive on disk: inputs can be larger than is good to hold twice.

    It depends on nothing but their names and contents, so that the builder's cache finds them again.
    """
    with spool() as file:
        with _unpadded(cast("BinaryIO", file)) as archive:
            for name, data in sorted(files.items()):
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = data.nbytes, 0o755 if bytes(data[:2]) == b"#!" else 0o644
                archive.addfile(entry, cast("Any", _Reader(data)))
        file.seek(0)
        yield cast("BinaryIO", file)


@contextmanager
def _unpadded(file: BinaryIO) -> Generator[tarfile.TarFile]:
    """A new archive that ends with the mark of its end: Podman reads no further, and then fails if more comes."""
    with tarfile.open(fileobj=file, mode="w") as archive:
        yield archive
        end = archive.offset + END_BYTES
    file.truncate(end)


class _Reader(io.RawIOBase):
    """Reads a memoryview without copying it whole."""

    def __init__(self, data: memoryview) -> None:
        self._data, self._at = data.cast("B"), 0

    def read(self, size: int = -1) -> bytes:
        end = len(self._data) if size < 0 else self._at + size
        chunk = bytes(self._data[self._at : end])
        self._at += len(chunk)
        return chunk


def output_file(stream: Iterator[bytes], folder: str, name: str, size_bytes: int) -> bytes | mmap:
    """The file of a folder's archive, in a temporary file and no more of it in memory than a chunk.

    Raises ProtocolError where the archive holds anything but the folder, root's own, and that one regular file, or the
    file has not exactly this size: no more than its header is read then.
    """
    source = cast("BinaryIO", _Stream(stream))
    try:
        with tarfile.open(fileobj=source, mode="r|", bufsize=CHUNK_BYTES) as archive, spool() as copy:
            root = archive.next()
            if root is None or root.name not in {folder, ""}:  # Podman leaves a volume's name out
                raise ProtocolError("the archive of its output folder is not of that folder")
            check_folder(_mode(root), is_ours=root.uid == 0)
            file = archive.next()
            check_names([file.name] if file else [], [f"{root.name}/{name}"])
            member = cast("tarfile.TarInfo", file)
            check_file(name, _mode(member), links=1)  # no archive tells their number; a second name has its own entry
            check_size(name, member.size, size_bytes)
            shutil.copyfileobj(cast("IO[bytes]", archive.extractfile(member)), copy)
            check_names([more.name] if (more := archive.next()) else [], [])
            copy.flush()
            return mmap(copy.fileno(), size_bytes, access=ACCESS_READ) if size_bytes else b""
    except (tarfile.TarError, EOFError) as error:
        raise ProtocolError(f"the archive of its output folder is damaged: {error}") from error


def _mode(member: tarfile.TarInfo) -> int:
    """A member's mode as a file system has it; 0 for its type where it is neither a folder nor a plain file."""
    is_plain = member.type in {tarfile.REGTYPE, tarfile.AREGTYPE} and not member.issparse()
    kind = stat.S_IFDIR if member.isdir() else stat.S_IFREG if is_plain else 0
    return kind | stat.S_IMODE(member.mode)


class _Stream(io.RawIOBase):
    """Reads chunks as they come."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._left = chunks, memoryview(b"")

    def read(self, size: int = -1) -> bytes:
        parts: list[memoryview] = []
        while size > 0 and (self._left or self._next()):
            parts.append(self._left[:size])
            self._left = self._left[len(parts[-1]) :]
            size -= len(parts[-1])
        return b"".join(parts)

    def _next(self) -> bool:
        self._left = memoryview(next(self._chunks, b""))
        return bool(self._left)


@contextmanager
def saved_layers(saved: Iterable[bytes]) -> Generator[tuple[tarfile.TarFile, Sequence[str]]]:
    """What `docker save` writes of one image, as an archive on disk, and the names of the layers in it."""
    with spool() as file:
        file.writelines(saved)
        file.seek(0)
        with tarfile.open(fileobj=file) as archive:
            (index,) = json.load(opened(archive, "manifest.json"))
            yield archive, index["Layers"]


def opened(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    """A file of an archive, through links. Raises ValueError where there is none."""
    stream = archive.extractfile(name)
    if stream is None:
        raise ValueError(f"an archive whose {name} is not a file")
    return stream
