"""Many runs read at once, on all CPUs: each in short, with why it is not believed."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from harness.analysis.analyze import analyze
from harness.analysis.summarize import summarize
from harness.engine.topology import own_cpus
from harness.errors import HarnessError
from harness.gallery.checks import distrust
from harness.model.journal import Started
from harness.model.many import RunSummary
from harness.store import JOURNAL, load_journal

FEW = 8  # runs that are read here: processes would take longer to start
CHUNK = 16

Answer = TypeVar("Answer")


def runs_below(folder: Path) -> list[Path]:
    """Every folder with a journal below one, however deep; links are not followed."""
    return sorted(path.parent for path in folder.rglob(JOURNAL) if path.is_file() and not path.is_symlink())


def summary_of(folder: Path, root: Path | None = None) -> RunSummary:
    """One run in short. Whatever is wrong with it becomes a problem of it: it costs no other run its place."""
    name = str(folder.relative_to(root)) if root else folder.name
    try:
        journal = load_journal(folder)
        problems = distrust(journal)
        comparison = analyze(journal.entries, journal.chain)
    except HarnessError as error:
        return RunSummary(folder=name, run=folder.name, problems=(str(error),))
    except Exception as error:  # noqa: BLE001 (a journal from anywhere can hold anything that its schema allows)
        return RunSummary(folder=name, run=folder.name, problems=(f"it cannot be analyzed: {error!r}",))
    started = journal.entries[0]
    return summarize(comparison, name, started.experiment if isinstance(started, Started) else "", problems)


def on_all_cpus(work: Callable[[Path], Answer], folders: Sequence[Path]) -> Iterator[Answer]:
    """What is worked out of each folder, in their order."""
    if len(folders) <= FEW:
        yield from map(work, folders)
        return
    # By fork's safer sibling: this process may have threads of Dask's.
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(len(own_cpus()), mp_context=context) as pool:
        yield from pool.map(work, folders, chunksize=CHUNK)


def summaries(folders: Sequence[Path], root: Path | None = None) -> list[RunSummary]:
    """All of these runs in short, in their order."""
    return list(on_all_cpus(partial(summary_of, root=root), folders))
