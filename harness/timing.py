"""From rounds to seconds and ratios with their intervals. Pure.

Intervals are 95 %, by a hierarchical bootstrap on a log scale, times being positive: rounds are drawn with
replacement, and samples within each. Few rounds make a bootstrap too narrow by sqrt((m - 1) / m) for m rounds, and its
tails too thin: the draws' distances from the mean are stretched by sqrt(m / (m - 1)) * t / z (T. Hesterberg, What
Teachers Should Know About the Bootstrap, The American Statistician 69, 2015, section 4.3), with Welch's and
Satterthwaite's degrees of freedom for ratios.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from harness.model import Interval, Round, Sample

DRAWS = 4000
TAIL = 0.025
Z = 1.959964

Draws = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Timing:
    """The seconds of one whole product, by a case's rounds."""

    mean: float
    spread: Spread | None  # None where a single round tells nothing of it
    cold: float | None
    busy_cores: float

    @property
    def interval(self) -> Interval:
        """The estimate with its interval."""
        return _interval(self.mean, self.spread)


@dataclass(frozen=True)
class Spread:
    """Draws of the logarithm of how many times off an estimate may be, with the degrees of freedom behind them."""

    draws: Draws
    freedom: float

    def minus(self, other: Spread) -> Spread:
        """The spread of the ratio of two independent estimates."""
        one, two = float(np.var(self.draws)), float(np.var(other.draws))
        weight = one**2 / self.freedom + two**2 / other.freedom
        return Spread(self.draws - other.draws, (one + two) ** 2 / weight if weight else self.freedom)


def timing(rounds: Sequence[Round], seed: int) -> Timing:
    """Seconds of a full product, scaled from the rows that were computed.

    The first sample of a container is cold (page faults, a JIT at work); it is left out wherever another follows.
    """
    warm = [np.array([s.wall_ns for s in steady(r)]) * (r.case.n / r.rows / 1e9) for r in rounds]
    cold = [r.samples[0].wall_ns * (r.case.n / r.rows / 1e9) for r in rounds if len(r.samples) > 1]
    samples = [sample for r in rounds for sample in steady(r)]
    return Timing(
        mean=float(np.mean([seconds.mean() for seconds in warm])),
        spread=bootstrap(warm, np.random.default_rng(seed)),
        cold=float(np.mean(cold)) if cold else None,
        busy_cores=sum(s.cpu_ns for s in samples) / sum(s.wall_ns for s in samples),
    )


def steady(entry: Round) -> Sequence[Sample]:
    """The samples of a round without its cold one."""
    return entry.samples[1:] or entry.samples


def bootstrap(rounds: Sequence[Draws], generator: np.random.Generator) -> Spread | None:
    """How far off the mean may be, by rounds drawn with replacement and samples drawn within; None for a single one."""
    m = len(rounds)
    if m < 2:
        return None
    means = np.empty((DRAWS, m))
    for slot in range(m):
        chosen = generator.integers(m, size=DRAWS)
        for number, seconds in enumerate(rounds):
            here = chosen == number
            again = generator.integers(len(seconds), size=(int(here.sum()), len(seconds)))
            means[here, slot] = seconds[again].mean(axis=1)
    off = np.log(means.mean(axis=1)) - np.log(np.mean([seconds.mean() for seconds in rounds]))
    return Spread(np.sqrt(m / (m - 1)) * off, m - 1)


def _interval(value: float, spread: Spread | None) -> Interval:
    if spread is None:
        return Interval(value=value)
    stretch = float(stdtrit(spread.freedom, 1 - TAIL)) / Z
    low, high = value * np.exp(stretch * np.quantile(spread.draws, [TAIL, 1 - TAIL]))
    return Interval(value=value, low=float(low), high=float(high))


def ratio(above: Timing | None, below: Timing | None) -> Interval | None:
    """How many times less time `below` takes than `above`; both uncertainties are in the interval."""
    if above is None or below is None:
        return None
    if above is below:
        return Interval(value=1.0, low=1.0, high=1.0)
    spread = above.spread.minus(below.spread) if above.spread and below.spread else None
    return _interval(above.mean / below.mean, spread)
