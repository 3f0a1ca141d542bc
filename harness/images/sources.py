"""Folders of sources, read as they are: no link is followed, and nothing but regular files is opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from harness.errors import RecipeError

LEFT_BEHIND = {"__pycache__", "target"}  # by tools, and all folders whose names begin with a dot


def read_sources(folder: Path) -> dict[str, bytes]:
    """The files below a folder by their names relative to it, without what tools leave behind.

    Raises RecipeError, with its name, for a link, a device, a socket or a pipe among them. What is executable is told
    by a file's first two bytes and no mode: names and contents are all that is sent to a builder.
    """
    paths = paths_below(folder, lambda name: name in LEFT_BEHIND or name.startswith("."))
    return {path.relative_to(folder).as_posix(): read_file(path) for path in paths}


def paths_below(folder: Path, is_left_out: Callable[[str], bool]) -> Iterator[Path]:
    """What is below a folder and no folder itself, without what is below folders of names that are left out.

    Raises RecipeError for a folder that is a link; OSError.
    """
    refuse_link(folder)
    for parent, folders, names in os.walk(folder, onerror=_raised):
        folders[:] = sorted(name for name in folders if not is_left_out(name))
        for name in folders:
            refuse_link(Path(parent, name))
        yield from (Path(parent, name) for name in names)


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
