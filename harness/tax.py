"""What the container itself costs: the same program on the host, in the container, and there without seccomp."""

from __future__ import annotations

import random
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from harness.engine import Engine, Exit, Job, Runner
from harness.errors import EngineError
from harness.host import is_here
from harness.measure import Bench, measure
from harness.model.cases import Batch, Case, Failure, Options
from harness.model.journal import PLACES, Place, Round, TaxRound
from harness.outside import unpacked

ROUNDS = 6
ELSEWHERE = "the engine is on another machine, where nothing can be run outside a container"


def taxed(cases: Sequence[Case], options: Options) -> list[Case]:
    """Which cases show it: the baseline, and the yardstick's program on the same rung."""
    rung = options.baseline.partition("/")[2]
    wanted = {options.baseline, f"{options.yardstick}/{rung}"}
    found = {case.name: case for case in sorted(cases, key=lambda case: case.threads) if case.name in wanted}
    return list(found.values())


def measure_tax(engine: Engine, bench: Bench, tag: str, latest: Round, options: Options) -> Iterator[TaxRound]:
    """Rounds of a case in every place, in a new random order each, with as many rows as its `latest` round.

    A place fails by itself, and then once only.
    """
    case, batch = latest.case, _batch(latest, options.budget_s)
    shuffler = random.Random(f"{options.seed}/{case}")  # noqa: S311 (an order, not a secret)
    with _places(engine, bench, tag) as (places, failures):
        for place, reason in failures.items():
            blank = Round(case=case, number=1, pilot=False, rows=batch.rows, first=batch.first, container_ns=0)
            failed = blank.model_copy(update={"failure": Failure(stage="run", reason=reason)})
            yield TaxRound(place=place, round=failed)
        for number in range(1, ROUNDS + 1):
            for place in shuffler.sample(sorted(places), len(places)):
                there = replace(bench, engine=places[place])
                entry = TaxRound(place=place, round=measure(there, tag, case, batch, number, pilot=False))
                if entry.round.failure:
                    del places[place]
                yield entry


def _batch(latest: Round, budget_s: float) -> Batch:
    """What fills a round of a place, which has a case's whole budget; at least one sample beside the cold one."""
    sample_s = sum(sample.wall_ns for sample in latest.samples) / len(latest.samples) / 1e9
    samples = max(2, min(len(latest.samples), int(budget_s / ROUNDS / sample_s)))
    return Batch(rows=latest.rows, samples=samples, first=latest.first, calls=latest.calls)


@contextmanager
def _places(engine: Engine, bench: Bench, tag: str) -> Generator[tuple[dict[Place, Runner], dict[Place, str]]]:
    """What runs the program in each place, and the places where it cannot be run, with the reason."""
    host, container, unfiltered = PLACES
    places: dict[Place, Runner] = {container: engine, unfiltered: Unfiltered(engine)}
    with ExitStack() as stack:
        if not is_here(bench.read()):
            yield places, {host: ELSEWHERE}
            return
        inputs = {"a.f64": bench.workload.a.data, "b.f64": bench.workload.b.data}
        try:
            places[host] = stack.enter_context(unpacked(engine.save(tag), inputs, engine))
        except EngineError as error:
            yield places, {host: str(error)}
            return
        yield places, {}


@dataclass(frozen=True)
class Unfiltered:
    """An engine whose containers run without its filter of system calls."""

    engine: Engine

    def cpus(self) -> tuple[int, ...]:
        """See Runner."""
        return self.engine.cpus()

    def memory_bytes(self) -> int:
        """See Runner."""
        return self.engine.memory_bytes()

    def run(self, job: Job) -> Exit:
        """See Runner."""
        return self.engine.run(replace(job, seccomp=False))
