"""Whole runs with known truth: how often the 95 % intervals hold it, with the adaptive stop that chooses its moment.

`python -m tests.simulation [RUNS]` simulates many more runs than the test does, and other kinds of noise.

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

import numpy as np

from harness.model.cases import Case, Options
from harness.model.journal import Round
from harness.model.manifests import Rung
from harness.plan import counted, next_batch
from harness.stopping import precise
from harness.timing import Timing, ratio, timing
from tests.factories import a_case, a_round, a_rung, some_options

N = 4096
STARTUP_S = 0.5
SLOW, QUICK = a_case("alpha/naive", N), a_case("beta/recursive", N)
RUNGS = {SLOW: a_rung("naive"), QUICK: a_rung("recursive", rows_independent=False)}
TRUE_S = {SLOW: 600.0, QUICK: 0.25}  # three rows are a sample of the one, the whole product is of the other
OPTIONS = some_options(n=N, budget_s=10.0, precision=0.03, baseline=SLOW.name)


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
    row: float = 0.01  # between the rows of a product
    hit_share: float = 0.0  # of the containers have a neighbour that no counter shows,
    hit: float = 0.5  # which adds so much on average


CALM = Noise(container=0.005, sample=0.01, machine=0.004, drift=0.004)
LOUD = Noise(container=0.05, sample=0.04, machine=0.02, drift=0.02, spike_share=0.05)
HIT = Noise(hit_share=0.1)
STEADY = Noise(machine=0, drift=0, spike_share=0)
KINDS = {"usual": Noise(), "calm": CALM, "loud": LOUD, "hit": HIT, "steady": STEADY}


class World:
    """One machine during one run."""

    def __init__(self, noise: Noise, seed: int) -> None:
        self.noise, self.draw = noise, np.random.default_rng(seed)
        self.state = noise.machine * self.draw.normal()
        self.slope = noise.drift * self.draw.normal() / 10
        self.trend = -5 * self.slope
        self.rows = 1 + noise.row * self.draw.normal(size=N)  # what each costs, beside the average

    def next_round(self) -> None:
        """The state of the machine goes on."""
        memory = self.noise.memory
        self.state = memory * self.state + math.sqrt(1 - memory**2) * self.noise.machine * self.draw.normal()
        self.trend += self.slope

    def container(self, case: Case, true_s: float, rows: int, samples: int, number: int) -> Round:
        """What a container asked for so much comes to."""
        noise, draw = self.noise, self.draw
        share = self.rows[:rows].sum() / self.rows.sum()
        level = self.state + self.trend + noise.container * draw.normal()
        if draw.random() < noise.hit_share:
            level += math.log1p(draw.exponential(noise.hit))
        spikes = draw.exponential(noise.spike, samples) * (draw.random(samples) < noise.spike_share)
        spikes[0] += noise.cold
        seconds = true_s * share * np.exp(level + noise.sample * draw.normal(size=samples)) * (1 + spikes)
        container_ns = round((seconds.sum() + STARTUP_S) * 1e9)
        return a_round(case, *seconds.tolist(), rows=rows, number=number, container_ns=container_ns)


def simulate(
    world: World, true_s: Mapping[Case, float], options: Options = OPTIONS, rungs: Mapping[Case, Rung] = RUNGS
) -> dict[Case, list[Round]]:
    """All rounds of a run, as compare would make them."""
    rounds: dict[Case, list[Round]] = {case: [] for case in true_s}
    number = 0
    while waiting := [
        (case, batch)
        for case in true_s
        if (batch := next_batch(rungs[case], case, rounds[case], options, precise=precise(case, rounds, options)))
    ]:
        number += 1
        world.next_round()
        for case, batch in waiting:
            rounds[case].append(world.container(case, true_s[case], batch.rows, batch.samples, number))
    return rounds


def held(noise: Noise, seed: int) -> Iterator[str]:
    """What a simulated run got right: which of its intervals hold the truth."""
    found: dict[Case, Timing] = {
        case: timing(counted(rounds)) for case, rounds in simulate(World(noise, seed), TRUE_S).items()
    }
    beside = ratio(found[SLOW], found[QUICK])
    if found[QUICK].interval.holds(TRUE_S[QUICK]):
        yield "time"
    if found[SLOW].interval.holds(TRUE_S[SLOW]):
        yield "row-sampled"
    if beside and beside.holds(TRUE_S[SLOW] / TRUE_S[QUICK]):
        yield "ratio"


def coverage(noise: Noise, runs: int, seed: int = 2020) -> dict[str, float]:
    """The shares of runs whose intervals hold the truth, by what they are of."""
    count = Counter(what for number in range(runs) for what in held(noise, seed + number))
    return {what: count[what] / runs for what in ("time", "ratio", "row-sampled")}


def main() -> None:
    """Print the coverage for every kind of noise."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    for name, noise in KINDS.items():
        for cold in (noise, replace(noise, cold=0.0)):
            shares = ", ".join(f"{what} {share:.1%}" for what, share in coverage(cold, runs).items())
            print(f"{name}, {'cold starts' if cold.cold else 'no cold start'}: {shares} of {runs} runs")


if __name__ == "__main__":
    main()
