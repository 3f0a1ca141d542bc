"""Three machines with engines of their own: one loses its power and comes back, one has no engine at first."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from harness.engine.docker import DockerEngine
from harness.experiments import matmul
from harness.fleet.record import FleetFolder
from harness.images.base import DEBIAN, MADE_HERE
from harness.images.catalog import load_catalog
from harness.images.recipes import build_if_missing, plan_of
from harness.model.journal import Image, Resumed, Round
from harness.model.many import FleetComparison
from harness.store import load_journal, load_run
from tests.engine.machines import Rack, until
from tests.engine.own_engine import only_with_an_own_engine
from tests.engine.support import HARNESS, skip_on_podman

pytestmark = pytest.mark.engine

OPTIONS = [
    "--langs",
    "faulty",
    "--rungs",
    "honest",
    "--baseline",
    "faulty/honest",
    "--reference",
    "faulty",
    "--n",
    "16",
    "--threads",
    "1",
    "--seed",
    "7",
    "--rounds",
    "4",
    "--budget",
    "0",
    "--unfit",
]
ENDING_S = 240


@pytest.fixture
def rack(client: docker.DockerClient) -> Iterator[Rack]:
    skip_on_podman(client)
    with tempfile.TemporaryDirectory(prefix="rack-") as folder:  # in memory: three engines' images come and go
        subprocess.run(["mount", "-t", "tmpfs", "rack", folder], check=True)
        rack = Rack(Path(folder))
        try:
            yield rack
        finally:
            rack.close()
            subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def packages(engine: DockerEngine, base: str, faulty_root: Path, client: docker.DockerClient) -> list[str]:
    """What a machine without a network cannot make: Debian, the base, and what a recipe's packages stage installed."""
    plan = plan_of(load_catalog(faulty_root, matmul.NAME).implementations["faulty"], base)
    build_if_missing(engine, plan, lambda _: None, ships=True)
    debian = next(tag for tag in (DEBIAN, MADE_HERE) if client.images.list(name=tag))
    return [debian, base, *(recipe.tag for recipe in plan.packages)]


def rounds_in(folder: FleetFolder, name: str) -> int:
    path = folder.runs().get(name)
    return sum(isinstance(entry, Round) for entry in load_run(path)) if path else 0


@only_with_an_own_engine
def test_a_rack_of_which_one_dies_and_one_refuses_is_measured_whole(
    rack: Rack, packages: list[str], faulty_root: Path, tmp_path: Path
) -> None:
    one, two, three = (rack.machine(name) for name in ("one", "two", "three"))
    one.start()
    one.wait_for_engine()
    with subprocess.Popen(["docker", "save", *packages], stdout=subprocess.PIPE) as saved:  # what they share only once
        subprocess.run(["docker", "--host", one.engine, "load"], stdin=saved.stdout, check=True, capture_output=True)
    two.start()
    three.start(engine=False)
    until(lambda: all(machine.joined() for machine in rack.machines))

    results = tmp_path / "results"
    command = [*rack.inside, str(HARNESS), "compare", "--out", str(results)]
    environment = {**rack.environment, "HARNESS_ROOT": str(faulty_root), "DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
    with (tmp_path / "said").open("wb") as said:
        leading = subprocess.Popen(
            [*command, "--fleet", rack.address, *OPTIONS], stdout=said, stderr=said, env=environment
        )
        try:
            until(results.exists)
            (path,) = results.iterdir()
            until(
                lambda: rounds_in(FleetFolder(path), "two") >= 2 or leading.poll() is not None, ENDING_S
            )  # its journal comes back as it grows
            two.kill()
            until(lambda: FleetFolder(path).members["two"].state == "lost")
            before = FleetFolder(path).journal_of("two")
            two.start()
            assert leading.wait(timeout=ENDING_S) == 0, (tmp_path / "said").read_text()
        finally:
            leading.kill()
            leading.wait()
    folder = FleetFolder(path)
    assert {name: member.state for name, member in folder.members.items()} == {
        "one": "finished",
        "two": "finished",
        "three": "left out",
    }
    assert "engine" in folder.members["three"].reason
    assert folder.journal_of("two").startswith(before)
    assert any(isinstance(entry, Resumed) for entry in load_run(folder.runs()["two"]))

    unchanged = folder.journal_of("one")
    three.kill()
    three.start()
    until(lambda: (three.folder / "log").read_bytes().count(b"Registered to") == 2)
    again = subprocess.run(
        [*command, "--resume", path.name],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=ENDING_S,
    )
    assert again.returncode == 0, again.stderr
    folder = FleetFolder(path)
    assert folder.journal_of("one") == unchanged
    check_all_finished(folder)


def check_all_finished(folder: FleetFolder) -> None:
    """Whole journals of all three, of the same images, set side by side."""
    runs = {name: load_journal(path) for name, path in folder.runs().items()}
    assert {name: journal.entries[-1].kind for name, journal in runs.items()} == dict.fromkeys(
        ["one", "two", "three"], "finished"
    )
    assert all(journal.chain.breaks == () for journal in runs.values())
    images = [{(it.name, it.digest) for it in journal.entries if isinstance(it, Image)} for journal in runs.values()]
    assert images[0]
    assert images[0] == images[1] == images[2]
    comparison = FleetComparison.model_validate_json((folder.path / "report.json").read_text())
    assert comparison.warnings == ()
    assert [(machine.name, machine.state) for machine in comparison.machines] == [
        ("one", "finished"),
        ("three", "finished"),
        ("two", "finished"),
    ]
    for machine in comparison.machines:
        assert machine.run
        assert machine.run.problems == ()
        assert [(row.name, row.outcome) for row in machine.run.rows] == [("faulty/honest", "measured")]
