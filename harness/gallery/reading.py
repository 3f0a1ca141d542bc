"""Many runs read at once, on all CPUs: each in short, with why it is not believed."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TypeVar

from harness.analysis.analyze import analyze
from harness.analysis.summarize import summarize
from harness.engine.topology import own_cpus
from harness.errors import HarnessError, ResultsError
from harness.gallery.checks import distrust
from harness.model.many import RunSummary
from harness.store import JOURNAL, load_journal

FEW = 8  # runs that are read here: processes would take longer to start
CHUNK = 16
MOST_BYTES = 2**26

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def runs_below(folder: Path) -> list[Path]:
    """Every folder with a journal below one, however deep; links are not followed."""
    return sorted(path.parent for path in folder.rglob(JOURNAL) if path.is_file() and not path.is_symlink())


def summary_of(folder: Path, root: Path | None = None) -> RunSummary:
    """One run in short. Whatever is wrong with it becomes a problem of it: it costs no other run its place."""
    name = str(folder.relative_to(root)) if root else folder.name
    try:
        _check_size(folder)
        journal = load_journal(folder)
        problems = distrust(journal)
        comparison = analyze(journal.entries, journal.chain)
    except HarnessError as error:
        return RunSummary(folder=name, run=folder.name, problems=(str(error),))
    except Exception as error:  # noqa: BLE001 (a journal from anywhere can hold anything that its schema allows)
        return RunSummary(folder=name, run=folder.name, problems=(f"it cannot be analyzed: {error!r}",))
    return summarize(comparison, name, problems)


def on_all_cpus(work: Callable[[Item], Answer], items: Sequence[Item]) -> Iterator[Answer]:
    """What is worked out of each item, in their order."""
    if len(items) <= FEW:
        yield from map(work, items)
        return
    # By fork's safer sibling: this process may have threads of Dask's.
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(len(own_cpus()), mp_context=context) as pool:
        yield from pool.map(work, items, chunksize=CHUNK)


def _check_size(folder: Path) -> None:
    size = (folder / JOURNAL).stat().st_size
    if size > MOST_BYTES:
        raise ResultsError(f"its journal has {size:,} bytes: no run has more than {MOST_BYTES:,}")
