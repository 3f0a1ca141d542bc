"""Whether rounds report their products correctly: each is recomputed from the seed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.experiments.matmul.validate import false_claims
from harness.experiments.matmul.workload import Workload
from harness.model.cases import Options
from harness.model.journal import Round


def false_products(rounds: Sequence[tuple[int, Round]], options: Options) -> Iterator[tuple[int, str]]:
    """The checksums and digests that do not match a run's seed, by the number of the round's entry."""
    n = options.n
    possible = []
    for number, entry in rounds:
        if entry.case.n == n and 1 <= entry.rows <= n:
            possible.append((number, entry))
        else:
            what = f"{entry.rows} rows of n = {entry.case.n} are impossible in a run of n = {n}"
            yield number, what
    if not possible:
        return
    workload = Workload(n, options.seed)
    for number, entry in sorted(possible, key=_product_of):  # one after the other, so that it is computed once
        for what in false_claims(entry, workload):
            yield number, what


def _product_of(numbered: tuple[int, Round]) -> tuple[int, ...]:
    """What the C that a round wrote is a product of."""
    entry = numbered[1]
    return entry.rows, -1 if entry.first is None else entry.first, entry.calls, len(entry.samples)
