"""From rounds to seconds and ratios with their intervals. Pure.

Samples lie within rounds, and rounds within a case. What one container differs from the next by is most of the noise
and does not shrink with the number of samples, so that the rounds are what is counted: a round stands for the median of
its samples (one that was disturbed has no say), a case for the mean of its rounds, from seven on without the quickest
and the slowest seventh of them. Intervals are 95 %, by Student's t over the rounds, on a log scale as times are
positive: the hierarchical interval of T. Kalibera and R. Jones (Rigorous Benchmarking in Reasonable Time, ISMM 2013,
section 9), for trimmed means as K. K. Yuen has it (Biometrika 61, 1974), with Welch's and Satterthwaite's degrees of
freedom for ratios. tests/simulation.py shows how often they hold the truth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

import numpy as np
from scipy.special import stdtrit

from harness.model.cases import Sample
from harness.model.comparison import Interval
from harness.model.journal import Round

TAIL = 0.025
TRIM_OF = 7  # of so many rounds the quickest and the slowest are left out: neighbours slow some that no counter shows
COLD_TAIL = 0.05  # taking a sample for cold that was not costs little; keeping a cold one spoils the median of a few
MEMORY = 0.1  # correlation of a case's rounds with the next: how long the machine's state lasts, by the reference run
ROW_SPREAD = 0.01  # standard deviation of what a row costs beside another, by its place: measured at n = 2048


@dataclass(frozen=True)
class Spread:
    """The standard error of the logarithm of an estimate, and the degrees of freedom behind it."""

    error: float
    freedom: float
    known: float = 0.0  # the standard error of what no round shows, and is known from elsewhere

    def beside(self, other: Spread) -> Spread:
        """The spread of the ratio of two independent estimates."""
        parts = (self, other)
        weight = sum(part.error**4 / part.freedom for part in parts)
        return Spread(
            math.hypot(self.error, other.error),
            sum(part.error**2 for part in parts) ** 2 / weight if weight else min(part.freedom for part in parts),
            math.hypot(self.known, other.known),
        )

    def lasting(self, rounds: int) -> Spread:
        """With what rounds that resemble their neighbours hide of it (see MEMORY)."""
        shared = sum((1 - lag / rounds) * MEMORY**lag for lag in range(1, rounds))
        hidden = math.sqrt((1 + 2 * shared) / (1 - 2 * shared / (rounds - 1)))
        return Spread(self.error * hidden, self.freedom, self.known)

    def reach(self, tail: float = TAIL) -> float:
        """How far off the logarithm may be, leaving out so large a share of the cases on either side.

        What is known from elsewhere comes with many degrees of freedom, but never makes an interval narrower.
        """
        shown = self.error * float(stdtrit(self.freedom, 1 - tail))
        total = math.hypot(self.error, self.known)
        freedom = self.freedom * (total / self.error) ** 4 if self.error else math.inf
        return max(shown, total * float(stdtrit(freedom, 1 - tail)))


@dataclass(frozen=True)
class Timing:
    """The seconds of one whole product, by a case's rounds."""

    mean: float
    spread: Spread | None  # None where a single round tells nothing of it
    warm_up: int  # samples at the beginning of every round that are left out
    cold: float | None  # the first sample, where it is told apart from the steady ones
    busy_cores: float
    rounds: int
    samples: int

    @property
    def interval(self) -> Interval:
        """The estimate with its interval."""
        return interval_of(self.mean, self.lasting)

    @property
    def lasting(self) -> Spread | None:
        """The spread against what is not of the same run: there the machine's state does not cancel."""
        return self.spread.lasting(self.rounds) if self.spread else None


