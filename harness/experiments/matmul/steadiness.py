"""Whether a case reached a steady state: if not, it has no figure. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, median

import numpy as np
from scipy.special import stdtrit

from harness.experiments.matmul.levels import SLOWER, call_s, sampled_s, steady
from harness.model.journal import Round

UNSTEADY = 0.05  # a case that becomes faster by less than this among the samples that count has a figure
TAIL = 0.01  # largest share of steady cases that may seem unsteady


def unsteady(measured: Sequence[Round], pilots: Sequence[Round]) -> str | None:
    """Why a case has no figure although its containers succeeded: it still became faster; None where it did not.

    Either among the samples that count, or because a container that ran longer was faster in the end.
    """
    taken_s = median(sampled_s(r) for r in measured)
    if (share := falling(measured)) > UNSTEADY:
        return (
            f"no steady state: after {taken_s:.2g} s of computing it still became faster, by {share:.0%} within the "
            "samples that count; a larger --budget makes its containers run longer"
        )
    alike = [r for r in pilots if (r.rows, r.calls) == (measured[-1].rows, measured[-1].calls) and len(r.samples) > 1]
    longest = max(alike, key=sampled_s, default=measured[-1])
    if sampled_s(longest) > 2 * taken_s and (share := _slower(measured, longest)) > SLOWER - 1:
        return (
            f"no steady state: containers that computed for {taken_s:.2g} s were {share:.0%} slower than one that "
            f"ran for {sampled_s(longest):.2g} s; a larger --budget makes them run longer"
        )
    return None


def _slower(measured: Sequence[Round], longest: Round) -> float:
    """How much slower rounds are than one that ran longer, as a share; 0 where that may be chance.

    That is one more draw from rounds that differ as these do: Student's t for a prediction, one side.
    """
    excess = [math.log(call_s(r) / call_s(longest)) for r in measured]
    return _certain(excess, math.sqrt(1 + 1 / len(excess))) if len(excess) > 1 else math.expm1(excess[0])


def falling(rounds: Sequence[Round]) -> float:
    """How much slower the samples that count begin than they end, as a share; 0 where that may be chance.

    Over rounds, by Student's t, one side: the first half of those samples beside the second.
    """
    excess = [_excess(r) for r in rounds if len(steady(r)) > 1]
    return _certain(excess, math.sqrt(1 / len(excess))) if len(excess) > 1 else 0.0


def _certain(excess: Sequence[float], errors: float) -> float:
    """The mean of logarithms as a share; 0 where it may be 0, its error being so many standard deviations of theirs."""
    error = errors * float(np.std(excess, ddof=1))
    certain = fmean(excess) > error * float(stdtrit(len(excess) - 1, 1 - TAIL))
    return math.expm1(fmean(excess)) if certain else 0.0


def _excess(entry: Round) -> float:
    walls = [sample.wall_ns for sample in steady(entry)]
    half = len(walls) // 2
    return math.log(median(walls[:half]) / median(walls[-half:]))
