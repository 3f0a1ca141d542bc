"""Container overhead for real: two places that run the same program, and the memory that was seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from harness.engine.docker import DockerEngine
from harness.engine.engine import Exit, Job, Runner
from harness.experiments.matmul.container import Bench, measure
from harness.experiments.matmul.workload import Workload
from harness.machine.conditions import gather, parse_reading
from harness.measure import startup
from harness.measure.overhead import ROUNDS, measure_overhead
from harness.measure.startup import startups
from harness.model.cases import Batch, Case, Options
from harness.model.journal import PLACES, Image, OverheadRound, Round
from harness.store import Log

pytestmark = pytest.mark.engine

N = 256
MIB = 2**20
OPTIONS = Options(
    langs=("c",),
    rungs=("naive",),
    n=N,
    threads=(1,),
    rounds=3,
    precision=0.03,
    budget_s=0.2,
    baseline="c/naive",
    reference="c",
    seed=7,
)


@contextmanager
def a_bench(engine: DockerEngine, lender: str, keep: Log) -> Iterator[Bench]:
    """Inputs in a volume, gone again afterwards."""
    workload = Workload(N, 7)
    inputs = engine.fill_volume(lender, {"a.f64": workload.a.data, "b.f64": workload.b.data})
    try:
        yield Bench(engine, workload, inputs, 60.0, keep, read=lambda: parse_reading(gather()))
    finally:
        engine.remove_volume(inputs)


@pytest.mark.parametrize("name", ["c", "python", "java"])
def test_the_same_program_computes_the_same_in_every_place(
    name: str, engine: DockerEngine, images: dict[str, Image], keep: Log
) -> None:
    tag, case = images[name].tag or "", Case(implementation=name, rung="naive", n=N, threads=1)
    with a_bench(engine, tag, keep) as bench:
        latest = measure(bench, tag, case, Batch(rows=4, samples=3, first=2, pilot=True), 1)
        assert latest.failure is None

        def measured(case: Case, batch: Batch, number: int, runner: Runner | None = None) -> Round:
            return measure(replace(bench, engine=runner or engine), tag, case, batch, number)

        entries = list(measure_overhead(engine, measured, latest, OPTIONS))
    assert {entry.place: entry.round.failure for entry in entries} == dict.fromkeys(PLACES[1:])
    assert Counter(entry.place for entry in entries) == dict.fromkeys(PLACES[1:], ROUNDS)
    for entry in entries:  # a place may make fewer samples, of which the last is another product
        batch = Batch(rows=4, samples=len(entry.round.samples), first=2)
        assert entry.round.sha256 == bench.workload.digest(batch)
    assert [places_of(entries, number) for number in range(1, ROUNDS + 1)] != [list(PLACES[1:])] * ROUNDS


def places_of(entries: list[OverheadRound], number: int) -> list[str]:
    return [entry.place for entry in entries if entry.round.number == number]


@pytest.fixture
def shell(engine: DockerEngine, base: str) -> Job:
    """A job that runs a shell; its argument is the script."""
    return Job(
        image=base,
        entrypoint=("/bin/sh", "-c"),
        arguments=(":",),
        cpus=engine.cpus()[-1:],
        memory_bytes=512 * MIB,
        pids=64,
        timeout_s=60,
    )


STATUS = "grep -E '^(Seccomp|NoNewPrivs|CapEff|Cpus_allowed_list):' /proc/self/status"


def test_only_the_filter_is_gone_where_there_is_to_be_none(engine: DockerEngine, shell: Job) -> None:
    def status(job: Job) -> dict[str, str]:
        lines = engine.run(job).stdout.decode().splitlines()
        return {name: value.strip() for name, value in (line.split(":") for line in lines)}

    filtered = status(replace(shell, arguments=(STATUS,)))
    free = status(replace(shell, arguments=(STATUS,), seccomp=False))
    assert (filtered.pop("Seccomp"), free.pop("Seccomp")) == ("2", "0")
    assert filtered == free


def test_the_memory_that_a_container_held_was_seen(engine: DockerEngine, shell: Job) -> None:
    def held(script: str) -> int:
        ended: Exit = engine.run(replace(shell, arguments=(script,)))
        assert ended.code == 0
        return ended.resident_bytes or 0

    idle, cached = (
        held("sleep 2"),  # on a busy machine the engine tells late that it started
        held("head -c 100m /dev/zero >/dev/null; cat /usr/lib/*/* >/dev/null 2>&1; sleep 0.2"),
    )
    assert 0 < idle < 8 * MIB
    assert cached < 16 * MIB  # the page cache is not the program's
    assert 64 * MIB <= held("head -c 64m /dev/zero | tail -c 64m | (sleep 2; wc -c)") < 96 * MIB


def test_every_image_starts_as_often_as_an_empty_container(engine: DockerEngine, images: dict[str, Image]) -> None:
    service = images["zig"].model_copy(update={"name": "service", "info": None})
    entries = list(startups(engine, [images["c"], images["java"], service], seed=7))
    assert Counter(entry.image for entry in entries) == dict.fromkeys(["c", "java", None], startup.ROUNDS)
    assert all(entry.container_ns > 0 for entry in entries)