def timing(rounds: Sequence[Round]) -> Timing:
    """Seconds of a full product in the steady state, scaled from the rows that were computed."""
    cold = warm_up(rounds)
    kept = [r for r in rounds if len(r.samples) > cold]
    steady = [r.samples[cold:] for r in kept]
    levels = [_seconds(r, median(s.wall_ns for s in samples)) for r, samples in zip(kept, steady, strict=True)]
    middle = _middle(levels)
    every = [sample for samples in steady for sample in samples]
    return Timing(
        mean=fmean(middle),
        spread=_spread(levels, middle, kept[-1]),
        warm_up=cold,
        cold=fmean(_seconds(r, r.samples[0].wall_ns) for r in kept) if cold else None,
        busy_cores=sum(s.cpu_ns for s in every) / sum(s.wall_ns for s in every),
        rounds=len(kept),
        samples=len(every),
    )


def warm_up(rounds: Sequence[Round]) -> int:
    """How many samples at the beginning of each container are cold (page faults, a JIT at work), by the data.

    The next one is, as long as it is slower than those after it by more than chance over the rounds (Student's t, one
    side), and half of the samples are left. A single round cannot tell: there the first is left out to be safe.
    """
    longest = max(len(r.samples) for r in rounds)
    if len(rounds) < 2:
        return min(1, longest - 1)
    cold = 0
    while cold + 1 <= longest / 2 and _is_cold(cold, rounds):
        cold += 1
    return cold


def _is_cold(place: int, rounds: Sequence[Round]) -> bool:
    """Whether the samples at a place are slower than the later ones of their containers."""
    excess = [_excess(r.samples[place:]) for r in rounds if len(r.samples) > place + 1]
    if len(excess) < 2:
        return False
    error = float(np.std(excess, ddof=1)) / math.sqrt(len(excess))
    return fmean(excess) > error * float(stdtrit(len(excess) - 1, 1 - COLD_TAIL))


def _excess(samples: Sequence[Sample]) -> float:
    return math.log(samples[0].wall_ns / median(s.wall_ns for s in samples[1:]))


def _seconds(entry: Round, wall_ns: float) -> float:
    return wall_ns * entry.case.n / entry.rows / entry.calls / 1e9


def _spread(levels: Sequence[float], middle: Sequence[float], latest: Round) -> Spread | None:
    """What the rounds differ by; and what the rows that were not computed may, where only some of them were."""
    if len(levels) < 2:
        return None
    winsorized = np.clip(levels, middle[0], middle[-1])
    freedom = len(middle) - 1
    between = math.sqrt(len(levels) * float(winsorized.var()) / (len(middle) * freedom)) / fmean(middle)
    left_out = 1 - latest.rows / latest.case.n
    return Spread(between, freedom, known=ROW_SPREAD * math.sqrt(left_out / latest.rows))


def _middle(levels: Sequence[float]) -> Sequence[float]:
    """In order, without the lowest and the highest of them (see TRIM_OF); all of them where they are few."""
    trimmed = len(levels) // TRIM_OF
    return sorted(levels)[trimmed : len(levels) - trimmed]


def interval_of(value: float, spread: Spread | None, tail: float = TAIL) -> Interval:
    """The value with the interval that leaves out a tail on either side."""
    if spread is None:
        return Interval(value=value)
    off = math.exp(spread.reach(tail))
    return Interval(value=value, low=value / off, high=value * off)


def ratio(above: Timing | None, below: Timing | None, tail: float = TAIL) -> Interval | None:
    """How many times less time `below` takes than `above`; both uncertainties are in the interval."""
    if above is None or below is None:
        return None
    if above is below:
        return Interval(value=1.0, low=1.0, high=1.0)
    spread = above.spread.beside(below.spread) if above.spread and below.spread else None
    return interval_of(above.mean / below.mean, spread, tail)


def is_precise(taken: Timing, baseline: Timing | None, precision: float) -> bool:
    """Whether the 95 % half-width of the ratio to the baseline is within `precision`, as a share of the ratio.

    Or a case's own is within half of that: what remains is then the baseline's, which more of this case cannot mend.
    The baseline itself (None) is held to its own.
    """
    if taken.spread is None:
        return False
    if baseline is None or baseline.spread is None:
        return taken.interval.half_width <= precision
    beside = ratio(baseline, taken)
    return taken.interval.half_width <= precision / 2 or (beside is not None and beside.half_width <= precision)
