"""A run that is interrupted, killed or robbed of a container leaves nothing behind and keeps what it measured."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import APIError
from docker.models.containers import Container

from harness.experiments import matmul
from harness.experiments.matmul.ladder import cases_of, first_row
from harness.images.catalog import load_catalog
from harness.measure.plan import shuffled
from harness.model.journal import Round
from harness.store import load_run
from tests.engine.support import HARNESS, is_by, is_podman, left_by
from tests.factories import some_options

pytestmark = pytest.mark.engine

HONEST, HANG = "honest", "hang"
HANGING = 6  # the round
N = 16
PATIENCE_S = 40  # all that follows on a signal comes within; the container that hangs is left alone for 60 s
BEGINNING_S = 150  # on a busy machine, until there is something to interrupt


def containers(client: docker.DockerClient, began: int, **filters: str) -> Iterator[Container]:
    """Containers as something happens to them, while they are still there."""
    wanted: dict[str, str | list[str] | bool] = {"type": "container", **filters}
    for event in client.events(since=began, until=began + BEGINNING_S, filters=wanted, decode=True):
        try:
            yield client.containers.get(event["id"])
        except APIError as error:  # gone by now, which Podman may tell as an error of its own
            if error.status_code != HTTPStatus.NOT_FOUND and "no such container" not in str(error):
                raise
    raise TimeoutError(f"not within {BEGINNING_S} s: {filters}")


@dataclass
class Comparison:
    """A `harness compare` of an honest rung and, after it, of one that hangs in round HANGING."""

    process: subprocess.Popen[bytes]
    results: Path
    began: int
    client: docker.DockerClient

    def hanging(self, action: str) -> Container:
        """Wait until something happens to the first container that hangs."""
        some = containers(self.client, self.began, event=action)  # Podman's events know no label without its value
        ours = (container for container in some if is_by(self.process.pid, container.labels))
        commands = ((container, container.attrs["Config"]["Cmd"]) for container in ours)
        return next(
            container for container, command in commands if command[:2] == ["run", HANG] and int(command[4]) % 2
        )

    def ended(self) -> int:
        return self.process.wait(timeout=PATIENCE_S)

    def left(self) -> list[str]:
        return left_by(self.client, self.process.pid)

    def rows(self) -> dict[str, dict[str, Any]]:
        """What `harness report` tells of the run, by rung."""
        (run,) = self.results.iterdir()
        command = (HARNESS, "report", run.name, "--format", "json", "--out", self.results)
        document = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        return {row["rung"]: row for row in document["rows"]}

    def succeeded(self, rung: str) -> list[int]:
        """The rounds in which a rung's container did as asked. Whether its times are steady is no test's matter."""
        (run,) = self.results.iterdir()
        rounds = [entry for entry in load_run(run) if isinstance(entry, Round) and not entry.case.control]
        return [entry.number for entry in rounds if entry.case.rung == rung and not entry.failure]


@pytest.fixture(scope="module")
def seed(faulty_root: Path) -> int:
    """A seed by which the planted rung hangs in round HANGING only, and there after all others."""
    manifest = load_catalog(faulty_root, matmul.NAME).implementations["faulty"].manifest
    options = some_options(
        langs=("faulty",), rungs=(HONEST, HANG), n=N, threads=(1,), reference="faulty", controls=True
    )
    cases = cases_of([manifest], options)
    return next(
        seed
        for seed in range(100_000)
        if [first_row(N, seed, number) % 2 for number in range(1, HANGING + 1)] == [0] * (HANGING - 1) + [1]
        and shuffled(cases, seed, HANGING)[-1].rung == HANG
    )


@pytest.fixture
def comparison(
    faulty_root: Path, base: str, seed: int, client: docker.DockerClient, tmp_path: Path
) -> Iterator[Comparison]:
    assert base  # built already, so that no build is interrupted
    results = tmp_path / "results"
    what = f"--langs faulty --rungs {HONEST},{HANG} --baseline faulty/{HONEST} --reference faulty"
    options = f"{what} --n {N} --rounds {HANGING} --budget 0 --seed {seed}".split()
    with (tmp_path / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            [HARNESS, "compare", *options, "--out", results],
            env={**os.environ, "HARNESS_ROOT": str(faulty_root)},
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )
    comparison = Comparison(process, results, int(time.time()), client)
    try:
        yield comparison
    finally:
        process.kill()
        process.wait()
        subprocess.run([HARNESS, "clean"], check=True, capture_output=True)


@pytest.mark.parametrize("action", ["create", "start"])
@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.podman), signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing_and_keeps_what_it_measured(
    number: signal.Signals, action: str, comparison: Comparison, tmp_path: Path
) -> None:
    comparison.hanging(action)
    comparison.process.send_signal(number)
    assert comparison.ended() == 128 + number
    assert comparison.left() == []
    (run,) = comparison.results.iterdir()
    assert f"harness report {run.name}" in (tmp_path / "stderr").read_text()
    assert comparison.rows().keys() == {HONEST, HANG}
    assert comparison.succeeded(HONEST) == list(range(1, HANGING + 1))
    assert comparison.succeeded(HANG) == list(range(1, HANGING))  # and nothing of the container that was interrupted


@pytest.fixture
def nap(faulty_root: Path, base: str, tmp_path: Path) -> str:
    """What a step of a build in tmp_path runs, for an hour, as no other process does."""
    assert base  # built already, so that it is this build that is interrupted
    shutil.copytree(faulty_root, tmp_path, dirs_exist_ok=True)
    nap = f"sleep {3600 + secrets.randbelow(10**9)}"
    recipe = tmp_path / "containers" / "matmul" / "unbuildable" / "Dockerfile"
    recipe.write_text(f"ARG BASE\nFROM ${{BASE}} AS final\nRUN {nap}\nRUN touch /more\n")
    return nap


@contextmanager
def building(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A build, which ends with 130 when it is interrupted."""
    command = [str(HARNESS), "build", "--langs", "unbuildable"]
    environment = {**os.environ, "HARNESS_ROOT": str(folder)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=PATIENCE_S) == 128 + signal.SIGINT
        finally:
            process.kill()


