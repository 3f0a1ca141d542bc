"""How long measuring will take: the plan itself, simulated with the known times. Pure.

What is known is a case's rounds so far; before there are any, those of an earlier run on this machine (see earlier_of).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from harness.measure.experiment import Experiment
from harness.measure.plan import MAX_ROUNDS, budget_s, candidates, counted, next_batch, spent_s
from harness.measure.stopping import MIN_ROUNDS
from harness.model.cases import Case, Options
from harness.model.journal import Round
from harness.model.manifests import Held

NOISE = 0.02  # spread between containers, where it is not known yet
CONTAINER_S = 1.0  # with little to compute
PILOTS = 3  # of most cases
REACH = 2.3  # standard errors in a half-width, with the degrees of freedom that cases end with


def case_s(
    experiment: Experiment,
    rung: Held,
    case: Case,
    rounds: Sequence[Round],
    options: Options,
    earlier: Sequence[Round] = (),
) -> float:
    """Remaining seconds of the containers of a case, by its own rounds, or those of an earlier run of it.

    Where neither is known, its time limit, or what its containers take beside their samples.
    """
    if not rounds and not earlier:
        return max(budget_s(case, options), CONTAINER_S * (PILOTS + options.rounds))
    played, seconds = list(rounds), 0.0
    while (batch := next_batch(experiment, rung, case, played, options)) and batch.pilot:
        entry = experiment.expected(case, batch, played or earlier, len(played) + 1)
        seconds += entry.container_ns / 1e9
        played.append(entry)
    if batch is None:
        return seconds
    entry = experiment.expected(case, batch, played, len(played) + 1)
    return seconds + entry.container_ns / 1e9 * _rounds_left(experiment, case, [*played, entry], options, earlier)


def _rounds_left(
    experiment: Experiment, case: Case, played: Sequence[Round], options: Options, earlier: Sequence[Round]
) -> int:
    """How many rounds like the last of these, which is still to come, a case will take."""
    counting, made = len(counted(played)) - 1, candidates(played)[:-1]
    fitting = int((budget_s(case, options) - spent_s(made)) / (played[-1].container_ns / 1e9))
    needed = _rounds_needed(experiment, counted(earlier) or counted(played)[:-1], options)
    wanted = min(needed - counting, fitting, MAX_ROUNDS + 1 - len(made))
    return math.ceil(max(wanted, options.rounds - counting, 0))


def _rounds_needed(experiment: Experiment, good: Sequence[Round], options: Options) -> float:
    """After how many rounds a case reaches its target: by the spread of its rounds, or else a typical one."""
    least = max(options.rounds, MIN_ROUNDS)
    spread = experiment.timing(good).spread if len(good) >= MIN_ROUNDS else None
    noise = spread.error * math.sqrt(len(good)) if spread else NOISE
    share = options.precision / math.sqrt(2)  # of the case; as much is the baseline's
    return max(least, (REACH * noise / share) ** 2) if share else math.inf


def earlier_of(case: Case, earlier: Mapping[Case, Sequence[Round]]) -> Sequence[Round]:
    """The rounds of a case in an earlier run, or of its rung at the nearest n and threads; none where it had none."""
    alike = [
        known
        for known, rounds in earlier.items()
        if (known.implementation, known.rung) == (case.implementation, case.rung) and counted(rounds)
    ]
    nearest = min(alike, key=lambda it: (abs(math.log(it.n / case.n)), abs(it.threads - case.threads)), default=None)
    return earlier[nearest] if nearest else ()


def pace(rounds: Iterable[Round], wall_s: float) -> float:
    """Seconds that pass for each second of a container's life: its results are checked outside it."""
    lived_s = spent_s(rounds)
    return max(1.0, wall_s / lived_s) if lived_s else 1.0
