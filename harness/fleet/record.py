"""A fleet's folder: its own record, and beside it a folder for the run of each machine, as any run's.

results/<fleet>/fleet.jsonl     one entry a line (see model.fleet): what was asked, and what became of each machine
results/<fleet>/sources/        the sources that all machines measured, a folder for each implementation
results/<fleet>/<run>/          the journal and the logs of one machine's run, as they came back
results/<fleet>/report.*        the machines side by side
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from harness.errors import ResultsError
from harness.files import explained, log_name, write_whole
from harness.fleet.orders import Outcome, Piece
from harness.model.fleet import FleetEntry, FleetStarted, Member, Shipped, State
from harness.store import JOURNAL, timestamp

RECORD = "fleet.jsonl"
REPORT = "report"

_ENTRY: TypeAdapter[FleetEntry] = TypeAdapter(FleetEntry)


def is_fleet(folder: Path) -> bool:
    """Whether a folder is a fleet's; one that may not be entered is none, and whoever looks for runs says why."""
    try:
        return (folder / RECORD).is_file()
    except OSError:
        return False


def run_name(fleet: str, machine: str) -> str:
    """The id of a machine's run, and the name of its folder; no two machines of a fleet share one."""
    plain = re.sub(r"[^A-Za-z0-9_.-]", "-", machine)[:60]
    unique = "" if plain == machine else "-" + hashlib.sha256(machine.encode()).hexdigest()[:8]
    return f"{fleet}.{plain}{unique}"


class FleetFolder:
    """Where a fleet keeps what is known of it: `started`, the last of each machine, and what was shipped."""

    def __init__(self, path: Path) -> None:
        """Read what there is. Raises ResultsError where it is damaged."""
        self.path = path
        self.started: FleetStarted | None = None
        self.members: dict[str, Member] = {}
        self.shipped: dict[str, Shipped] = {}
        for entry in _entries(path / RECORD):
            self._remember(entry)

    def record(self, entry: FleetEntry) -> None:
        """Journal first, then remember."""
        with explained(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            with (self.path / RECORD).open("ab") as file:
                file.write(entry.model_dump_json().encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        self._remember(entry)

    def tell(self, machine: str, state: State, reason: str = "") -> None:
        """Record what became of a machine."""
        known = self.members.get(machine)
        run = known.run if known else ""
        if state in {"measuring", "failed", "finished"}:
            run = run_name(self.path.name, machine)
        self.record(
            Member(
                at=timestamp(),
                name=machine,
                state=state,
                reason=reason,
                architecture=known.architecture if known else "",
                run=run,
            )
        )

    def journal_of(self, machine: str) -> bytes:
        """What has come back of a machine's journal."""
        path = self._journal(machine)
        return path.read_bytes() if path.exists() else b""

    def take(self, piece: Piece) -> int:
        """Add what came back of a journal where it belongs; the bytes that are known now.

        A piece that overlaps what is known adds the rest; one that would leave a gap is not taken.
        """
        path = self._journal(piece.machine)
        size = path.stat().st_size if path.exists() else 0
        if piece.offset <= size < piece.offset + len(piece.data):
            with explained(path.parent):
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("ab") as file:
                    size += file.write(piece.data[size - piece.offset :])
        return size

    def is_whole(self, machine: str, outcome: Outcome) -> bool:
        """Whether a machine's journal is here just as it is there."""
        data = self.journal_of(machine)
        return len(data) == outcome.size and hashlib.sha256(data).hexdigest() == outcome.sha256

    def keep_logs(self, machine: str, logs: Mapping[str, bytes]) -> None:
        """Keep the logs of a machine's run."""
        folder = self._journal(machine).parent / "logs"
        with explained(folder):
            if logs:
                folder.mkdir(parents=True, exist_ok=True)
            for name, data in logs.items():
                write_whole(folder / log_name(name), data)

    def runs(self) -> dict[str, Path]:
        """The folders of the machines' runs of which something came back, by machine."""
        found = {name: self.path / member.run for name, member in sorted(self.members.items()) if member.run}
        return {name: folder for name, folder in found.items() if (folder / JOURNAL).is_file()}

    def write_report(self, suffix: str, text: str) -> Path:
        """Write the fleet's report of a format; its path."""
        path = self.path / f"{REPORT}.{suffix}"
        with explained(self.path):
            write_whole(path, text.encode())
        return path

    def _journal(self, machine: str) -> Path:
        return self.path / run_name(self.path.name, machine) / JOURNAL

    def _remember(self, entry: FleetEntry) -> None:
        match entry:
            case FleetStarted():
                self.started = entry
            case Member():
                self.members[entry.name] = entry
            case Shipped():
                self.shipped[entry.architecture] = entry


def _entries(record: Path) -> Iterator[FleetEntry]:
    """The entries of a record, without an incomplete last line; none where there is no record yet."""
    try:
        lines = record.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return
    except OSError as error:
        raise ResultsError(f"cannot read {record}: {error.strerror}") from error
    for number, line in enumerate(lines, start=1):
        try:
            yield _ENTRY.validate_json(line)
        except ValidationError as error:
            raise ResultsError(f"{record}, line {number}, is damaged ({error.errors()[0]['msg']})") from error
