"""What single containers show: the times of their steady samples, and what else they take. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from harness.model.cases import Batch, Sample
from harness.model.journal import Round

SLOWER = 1.1  # times the steady ones: a sample at the beginning is not warm yet; or it is not at the end
LOADING_BYTES_S = 1e9  # at which A and B are loaded: a guess, until two containers have shown it
DIFFER = 0.05  # unexplained difference between containers


def steady(entry: Round) -> Sequence[Sample]:
    """The samples that count: without the first half, which is warm-up, cold or not, in every language.

    Of an even number of samples one fewer is discarded, but at least one: of four, three count.
    """
    count = len(entry.samples)
    return entry.samples[max((count - 1) // 2, min(1, count - 1)) :]


def sample_s(entry: Round) -> float:
    """Seconds of a steady sample."""
    return median(sample.wall_ns for sample in steady(entry)) / 1e9


def call_s(entry: Round) -> float:
    """Seconds of a steady call of the kernel, on the requested number of rows."""
    return sample_s(entry) / entry.calls


def product_s(entry: Round, sample_ns: float) -> float:
    """Seconds of a whole product, by a sample's time."""
    return sample_ns * entry.case.n / entry.rows / entry.calls / 1e9


def sampled_s(entry: Round) -> float:
    """Seconds of all samples of a round."""
    return sum(sample.wall_ns for sample in entry.samples) / 1e9


def cold_samples(entry: Round) -> int:
    """How many samples at a container's beginning are clearly slower than its steady ones."""
    limit_ns = SLOWER * sample_s(entry) * 1e9
    return next((place for place, sample in enumerate(entry.samples) if sample.wall_ns <= limit_ns), 0)


def warming_s(entry: Round) -> float:
    """Seconds of a container's samples until they were steady."""
    return sum(sample.wall_ns for sample in entry.samples[: cold_samples(entry)]) / 1e9


def is_falling(entry: Round) -> bool:
    """Whether samples still got faster in the last half of a container."""
    quarter = len(entry.samples) // 4
    walls = [sample.wall_ns for sample in entry.samples]
    return quarter > 0 and median(walls[-2 * quarter : -quarter]) > SLOWER * median(walls[-quarter:])


def first_product_s(rounds: Iterable[Round], rows: int) -> float | None:
    """Seconds of a product by the very first sample of containers, on so many rows: one call each where any had that.

    None where containers computed only one.
    """
    alike = [r for r in rounds if r.rows == rows and len(r.samples) > 1]
    fewest = min((r.calls for r in alike), default=1)
    firsts = [product_s(r, r.samples[0].wall_ns) for r in alike if r.calls == fewest]
    return fmean(firsts) if firsts else None


@dataclass(frozen=True)
class ContainerOverhead:
    """Seconds of a container outside its steady samples."""

    per_container: float  # starting, writing C, and what cold samples take longer
    per_sample: float  # loading A and B for a sample, and its checksum

    @classmethod
    def of(cls, rounds: Sequence[Round]) -> ContainerOverhead:
        """By the latest round, and the one whose number of samples differs from its own the most."""
        latest = rounds[-1]
        count, beside = len(latest.samples), _beside_s(latest)
        other = max(rounds, key=lambda r: abs(len(r.samples) - count))
        more = count - len(other.samples)
        each = (beside - _beside_s(other)) / more if more else 16 * latest.case.n**2 / LOADING_BYTES_S
        each = min(max(0.0, each), beside / count / (1 if more else 2))
        cold = max(0.0, sampled_s(latest) - count * sample_s(latest))
        return cls(per_container=beside - each * count + cold, per_sample=each)


def _beside_s(entry: Round) -> float:
    return max(0.0, entry.container_ns / 1e9 - sampled_s(entry))


def container_s(batch: Batch, rounds: Sequence[Round]) -> float:
    """The seconds that a container is expected to take, by the rounds of its case so far."""
    alike = [r for r in rounds if r.rows == batch.rows]
    latest, overhead = (alike or rounds)[-1], ContainerOverhead.of(rounds)
    return (
        overhead.per_container
        + (overhead.per_sample + call_s(latest) * batch.calls * batch.rows / latest.rows) * batch.samples
    )


def by_rows(rounds: Sequence[Round]) -> tuple[float, float] | None:
    """Seconds that a call takes whatever its rows are, and those of each row: a straight line through two containers.

    Of those, one is the latest, and the other one that had another number of rows. None where all had the same.
    Unexplained differences between containers are not taken for overhead per call.
    """
    latest = rounds[-1]
    others = [r for r in rounds if r.rows != latest.rows]
    if not others:
        return None
    other = max(others, key=lambda r: (len(r.samples) > 2, abs(math.log(r.rows / latest.rows))))
    fewer, more = sorted((latest, other), key=lambda r: r.rows)
    is_cold = len(fewer.samples) == 1 or len(more.samples) == 1  # then both by their first
    fewer_s, more_s = (r.samples[0].wall_ns / r.calls / 1e9 if is_cold else call_s(r) for r in (fewer, more))
    times = more.rows / fewer.rows
    once_s = (fewer_s * times - more_s) / (times - 1)
    if once_s <= DIFFER * fewer_s * times / (times - 1):
        return 0.0, call_s(latest) / latest.rows
    return once_s, max(more_s - once_s, more_s * DIFFER) / more.rows
