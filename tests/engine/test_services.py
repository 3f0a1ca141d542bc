"""Services on the real engine: what is needed for them of it, and a run that is killed, resumed and reported."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from harness.engine.docker import DockerEngine
from harness.engine.engine import NOT_STARTED, Exit, Job, Service
from harness.images.catalog import root
from harness.model.journal import Own, Round
from harness.runs import find_run
from harness.store import JOURNAL, load_run
from tests.engine.support import HARNESS

pytestmark = pytest.mark.engine

SERVICES = Path(__file__).parent / "services"
ASKED = "--scenarios page --rounds 1 --budget 0 --precision 0 --seconds 0.3 --warm-up 0.2 --seed 3"
PATIENCE_S = 200


def job(base: str, script: str) -> Job:
    return Job(base, ("-c", script), (0,), 2**27, 64, 20.0, entrypoint=("/bin/bash",))


def begun(stack: ExitStack, engine: DockerEngine, job: Job) -> Service:
    found = stack.enter_context(engine.serve(job))
    assert not isinstance(found, Exit)
    return found


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


# --- the engine ------------------------------------------------------------------------------------------------


def test_a_service_shares_the_loopback_of_another_and_has_no_other_interface(
    engine: DockerEngine, base: str, stack: ExitStack
) -> None:
    first = begun(stack, engine, job(base, "sleep 0.3; exec 3<>/dev/tcp/127.0.0.1/9 || echo refused; sleep 9"))
    second = begun(stack, engine, replace(job(base, "cat /proc/net/dev"), network=first.network))
    ended = second.wait()
    assert (ended.code, ended.timed_out) == (0, False)
    assert {line.split(":")[0].strip() for line in ended.stdout.decode().splitlines()[2:]} == {"lo"}
    assert first.is_running()
    assert b"refused" in first.stop(0.1).stdout  # and it listens to no signal, so that it is killed


def test_what_a_service_uses_is_read_while_it_runs(engine: DockerEngine, base: str, stack: ExitStack) -> None:
    served = begun(stack, engine, job(base, "while :; do :; done"))
    before = served.account()
    time.sleep(0.5)
    after = served.account()
    assert before is not None
    assert after is not None
    assert 0 < after.cpu_ns - before.cpu_ns <= 1.5 * (after.at_ns - before.at_ns)
    assert 0 < after.resident_bytes < 2**27
    ended = served.stop(0.1)
    assert (ended.timed_out, ended.code) == (True, 137)
    assert served.account() is None


def test_a_service_that_listens_ends_by_itself_when_it_is_told(
    engine: DockerEngine, base: str, stack: ExitStack
) -> None:
    served = begun(stack, engine, job(base, "trap 'echo bye; exit 3' TERM; while :; do sleep 0.05; done"))
    time.sleep(0.3)
    ended = served.stop(10.0)
    assert (ended.timed_out, ended.code, ended.stdout) == (False, 3, b"bye\n")
    assert not served.is_running()


def test_what_cannot_be_started_is_an_end_with_the_reason(engine: DockerEngine, base: str) -> None:
    with engine.serve(replace(job(base, ""), entrypoint=("/nonesuch",))) as found:
        assert isinstance(found, Exit)
        assert found.code == NOT_STARTED
        assert b"nonesuch" in found.stderr


# --- a run -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def place(engine: DockerEngine, base: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small service, one that serves another page, and the load generator; results go there too."""
    assert engine.image_digest(base)
    folder = tmp_path_factory.mktemp("services")
    shutil.copytree(SERVICES, folder, dirs_exist_ok=True)
    for each in ("base", "web/load"):
        shutil.copytree(root() / "containers" / each, folder / "containers" / each)
    for each in ("implementations", "containers"):
        shutil.copytree(folder / each / "web" / "c", folder / each / "web" / "wrong")
    source = folder / "implementations" / "web" / "wrong" / "web.c"
    source.write_text(f"#define FAULT\n{source.read_text()}")
    return folder


def started(place: Path, *words: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "HARNESS_ROOT": str(place)}
    pipe = subprocess.PIPE
    return subprocess.Popen([HARNESS, *words], env=environment, cwd=place, stdout=pipe, stderr=pipe, text=True)


def done(place: Path, *words: str, code: int = 0) -> str:
    process = started(place, *words)
    out, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == code, out + said
    return out


def rounds_of(place: Path) -> list[Round]:
    return [entry for entry in load_run(find_run(place / "results", "latest")) if isinstance(entry, Round)]


def test_services_are_measured_resumed_after_a_kill_verified_compared_and_reported(place: Path) -> None:
    killed = started(place, "web", "compare", *ASKED.split())
    deadline = time.monotonic() + PATIENCE_S
    while not any('"kind":"round"' in path.read_text() for path in (place / "results").glob(f"*/{JOURNAL}")):
        assert killed.poll() is None, killed.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    begun_with = len(rounds_of(place))
    done(place, "web", "compare", "--resume", "latest", code=1)
    folder = find_run(place / "results", "latest")
    entries = load_run(folder)
    assert (len(rounds_of(place)) > begun_with, entries[-1].kind) == (True, "finished")
    assert [entry.name for entry in entries if isinstance(entry, Own)] == ["limit-page-1"]

    report = json.loads(done(place, "report", "latest", "--format", "json", "--verify"))
    rows = {row["implementation"]: row for row in report["rows"]}
    assert {name: row["outcome"] for name, row in rows.items()} == {"c": "measured", "wrong": "failed"}
    assert rows["wrong"]["reason"].startswith("/ was answered with other bytes than are due")
    found = {each["metric"]: each["value"]["value"] for each in report["measured"]}
    assert 1e-6 < found["cpu_s"] < 1e-2
    assert found["cpu_s"] * found["rate"] <= 1.5  # of one CPU
    assert 0 < found["p50_s"] < 5
    assert 0 < found["start_s"] < 30
    assert 0 < found["idle_bytes"] <= found["loaded_bytes"] < 2**30
    assert "Size against" in (folder / "report.html").read_text()
    assert "c/page" in done(place, "diff", "latest", "latest")
