"""Container overhead: the same program in a container with the engine's seccomp filter and without it.

Earlier versions also ran the program on the host. Contributed programs are not trusted with it: they run in a container
or not at all.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from harness.engine.engine import Engine, Exit, Job, Runner
from harness.measure.experiment import Measure
from harness.model.cases import Batch, Case, Options
from harness.model.journal import PLACES, OverheadRound, Place, Round

ROUNDS = 6
_, CONTAINER, UNFILTERED = PLACES


def overhead_cases(cases: Sequence[Case], options: Options) -> list[Case]:
    """Which cases show it: the baseline, and the reference implementation on the same rung."""
    rung = options.baseline.partition("/")[2]
    wanted = {options.baseline, f"{options.reference}/{rung}"}
    found = {case.name: case for case in sorted(cases, key=lambda case: case.threads) if case.name in wanted}
    return list(found.values())


def measure_overhead(
    engine: Engine, measure: Measure, latest: Round, options: Options, known: Sequence[OverheadRound] = ()
) -> Iterator[OverheadRound]:
    """Rounds of a case in every place, in a new random order each, with as many rows as its `latest` round.

    A place fails by itself, and then once only. What is `known` from an earlier session is not measured again.
    """
    case, batch = latest.case, _batch(latest, options.budget_s)
    done = {(entry.place, entry.round.number) for entry in known if entry.round.case == case}
    broken = {entry.place for entry in known if entry.round.case == case and entry.round.failure}
    shuffler = random.Random(f"{options.seed}/{case}")  # noqa: S311 (an order, not a secret)
    places: dict[Place, Runner] = {CONTAINER: engine, UNFILTERED: Unfiltered(engine)}
    for number in range(1, ROUNDS + 1):
        for place in shuffler.sample(sorted(places), len(places)):
            if place in broken or (place, number) in done:
                continue
            entry = OverheadRound(place=place, round=measure(case, batch, number, places[place]))
            if entry.round.failure:
                del places[place]
            yield entry


def _batch(latest: Round, budget_s: float) -> Batch:
    """What fills a round in one environment; at least one sample besides the first."""
    sample_s = sum(sample.wall_ns for sample in latest.samples) / len(latest.samples) / 1e9
    samples = max(2, min(len(latest.samples), int(budget_s / ROUNDS / sample_s)))
    return Batch(rows=latest.rows, samples=samples, first=latest.first or 0, calls=latest.calls)


@dataclass(frozen=True)
class Unfiltered:
    """An engine whose containers run without its filter of system calls."""

    engine: Engine

    def cpus(self) -> tuple[int, ...]:
        """See Runner."""
        return self.engine.cpus()

    def cores(self) -> int:
        """See Runner."""
        return self.engine.cores()

    def memory_bytes(self) -> int:
        """See Runner."""
        return self.engine.memory_bytes()

    def run(self, job: Job) -> Exit:
        """See Runner."""
        return self.engine.run(replace(job, seccomp=False))
