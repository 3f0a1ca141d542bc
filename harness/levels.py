"""What the samples of single containers show: their times when warm, and what is done beside them. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from harness.model.cases import Batch
from harness.model.journal import Round

SLOWER = 1.1  # times the steady ones: a sample at the beginning is not warm yet
FALLING = 1.1  # times the last quarter: the quarter before it shows that samples still get faster
LOADING_BYTES_S = 250e6  # at which the slowest runtimes load A and B: a guess, where nothing is known of it yet
OVERHEAD = 0.05  # what is done once a call may take so large a share of it,
UNSURE = 0.10  # and more where the rows of two containers differ by little, as containers differ by chance


def steady_s(entry: Round) -> float:
    """Seconds of a sample of a round, by the later and warmer half of its samples."""
    return median(sample.wall_ns for sample in entry.samples[len(entry.samples) // 2 :]) / 1e9


def sampled_s(entry: Round) -> float:
    """Seconds of all samples of a round."""
    return sum(sample.wall_ns for sample in entry.samples) / 1e9


def cold_samples(entry: Round) -> int:
    """How many samples at a container's beginning are clearly slower than its steady ones."""
    limit_ns = SLOWER * steady_s(entry) * 1e9
    warm = (place for place, sample in enumerate(entry.samples) if sample.wall_ns <= limit_ns)
    return next(warm, len(entry.samples))


def until_steady_s(entry: Round) -> float:
    """Seconds that a container's cold samples took."""
    return sum(sample.wall_ns for sample in entry.samples[: cold_samples(entry)]) / 1e9


def is_falling(entry: Round) -> bool:
    """Whether the samples of a container still get faster towards its end: the last quarter is set beside the third."""
    quarter = len(entry.samples) // 4
    if quarter < 2:
        return False
    walls = [sample.wall_ns for sample in entry.samples]
    return median(walls[-2 * quarter : -quarter]) > FALLING * median(walls[-quarter:])


@dataclass(frozen=True)
class Beside:
    """Seconds of a container beside its samples."""

    once: float  # starting, writing C,
    each: float  # loading A and B for every sample, the checksum,
    warming: float  # and by what cold samples take longer than steady ones

    @classmethod
    def of(cls, rounds: Sequence[Round]) -> Beside:
        """By the latest round, and the one of another number of samples that tells the most of what each costs."""
        latest = rounds[-1]
        count, beside = len(latest.samples), _beside_s(latest)
        other = max(rounds, key=lambda r: abs(len(r.samples) - count))
        if len(other.samples) == count:
            each = min(beside / count, 16 * latest.case.n**2 / LOADING_BYTES_S)
        else:
            each = max(0.0, (beside - _beside_s(other)) / (count - len(other.samples)))
        warming = max(0.0, sampled_s(latest) - count * steady_s(latest))
        return cls(once=max(0.0, beside - each * count), each=each, warming=warming)


def _beside_s(entry: Round) -> float:
    return max(0.0, entry.container_ns / 1e9 - sampled_s(entry))


def container_s(batch: Batch, rounds: Sequence[Round]) -> float:
    """The seconds that a container is expected to take, by the rounds of its case so far."""
    latest, beside = rounds[-1], Beside.of(rounds)
    call_s = steady_s(latest) / latest.calls * batch.rows / latest.rows
    return beside.once + beside.warming + (beside.each + call_s * batch.calls) * batch.samples


def overhead_share(rounds: Sequence[Round]) -> tuple[float, float] | None:
    """What is done once a call, as a share of the latest round's calls, and the share that would be too large.

    By the times of two numbers of rows, as of a straight line. None where all rounds had the same.
    """
    latest = rounds[-1]
    others = [r for r in rounds if r.rows != latest.rows and r.samples]
    if not others:
        return None
    other = max(others, key=lambda r: (len(r.samples) > 1, abs(math.log(r.rows / latest.rows))))
    fewer, more = sorted((latest, other), key=lambda r: r.rows)
    alone = 1 in (len(fewer.samples), len(more.samples))
    fewer_s, more_s = (r.samples[0].wall_ns / r.calls / 1e9 if alone else steady_s(r) / r.calls for r in (fewer, more))
    times = more.rows / fewer.rows
    once_s = (fewer_s * times - more_s) / (times - 1)
    share = once_s / (fewer_s if latest is fewer else more_s)
    return max(0.0, share), OVERHEAD + UNSURE / (times - 1)
