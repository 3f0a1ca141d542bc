"""Whole runs with known truth: how often the 95 % intervals hold it, with the adaptive stop that chooses its moment.

`python -m tests.simulation [RUNS]` simulates many more runs than the test does, all kinds of noise, and every cold
excess from 0 to 30 %; and kernels that a compiler makes faster while they run.

The real plan asks for containers, the real rule stops, the real timing module makes the intervals; only the seconds are
drawn. The noise is what the reference run showed, or more: containers differ by 1 to 5 % (where their memory lies),
samples within by 1 to 4 %, what all cases share in a round by 1 to 2 %, and some samples are hit by other work.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from harness.model.cases import Batch, Case, Options
from harness.model.journal import Round
from harness.model.manifests import Rung
from harness.plan import counted, first_row, next_batch
from harness.sizing import asked_alike
from harness.stopping import is_enough
from harness.timing import Timing, ratio, timing
from tests.factories import a_case, a_round, a_rung, some_options

N = 4096
STARTUP_S = 0.4
LOADING_S = 0.05  # A and B, for every sample
BASELINE = a_case("alpha/naive", N)
KINDS_OF_CASES = {
    "rows": BASELINE,  # three rows are a sample
    "rows, threads": a_case("alpha/parallel", N, 4),
    "whole": a_case("beta/recursive", N),
    "whole, threads": a_case("beta/vectorized", N, 4),
    "short": a_case("beta/intrinsics", N, 4),  # as quick as a product of n = 256: many calls are a sample
}
RUNGS = {case: a_rung(case.rung, rows_independent="rows" in kind) for kind, case in KINDS_OF_CASES.items()}
TRUE_S = dict(zip(KINDS_OF_CASES.values(), (600.0, 200.0, 1.3, 7.0, 0.002), strict=True))
OPTIONS = some_options(n=N, budget_s=10.0, precision=0.03, baseline=BASELINE.name)
COLD = (0.0, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3)

Curve = NDArray[np.float64]
"""Seconds of a kernel's first, second and every later call in a container."""


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


CALM = Noise(container=0.005, sample=0.01, machine=0.004, drift=0.004)
LOUD = Noise(container=0.05, sample=0.04, machine=0.02, drift=0.02, spike_share=0.05)
HIT = Noise(hit_share=0.1)
STEADY = Noise(machine=0, drift=0, spike_share=0)
KINDS = {"usual": Noise(), "calm": CALM, "loud": LOUD, "hit": HIT, "steady": STEADY}


