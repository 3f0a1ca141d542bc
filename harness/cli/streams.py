"""Standard output and standard error: a reader that hung up, a full disk or a narrow encoding ends no command.

A reader that has seen enough (`| head`) changes nothing: the command finishes, with the exit code of its work. Output
that is lost otherwise is an error, but only once all else is done and kept.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import select
import sys
import unicodedata
from typing import TYPE_CHECKING, TextIO

from harness.errors import DiskFullError, HarnessError
from harness.files import FULL

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

GONE = {errno.EPIPE, errno.EBADF, errno.ECONNRESET}
LOOK_ALIKES = str.maketrans({
    "×": "x", "·": "*", "–": "-", "—": "-", "−": "-", "─": "-", "…": "...", "±": "+-", "≤": "<=", "≥": ">=",
    "’": "'", "‘": "'", "“": '"', "”": '"', "⁻": "-",
})  # fmt: skip
HANDLER = "harness-look-alike"


def guard() -> None:
    """Replace the standard streams with writers that handle what can go wrong with them.

    Streams that somebody else has put in their place are left as they are.
    """
    codecs.register_error(HANDLER, look_alike)
    for descriptor in range(3):  # or the next file that is opened would take the place of a closed one
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is sys.__stdout__:
        sys.stdout = _writer(sys.stdout, 1, is_told=True)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _writer(sys.stderr, 2, is_told=False)


def look_alike(error: UnicodeError) -> tuple[str, int]:
    """What to write where an encoding lacks a character: a similar one, or a question mark."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(LOOK_ALIKES)
    plain = (unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode() or "?" for character in text)
    return "".join(plain), error.end


def _writer(stream: TextIO | None, descriptor: int, *, is_told: bool) -> TextIO:
    raw = _Output(descriptor, is_told=is_told)
    encoding = stream.encoding if stream else "utf-8"
    is_immediate = not is_told or raw.isatty()
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=encoding, errors=HANDLER, line_buffering=is_immediate)


class _Output(io.RawIOBase):
    """Writes to a descriptor until that fails; later output is discarded."""

    def __init__(self, descriptor: int, *, is_told: bool) -> None:
        self._descriptor, self._is_told, self._is_lost = descriptor, is_told, False

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer) -> int:
        """Raises DiskFullError or HarnessError, once, where output is lost that somebody waits for."""
        while not self._is_lost:
            try:
                return os.write(self._descriptor, data)
            except BlockingIOError:  # a descriptor that others have set so
                select.select([], [self._descriptor], [])
            except OSError as error:
                self._is_lost = True
                if self._is_told and error.errno not in GONE and not self.isatty():
                    raise _lost(error) from error
        return memoryview(data).nbytes


def _lost(error: OSError) -> HarnessError:
    kind = DiskFullError if error.errno in FULL else HarnessError
    return kind(f"standard output cannot be written: {error.strerror}")
