"""No time can be talked down: what a container claims is held against what the engine and the kernel counted of it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from harness.engine.docker import DockerEngine
from harness.engine.docker.account import parent_of
from harness.engine.docker.flavours import flavour_of
from harness.engine.engine import Job
from harness.experiments import matmul
from harness.experiments.matmul.container import Bench, measure
from harness.experiments.matmul.workload import Workload
from harness.images.build import build
from harness.images.catalog import load_catalog, root, targets_of
from harness.machine.conditions import gather, parse_reading
from harness.measure.startup import startups
from harness.model.cases import Batch
from harness.model.journal import Image, Round
from harness.store import Log
from tests.engine.conftest import FAULTY
from tests.engine.support import unwatched
from tests.factories import a_case

pytestmark = pytest.mark.engine

CHEATS = Path(__file__).parent / "cheats"
N = 16
SAMPLES = 4  # of half a second: with fewer, a claim of half may hide in what starting takes on a slow machine
WHOLE, NONE, TENTH, HALF, START = r"[1-9]\.\d+", r"0\.0\d+", r"0\.[23]\d+", r"1\.[0-3]\d+", r"0\.[0-5]\d+"
UNCLAIMED = (
    r"its samples claim {} s of CPU time, but {} s were counted; everything else took {} s as measured, at most "
    r"\d\.\d+ s; its clocks must run .+"
)
CAUGHT = {
    "claims-a-thousandth": UNCLAIMED.format(NONE, WHOLE, START),
    "claims-a-tenth": UNCLAIMED.format(TENTH, WHOLE, START),
    "claims-half": UNCLAIMED.format(HALF, WHOLE, START),
    "claims-a-hundredth-of-the-wall-time": r"sample 1 claims \d+ ns of CPU in \d+ ns on 1 CPUs",
    "claims-half-the-cpu-time": UNCLAIMED.format(HALF, WHOLE, START),
    "works-before-the-timer": UNCLAIMED.format(NONE, WHOLE, START),
    "works-in-another-process": UNCLAIMED.format(NONE, WHOLE, START),
    "works-in-a-process-before-the-timer": UNCLAIMED.format(NONE, WHOLE, START),
}


@pytest.fixture(scope="module")
def image(engine: DockerEngine, base: str, keep: Log, tmp_path_factory: pytest.TempPathFactory) -> Image:
    folder = tmp_path_factory.mktemp("cheats")
    shutil.copytree(CHEATS, folder, dirs_exist_ok=True)
    shutil.copytree(FAULTY / "containers" / "matmul" / "faulty", folder / "containers" / "matmul" / "cheats")
    shutil.copytree(root() / "containers" / "base", folder / "containers" / "base")
    targets = targets_of(load_catalog(folder, matmul.NAME).implementations.values())
    (built,) = build(engine, base, targets, keep, unwatched)
    assert built.failure is None
    return built


@pytest.fixture(scope="module")
def bench(engine: DockerEngine, base: str, keep: Log) -> Iterator[Bench]:
    workload = Workload(N, 4)
    inputs = engine.fill_volume(base, {"a.f64": workload.a.data, "b.f64": workload.b.data})
    try:
        yield Bench(engine, workload, inputs, 60.0, keep, read=lambda: parse_reading(gather()), lender=base)
    finally:
        engine.remove_volume(inputs)


def measured(bench: Bench, image: Image, rung: str, samples: int = SAMPLES) -> Round:
    case, batch = a_case(f"cheats/{rung}", n=N), Batch(rows=N, samples=samples, first=3)
    return measure(bench, image.tag or "", case, batch, 1)


def reason(found: Round) -> str:
    assert found.failure is not None, "it was believed"
    return found.failure.reason


@pytest.mark.podman
def test_an_honest_time_is_believed(bench: Bench, image: Image) -> None:
    found = measured(bench, image, "honest")
    assert found.failure is None
    assert found.accounts is not None
    assert found.accounts.cpu_ns is not None
    claimed_ns = sum(sample.cpu_ns for sample in found.samples)
    assert claimed_ns < found.accounts.cpu_ns < 2 * claimed_ns


@pytest.mark.parametrize(
    "rung", [pytest.param(rung, marks=pytest.mark.podman if rung == "claims-half" else ()) for rung in CAUGHT]
)
def test_a_cheat_is_caught_and_told_what_it_claims_and_what_was_counted(bench: Bench, image: Image, rung: str) -> None:
    assert re.fullmatch(CAUGHT[rung], reason(measured(bench, image, rung)))


def test_who_is_slow_on_purpose_is_believed_within_limits(
    bench: Bench, image: Image, engine: DockerEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "harness.experiments.matmul.untimed.number_ns", lambda: 100.0
    )  # else it depends on this machine
    start = next(entry for entry in startups(engine, [image], 1) if entry.image)
    assert start.accounts is not None
    bench.untimed.startups = {image.tag or "": start.accounts}
    try:
        found = measured(bench, image, "is-slow-when-idle", samples=6)
    finally:
        bench.untimed.startups = {}
    assert re.fullmatch(UNCLAIMED.format(r"0\.3\d+", r"[3-6]\.\d+", r"1\.2\d+"), reason(found))


def test_the_account_is_of_all_processes_and_of_one_container_only(engine: DockerEngine, base: str) -> None:
    """Two processes that use 0.3 s of CPU time each, one the child of the other; then one alone; then none."""
    spend = "t=0; until [ $t -ge 30 ]; do read -r s </proc/$$/stat; set -- $s; t=$((${14} + ${15})); done"  # 1/100 s
    busy = _shell(engine, base, f"sh -c '{spend}' & {spend}; wait $!")
    alone, idle = (_shell(engine, base, script) for script in (spend, "true"))
    assert 0 < idle < 300_000_000 <= alone < 600_000_000 <= busy


def _shell(engine: DockerEngine, base: str, script: str) -> int:
    job = Job(base, ("-c", script), engine.cpus()[:1], 2**26, 16, 60.0, entrypoint=("/bin/sh",))
    ended = engine.run(job)
    assert (ended.code, ended.cpu_ns is None) == (0, False)
    assert 0 < (ended.life_ns or 0) <= ended.elapsed_ns
    return ended.cpu_ns or 0


@pytest.mark.podman
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may remove a control group")
def test_the_control_group_can_be_removed(engine: DockerEngine, base: str, client: docker.DockerClient) -> None:
    facts = client.info()
    parent = parent_of(flavour_of(client.version(), facts).lasting(facts))
    assert parent is not None
    _shell(engine, base, "true")
    assert parent.used_ns()
    assert parent.is_empty()
    parent.remove()
    assert parent.used_ns() == 0
