"""A run for a report: read, verified on request, and analyzed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from harness.analysis.analyze import analyze
from harness.analysis.verify import chain_problems, verify
from harness.errors import GateError, RecipeError, ResultsError
from harness.images.sources import read_sources
from harness.model.comparison import Comparison, SourceFile
from harness.runs import Note
from harness.store import SOURCES, Journal, load_journal


def comparison_of(folder: Path, *, verified: bool = False) -> Comparison:
    """Read and analyze a run. Raises ResultsError where it cannot be read or, changed, not be analyzed."""
    journal = load_journal(folder)
    try:
        comparison = analyze(journal.entries, journal.chain, verify(journal.entries) if verified else None)
    except Exception as error:
        if found := problems(journal):
            raise ResultsError(f"cannot report {folder}: its journal was changed.\n{_listed(found)}") from error
        raise
    return comparison.model_copy(update={"sources": tuple(_sources(folder))})


def _sources(folder: Path) -> Iterator[SourceFile]:
    """The sources that a run's folder keeps, as far as they are text; none where it holds a link or a pipe."""
    with suppress(RecipeError, OSError):
        for name, data in sorted(read_sources(folder / SOURCES).items()):
            implementation, _, path = name.partition("/")
            with suppress(UnicodeDecodeError):
                yield SourceFile(implementation=implementation, path=path, text=data.decode())


def check_verified(folder: Path, comparison: Comparison) -> None:
    """Raise GateError, naming every entry and what differs, where verification fails."""
    recomputed = comparison.verification.problems if comparison.verification else ()
    _refuse(folder, [*(chain_problems(comparison.chain) if comparison.chain else ()), *recomputed])


def check_journal(folder: Path, journal: Journal, note: Note, *, recompute: bool) -> None:
    """Note where the chain of a journal breaks; with `recompute`, raise GateError where verification fails."""
    if recompute:
        _refuse(folder, problems(journal))
    for problem in chain_problems(journal.chain):
        note(f"{folder} was changed after it was written: {problem}")


def problems(journal: Journal) -> list[str]:
    """All problems of a journal, in words; see verify."""
    return [*chain_problems(journal.chain), *verify(journal.entries).problems]


def _refuse(folder: Path, found: list[str]) -> None:
    if found:
        raise GateError(f"{folder}: verification failed:\n{_listed(found)}")


def _listed(found: list[str]) -> str:
    return "\n".join(f"  {each}" for each in found)
