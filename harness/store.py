"""Results folders: one a run, with an append-only journal that is flushed to disk after every entry.

results/<run>/journal.jsonl   one entry a line (see model.journal.Entry); all reports are worked out from it
results/<run>/logs/           what builders and implementations printed
results/<run>/report.*        the report in every format, written at the end
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shlex
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from harness.errors import DiskFullError, ResultsError
from harness.model.journal import SCHEMA, Entry, Started

JOURNAL = "journal.jsonl"
LATEST = "latest"
SUFFIXES = {"text": "txt"}  # of formats whose files are called otherwise

Log = Callable[[str, str | bytes], str]
"""Keeps a log under a name; returns its path relative to the run's folder."""

_ENTRY: TypeAdapter[Entry] = TypeAdapter(Entry)


class _Written(BaseModel):
    """What the first entry says in every schema."""

    schema_version: int = SCHEMA
    harness: str = ""


def new_run_id() -> str:
    """An id that sorts by time: 2026-11-22T02-10-33Z-1f3a."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}-{secrets.token_hex(2)}"


def timestamp() -> str:
    """The present moment, as the journal says it: 2026-11-22T02:10:33Z."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


class RunFolder:
    """Where one run keeps what it measures."""

    def __init__(self, results: Path, run: str, *, again: bool = False) -> None:
        """Make the folder, or go on with one; until closed it is nobody else's to write.

        Raises ResultsError where it cannot be made, or another harness is at it.
        """
        self.path = results / run
        with _explained(self.path):
            (self.path / "logs").mkdir(parents=True, exist_ok=again)
            self._lock = _locked(self.path)
            if again:
                _drop_half_a_line(self.path / JOURNAL)

    def close(self) -> None:
        """Leave the folder to others."""
        os.close(self._lock)

    def append(self, entry: Entry) -> None:
        """Add an entry and see it onto the disk before going on."""
        with _explained(self.path), (self.path / JOURNAL).open("ab") as journal:
            journal.write(entry.model_dump_json().encode() + b"\n")
            journal.flush()
            os.fsync(journal.fileno())

    def keep_log(self, name: str, text: str | bytes) -> str:
        """Keep a log; returns its path relative to the folder."""
        path = self.path / "logs" / name
        with _explained(self.path):
            path.write_bytes(text.encode() if isinstance(text, str) else text)
        return f"logs/{name}"


def _locked(folder: Path) -> int:
    """Hold a folder until the descriptor is closed, by us or by death."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise ResultsError(
            f"{folder} is still being measured by another harness: wait for its end, or stop it"
        ) from None
    return descriptor


def _drop_half_a_line(journal: Path) -> None:
    """Cut off what death left of an entry, or the next one would be appended to it."""
    with journal.open("r+b") as file:
        whole = file.read().rfind(b"\n") + 1
        file.truncate(whole)
        os.fsync(file.fileno())


def write_report(folder: Path, name: str, text: str) -> None:
    """Write the report of a format beside the journal."""
    with _explained(folder):
        (folder / f"report.{SUFFIXES.get(name, name)}").write_text(text, encoding="utf-8")


def find_run(results: Path, run: str) -> Path:
    """The folder of a run: `latest`, an id below `results`, or a path. Raises ResultsError if there is none."""
    if run == LATEST:
        started = {_started_at(path): path for path in results.glob(f"*/{JOURNAL}")}
        if not started:
            raise ResultsError(f"no run in {results}/ yet: `harness compare` makes one")
        return started[max(started)].parent
    for folder in (results / run, Path(run)):
        if (folder / JOURNAL).is_file():
            return folder
    there = ", ".join(sorted(path.parent.name for path in results.glob(f"*/{JOURNAL}"))) or "none"
    raise ResultsError(f"no run {run!r} in {results}/ (there are: {there})")


def _started_at(journal: Path) -> tuple[str, str]:
    with journal.open(encoding="utf-8", errors="replace") as lines:
        try:
            entry = _ENTRY.validate_json(next(lines, ""))
        except ValidationError:
            entry = None
    return (entry.at if isinstance(entry, Started) else "", journal.parent.name)


def load_run(folder: Path) -> list[Entry]:
    """The entries of a run, in order. A last line that death cut short is left out.

    Raises ResultsError where any other line cannot be read, or the schema is another one.
    """
    lines = _lines(folder / JOURNAL)
    entries = list(_parsed(folder, lines))
    if not entries or not isinstance(entries[0], Started):
        raise ResultsError(f"{folder}/{JOURNAL} does not begin as a journal does: it is no run, or was damaged")
    return entries


def _lines(journal: Path) -> list[bytes]:
    try:
        lines = journal.read_bytes().split(b"\n")
    except OSError as error:
        raise ResultsError(f"cannot read {journal}: {error.strerror}") from error
    return lines[:-1]  # what follows the last newline was never finished


def _parsed(folder: Path, lines: Iterable[bytes]) -> Generator[Entry]:
    for number, line in enumerate(lines, start=1):
        if number == 1:
            _check_schema(folder, line)
        try:
            entry = _ENTRY.validate_json(line)
        except ValidationError as error:
            damage = error.errors()[0]["msg"]
            advice = _advice(folder, number)
            raise ResultsError(f"{folder}/{JOURNAL}, line {number}, is damaged ({damage}).\n{advice}") from error
        yield entry


def _advice(folder: Path, number: int) -> str:
    """What to do about a damaged line: every other holds its own, but without the first nobody knows of what."""
    if number == 1:
        return "Nothing can be read without it: measure again."
    removal = shlex.join(["sed", "-i", f"{number}d", f"{folder}/{JOURNAL}"])
    return (
        f"Remove it with `{removal}` to read the rest; where the run did not come to its end, "
        "`harness compare --resume` then measures what it held again."
    )


def _check_schema(folder: Path, line: bytes) -> None:
    """Raise ResultsError for another schema, before what it calls otherwise is taken for damage."""
    try:
        written = _Written.model_validate_json(line)
    except ValidationError:
        return  # damaged: told when the line is parsed
    if written.schema_version != SCHEMA:
        raise ResultsError(
            f"{folder} has schema {written.schema_version}, this harness reads {SCHEMA}: "
            f"use harness {written.harness} to read it"
        )


@contextmanager
def _explained(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFullError(
                f"the disk is full: {path} cannot be written.\nWhat was measured before is kept there."
            ) from error
        raise ResultsError(f"cannot write {path}: {error.strerror}; choose another place with --out") from error
