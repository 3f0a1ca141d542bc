"""An image's program without a container: what is unpacked, and what is run."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from harness.engine.engine import NOT_STARTED, Job, Output
from harness.errors import EngineError
from tests.factories import saved_image
from tests.fake_engine import FakeEngine
from tests.outside import unpacked

JOB = Job(
    image="alpha:1",
    arguments=("run", "naive", "16", "1", "0", "4", "1", "3"),
    cpus=(0,),
    memory_bytes=2**28,
    pids=64,
    timeout_s=10,
    output=Output("/out/c.f64", 512, ""),
)
ENGINE = FakeEngine([], {})
SAVED = saved_image({"matmul": b"old", "lib/runtime": b"r"}, {"matmul": b"no program"})


def test_an_image_is_unpacked_with_its_inputs_and_gone_again() -> None:
    with unpacked([SAVED], {"a.f64": memoryview(b"12345678")}, ENGINE) as host:
        assert (host.root / "matmul").read_bytes() == b"no program"  # the upper layer's
        assert (host.root / "lib/runtime").read_bytes() == b"r"
        assert (host.root / "data/a.f64").read_bytes() == b"12345678"
        assert (host.entrypoint, host.environment) == (("/matmul",), {"LANG": "C.UTF-8"})
        assert (host.cpus(), host.memory_bytes()) == (ENGINE.cpus(), ENGINE.memory_bytes())
    assert not host.root.exists()


@pytest.mark.parametrize(("user", "maps"), [(0, False), (1000, True)], ids=["root", "another user"])
def test_the_program_gets_the_containers_cpus_and_a_root_of_its_own(
    user: int, *, maps: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unpacked([SAVED], {}, ENGINE) as host:
        monkeypatch.setattr(os, "geteuid", lambda: user)
        command = host.command(replace(JOB, cpus=(0, 1)))
    assert [Path(command[0]).name, *command[1:3]] == ["taskset", "--cpu-list", "0,1"]
    assert Path(command[3]).name == "unshare"
    assert ("--map-root-user" in command, "--userspec=65534:65534" in command) == (maps, not maps)
    assert command[-2 - len(JOB.arguments) :] == [str(host.root), "/matmul", *JOB.arguments]


def test_what_does_not_start_has_an_end_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    with unpacked([SAVED], {}, ENGINE) as host:
        monkeypatch.setattr(type(host), "command", lambda _host, _job: ["/nonesuch"])
        ended = host.run(JOB)
    assert (ended.code, ended.output) == (NOT_STARTED, None)
    assert b"/nonesuch" in ended.stderr


@pytest.mark.parametrize(
    ("command", "code", "stdout"),
    [(["/bin/sh", "-c", "echo said; exit 3"], 3, b"said\n"), (["/bin/sh", "-c", "kill -9 $$"], 137, b"")],
)
def test_an_end_is_told_as_an_engine_tells_it(
    command: list[str], code: int, stdout: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unpacked([SAVED], {}, ENGINE) as host:
        monkeypatch.setattr(type(host), "command", lambda _host, _job: command)
        ended = host.run(JOB)
    assert (ended.code, ended.stdout, ended.timed_out) == (code, stdout, False)


def test_what_hangs_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    with unpacked([SAVED], {}, ENGINE) as host:
        monkeypatch.setattr(type(host), "command", lambda _host, _job: ["sleep", "60"])
        ended = host.run(replace(JOB, timeout_s=0.1))
    assert (ended.code, ended.timed_out) == (137, True)


def test_an_archive_that_is_none_is_explained() -> None:
    with pytest.raises(EngineError, match="could not be unpacked"), unpacked([b"no archive"], {}, ENGINE):
        pass
