"""Whole runs with known truth: how often the 95 % intervals hold it, how wide they are, and how far figures are off.

`python -m tests.simulation [RUNS] [KIND ...]` simulates many more runs than the test does: every kind of noise with
every cold excess from 0 to 30 %, on all CPUs. It takes about half an hour with 2000 runs a cell.

The real plan asks for containers, the real rule stops, the real timing module makes the intervals; only the seconds are
drawn. The noise is what the reference run showed, or more: containers differ by 1 to 5 % (where their memory lies),
samples within by 1 to 4 %, rows by 1 % and as much from the first to the last, what all cases share in a round by 1 to
2 %, and some samples are hit by other work.
"""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from tabulate import tabulate

from harness.experiments.matmul.experiment import MATMUL
from harness.experiments.matmul.ladder import first_row
from harness.experiments.matmul.timing import timing
from harness.measure.plan import counted, next_batch
from harness.measure.stopping import precise
from harness.model.cases import Batch, Case, Options, Sample
from harness.model.comparison import Interval
from harness.model.journal import Round
from harness.model.manifests import Held
from harness.statistics.estimates import ratio
from tests.factories import a_case, a_rung, some_options

N = 4096
STARTUP_S = 0.3
LOADING_S = 0.05  # A and B, for every sample
BASELINE = a_case("alpha/naive", N)
CASES = {
    "rows": BASELINE,  # one or two rows are a sample
    "rows, threads": a_case("alpha/parallel", N, 4),
    "whole": a_case("beta/recursive", N),
    "long whole, threads": a_case("beta/vectorized", N, 4),
    "short, threads": a_case("beta/intrinsics", N, 4),  # as quick as one of n = 256: many calls are a sample
}
RUNGS = {case: a_rung(case.rung, rows_independent="rows" in kind) for kind, case in CASES.items()}
TRUE_S = dict(zip(CASES.values(), (600.0, 200.0, 1.3, 7.0, 0.002), strict=True))
OPTIONS = some_options(n=N, budget_s=10.0, precision=0.03, baseline=BASELINE.name)
COLD = (0.0, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Noise:
    """Standard deviations of logarithms, if nothing else is said."""

    container: float = 0.02
    sample: float = 0.02
    machine: float = 0.01  # what all cases of a round share,
    memory: float = 0.4  # and how much of it lasts until the next round
    drift: float = 0.01  # from the first round to the tenth
    spike_share: float = 0.02  # of the samples are hit by other work,
    spike: float = 0.2  # which adds so much on average
    cold: float = 0.3  # added to the first sample of a container
    row: float = 0.01  # between the rows of a product,
    trend: float = 0.01  # and from its first to its last
    hit_share: float = 0.0  # of the containers have a neighbour that no counter shows,
    hit: float = 0.5  # which adds so much on average


KINDS = {
    "usual": Noise(),
    "calm": Noise(container=0.005, sample=0.01, machine=0.004, drift=0.004),
    "loud": Noise(container=0.05, sample=0.04, machine=0.02, drift=0.02, spike_share=0.05),
    "hit": Noise(hit_share=0.1),
    "steady": Noise(machine=0, drift=0, spike_share=0),
}


class World:
    """One machine during one run."""

    def __init__(self, noise: Noise, seed: int) -> None:
        self.noise, self.seed, self.draw = noise, seed, np.random.default_rng(seed)
        self.state = noise.machine * self.draw.normal()
        self.slope = noise.drift * self.draw.normal() / 10
        self.trend = -5 * self.slope
        self.rows: dict[Case, Array] = {}

    def next_round(self) -> None:
        """The state of the machine goes on."""
        memory = self.noise.memory
        self.state = memory * self.state + math.sqrt(1 - memory**2) * self.noise.machine * self.draw.normal()
        self.trend += self.slope

    def container(self, case: Case, true_s: float, batch: Batch, number: int) -> Round:
        """What a container asked for so much comes to."""
        noise, draw = self.noise, self.draw
        level = self.state + self.trend + noise.container * draw.normal()
        if draw.random() < noise.hit_share:
            level += math.log1p(draw.exponential(noise.hit))
        slower = 1 + draw.exponential(noise.spike, batch.samples) * (draw.random(batch.samples) < noise.spike_share)
        slower[0] += noise.cold
        jitter = np.exp(level + noise.sample * draw.normal(size=batch.samples))
        seconds = true_s * batch.calls * self._shares(case, batch) * jitter * slower
        return a_made_round(case, batch, seconds, number, STARTUP_S + LOADING_S * batch.samples)

    def _shares(self, case: Case, batch: Batch) -> Array:
        """What the rows of each sample cost, as a share of all; every case walks memory in its own way."""
        if batch.rows == case.n:
            return np.ones(batch.samples)
        if case not in self.rows:
            draw, noise = np.random.default_rng([self.seed, len(self.rows)]), self.noise
            costs = 1 + noise.row * draw.normal(size=N) + noise.trend * draw.normal() * np.linspace(-0.5, 0.5, N)
            self.rows[case] = np.concatenate([[0.0], np.cumsum(np.concatenate([costs, costs]))]) / costs.sum()
        firsts = (batch.first + np.arange(batch.samples) * (batch.rows + 2)) % N
        sums = self.rows[case]
        return np.asarray(sums[firsts + batch.rows] - sums[firsts])


def a_made_round(case: Case, batch: Batch, seconds: Array, number: int, beside_s: float) -> Round:
    """The round of a container, not validated: there are millions."""
    walls = (seconds * 1e9).astype(int).tolist()
    samples = [Sample.model_construct(wall_ns=wall_ns, cpu_ns=wall_ns * case.threads, checksum=1) for wall_ns in walls]
    return Round.model_construct(
        case=case,
        number=number,
        pilot=batch.pilot,
        rows=batch.rows,
        first=batch.first,
        calls=batch.calls,
        samples=tuple(samples),
        container_ns=round((seconds.sum() + beside_s) * 1e9),
    )


def simulate(
    world: World, true_s: Mapping[Case, float], options: Options = OPTIONS, rungs: Mapping[Case, Held] = RUNGS
) -> dict[Case, list[Round]]:
    """All rounds of a run, as compare would make them."""
    rounds: dict[Case, list[Round]] = {case: [] for case in true_s}
    number = 0

    def next_of(case: Case) -> Batch | None:
        done = precise(MATMUL, case, rounds, options)
        return next_batch(MATMUL, rungs[case], case, rounds[case], options, precise=done)

    while waiting := [(case, batch) for case in true_s if (batch := next_of(case))]:
        number += 1
        world.next_round()
        for case, batch in waiting:
            placed = batch.model_copy(update={"first": first_row(case.n, world.seed, number)})
            rounds[case].append(world.container(case, true_s[case], placed, number))
    return rounds


@dataclass(frozen=True)
class Told:
    """A figure of a simulated run beside the truth."""

    error: float  # logarithm
    half_width: float
    holds: bool

    @classmethod
    def of(cls, found: Interval, truth: float) -> Told:
        """Set an interval beside what it is of."""
        return cls(math.log(found.value / truth), found.half_width, found.holds(truth))


def told(noise: Noise, seed: int) -> Iterator[tuple[str, Told]]:
    """What a simulated run says of each kind of case: its time, and its ratio to the baseline."""
    simulated = simulate(World(noise, seed), TRUE_S)
    found = {case: timing(counted(rounds)) for case, rounds in simulated.items()}
    for kind, case in CASES.items():
        yield f"{kind}: time", Told.of(found[case].interval, TRUE_S[case])
        if case != BASELINE and (beside := ratio(found[BASELINE], found[case])):
            yield f"{kind}: ratio", Told.of(beside, TRUE_S[BASELINE] / TRUE_S[case])


@dataclass(frozen=True)
class Cell:
    """What many runs said of one kind of case, with one kind of noise and one cold excess."""

    coverage: float  # share of the intervals that hold the truth
    half_width: float  # the median, as a share of the value
    widest: float  # half-width that one in twenty exceeds
    bias: float  # the mean error
    error: float  # that half of the figures are within,
    worst: float  # and that one in twenty exceeds

    @classmethod
    def of(cls, figures: Sequence[Told]) -> Cell:
        """Sum up."""
        widths = [each.half_width for each in figures]
        errors = [abs(each.error) for each in figures]
        return cls(
            coverage=fmean(each.holds for each in figures),
            half_width=float(np.median(widths)),
            widest=float(np.quantile(widths, 0.95)),
            bias=fmean(each.error for each in figures),
            error=float(np.median(errors)),
            worst=float(np.quantile(errors, 0.95)),
        )


@cache
def cells(noise: Noise, runs: int, seed: int = 2020) -> dict[str, Cell]:
    """What so many runs come to, by what they say it of."""
    figures: dict[str, list[Told]] = defaultdict(list)
    for number in range(runs):
        for what, each in told(noise, seed + number):
            figures[what].append(each)
    return {what: Cell.of(each) for what, each in figures.items()}


def main() -> None:
    """Print the table."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    kinds = sys.argv[2:] or list(KINDS)
    wanted = [(kind, cold) for kind in kinds for cold in COLD]
    headers = ["noise", "cold", "of", "holds", "half-width", "of 95 in 100", "bias", "error", "of 95 in 100"]
    with ProcessPoolExecutor() as pool:
        found = pool.map(cells, [replace(KINDS[kind], cold=cold) for kind, cold in wanted], [runs] * len(wanted))
        rows = [
            [kind, f"{cold:.0%}", what, f"{cell.coverage:.1%}", f"{cell.half_width:.1%}", f"{cell.widest:.1%}",
             f"{cell.bias:+.2%}", f"{cell.error:.1%}", f"{cell.worst:.1%}"]
            for (kind, cold), by_kind in zip(wanted, found, strict=True)
            for what, cell in by_kind.items()
        ]  # fmt: skip
    print(tabulate(rows, headers, disable_numparse=True))
    outside = sum(not 0.93 <= float(row[3].rstrip("%")) / 100 <= 0.97 for row in rows)
    print(
        f"\n{len(rows)} cells of {runs} runs each; {outside} hold the truth less than 93 or more than 97 times in 100"
    )


if __name__ == "__main__":
    main()
