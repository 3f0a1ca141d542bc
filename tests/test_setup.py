"""Setting a machine up: what is installed, what is left alone, and what is refused; on a machine of pretence."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.errors import EngineError, EngineRefusedError
from harness.images import setup
from harness.images.base import DEBIAN, MADE_HERE
from tests.fake_engine import FakeEngine

NO_ENGINE = EngineError("no container engine answers")
REFUSED = EngineRefusedError("you may not use it")


class Offline(FakeEngine):
    """An engine for which no registry answers."""

    def pull(self, image: str) -> str | None:
        del image
        return "no registry answers"


@dataclass
class Pretence:
    """A machine: the programs it has, how its engine answers from call to call, and the commands that were run."""

    programs: set[str] = field(default_factory=lambda: {"apt-get", "sudo"})
    answers: list[FakeEngine | EngineError] = field(default_factory=lambda: [NO_ENGINE])
    chosen: str | None = None
    exit_code: int = 0
    commands: list[list[str]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def engine(self, _: str) -> FakeEngine:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, EngineError):
            raise answer
        return answer

    def run(self, command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        self.commands.append(command)
        return subprocess.CompletedProcess(command, self.exit_code, "", "E: it went wrong")

    def which(self, program: str, path: str | None = None) -> str | None:
        del path
        return program if program in self.programs else None

    def ran(self, text: str) -> bool:
        return any(text in " ".join(command) for command in self.commands)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Pretence:
    pretence = Pretence()
    monkeypatch.delenv("HARNESS_NO_INSTALL", raising=False)
    monkeypatch.setattr(setup, "DockerEngine", pretence.engine)
    monkeypatch.setattr(setup, "chosen_engine", lambda: pretence.chosen)
    monkeypatch.setattr(setup, "SYSTEMD", tmp_path / "missing")
    monkeypatch.setattr(setup, "POLL_S", 0)
    monkeypatch.setattr(shutil, "which", pretence.which)
    monkeypatch.setattr(subprocess, "run", pretence.run)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return pretence


def test_where_all_is_there_nothing_is_done(machine: Pretence) -> None:
    machine.answers = [FakeEngine([], {}, images={DEBIAN})]
    setup.set_up(machine.said.append)
    assert (machine.commands, machine.said) == ([], [])


def test_a_missing_engine_is_installed_and_started_and_said_so_first(machine: Pretence) -> None:
    machine.answers = [NO_ENGINE, NO_ENGINE, FakeEngine([], {}, images={DEBIAN})]
    setup.set_up(machine.said.append)
    assert machine.ran("install --yes --no-install-recommends docker.io")
    assert machine.ran("dockerd")
    assert machine.said[0].splitlines() == [
        "harness sets up this machine, as root:",
        "  - install docker.io (on Debian 13 also docker-cli) from the distribution's packages",
        f"  - start the container engine (dockerd in the background, log in {setup.DAEMON_LOG})",
        "  - where Debian's image cannot be pulled, install mmdebstrap debian-archive-keyring uidmap, to make it from "
        "packages",
        "docs/SETUP.md says how to undo each; HARNESS_NO_INSTALL=1 refuses them all.",
    ]
    assert "installing docker.io" in machine.said[1]


@pytest.mark.parametrize("brought", [set(), {"docker"}], ids=["Debian 13", "Debian 12"])
def test_a_command_that_did_not_come_with_the_engine_is_installed_too(
    brought: set[str], machine: Pretence, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.answers = [NO_ENGINE, FakeEngine([], {}, images={DEBIAN})]

    def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        if "docker.io" in command:
            machine.programs |= {"dockerd"} | brought
        return machine.run(command, **options)

    monkeypatch.setattr(subprocess, "run", run)
    setup.set_up(machine.said.append)
    assert machine.ran("install --yes --no-install-recommends docker-cli") == (not brought)


def test_an_installed_engine_is_only_started_and_by_systemd_where_it_runs(
    machine: Pretence, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(setup, "SYSTEMD", tmp_path)
    machine.programs.add("dockerd")
    machine.answers = [NO_ENGINE, FakeEngine([], {}, images={DEBIAN})]
    setup.set_up(machine.said.append)
    assert machine.commands == [["systemctl", "start", "docker"]]


@pytest.mark.parametrize("joined", [False, True])
def test_an_engine_that_was_just_started_is_opened_to_its_user_by_the_distribution_s_group_alone(
    joined: bool, machine: Pretence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(setup, "user", lambda: "ada")
    monkeypatch.setattr(setup, "has_joined", lambda group: joined and group == "docker")
    machine.programs |= {"dockerd", "mmdebstrap"}
    machine.answers = [NO_ENGINE, REFUSED]
    with pytest.raises(EngineRefusedError, match="Log in again, or run `newgrp docker`; then run this again"):
        setup.set_up(machine.said.append)
    assert all(command[0] == "sudo" for command in machine.commands)
    assert not machine.ran("chgrp")
    assert machine.ran("usermod --append --groups docker ada") is not joined
    assert ("add ada to the group docker, whose members" in machine.said[0]) is not joined
    assert "through sudo:" in machine.said[0]


@pytest.mark.parametrize(("answer", "chosen"), [(NO_ENGINE, "an address"), (REFUSED, None)])
def test_an_engine_that_the_user_must_fix_is_left_alone(
    answer: EngineError, chosen: str | None, machine: Pretence
) -> None:
    machine.answers, machine.chosen = [answer], chosen
    with pytest.raises(EngineError, match=str(answer)):
        setup.set_up(machine.said.append)
    assert machine.commands == []


@pytest.mark.parametrize(
    ("programs", "by_hand"),
    [
        ({"apt-get"}, "By hand: sudo apt-get install --no-install-recommends docker.io"),
        ({"apt-get", "dockerd"}, "By hand: sudo systemctl start docker, or sudo dockerd"),
    ],
)
def test_no_install_refuses_and_says_what_to_do_by_hand(
    programs: set[str], by_hand: str, machine: Pretence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_NO_INSTALL", "1")
    machine.programs = programs
    with pytest.raises(EngineError, match=f"HARNESS_NO_INSTALL=1 forbids doing it.\n{by_hand}"):
        setup.set_up(machine.said.append)
    assert machine.commands == []


def test_without_apt_get_the_user_is_asked_to_install_an_engine(machine: Pretence) -> None:
    machine.programs = set()
    with pytest.raises(EngineError, match="there is no apt-get here: install a container engine"):
        setup.set_up(machine.said.append)


def test_without_sudo_the_command_is_named(machine: Pretence, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    machine.programs = {"apt-get"}
    with pytest.raises(EngineError, match=r"root is needed for `.*apt-get.*`, and there is no sudo"):
        setup.set_up(machine.said.append)


def test_a_command_that_fails_is_named_with_what_it_said(machine: Pretence) -> None:
    machine.exit_code = 100
    with pytest.raises(EngineError, match=r"`.*apt-get -qq update` failed:\nE: it went wrong"):
        setup.set_up(machine.said.append)


def test_an_engine_that_does_not_start_in_its_time_ends_with_its_log(
    machine: Pretence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "START_S", 0)
    machine.programs.add("dockerd")
    with pytest.raises(EngineError, match=r"did not start in 0 s: see .*\.log"):
        setup.set_up(machine.said.append)


def test_what_makes_debian_is_installed_where_no_registry_answers(
    machine: Pretence, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Offline([], {})
    machine.answers = [engine]

    def install(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        machine.commands.append(command)
        engine.images.add(MADE_HERE)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", install)
    setup.set_up(machine.said.append)
    assert machine.ran("install --yes --no-install-recommends mmdebstrap debian-archive-keyring")
