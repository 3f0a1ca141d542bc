"""Which cases to run, in which order, and how much to ask of each container. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from harness.controls import controls
from harness.disturbance import set_aside, undisturbed
from harness.levels import container_s
from harness.model.cases import Batch, Case, Options
from harness.model.journal import Round
from harness.model.manifests import LADDER, Manifest, Rung
from harness.sizing import explore, settled

AIM_ROUNDS = 8  # what a budget is divided into: containers differ by more than the samples of one do; and no more, so
# that a baseline is measured in the same minutes as the other cases
MAX_ROUNDS = 30
BASELINE_SHARE = 8  # the baseline is in every ratio, so that it is worth more measuring than any other case


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


def most_threads(cases: Iterable[Case], name: str) -> Case | None:
    """The case of a name on the most threads of those given: ratios are taken against that one."""
    return max((case for case in cases if case.name == name), key=lambda case: case.threads, default=None)


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
    if rounds and rounds[-1].failure:
        return None
    if exploring := explore(rung, case, rounds, options.budget_s):
        return exploring
    made = candidates(rounds)
    enough = len(counted(rounds)) >= options.rounds
    calm = len(undisturbed(counted(rounds))) >= options.rounds
    if (enough and calm and precise) or len(made) > max(MAX_ROUNDS, options.rounds):
        return None
    batch = settled(rung, case, rounds, budget_s(case, options) / AIM_ROUNDS)
    left_s = budget_s(case, options) - spent_s(made)
    return None if enough and container_s(batch, rounds) > left_s else batch


def spent_s(rounds: Iterable[Round]) -> float:
    """The seconds that containers took."""
    return sum(r.container_ns for r in rounds) / 1e9


def counted(rounds: Sequence[Round]) -> list[Round]:
    """The rounds that count: those that succeeded and are not set aside for what disturbed them.

    A pilot only counts where a later round asked for the same.
    """
    return set_aside(candidates(rounds))


def candidates(rounds: Sequence[Round]) -> list[Round]:
    """The rounds that count if nothing disturbed them."""
    good = [r for r in rounds if not r.failure]
    later = {(r.rows, r.calls, len(r.samples)) for r in good if not r.pilot}
    return [r for r in good if not r.pilot or (r.rows, r.calls, len(r.samples)) in later]
