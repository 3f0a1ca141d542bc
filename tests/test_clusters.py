"""Workers that harness starts itself: over SSH, to a server that a test runs, and by a Slurm that is two scripts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import harness.cli.fleet
from harness.fleet.record import FleetFolder
from tests.conftest import Command

REPOSITORY = Path(__file__).parent.parent
CHOSEN = "--langs c --rungs naive --baseline c/naive --n 8 --budget 0.05 --rounds 1 --threads 1 --unfit".split()  # noqa: SIM905
SBATCH = """#!/bin/sh
# The job script is gone when this returns.
cp "$1" "$JOBS/script.$$"
grep SBATCH "$1" >>"$JOBS/asked"
setsid sh "$JOBS/script.$$" >"$JOBS/log.$$" 2>&1 </dev/null &
echo $! >"$JOBS/job.$!"
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/sh
for job in "$@"; do kill -- -"$job" 2>/dev/null; rm -f "$JOBS/job.$job"; done
"""


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Worker processes with scripted engines."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.setenv("DASK_DISTRIBUTED__WORKER__PRELOAD", "['tests.fleet_preload']")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(harness.cli.fleet, "IDLE_S", 0.0)


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Of an SSH server; whatever was started through it ends with it."""
    command = [sys.executable, "-m", "tests.ssh_server", str(tmp_path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=REPOSITORY, start_new_session=True, stdin=pipe, stdout=pipe) as server:
        assert server.stdout
        yield int(server.stdout.readline())
        os.killpg(server.pid, signal.SIGKILL)


def test_hosts_of_a_file_are_reached_over_ssh_with_a_certificate_of_the_run(
    port: int, harness: Command, tmp_path: Path
) -> None:
    how = f"user=test port={port} key={tmp_path}/key known_hosts={tmp_path}/known"
    (tmp_path / "hosts").write_text(f"127.0.0.1 {how}\n127.0.0.2 {how} # nobody listens there\n")
    ended = harness("compare", "--fleet", "hosts", *CHOSEN)
    (path,) = (tmp_path / "results").iterdir()
    members = FleetFolder(path).members
    assert ended.code == 0, ended.err
    assert {name: member.state for name, member in members.items()} == {
        "127.0.0.1": "finished",
        "127.0.0.2": "left out",
    }
    assert "could not be started over SSH" in members["127.0.0.2"].reason
    told = (tmp_path / "told").read_text()
    assert "dask_spec tls://" in told
    assert "PRIVATE KEY" not in told
    kept = next(command for command in told.splitlines() if "dask.pem" in command)
    assert not Path(kept.split("mkdir ")[1].split()[0]).exists()  # it is gone with the worker


def test_slurm_is_asked_for_a_job_a_machine(harness: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("JOBS", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    ended = harness("compare", "--fleet", "slurm:machines=1,queue=long,interface=lo", *CHOSEN)
    assert ended.code == 0, ended.err
    (path,) = (tmp_path / "results").iterdir()
    assert [member.state for member in FleetFolder(path).members.values()] == ["finished"]
    asked = (tmp_path / "asked").read_text()
    assert "--exclusive" in asked
    assert "-p long" in asked
    assert not list(tmp_path.glob("job.*"))
