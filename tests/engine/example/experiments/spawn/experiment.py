"""How long it takes to start a process and to learn how it ended, by the two system calls for it.

`--n` is how many processes a sample starts, one after the other. Child k exits with k mod 64: the sum is checked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import fmean, median
from typing import Any

from harness.engine.engine import Job, Runner
from harness.errors import ProtocolError
from harness.images.catalog import Catalog
from harness.machine.host import Read
from harness.measure.containers import run_once
from harness.measure.experiment import Experiment, Measure, Timing
from harness.measure.run import Run
from harness.model.cases import Batch, Case, Failure, Options, Sample
from harness.model.journal import Round
from harness.model.manifests import Held, Manifest
from harness.statistics.estimates import estimate


class Spawn:
    name = "spawn"
    metrics = ()

    def options(self, catalog: Catalog, *, given: Collection[str] = (), **typed: Any) -> Options:
        rungs = [rung.name for source in catalog.implementations.values() for rung in source.manifest.rungs]
        asked: dict[str, Any] = {key: typed[key] for key in ("n", "rounds", "baseline", "tune", "overhead", "rebuild")}
        asked |= {"precision": typed["precision"] / 100, "budget_s": typed["budget"], "seed": typed["seed"] or 0}
        langs, rungs = tuple(catalog.implementations), list(dict.fromkeys(rungs))
        return Options(**asked, langs=langs, rungs=tuple(rungs), threads=(1,), reference="c")

    def check_fits(self, cases: object, engine_bytes: int, own_bytes: int | None) -> None: ...

    def cases(self, manifests: Sequence[Manifest], options: Options) -> tuple[Case, ...]:
        names = [(manifest.name, rung.name) for manifest in manifests for rung in manifest.rungs]
        cases = [Case(implementation=one, rung=rung, n=options.n, threads=1) for one, rung in names]
        return (*cases, cases[0].model_copy(update={"control": True}))

    def tools(self, catalog: Catalog, chosen: object) -> dict[str, Any]:
        return {}

    def prepare(self, run: Run, cases: object) -> None: ...

    @contextmanager
    def opened(self, run: Run, read: Read) -> Iterator[Measure]:
        def measure(case: Case, batch: Batch, number: int, runner: Runner | None = None) -> Round:
            words = ("run", case.rung, str(case.n), str(batch.samples))
            job = Job(run.image(case).tag or "", words, run.cpus[:1], 2**26, 64, 60.0)
            ended, blank = run_once(runner or run.engine, job, read, case, batch, number)
            try:
                return blank.model_copy(update={"samples": _samples(ended.stdout, case.n, batch.samples)})
            except (ProtocolError, ValueError) as error:
                return blank.model_copy(update={"failure": Failure(stage="validate", reason=str(error))})

        yield measure

    def ask(self, rung: Held, case: Case, rounds: Sequence[Round], options: Options, round_s: float) -> Batch:
        if not rounds:
            return Batch(rows=1, samples=4, pilot=True)
        each_s = fmean(sample.wall_ns for sample in rounds[0].samples) / 1e9
        return Batch(rows=1, samples=max(4, min(200, int(round_s / each_s))))

    def placed(self, batch: Batch, case: Case, seed: int, number: int) -> Batch:
        return batch

    def expected(self, case: Case, batch: Batch, known: Sequence[Round], number: int) -> Round:
        return known[-1].model_copy(update={"number": number, "pilot": batch.pilot})

    def timing(self, rounds: Sequence[Round], pilots: Sequence[Round] = ()) -> Timing:
        found = estimate([median(s.wall_ns for s in r.samples) / r.case.n / 1e9 for r in rounds])
        busy = fmean(s.cpu_ns / s.wall_ns for r in rounds for s in r.samples)
        count = sum(len(r.samples) for r in rounds)
        return Timing(found.mean, found.spread, len(rounds), 0, 0.0, None, busy_cores=busy, samples=count)

    def unsteady(self, measured: object, pilots: object) -> str | None:
        return None

    def describe_request(self, batch: Batch) -> str:
        return f"{batch.samples} samples"

    def describe_round(self, entry: Round) -> str:
        return f"{min(sample.wall_ns for sample in entry.samples) / entry.case.n / 1e3:.0f} µs for a process"

    def work(self, options: Options) -> str:
        return f"{options.n} processes, one after the other; the sum of their exit codes is checked"

    def figures(self, case: Case, rounds: object, taken: Timing, peaks: object) -> Mapping[str, Any]:
        return {}

    def measured(self, rounds: object, own: object) -> tuple[()]:
        return ()

    def remarks(self, rounds: object, own: object) -> tuple[()]:
        return ()

    def published(self, rows: object, options: Options, machine: object, between: object) -> tuple[str, tuple[()]]:
        return "", ()

    def false_claims(self, rounds: Sequence[tuple[int, Round]], options: Options) -> Iterator[tuple[int, str]]:
        due = _sum(options.n)
        yield from ((line, "a wrong sum") for line, r in rounds if any(s.checksum != due for s in r.samples))


def _sum(n: int) -> int:
    return sum(k % 64 for k in range(n))


def _samples(printed: bytes, n: int, expected: int) -> tuple[Sample, ...]:
    lines = [[int(word) for word in line.split()] for line in printed.decode().splitlines()]
    if len(lines) != expected or any(total != _sum(n) for _, _, total in lines):
        raise ProtocolError(f"printed {lines}, expected {expected} samples with the sum {_sum(n)}")
    return tuple(Sample(wall_ns=wall_ns, cpu_ns=cpu_ns, checksum=total) for wall_ns, cpu_ns, total in lines)


EXPERIMENT: Experiment = Spawn()
