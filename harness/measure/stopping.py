"""When to stop measuring a case, and why it was stopped. Pure.

Stopping at the first narrow interval favours lucky ones: the interval of a case whose few rounds happened to agree is
too narrow. With MIN_ROUNDS or more, intervals cover the true value as often as with a number of rounds that was fixed
beforehand (tests/simulation.py shows it; with five, 93 to 94 of 100 do).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from harness.measure.experiment import Experiment
from harness.measure.plan import counted, max_threads, next_batch
from harness.model.cases import Case, Options
from harness.model.journal import Round
from harness.model.manifests import Held
from harness.statistics.estimates import is_precise

MIN_ROUNDS = 7

Stopped = Literal["target reached", "time limit", "interrupted"]


def precise(experiment: Experiment, case: Case, rounds: Mapping[Case, Sequence[Round]], options: Options) -> bool:
    """Whether a case has reached its target, given the rounds of every case so far.

    Its ratio to the baseline is, on the baseline's most threads, just as the report shows it. The baseline is in every
    ratio, and has reached its target when it leaves half of the variance to the other case.
    """
    own = counted(rounds[case])
    if len(own) < max(options.rounds, MIN_ROUNDS):
        return False
    baselines = (each for each in rounds if each.name == options.baseline)
    chosen = max_threads((each for each in baselines if counted(rounds[each])), options.baseline)
    if chosen is None or chosen == case:
        return is_precise(experiment.timing(own), None, options.precision / math.sqrt(2))
    return is_precise(experiment.timing(own), experiment.timing(counted(rounds[chosen])), options.precision)


def why_stopped(
    experiment: Experiment,
    rung: Held,
    case: Case,
    rounds: Mapping[Case, Sequence[Round]],
    options: Options,
    *,
    finished: bool,
) -> Stopped:
    """Why a case that was measured has no more rounds.

    A case that is not precise in a finished run reached its time limit, or the maximum number of rounds.
    """
    if precise(experiment, case, rounds, options):
        return "target reached"
    if finished or next_batch(experiment, rung, case, rounds[case], options) is None:
        return "time limit"
    return "interrupted"
