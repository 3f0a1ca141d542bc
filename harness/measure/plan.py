"""In which order cases are measured, and how often: time spent, rounds that count and the next request. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from harness.machine.interference import clean, kept
from harness.measure.experiment import Experiment
from harness.model.cases import Batch, Case, Options
from harness.model.journal import Round
from harness.model.manifests import Held, Manifest

AIM_ROUNDS = 8  # what a budget is divided into: containers differ by more than the samples of one do; and no more, so
# that a baseline is measured in the same minutes as the other cases
MAX_ROUNDS = 30
BASELINE_SHARE = 8  # the baseline is in every ratio, so it is measured longer than any other case


def rungs_by_case(cases: Sequence[Case], manifests: Sequence[Manifest]) -> dict[Case, Held]:
    """The rung of every case."""
    by_name = {manifest.name: manifest for manifest in manifests}
    return {case: by_name[case.implementation].held(case.rung) for case in cases}


def shuffled(cases: Sequence[Case], seed: int, number: int) -> list[Case]:
    """The order of one round: random, so that drift hits all alike, and the same for the same seed."""
    return random.Random(f"{seed}/{number}").sample(cases, len(cases))  # noqa: S311 (an order, not a secret)


def max_threads(cases: Iterable[Case], name: str) -> Case | None:
    """The case of a name on the most threads of those given: ratios are taken against that one."""
    return max((case for case in cases if case.name == name), key=lambda case: case.threads, default=None)


def budget_s(case: Case, options: Options) -> float:
    """The time limit of a case's containers, in seconds."""
    return options.budget_s * (BASELINE_SHARE if case.name == options.baseline else 1)


def next_batch(
    experiment: Experiment,
    rung: Held,
    case: Case,
    rounds: Sequence[Round],
    options: Options,
    *,
    precise: bool = False,
) -> Batch | None:
    """What to request of the next container, given the rounds so far; None where the case is finished.

    It is finished when it is `precise` or at its time limit, with at least `options.rounds` rounds that count.
    Rounds with interference are repeated: within the time limit, as many clean ones are requested.
    """
    if rounds and rounds[-1].failure:
        return None
    whole_s = budget_s(case, options)
    batch = experiment.ask(rung, case, rounds, options, whole_s / AIM_ROUNDS)
    if batch.pilot:
        return batch
    made = candidates(rounds)
    enough = len(counted(rounds)) >= options.rounds
    enough_clean = len(clean(counted(rounds))) >= options.rounds
    if (enough_clean and enough and precise) or len(made) > max(MAX_ROUNDS, options.rounds):
        return None
    expected = experiment.expected(case, batch, rounds, len(rounds) + 1)
    return None if enough and spent_s([*made, expected]) > whole_s else batch


def spent_s(rounds: Iterable[Round]) -> float:
    """The seconds that containers took."""
    return sum(r.container_ns for r in rounds) / 1e9


def counted(rounds: Sequence[Round]) -> list[Round]:
    """The rounds that count: those that succeeded and are not excluded for interference.

    A pilot counts only where a later round made the same request.
    """
    return kept(candidates(rounds))


def candidates(rounds: Sequence[Round]) -> list[Round]:
    """The rounds that count if there was no interference."""
    good = [r for r in rounds if not r.failure]
    later = {r.request for r in good if not r.pilot}
    return [r for r in good if not r.pilot or r.request in later]
