"""What a container may use, and what does not fit this machine at all. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable

from harness.errors import UsageError
from harness.model.cases import Batch, Case
from harness.model.manifests import Rung

ELEMENT_BYTES = 8
HELD_BYTES = 3 * ELEMENT_BYTES  # of each element of an n x n matrix: in A, in B and in C
ASIDE_BYTES = 2**30  # for the system, the engine and the runtimes
MIN_S = 60.0
MARGIN = 10  # times what a container is expected to take
SLOWEST_ROWS = 1e6  # FLOP/s of a row of naive loops, in the slowest language there is, in noise
SLOWEST_PRODUCT = 0.5e9  # FLOP/s of a rung that only makes whole products


def memory_bytes(n: int, threads: int, available: int) -> int:
    """What a container may use: room for boxed numbers in nested lists, and for copies in every process."""
    return min(ASIDE_BYTES + ELEMENT_BYTES * n * n * (16 + 4 * threads), available)


def process_limit(threads: int) -> int:
    """How many processes and threads a container may have: the workers, and a runtime's own helpers."""
    return 64 + 4 * threads


def timeout_s(rung: Rung, case: Case, batch: Batch, budget_s: float, known_ns: Iterable[int] = ()) -> float:
    """How long a container may run before it times out.

    Many times what the longest of its case took so far; before that, what the slowest language would take for as much
    work.
    """
    longest_s = max(known_ns, default=0) / 1e9
    flop = 2 * case.n**2 * batch.rows * batch.calls * batch.samples
    slowest_s = flop / (SLOWEST_ROWS if rung.rows_independent else SLOWEST_PRODUCT)
    return max(MIN_S, MARGIN * budget_s, MARGIN * longest_s or slowest_s)


def check_fits(cases: Iterable[tuple[Case, Rung]], engine_bytes: int, own_bytes: int | None) -> None:
    """Raise UsageError, with the largest n that would do, where a case cannot fit into memory.

    The harness holds A, B and their product, beside the container where the engine is on this machine (`own_bytes` is
    None), else in as many bytes of its own.
    """
    for case, rung in sorted(cases, key=lambda each: -_container_bytes(each[1], each[0])):
        _check(case, "the engine's machine", _container_bytes(rung, case), engine_bytes, shared=own_bytes is None)
        if own_bytes is not None:
            _check(case, "this machine, where the harness runs", 0, own_bytes, shared=True)


def _container_bytes(rung: Rung, case: Case) -> int:
    """What a container holds for each element of an n x n matrix."""
    return max(rung.bytes_per_element, HELD_BYTES) + rung.bytes_per_element_and_thread * case.threads


def _check(case: Case, where: str, container_bytes: int, there_bytes: int, *, shared: bool) -> None:
    element_bytes = container_bytes + (HELD_BYTES if shared else 0)
    needed_bytes = ASIDE_BYTES + element_bytes * case.n**2
    if needed_bytes > there_bytes:
        most = math.isqrt(max(0, there_bytes - ASIDE_BYTES) // element_bytes)
        raise UsageError(
            f"--n {case.n} does not fit: {case} needs {needed_bytes / 2**30:.1f} GiB of memory on {where}, which has "
            f"{there_bytes / 2**30:.1f}. The largest n that fits is {most}."
        )
