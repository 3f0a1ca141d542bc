"""Which cases to run, in which order, and how much to ask of each container. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from statistics import median

from harness.controls import controls
from harness.disturbance import set_aside, undisturbed
from harness.model.cases import Batch, Case, Options
from harness.model.journal import Round
from harness.model.manifests import LADDER, Manifest, Rung

AIM_ROUNDS = 8  # what a budget is divided into: containers differ by more than the samples of one do
MAX_ROUNDS = 30
BASELINE_SHARE = 8  # the baseline is in every ratio, so that it is worth more measuring than any other case
SAMPLE_S = 0.4  # long enough for the clock and the threads' start to vanish in, short enough for several
MAX_SAMPLES = 200
SHORT_S = 6.0  # a whole product that takes no longer is worth a second one, where the first is cold
LONG_S = 3.0  # what else takes longer is computed once a container: rounds tell more than the samples of one
COLD = 1.05  # times the samples after it
LEAST_SAMPLES = 3  # where there is time for one: the first may be cold
CHEAP_S = 1.5  # of samples, which any container has time for


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
    """The cases of the chosen languages, rungs and numbers of threads, rung by rung up the ladder; then controls."""
    cases = tuple(
        Case(implementation=manifest.name, rung=rung.name, n=options.n, threads=threads)
        for name in options.rungs
        for manifest in manifests
        if (rung := manifest.rung(name))
        for threads in (options.threads if rung.threads == "all" else (1,))
    )
    return cases + controls(cases, manifests, options)


def shuffled(cases: Sequence[Case], seed: int, number: int) -> list[Case]:
    """The order of one round: random, so that drift hits all alike, and the same for the same seed."""
    return random.Random(f"{seed}/{number}").sample(cases, len(cases))  # noqa: S311 (an order, not a secret)


def first_row(n: int, seed: int, number: int) -> int:
    """Where the rows of a round begin: anywhere, so that rounds take others, and the same for all of its cases."""
    return random.Random(f"{seed}/{number}/first").randrange(n)  # noqa: S311 (rows, not a secret)


def pilot(rung: Rung, case: Case) -> Batch:
    """The smallest request there is: a row a thread, or the whole product where rows are not independent."""
    rows = min(case.threads, case.n) if rung.rows_independent else case.n
    return Batch(rows=rows, samples=1)


def budget_s(case: Case, options: Options) -> float:
    """The seconds that a case's containers may take."""
    return options.budget_s * (BASELINE_SHARE if case.name == options.baseline else 1)


def next_batch(
    rung: Rung, case: Case, rounds: Sequence[Round], options: Options, *, precise: bool = False
) -> Batch | None:
    """What to ask of the next container, given the rounds so far; None where the case is finished.

    It is finished when it is `precise` or its budget is spent, and `options.rounds` rounds count at the least.
    Disturbed rounds are repeated: while the budget lasts, so many undisturbed ones are asked for.
    """
    if not rounds:
        return pilot(rung, case)
    enough = len(counted(rounds)) >= options.rounds
    calm = len(undisturbed(counted(rounds))) >= options.rounds
    if rounds[-1].failure or (enough and calm and precise) or len(rounds) > max(MAX_ROUNDS, options.rounds):
        return None
    left_s = budget_s(case, options) - spent_s(rounds)
    batch, expected_s = _batch(rung, case, rounds, left_s / max(1, AIM_ROUNDS + 1 - len(rounds)))
    return None if enough and expected_s > left_s else batch


def spent_s(rounds: Iterable[Round]) -> float:
    """The seconds that containers took."""
    return sum(r.container_ns for r in rounds) / 1e9


def _batch(rung: Rung, case: Case, rounds: Sequence[Round], round_s: float) -> tuple[Batch, float]:
    """What fills a container of so many seconds, by the latest round, and what it is expected to take."""
    latest = rounds[-1]
    sample_s = median(s.wall_ns for s in latest.samples[len(latest.samples) // 2 :]) / 1e9  # the later, warmer half
    overhead_s = latest.container_ns / 1e9 - len(latest.samples) * sample_s  # warming up is in it
    row_s = sample_s / latest.rows / latest.calls
    rows = latest.rows if len(rounds) > 1 else _rows(rung, case, row_s)
    measuring_s = max(round_s - overhead_s, overhead_s / 4)  # a container that was started anyway may as well measure
    samples = min(MAX_SAMPLES, _samples(case, rounds, rows, row_s, int(measuring_s / (row_s * rows))))
    return Batch(rows=rows, samples=samples), overhead_s + row_s * rows * samples


def _samples(case: Case, rounds: Sequence[Round], rows: int, row_s: float, fitting: int) -> int:
    """How many samples a container makes, where so many fit into its time.

    A short whole product is computed twice at the least, to see whether the first is cold; where it was not, once.
    """
    if rows == case.n and row_s * rows <= SHORT_S:
        told = [r for r in rounds if len(r.samples) > 1]
        return max(fitting, 1 if told and not any(_looks_cold(r) for r in told) else 2)
    if row_s * rows > LONG_S:
        return 1
    cheap = LEAST_SAMPLES * row_s * rows <= CHEAP_S
    several = fitting or cheap or len(rounds[-1].samples) > 1  # with fewer it could not be set beside the others
    return max(fitting, LEAST_SAMPLES if several else 1)


def _looks_cold(entry: Round) -> bool:
    first, *others = (sample.wall_ns for sample in entry.samples)
    return first > COLD * median(others)


def _rows(rung: Rung, case: Case, row_s: float) -> int:
    """Rows of about SAMPLE_S, the same number for every thread; all of them where that is no longer."""
    if not rung.rows_independent or row_s * case.n <= SAMPLE_S:
        return case.n
    a_row_each = min(case.threads, case.n)
    rows = max(rung.fewest_rows, round(SAMPLE_S / row_s))
    return min(case.n, a_row_each * max(1, round(rows / a_row_each)))


def counted(rounds: Sequence[Round]) -> list[Round]:
    """The rounds that count: those that succeeded and are not set aside for what disturbed them.

    The pilot only counts where a later round asked for the same.
    """
    return set_aside(candidates(rounds))


def candidates(rounds: Sequence[Round]) -> list[Round]:
    """The rounds that count if nothing disturbed them."""
    good = [r for r in rounds if not r.failure]
    later = [(r.rows, len(r.samples)) for r in good if not r.pilot]
    return [r for r in good if not r.pilot or (r.rows, len(r.samples)) in later]


def expected_s(cases: Iterable[Case], options: Options) -> float:
    """What measuring will take at the most, about: every case spends its budget."""
    return sum(budget_s(case, options) for case in cases)


def left_s(case: Case, rounds: Sequence[Round], options: Options) -> float:
    """What a case will still take at the most, about: the rest of its budget, or of the rounds that are made anyway."""
    if not rounds:
        return budget_s(case, options)
    forced_s = (options.rounds - len(rounds)) * rounds[-1].container_ns / 1e9
    return max(0.0, forced_s, budget_s(case, options) - spent_s(rounds))
