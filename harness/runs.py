"""Find a run: the latest, or one by id or path; an unreadable one never hides the others."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ResultsError
from harness.store import JOURNAL, first_entry

LATEST = "latest"
RESULTS = Path("results")

Note = Callable[[str], None]


def _unnoted(_line: str) -> None:
    pass


@dataclass(frozen=True)
class _Found:
    """A readable run: made in this results folder, or copied here from elsewhere under another name."""

    folder: Path
    at: str
    is_own: bool


def find_run(results: Path, run: str, note: Note = _unnoted) -> Path:
    """The folder of a run: `latest`, an id below `results`, or a path; skipped folders are noted.

    Raises ResultsError if there is none, or it may not be read.
    """
    if run == LATEST:
        return _latest(results, note)
    for folder in (results / run, Path(run)):
        if _holds_journal(folder):
            return folder if folder.name not in {"", ".."} else folder.resolve()
    there = ", ".join(sorted(folder.name for folder in _folders(results))) or "none"
    raise ResultsError(f"no run {run!r} in {results}/ (available: {there})")


def _latest(results: Path, note: Note) -> Path:
    """The run that began last; a copied one only where none was made here."""
    skipped: list[str] = []
    found = list(_readable(results, skipped.append))
    if not found and skipped:
        raise ResultsError(f"no run in {results}/ can be read:\n" + "\n".join(skipped))
    if not found:
        command = ["harness", "compare", *([] if results == RESULTS else ["--out", str(results)])]
        raise ResultsError(f"no run in {results}/ yet: `{shlex.join(command)}` makes one")
    for each in skipped:
        note(f"skipped: {each}")
    latest = max(found, key=lambda each: (each.is_own, each.at, each.folder.name))
    if not latest.is_own:
        note(
            f"{latest.folder} was not measured here: it was copied to {results}/, and its figures are those of the "
            "machine that it names; `harness compare` measures this machine"
        )
    return latest.folder


def _readable(results: Path, skipped: Note) -> Iterator[_Found]:
    for folder in _folders(results):
        try:
            started = first_entry(folder)
        except OSError as error:
            skipped(f"{folder}/{JOURNAL} cannot be read: {error.strerror}")
            continue
        if started is None:
            skipped(f"{folder}/{JOURNAL} is not a journal of harness")
        else:
            yield _Found(folder, started.at, started.run == folder.name)


def _folders(results: Path) -> list[Path]:
    """The folders that hold a journal, or keep to themselves whether they do."""
    try:
        folders = sorted(results.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ResultsError(f"cannot read {results}: {error.strerror}; --out names the folder of results") from error
    return [folder for folder in folders if _may_hold_journal(folder)]


def _may_hold_journal(folder: Path) -> bool:
    try:
        return (folder / JOURNAL).is_file()
    except OSError:
        return True


def _holds_journal(folder: Path) -> bool:
    """Raises ResultsError where it may not be looked at."""
    try:
        return (folder / JOURNAL).is_file()
    except OSError as error:
        raise ResultsError(f"cannot read {folder}: {error.strerror}") from error
