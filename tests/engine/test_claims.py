"""One harness at a time on an engine, whoever started first, from wherever."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from harness.engine.docker import DockerEngine
from harness.engine.docker.claims import CLAIM_LABEL
from harness.engine.engine import OWNER_LABEL, RUN_LABEL
from harness.engine.owners import owner_of, this_process
from harness.errors import EngineBusyError
from harness.store import new_run_id
from tests.engine.support import HARNESS

pytestmark = pytest.mark.engine

AT_ONCE = 5
CLAIM = (
    "import sys, time; from harness.engine.docker import DockerEngine\n"
    "with DockerEngine(sys.argv[1]).claim('measuring'): print('mine', flush=True); time.sleep(60)"
)


@pytest.fixture
def run_id() -> str:
    return f"test-{new_run_id()}"


@pytest.fixture
def rival(run_id: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the engine."""
    with subprocess.Popen([sys.executable, "-c", CLAIM, run_id], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "mine\n"
        yield process
        process.kill()
    with closing(DockerEngine("clean")) as engine:
        engine.clean(images=False, run=run_id)


def test_who_comes_second_is_told_who_has_the_engine_and_what_to_do(
    rival: subprocess.Popen[str], run_id: str, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    for command in (("compare", "--n", "8", "--out", results), ("build",), ("images",), ("doctor",)):
        ended = subprocess.run([HARNESS, *command], check=False, capture_output=True, text=True)
        assert ended.returncode == 2
        assert f"harness: run {run_id} (process {rival.pid} on " in ended.stderr
        assert "Wait until it has finished (--wait), or stop it." in ended.stderr
    assert not results.exists()


def test_the_claim_of_a_killed_run_does_not_count(rival: subprocess.Popen[str]) -> None:
    rival.kill()
    rival.wait()
    with closing(DockerEngine("test")) as engine, engine.claim("measuring"):
        pass


def test_of_several_at_once_never_two_have_the_engine_and_one_always_has(client: docker.DockerClient) -> None:
    together, done = threading.Barrier(AT_ONCE), threading.Barrier(AT_ONCE)

    def attempt(number: int) -> bool:
        with closing(DockerEngine(f"test-{number}")) as engine, ExitStack() as stack:
            together.wait()
            try:
                stack.enter_context(engine.claim("measuring"))
            except EngineBusyError:
                return False
            finally:
                done.wait()
            return True

    for _ in range(5):
        with ThreadPoolExecutor(AT_ONCE) as threads:
            assert sum(threads.map(attempt, range(AT_ONCE))) == 1
    assert not client.volumes.list(filters={"label": [CLAIM_LABEL, f"{OWNER_LABEL}={this_process().label()}"]})


def test_a_run_of_which_it_cannot_be_told_whether_it_lives_is_respected(
    client: docker.DockerClient, run_id: str
) -> None:
    elsewhere = replace(this_process(), boot="another", host="elsewhere").label()
    volume = client.volumes.create(labels={RUN_LABEL: run_id, OWNER_LABEL: elsewhere, CLAIM_LABEL: "measuring"})
    try:
        with closing(DockerEngine("test")) as engine:
            with pytest.raises(EngineBusyError) as busy, engine.claim("measuring"):
                pass
            assert f"run {run_id} (process {os.getpid()} on elsewhere) may still be using" in str(busy.value)
            assert f"`harness clean --run {run_id}`" in str(busy.value)
            subprocess.run([HARNESS, "clean", "--run", run_id], check=True, capture_output=True)
            with engine.claim("measuring"):
                pass
    finally:
        with closing(DockerEngine("test")) as engine:
            engine.remove_volume(str(volume.name))


def test_a_command_waits_where_it_is_told_to(rival: subprocess.Popen[str], run_id: str, faulty_root: Path) -> None:
    command = [str(HARNESS), "build", "--langs", "faulty", "--wait"]
    environment = {**os.environ, "HARNESS_ROOT": str(faulty_root)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as waiting:
        assert waiting.stderr
        owner = owner_of(str(waiting.pid), waiting.pid)
        assert owner.pid == waiting.pid
        assert waiting.stderr.readline().startswith(f"waiting: run {run_id} ")
        rival.kill()
        rival.wait()
        waiting.communicate(timeout=60)
    assert waiting.returncode == 0
