"""Files that are written whole or not at all, temporary ones, and what a user should know when they cannot be."""

from __future__ import annotations

import errno
import os
import re
import secrets
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from harness.errors import DiskFullError, HarnessError, ResultsError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # the last one is of a limit on the size of files (ulimit -f)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file beside its place and rename it: readers, and a crash, find the old one or the new one.

    Raises OSError where it cannot be written; then nothing of it is left.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def log_name(name: str) -> str:
    """A name for a log that names a file in its folder and nothing else: manifests have a part in it."""
    return re.sub(r"[^\w.+-]", "_", name)[:200]


@contextmanager
def explained(path: Path) -> Generator[None]:
    """Turn an OSError about a folder of results into DiskFullError or ResultsError."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise DiskFullError(
                f"the disk is full: {path} cannot be written ({error.strerror}).\n"
                "What was measured before is saved there."
            ) from error
        raise ResultsError(f"cannot write {path}: {error.strerror}; choose another folder with --out") from error


@contextmanager
def spool() -> Generator[IO[bytes]]:
    """A temporary file without a name. Raises DiskFullError where it does not fit, HarnessError where none can be made.

    Other errors of the block pass: what is read into the file has its own.
    """
    is_made = False
    try:
        with tempfile.TemporaryFile() as file:
            is_made = True
            yield file
    except OSError as error:
        if is_made and error.errno not in FULL:
            raise
        raise _no_room(error) from error


def _no_room(error: OSError) -> HarnessError:
    place = temporary_folder()
    if error.errno in FULL:
        return DiskFullError(
            f"the folder for temporary files is full: {place} ({error.strerror}).\n"
            "Free some space there, or set TMPDIR to a folder with more."
        )
    return HarnessError(
        f"cannot create a temporary file in {place}: {error.strerror or error}.\nSet TMPDIR to a writable folder."
    )


def temporary_folder() -> str:
    """Where temporary files go, for messages; none may be writable."""
    with suppress(OSError):
        return tempfile.gettempdir()
    return os.environ.get("TMPDIR", "the folder for temporary files")
