"""When a case has been measured enough, and why it was not measured more. Pure.

To stop at the first narrow interval is to choose the lucky ones: the interval of a case that happened to spread little
is then too narrow more often than it says. Few rounds are what luck needs: with LEAST_ROUNDS or more, intervals hold
the truth as often as those of a number of rounds that was fixed before (tests/simulation.py shows it; with five, 93 to
94 of 100 do).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from harness.measure.experiment import Experiment
from harness.measure.plan import counted, most_threads, next_batch
from harness.model.cases import Case, Options
from harness.model.journal import Round
from harness.model.manifests import Rung
from harness.statistics.estimates import is_precise

LEAST_ROUNDS = 7

Stopped = Literal["target reached", "time limit", "interrupted"]


def precise(experiment: Experiment, case: Case, rounds: Mapping[Case, Sequence[Round]], options: Options) -> bool:
    """Whether a case is known as well as was asked for, given the rounds of every case so far.

    Its ratio to the baseline is, on the baseline's most threads, just as the report shows it. The baseline is in every
    ratio, and known well enough when it leaves half of the variance to the other case.
    """
    own = counted(rounds[case])
    if len(own) < max(options.rounds, LEAST_ROUNDS):
        return False
    chosen = most_threads((each for each in rounds if counted(rounds[each])), options.baseline)
    if chosen is None or chosen == case:
        return is_precise(experiment.timing(own), None, options.precision / math.sqrt(2))
    return is_precise(experiment.timing(own), experiment.timing(counted(rounds[chosen])), options.precision)


def why_stopped(
    experiment: Experiment,
    rung: Rung,
    case: Case,
    rounds: Mapping[Case, Sequence[Round]],
    options: Options,
    *,
    finished: bool,
) -> Stopped:
    """Why a case that was measured has no more rounds.

    What is not precise and in a run that came to its end had no more budget, or as many rounds as there may be.
    """
    if precise(experiment, case, rounds, options):
        return "target reached"
    if finished or next_batch(experiment, rung, case, rounds[case], options) is None:
        return "time limit"
    return "interrupted"
