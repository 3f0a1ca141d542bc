"""From the figures of rounds to an estimate and to ratios, with their intervals. Pure.

Samples are nested in rounds, and rounds in a case. The difference between containers is most of the noise and does not
shrink with the number of samples, so rounds are the unit: each gives one figure, a case the mean of its rounds, from
seven on without the lowest and the highest seventh of them. Intervals are 95 %,
by Student's t over the rounds, on a log scale as figures are positive: the hierarchical interval of T. Kalibera and
R. Jones (Rigorous Benchmarking in Reasonable Time, ISMM 2013, section 9), for trimmed means as K. K. Yuen has it
(Biometrika 61, 1974), with Welch's and Satterthwaite's degrees of freedom for ratios. tests/simulation.py shows how
often they hold the truth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from scipy.special import stdtrit

from harness.model.comparison import Interval

TAIL = 0.025
TRIM_OF = 7  # one in this many rounds is trimmed at either end: neighbours slow down some, which no counter shows
LONGER = 0.7  # share of another case's rounds: a case with fewer saw less of the machine's drift
MEMORY = 0.1  # correlation of a case's rounds with the next: how long the machine's state lasts, by the reference run


@dataclass(frozen=True)
class Spread:
    """The standard error of the logarithm of an estimate, and the degrees of freedom behind it."""

    error: float
    freedom: float

    def beside(self, other: Spread) -> Spread:
        """The spread of the ratio of two independent estimates."""
        parts = (self, other)
        weight = sum(part.error**4 / part.freedom for part in parts)
        return Spread(
            math.hypot(self.error, other.error),
            sum(part.error**2 for part in parts) ** 2 / weight if weight else min(part.freedom for part in parts),
        )

    def lasting(self, rounds: int) -> Spread:
        """Widened for the correlation of neighbouring rounds (see MEMORY)."""
        shared = sum((1 - lag / rounds) * MEMORY**lag for lag in range(1, rounds))
        hidden = math.sqrt((1 + 2 * shared) / (1 - 2 * shared / (rounds - 1)))
        return Spread(self.error * hidden, self.freedom)

    def reach(self, tail: float = TAIL) -> float:
        """The half-width of the interval of the logarithm that leaves out `tail` on either side."""
        return self.error * float(stdtrit(self.freedom, 1 - tail))


@dataclass(frozen=True)
class Estimate:
    """The mean of a case's rounds."""

    mean: float
    spread: Spread | None  # None for a single round
    rounds: int

    @property
    def interval(self) -> Interval:
        """The estimate with its interval."""
        return interval_of(self.mean, self.lasting)

    @property
    def lasting(self) -> Spread | None:
        """The spread for comparisons with other runs, where the machine's state does not cancel."""
        return self.spread.lasting(self.rounds) if self.spread else None

    def against(self, other: Estimate) -> Spread | None:
        """The spread for comparisons within a run: what rounds share cancels only where both had them."""
        return self.lasting if self.rounds < LONGER * other.rounds else self.spread


def estimate(figures: Sequence[float]) -> Estimate:
    """The estimate of a case, by the figure of each of its rounds."""
    middle = _middle(figures)
    return Estimate(mean=fmean(middle), spread=_spread(figures, middle), rounds=len(figures))


def _spread(levels: Sequence[float], middle: Sequence[float]) -> Spread | None:
    """The spread of the rounds, and with them of their rows; None where there is only one."""
    if len(levels) < 2:
        return None
    winsorized = np.clip(levels, middle[0], middle[-1])
    freedom = len(middle) - 1
    return Spread(math.sqrt(len(levels) * float(winsorized.var()) / (len(middle) * freedom)) / fmean(middle), freedom)


def _middle(levels: Sequence[float]) -> Sequence[float]:
    """In order, without the lowest and the highest (see TRIM_OF); all of them where they are few."""
    trimmed = len(levels) // TRIM_OF
    return sorted(levels)[trimmed : len(levels) - trimmed]


def interval_of(value: float, spread: Spread | None, tail: float = TAIL) -> Interval:
    """The value with the interval that leaves out a tail on either side."""
    if spread is None:
        return Interval(value=value)
    off = math.exp(spread.reach(tail))
    return Interval(value=value, low=value / off, high=value * off)


def ratio(above: Estimate | None, below: Estimate | None, tail: float = TAIL) -> Interval | None:
    """The speedup of `below` over `above`; both uncertainties are in the interval."""
    if above is None or below is None:
        return None
    if above is below:
        return Interval(value=1.0, low=1.0, high=1.0)
    one, other = above.against(below), below.against(above)
    spread = one.beside(other) if one and other else None
    return interval_of(above.mean / below.mean, spread, tail)


def is_precise(taken: Estimate, baseline: Estimate | None, precision: float) -> bool:
    """Whether the 95 % half-width of the ratio to the baseline is within `precision`, as a share of the ratio.

    Without a baseline it is what the case's own rounds add to a ratio.
    """
    found = ratio(baseline, taken) if baseline else interval_of(taken.mean, taken.spread)
    return found is not None and found.low is not None and found.half_width <= precision
