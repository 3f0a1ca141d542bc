"""What is asked of a run before it is believed: that it holds together, and that its times can be. Pure.

Identity keys are recomputed. Products are not: that is `harness report --verify`, which takes seconds a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from harness.analysis.verify import chain_problems, false_keys
from harness.model.journal import Entry, Round
from harness.store import Journal

MOST = 5  # problems of a kind that are listed of one run
MAX_GFLOPS_A_CORE = 1000.0  # several times what any core of today computes in double precision


def distrust(journal: Journal) -> tuple[str, ...]:
    """Why a journal is not believed; nothing where it is."""
    kinds: Sequence[Iterable[str]] = (
        chain_problems(journal.chain),
        false_keys(journal.entries),
        _without_checksums(journal.entries),
        _impossible_times(journal.entries),
    )
    return tuple(text for kind in kinds for text in _listed(list(kind)))


def _listed(found: list[str]) -> Iterator[str]:
    yield from islice(found, MOST)
    if len(found) > MOST:
        yield f"and {len(found) - MOST} more like that"


def _rounds(entries: Sequence[Entry]) -> Iterator[tuple[int, Round]]:
    return ((number, it) for number, it in enumerate(entries, start=1) if isinstance(it, Round) and not it.failure)


def _without_checksums(entries: Sequence[Entry]) -> Iterator[str]:
    """Rounds that say they succeeded and do not show what they computed."""
    for number, entry in _rounds(entries):
        if not entry.samples:
            yield f"line {number}: {entry.case} succeeded without a sample"
        elif entry.sha256 is None or not entry.key:
            yield f"line {number}: {entry.case} has no SHA-256 of its product, or no key"


def _impossible_times(entries: Sequence[Entry]) -> Iterator[str]:
    """Times that no container can have taken: none at all, more than it lived, or less than any core needs."""
    for number, entry in _rounds(entries):
        walls_ns = [sample.wall_ns for sample in entry.samples]
        if any(wall_ns <= 0 for wall_ns in walls_ns):
            yield f"line {number}: a sample of {entry.case} took no time"
        elif sum(walls_ns) > entry.container_ns:
            yield f"line {number}: the samples of {entry.case} took longer than their container lived"
        elif _gflops(entry, min(walls_ns, default=1)) > MAX_GFLOPS_A_CORE * entry.case.threads:
            yield f"line {number}: {entry.case} is faster than any core"


def _gflops(entry: Round, wall_ns: int) -> float:
    """GFLOP/s of a sample: calls of rows × n × n multiplications and additions."""
    return 2 * entry.rows * entry.case.n**2 * entry.calls / wall_ns