class World:
    """One machine during one run."""

    def __init__(self, noise: Noise, seed: int, curve: Curve | None = None) -> None:
        self.noise, self.seed, self.curve = noise, seed, curve
        self.draw = np.random.default_rng(seed)
        self.state = noise.machine * self.draw.normal()
        self.slope = noise.drift * self.draw.normal() / 10
        self.trend = -5 * self.slope
        self.rows: dict[Case, Curve] = {}  # what each costs

    def _rows_of(self, case: Case) -> Curve:
        """What the rows of a case cost up to each, twice over; every case, walking memory its own way, has its own."""
        if case not in self.rows:
            draw, noise = np.random.default_rng([self.seed, len(self.rows)]), self.noise
            costs = 1 + noise.row * draw.normal(size=N) + noise.trend * draw.normal() * np.linspace(-0.5, 0.5, N)
            self.rows[case] = np.concatenate([[0.0], np.cumsum(np.concatenate([costs, costs]))]) / costs.sum()
        return self.rows[case]

    def next_round(self) -> None:
        """The state of the machine goes on."""
        memory = self.noise.memory
        self.state = memory * self.state + math.sqrt(1 - memory**2) * self.noise.machine * self.draw.normal()
        self.trend += self.slope

    def container(self, case: Case, true_s: float, batch: Batch, number: int, *, pilot: bool) -> Round:
        """What a container asked for so much comes to."""
        noise, draw = self.noise, self.draw
        level = self.state + self.trend + noise.container * draw.normal()
        if draw.random() < noise.hit_share:
            level += math.log1p(draw.exponential(noise.hit))
        spikes = draw.exponential(noise.spike, batch.samples) * (draw.random(batch.samples) < noise.spike_share)
        jitter = np.exp(level + noise.sample * draw.normal(size=batch.samples)) * (1 + spikes)
        calls_s = true_s * self._shares(case, batch)[:, None] * np.ones(batch.calls)
        calls_s[0, 0] *= 1 + noise.cold * (1 if self.curve is None else 0)
        if self.curve is not None:
            lasts = np.full(max(0, calls_s.size - len(self.curve)), self.curve[-1])
            calls_s = np.concatenate([self.curve, lasts])[: calls_s.size].reshape(calls_s.shape) * batch.rows / case.n
        seconds = calls_s.sum(axis=1) * jitter
        container_ns = round((seconds.sum() + STARTUP_S + LOADING_S * (case.n / N) ** 2 * batch.samples) * 1e9)
        made = a_round(case, *seconds.tolist(), rows=batch.rows, number=number, container_ns=container_ns)
        return made.model_copy(update={"first": batch.first, "calls": batch.calls, "pilot": pilot})

    def _shares(self, case: Case, batch: Batch) -> Curve:
        """What the rows of each sample cost, as a share of all."""
        if case.n != N:
            return np.full(batch.samples, batch.rows / case.n)
        firsts = (batch.first + np.arange(batch.samples) * (batch.rows + 1)) % N
        sums = self._rows_of(case)
        return np.asarray(sums[firsts + batch.rows] - sums[firsts])


def simulate(
    world: World, true_s: Mapping[Case, float], options: Options = OPTIONS, rungs: Mapping[Case, Rung] = RUNGS
) -> dict[Case, list[Round]]:
    """All rounds of a run, as compare would make them."""
    rounds: dict[Case, list[Round]] = {case: [] for case in true_s}
    number = 0
    while waiting := [
        (case, batch)
        for case in true_s
        if (batch := next_batch(rungs[case], case, rounds[case], options, precise=is_enough(case, rounds, options)))
    ]:
        number += 1
        world.next_round()
        for case, batch in waiting:
            pilot = not rounds[case] or not asked_alike(rounds[case][-1], batch)
            placed = batch.model_copy(update={"first": first_row(case.n, world.seed, number)})
            rounds[case].append(world.container(case, true_s[case], placed, number, pilot=pilot))
    return rounds


def held(noise: Noise, seed: int) -> Iterator[str]:
    """What a simulated run got right: which of its intervals hold the truth."""
    simulated = simulate(World(noise, seed), TRUE_S)
    found: dict[Case, Timing] = {case: timing(counted(rounds)) for case, rounds in simulated.items()}
    for kind, case in KINDS_OF_CASES.items():
        if found[case].interval.holds(TRUE_S[case]):
            yield f"{kind}: time"
        beside = ratio(found[BASELINE], found[case])
        if case != BASELINE and beside and beside.holds(TRUE_S[BASELINE] / TRUE_S[case]):
            yield f"{kind}: ratio"


@cache
def coverage(noise: Noise, runs: int, seed: int = 2020) -> dict[str, float]:
    """The shares of runs whose intervals hold the truth, by what they are of."""
    count = Counter(what for number in range(runs) for what in held(noise, seed + number))
    named = [f"{kind}: {what}" for kind in KINDS_OF_CASES for what in ("time", "ratio")]
    return {what: count[what] / runs for what in named if what != "rows: ratio"}


def main() -> None:
    """Print the coverage for every kind of noise."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    for name, noise in KINDS.items():
        for cold in COLD:
            shares = coverage(replace(noise, cold=cold), runs)
            told = ", ".join(f"{what} {share:.1%}" for what, share in shares.items())
            print(f"{name}, first sample {cold:+.0%}: {told} of {runs} runs", flush=True)


if __name__ == "__main__":
    main()