@pytest.mark.podman
def test_an_interrupted_build_leaves_no_container(nap: str, client: docker.DockerClient, tmp_path: Path) -> None:
    if is_podman(client):
        check_that_podman_drops_a_build(nap, client, tmp_path)
        return
    began = int(time.time())
    with building(tmp_path):
        started = containers(client, began, event="start")
        step = next(each for each in started if nap in (each.attrs["Config"]["Cmd"] or ()))
    gone = client.events(
        since=began, until=int(time.time()) + PATIENCE_S, filters={"event": "destroy", "type": "container"}, decode=True
    )
    assert step.id in (event["id"] for event in gone)


def check_that_podman_drops_a_build(nap: str, client: docker.DockerClient, folder: Path) -> None:
    """It goes on with the step that runs, which nothing but the step's end stops, and then leaves nothing of it."""
    before = build_containers(client)
    with building(folder):
        until(lambda: bool(processes(nap)))
        assert build_containers(client) > before
    for pid in processes(nap):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    until(lambda: build_containers(client) == before)
    assert processes(nap) == []


def build_containers(client: docker.DockerClient) -> set[str]:
    """The ids of those that Podman's builder works in, which its Docker-compatible calls do not list."""
    listed = client.api.get(f"{client.api.base_url}/v4.0.0/libpod/containers/json?all=true&external=true")
    return {each["Id"] for each in listed.json() if each["State"] == "storage"}


def processes(command: str) -> list[int]:
    """Those of this machine whose command line contains that."""
    words = command.replace(" ", "\0").encode(), command.encode()
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            line = place.read_bytes()
            found += [int(place.parent.name)] if any(each in line for each in words) else []
    return found


def until(is_so: Callable[[], bool]) -> None:
    """Wait for something that comes within our patience."""
    deadline = time.monotonic() + BEGINNING_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_clean_removes_what_a_killed_run_left(comparison: Comparison) -> None:
    comparison.hanging("start")
    comparison.process.kill()
    comparison.ended()
    assert comparison.left()
    subprocess.run([HARNESS, "clean"], check=True, capture_output=True)
    assert comparison.left() == []
    assert comparison.rows().keys() == {HONEST, HANG}
    assert comparison.succeeded(HONEST) == list(range(1, HANGING + 1))


def test_a_container_killed_by_hand_fails_its_case_alone(comparison: Comparison) -> None:
    comparison.hanging("start").kill()
    assert comparison.ended() == 1
    assert comparison.left() == []
    rows = comparison.rows()
    assert comparison.succeeded(HONEST)[:HANGING] == list(range(1, HANGING + 1))
    assert (rows[HANG]["outcome"], rows[HANG]["seconds"]) == ("failed", None)
    assert rows[HANG]["reason"].startswith("killed (SIGKILL), not by harness")
    (run,) = comparison.results.iterdir()
    command = (HARNESS, "compare", "--resume", run.name, "--out", comparison.results)
    again = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (again.returncode, "has finished" in again.stderr) == (1, True)
