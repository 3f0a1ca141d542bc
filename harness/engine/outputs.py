"""The one file that a program of others' may write: laid before it starts, taken after it ended.

Nothing that the program, or the image it came in, left behind is opened through a link, nor waited for. The folder
stays this process's own and nobody else may write to it, so that the file laid is the only one.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path

from harness.errors import ProtocolError

USER = 65534
"""nobody, the user that programs run as: it owns the output, but not its folder."""

SLACK_BYTES = 2**26

LOOK = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def lay(folder: Path, name: str, owner: int) -> None:
    """Make an empty file that its owner may write. Raises ProtocolError where the folder is not empty and ours."""
    with _opened(folder) as ours:
        _check_folder(ours, [])
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | LOOK, 0o600, dir_fd=ours)
        try:
            os.fchown(file, owner, owner)
        finally:
            os.close(file)


def taken(folder: Path, name: str, size_bytes: int) -> bytes | mmap:
    """What the file holds, without a copy: it stays when the file is removed.

    Raises ProtocolError where anything but that one regular file is there, or it has not exactly this size.
    """
    with _opened(folder) as ours:
        _check_folder(ours, [name])
        try:
            file = os.open(name, os.O_RDONLY | LOOK, dir_fd=ours)
        except OSError as error:
            raise ProtocolError(f"{name} cannot be read: {error.strerror}") from error
        try:
            found = os.fstat(file)
            check_file(name, found.st_mode, found.st_nlink)
            check_size(name, found.st_size, size_bytes)
            return mmap(file, size_bytes, access=ACCESS_READ) if size_bytes else b""
        finally:
            os.close(file)


def overflows(folder: Path, name: str, size_bytes: int) -> bool:
    """Whether a file takes more of its disk than one of this size can need.

    A program can reserve blocks beyond the end of a file, which no limit of its size prevents; and so do file systems,
    as many again at the most, for a file that grows.
    """
    try:
        return (folder / name).lstat().st_blocks * 512 > 2 * size_bytes + SLACK_BYTES
    except OSError:
        return False


def check_folder(mode: int, *, is_ours: bool) -> None:
    """Raise ProtocolError for an output folder that a program can have changed."""
    if not (stat.S_ISDIR(mode) and is_ours) or mode & OTHERS_WRITE:
        raise ProtocolError("its output folder is writable by the program, so no file there can be trusted")


def check_names(found: list[str], due: list[str]) -> None:
    """Raise ProtocolError where an output folder holds anything but what is due."""
    if found != due:
        raise ProtocolError(f"its output folder holds {_listed(found)}, expected {_listed(due)}")


def check_file(name: str, mode: int, links: int) -> None:
    """Raise ProtocolError for what is not a regular file with one name."""
    if not stat.S_ISREG(mode) or links != 1:
        raise ProtocolError(f"{name} is not a regular file with one name")


def check_size(name: str, size_bytes: int, due_bytes: int) -> None:
    """Raise ProtocolError for a file of another size than was due."""
    if size_bytes != due_bytes:
        raise ProtocolError(f"wrote {size_bytes} bytes of {name}, expected {due_bytes}")


@contextmanager
def _opened(folder: Path) -> Generator[int]:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | LOOK)
    try:
        yield opened
    finally:
        os.close(opened)


def _check_folder(folder: int, names: list[str]) -> None:
    found = os.fstat(folder)
    check_folder(found.st_mode, is_ours=found.st_uid == os.geteuid())
    check_names(os.listdir(folder), names)


def _listed(names: list[str]) -> str:
    shown = ", ".join(sorted(names)[:3])
    return f"{shown[:100]!r}" if names else "nothing"
