"""When a case has been measured enough, and why it was not measured more. Pure.

To stop at the first narrow interval is to choose the lucky ones: the interval of a case that happened to spread little
is then too narrow more often than it says. Few rounds are what luck needs: with LEAST_ROUNDS or more, intervals hold
the truth as often as those of a number of rounds that was fixed before (tests/simulation.py shows it; with five, 93 to
94 of 100 do).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from harness.model.cases import Case, Options
from harness.model.journal import Round
from harness.model.manifests import Rung
from harness.plan import counted, next_batch
from harness.timing import is_precise, timing

LEAST_ROUNDS = 7

Stopped = Literal["precise", "budget spent", "cut short"]


def precise(case: Case, rounds: Mapping[Case, Sequence[Round]], options: Options) -> bool:
    """Whether more rounds of this case would tell little more, given those of every case so far."""
    own = counted(rounds[case])
    if len(own) < max(options.rounds, LEAST_ROUNDS):
        return False
    others = [other for other in rounds if other.name == options.baseline and other != case]
    of_baseline = counted(rounds[others[0]]) if others else []
    baseline = timing(of_baseline) if of_baseline else None
    return is_precise(timing(own), baseline, options.precision)


def why_stopped(
    rung: Rung, case: Case, rounds: Mapping[Case, Sequence[Round]], options: Options, *, finished: bool
) -> Stopped:
    """Why a case that was measured has no more rounds; of a run that did not come to its end, they may be cut short."""
    if precise(case, rounds, options):
        return "precise"
    if next_batch(rung, case, rounds[case], options) is None:
        return "budget spent"
    return "precise" if finished else "cut short"  # a baseline that went on may have widened its ratio since
