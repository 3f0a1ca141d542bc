"""Which cases to run, in which order, and how much to ask of each container. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from harness.model import LADDER, Batch, Case, Manifest, Options, Round, Rung

MIN_ROUNDS = 3
MAX_ROUNDS = 5
SAMPLE_S = 0.4  # long enough for the clock and the threads' start to vanish in, short enough for several
MAX_SAMPLES = 200


def ladder_position(rung: str) -> int:
    """Where a rung stands on the ladder; unknown ones come last."""
    return LADDER.index(rung) if rung in LADDER else len(LADDER)


def rungs_of(manifests: Iterable[Manifest]) -> list[str]:
    """All rungs that any manifest names, in the order of the ladder."""
    names: dict[str, None] = {}
    for manifest in manifests:
        names |= dict.fromkeys(rung.name for rung in manifest.rungs)
        names |= dict.fromkeys(rung.name for rung in manifest.absent)
    return sorted(names, key=ladder_position)


def cases_of(manifests: Sequence[Manifest], options: Options) -> tuple[Case, ...]:
    """The cases of the chosen languages and rungs, rung by rung up the ladder."""
    return tuple(
        Case(
            implementation=manifest.name,
            rung=rung.name,
            n=options.n,
            threads=options.threads if rung.threads == "all" else 1,
        )
        for name in options.rungs
        for manifest in manifests
        if (rung := manifest.rung(name))
    )


def shuffled(cases: Sequence[Case], seed: int, number: int) -> list[Case]:
    """The order of one round: random, so that drift hits all alike, and the same for the same seed."""
    return random.Random(f"{seed}/{number}").sample(cases, len(cases))  # noqa: S311 (an order, not a secret)


def pilot(rung: Rung, case: Case) -> Batch:
    """The smallest request there is: a row a thread, or the whole product where rows are not independent."""
    rows = min(case.threads, case.n) if rung.rows_independent else case.n
    return Batch(rows=rows, samples=1)


def next_batch(rung: Rung, case: Case, rounds: Sequence[Round], budget_s: float) -> Batch | None:
    """What to ask of the next container, given the rounds so far; None where the case is finished.

    The budget is all the time that the case's containers may take. At least MIN_ROUNDS are made whatever it is.
    """
    if not rounds:
        return pilot(rung, case)
    if rounds[-1].failure or len(rounds) > MAX_ROUNDS:
        return None
    spent_s = sum(r.container_ns for r in rounds) / 1e9
    latest = rounds[-1]
    settled = latest.rows if len(rounds) > 1 else None
    sample_s = sum(s.wall_ns for s in latest.samples) / len(latest.samples) / 1e9
    overhead_s = latest.container_ns / 1e9 - sample_s * len(latest.samples)
    row_s = sample_s / latest.rows
    rows = settled or _rows(rung, case, row_s)
    round_s = (budget_s - spent_s) / max(1, MAX_ROUNDS + 1 - len(rounds))
    measuring_s = max(round_s - overhead_s, overhead_s / 4)  # a container that was started anyway may as well measure
    samples = max(1, min(MAX_SAMPLES, int(measuring_s / (row_s * rows))))
    batch = Batch(rows=rows, samples=samples)
    expected_s = overhead_s + row_s * rows * samples
    enough = len(counted(rounds)) >= MIN_ROUNDS
    return None if enough and spent_s + expected_s > budget_s else batch


def _rows(rung: Rung, case: Case, row_s: float) -> int:
    """Rows of about SAMPLE_S, the same number for every thread; all of them where that is no longer."""
    if not rung.rows_independent or row_s * case.n <= SAMPLE_S:
        return case.n
    a_row_each = min(case.threads, case.n)
    return min(case.n, a_row_each * max(1, round(SAMPLE_S / row_s / a_row_each)))


def counted(rounds: Sequence[Round]) -> list[Round]:
    """The rounds that count: all that succeeded, and the pilot only where a later round asked for the same."""
    good = [r for r in rounds if not r.failure]
    later = [(r.rows, len(r.samples)) for r in good if not r.pilot]
    return [r for r in good if not r.pilot or (r.rows, len(r.samples)) in later]


def memory_bytes(n: int, threads: int, available: int) -> int:
    """What a container may use: room for boxed numbers in nested lists, and for copies in every process."""
    return min(2**30 + 8 * n * n * (16 + 4 * threads), available)


def process_limit(threads: int) -> int:
    """How many processes and threads a container may have: the workers, and a runtime's own helpers."""
    return 64 + 4 * threads


def timeout_s(n: int, budget_s: float) -> float:
    """How long a container may live before it counts as hanging: a row takes the slowest language seconds."""
    return max(60.0, 10 * budget_s, 100 * (n / 4096) ** 2)


def expected_s(cases: Sequence[Case], budget_s: float) -> float:
    """What measuring will take, about: every case spends its budget."""
    return len(cases) * budget_s
