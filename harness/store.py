"""Results folders: one a run, with an append-only journal that is flushed to disk after every entry.

results/<run>/journal.jsonl   one entry a line (see model.journal.Entry); all reports are worked out from it
results/<run>/sources/        the sources that were measured, a folder for each implementation
results/<run>/logs/           what builders and implementations printed
results/<run>/report.*        the report in every format, written at the end; rounds.csv has every round
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from harness.errors import ResultsError
from harness.files import explained, log_name, write_whole
from harness.model.chain import checked, linked, parted
from harness.model.integrity import Chain
from harness.model.journal import SCHEMA, UNCHAINED, Entry, Started

JOURNAL = "journal.jsonl"
SOURCES = "sources"

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
        """Make the folder, or resume one; until closed nobody else may write to it.

        Raises ResultsError where it cannot be made, or another harness is using it.
        """
        self.path = results / run
        with explained(self.path):
            (self.path / "logs").mkdir(parents=True, exist_ok=again)
            self._lock = _locked(self.path)
            self._link: str | None = ""  # the last line's; None in a journal without a chain
            if again:
                _drop_half_a_line(self.path / JOURNAL)
                self._link = _last_link(self.path / JOURNAL)

    def close(self) -> None:
        """Leave the folder to others."""
        os.close(self._lock)

    def append(self, entry: Entry) -> None:
        """Add an entry, and flush it to disk."""
        line, link = entry.model_dump_json().encode(), None
        if self._link is not None:
            line, link = linked(line, self._link)
        with explained(self.path), (self.path / JOURNAL).open("ab") as journal:
            journal.write(line + b"\n")
            journal.flush()
            os.fsync(journal.fileno())
        self._link = link

    def keep_log(self, name: str, text: str | bytes) -> str:
        """Keep a log; returns its path relative to the folder."""
        safe = log_name(name)
        with explained(self.path):
            write_whole(self.path / "logs" / safe, text.encode() if isinstance(text, str) else text)
        return f"logs/{safe}"

    def keep_sources(self, implementation: str, files: Mapping[str, bytes]) -> None:
        """Keep the files that an image is made of, by their names below its folder: what was measured can be read.

        Those that an earlier session kept stay: a run is only resumed with the sources that it began with.
        """
        keep_sources(self.path, implementation, files)


def keep_sources(folder: Path, implementation: str, files: Mapping[str, bytes]) -> None:
    """See RunFolder; of a run, or of a fleet whose machines all measure the same."""
    place = folder / SOURCES / log_name(implementation)
    with explained(place):
        for name, data in files.items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                write_whole(path, data)


def _locked(folder: Path) -> int:
    """Lock a folder until the descriptor is closed, by us or by the end of the process."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise ResultsError(
            f"{folder} is still being measured by another harness: wait until it has finished, or stop it"
        ) from None
    return descriptor


def _drop_half_a_line(journal: Path) -> None:
    """Cut off an incomplete last entry, or the next one would be appended to it."""
    with journal.open("r+b") as file:
        whole = file.read().rfind(b"\n") + 1
        file.truncate(whole)
        os.fsync(file.fileno())


def _last_link(journal: Path) -> str | None:
    """The link that the next entry follows on; None where the journal has no chain."""
    links = [parted(line)[1] for line in journal.read_bytes().split(b"\n")[:-1]]
    return links[-1] if any(links) else None


def write_report(folder: Path, name: str, report: str | bytes) -> None:
    """Write a report beside the journal, as the file of this name."""
    with explained(folder):
        write_whole(folder / name, report.encode() if isinstance(report, str) else report)


@dataclass(frozen=True)
class Journal:
    """The entries of a run, one a line and in order, and whether they follow from each other as they were written."""

    entries: list[Entry]
    chain: Chain


def load_run(folder: Path) -> list[Entry]:
    """The entries of a run; see load_journal."""
    return load_journal(folder).entries


def load_journal(folder: Path) -> Journal:
    """The journal of a run. An incomplete last line is left out.

    Raises ResultsError where any other line cannot be read, or the schema is another one.
    """
    lines = _lines(folder / JOURNAL)
    if lines:
        _check_schema(folder, lines[0])
    entries = [_entry(folder, number, line) for number, line in enumerate(lines, start=1)]
    if not entries or not isinstance(started := entries[0], Started):
        raise ResultsError(f"{folder}/{JOURNAL} does not begin like a journal: it is not a run, or is damaged")
    return Journal(entries, checked(lines, chained=started.schema_version > UNCHAINED))


def first_entry(folder: Path) -> Started | None:
    """How a run was started; None where its first line does not say so. Raises OSError where it cannot be read."""
    with (folder / JOURNAL).open("rb") as lines:
        try:
            entry = _ENTRY.validate_json(parted(next(lines, b"").rstrip(b"\n"))[0])
        except ValidationError:
            return None
    return entry if isinstance(entry, Started) else None


def _lines(journal: Path) -> list[bytes]:
    try:
        lines = journal.read_bytes().split(b"\n")
    except OSError as error:
        raise ResultsError(f"cannot read {journal}: {error.strerror}") from error
    return lines[:-1]  # what follows the last newline was never finished


def _entry(folder: Path, number: int, line: bytes) -> Entry:
    try:
        return _ENTRY.validate_json(parted(line)[0])
    except ValidationError as error:
        damage = error.errors()[0]["msg"]
        advice = _advice(folder, number)
        raise ResultsError(f"{folder}/{JOURNAL}, line {number}, is damaged ({damage}).\n{advice}") from error


def _advice(folder: Path, number: int) -> str:
    """What to do about a damaged line: every other stands alone, but needs the first."""
    if number == 1:
        return "Nothing can be read without it: measure again."
    removal = shlex.join(["sed", "-i", f"{number}d", f"{folder}/{JOURNAL}"])
    resumption = shlex.join(["harness", "compare", "--resume", folder.name, "--out", str(folder.parent)])
    return (
        f"Remove it with `{removal}` to read the rest; every report then says that a line is missing there. "
        f"If the run was interrupted, `{resumption}` measures again what it held."
    )


def _check_schema(folder: Path, line: bytes) -> None:
    """Raise ResultsError for another schema, before its other keys are taken for damage."""
    try:
        written = _Written.model_validate_json(line)
    except ValidationError:
        return  # damaged: reported when the line is parsed
    if not UNCHAINED <= written.schema_version <= SCHEMA:
        raise ResultsError(
            f"{folder} has schema {written.schema_version}, this harness reads {UNCHAINED} to {SCHEMA}: "
            f"use harness {written.harness} to read it"
        )
