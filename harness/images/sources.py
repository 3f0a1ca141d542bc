"""Folders of sources, read as they are: no link is followed, and nothing but regular files is opened."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from harness.errors import RecipeError

LEFT_BEHIND = {"__pycache__", "target"}  # by tools, and all folders whose names begin with a dot


def read_sources(folder: Path) -> dict[str, bytes]:
    """The files below a folder by their names relative to it, without what tools leave behind.

    Raises RecipeError, with its name, for a link, a device, a socket or a pipe among them. What is executable is told
    by a file's first two bytes and no mode: names and contents are all that is sent to a builder.
    """
    found: dict[str, bytes] = {}
    refuse_link(folder)
    for parent, folders, names in os.walk(folder, onerror=_raised):
        folders[:] = sorted(name for name in folders if name not in LEFT_BEHIND and not name.startswith("."))
        for name in folders:
            refuse_link(Path(parent, name))
        for name in names:
            path = Path(parent, name)
            found[path.relative_to(folder).as_posix()] = read_file(path)
    return found


def read_file(path: Path) -> bytes:
    """A regular file's content. Raises RecipeError for anything else, without waiting for it; OSError."""
    refuse_link(path)
    if not stat.S_ISREG(path.lstat().st_mode):
        raise RecipeError(f"{path} is neither a regular file nor a folder")
    opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(opened, "rb") as file:
        return file.read()


def refuse_link(path: Path) -> None:
    """Raise RecipeError for a link: what it leads to, a private key say, would be sent to a builder."""
    if path.is_symlink():
        raise RecipeError(f"{path} is a link, which is not followed: put the file itself there")


def _raised(error: OSError) -> None:
    raise error
