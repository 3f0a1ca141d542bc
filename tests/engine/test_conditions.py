"""The engine's host as the harness sees it, for real: through a probe, from its files, and with others at work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import pytest

from harness.engine.docker import DockerEngine
from harness.engine.engine import Job
from harness.experiments.matmul.container import Bench, measure
from harness.experiments.matmul.workload import Workload
from harness.machine.conditions import gather, parse_reading
from harness.machine.host import is_here, probe_job, watched
from harness.machine.interference import others_share
from harness.model.cases import Batch, Case
from harness.model.journal import Image, Reading
from harness.store import Log
from tests.engine.support import left_of

pytestmark = pytest.mark.engine


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """What this machine would look like if it were another."""
    return tmp_path


def test_the_probe_and_the_files_tell_the_same(engine: DockerEngine, base: str, elsewhere: Path) -> None:
    with watched(engine, base, elsewhere) as read:
        through, here = read(), parse_reading(gather())
    assert through is not None
    assert is_here(through)
    steady = ("boot_id", "cpus", "huge_pages", "clock_source", "governor", "turbo", "smt", "mains", "swap_bytes")
    assert [getattr(through, name) for name in steady] == [getattr(here, name) for name in steady]
    assert abs(here.uptime_ns - through.uptime_ns) < 5e9
    assert 0 <= here.busy_ns - through.busy_ns < 20e9


def test_a_reading_of_a_machine_elsewhere_is_cheap_and_follows_its_clock(
    engine: DockerEngine, base: str, elsewhere: Path
) -> None:
    readings: list[Reading | None] = []
    with watched(engine, base, elsewhere) as read:
        began_s = time.monotonic()
        readings += [read() for _ in range(10)]
        took_s = (time.monotonic() - began_s) / 10
    clocks = [reading.uptime_ns for reading in readings if reading]
    assert clocks == sorted(clocks)
    assert len(clocks) == 10
    assert took_s < 0.3  # 0.03 where nothing else goes on


def test_a_reading_of_this_machine_costs_no_container(
    engine: DockerEngine, base: str, client: docker.DockerClient, labels: dict[str, str]
) -> None:
    with watched(engine, base) as read:
        assert left_of(client, labels) == []
        began_s = time.monotonic()
        assert is_here(read())
        assert time.monotonic() - began_s < 0.1


def test_a_probe_that_is_killed_answers_no_more_and_leaves_nothing(
    engine: DockerEngine, base: str, client: docker.DockerClient, labels: dict[str, str]
) -> None:
    with engine.probe(probe_job(base, engine.cpus())) as ask:
        assert ask()
        (name,) = left_of(client, labels)
        client.containers.get(name).kill()
        assert ask() is None
    assert left_of(client, labels) == []


@contextmanager
def burning(cpus: int) -> Iterator[None]:
    """Others' work: so many processes that never rest."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(cpus)]
    try:
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGKILL)
            process.wait()


def test_others_at_work_are_seen_by_a_real_round(
    engine: DockerEngine, base: str, images: dict[str, Image], keep: Log
) -> None:
    n = 512
    workload = Workload(n, 1)
    tag = images["c"].tag or ""
    inputs = engine.fill_volume(tag, {"a.f64": workload.a.data, "b.f64": workload.b.data})
    case = Case(implementation="c", rung="naive", n=n, threads=1)
    try:
        with watched(engine, base) as read:
            bench = Bench(engine, workload, inputs, 60.0, keep, read=read)
            with burning(os.cpu_count() or 1):
                entry = measure(bench, tag, case, Batch(rows=n, samples=3), 2)
    finally:
        engine.remove_volume(inputs)
    assert entry.failure is None
    assert entry.conditions is not None
    assert entry.conditions.wall_ns == pytest.approx(entry.container_ns, rel=0.2, abs=10**8)
    assert others_share(entry) > 0.2


def test_the_observer_is_called_just_before_the_start_and_just_after_the_end(engine: DockerEngine, base: str) -> None:
    times: list[float] = []
    job = Job(
        image=base,
        arguments=("sleep 0.5",),
        entrypoint=("/bin/sh", "-c"),
        cpus=engine.cpus(),
        memory_bytes=2**26,
        pids=8,
        timeout_s=20,
        observe=lambda: times.append(time.monotonic()),
    )
    elapsed_s = engine.run(job).elapsed_ns / 1e9
    before, after = times
    assert after - before == pytest.approx(elapsed_s, abs=0.05)
