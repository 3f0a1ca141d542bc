"""Whose process made a thing, and whether it still runs: told from this machine's own, and never guessed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.engine import owners
from harness.engine.engine import OLD_OWNER_LABEL, OLD_RUN_LABEL
from harness.engine.owners import Life, OldOwner, Owner, life_of, owner_of, parse_owner, this_process

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
NO_PROCESS = 4_194_305  # one more than any kernel gives


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    """Another process of this machine."""
    with subprocess.Popen(SLEEP, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout
        assert started.stdout.readline() == "up\n"
        yield started
        started.kill()


@pytest.fixture
def other(process: subprocess.Popen[str]) -> Owner:
    return owner_of(str(process.pid), process.pid)


def test_a_process_keeps_its_label_though_the_clock_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    before = this_process()
    monkeypatch.setattr("harness.engine.owners._boot_s", lambda: before.start_s + 1)
    assert this_process() == before


def test_a_process_is_alive_until_it_ends(process: subprocess.Popen[str], other: Owner) -> None:
    assert life_of(this_process(), engine_is_here=True) is Life.ALIVE
    assert life_of(other, engine_is_here=False) is Life.ALIVE
    process.kill()
    process.wait()
    assert life_of(other, engine_is_here=False) is Life.DEAD


def test_one_whose_parent_has_not_asked_how_it_ended_is_dead(process: subprocess.Popen[str], other: Owner) -> None:
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert life_of(other, engine_is_here=True) is Life.DEAD


def test_a_number_that_is_used_again_is_another_process(other: Owner) -> None:
    before = replace(other, start_ticks=other.start_ticks - 1)
    assert life_of(before, engine_is_here=True) is Life.DEAD


def test_another_machine_with_this_one_s_name_and_numbers_is_not_judged() -> None:
    elsewhere = replace(this_process(), boot="another", machine="another")
    assert life_of(elsewhere, engine_is_here=True) is Life.ELSEWHERE
    assert life_of(replace(elsewhere, boot=""), engine_is_here=True) is Life.ELSEWHERE


def test_this_machine_before_it_restarted_has_ended_where_the_engine_is_its_own() -> None:
    before = replace(this_process(), boot="another", machine="its own", start_s=1)
    mine = replace(this_process(), machine="its own")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owners, "this_process", lambda: mine)
        assert life_of(before, engine_is_here=True) is Life.DEAD
        assert life_of(before, engine_is_here=False) is Life.ELSEWHERE  # a copy of this machine may use it too
        assert (
            life_of(replace(before, start_s=mine.start_s), engine_is_here=True) is Life.ELSEWHERE
        )  # since the restart
        assert life_of(replace(before, host="another"), engine_is_here=True) is Life.ELSEWHERE
        assert life_of(replace(before, machine=""), engine_is_here=True) is Life.ELSEWHERE
        patch.setattr(owners, "this_process", lambda: replace(mine, machine=""))
        assert life_of(replace(before, machine=""), engine_is_here=True) is Life.ELSEWHERE


def test_a_pid_namespace_that_cannot_be_looked_into_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    contained = replace(this_process(), pid_namespace=1, start_ticks=1)
    monkeypatch.setattr(owners, "FIRST_PID_NAMESPACE", 2)
    assert life_of(contained, engine_is_here=True) is Life.CONTAINED


def test_processes_that_are_hidden_are_not_taken_for_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    gone = replace(this_process(), start_ticks=1)
    mine = this_process()
    monkeypatch.setattr(owners, "this_process", lambda: mine)
    monkeypatch.setattr(owners, "PROC", tmp_path)
    assert life_of(gone, engine_is_here=True) is Life.CONTAINED


def test_the_id_of_the_machine_is_not_given_away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(owners, "MACHINE_ID", tmp_path / "machine-id")
    assert owner_of("self", os.getpid()).machine == ""
    (tmp_path / "machine-id").write_text("uninitialized\n", encoding="utf-8")
    assert owner_of("self", os.getpid()).machine == ""
    (tmp_path / "machine-id").write_text("a1" * 16 + "\n", encoding="utf-8")
    assert len(owner_of("self", os.getpid()).machine) == 16
    assert "a1a1" not in owner_of("self", os.getpid()).label()


@pytest.mark.parametrize(
    "label",
    [
        "",
        "vm",
        "vm:",
        ":1",
        "vm:x",
        "vm:-1",
        "{",
        "[]",
        "1",
        "null",
        "{}",
        '{"pid": "1"}',
        "[" * 100_000,
        "\x00",
        "a:1\n",
    ],
)
def test_a_label_of_others_is_ignored(label: str) -> None:
    assert parse_owner(label) is None


def test_a_label_that_somebody_changed_is_ignored() -> None:
    whole = this_process().label()
    assert parse_owner(whole) == this_process()
    assert parse_owner(whole[:-1]) is None
    assert parse_owner(whole.replace(f'"pid": {os.getpid()}', f'"pid": "{os.getpid()}"')) is None
    assert parse_owner(whole.replace(f'"pid": {os.getpid()}', '"pid": true')) is None
    assert parse_owner(whole.replace('"pid"', '"later": 1, "pid"')) == this_process()


def test_old_labels_count_as_ended_only_where_no_process_of_this_machine_has_their_number(
    process: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owners, "FIRST_PID_NAMESPACE", this_process().pid_namespace)
    here = socket.gethostname()
    assert parse_owner(f"{here}:7") == OldOwner(here, 7)
    assert life_of(OldOwner(here, NO_PROCESS), engine_is_here=True) is Life.DEAD
    assert life_of(OldOwner(here, NO_PROCESS), engine_is_here=False) is Life.OLDER
    assert life_of(OldOwner("another", NO_PROCESS), engine_is_here=True) is Life.OLDER
    assert life_of(OldOwner(here, process.pid), engine_is_here=True) is Life.OLDER
    monkeypatch.setattr(owners, "FIRST_PID_NAMESPACE", 1)
    assert life_of(OldOwner(here, NO_PROCESS), engine_is_here=True) is Life.OLDER


def in_a_pid_namespace_of_its_own(*options: str) -> subprocess.Popen[str]:
    """A process that prints its own label and waits; as root, or in a user namespace of its own."""
    code = "from harness.engine.owners import *; import time; print(this_process().label(), flush=True); time.sleep(60)"
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return subprocess.Popen(
        ["unshare", *user, "--pid", "--fork", "--kill-child", *options, sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(not shutil.which("unshare"), reason="no pid namespace can be made here")
@pytest.mark.parametrize("options", [(), ("--mount-proc",)], ids=["with our /proc", "with its own"])
def test_a_run_in_another_pid_namespace_is_alive_until_it_ends(options: tuple[str, ...]) -> None:
    with in_a_pid_namespace_of_its_own(*options) as process:
        assert process.stdout
        owner = parse_owner(process.stdout.readline())
        try:
            assert isinstance(owner, Owner)
            assert (owner.pid, owner.pid_namespace == this_process().pid_namespace) == (1, False)
            assert life_of(owner, engine_is_here=True) is Life.ALIVE
        finally:
            process.kill()
    deadline = time.monotonic() + 10
    while life_of(owner, engine_is_here=True) is Life.ALIVE and time.monotonic() < deadline:
        time.sleep(0.02)  # the kernel kills it after its parent
    after = Life.DEAD if this_process().pid_namespace == owners.FIRST_PID_NAMESPACE else Life.CONTAINED
    assert life_of(owner, engine_is_here=True) is after
    this_one = f"this_process().__class__(**{vars(this_process())!r})"
    code = f"from harness.engine.owners import *; print(life_of({this_one}, engine_is_here=True).name)"
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    seen = subprocess.run(
        ["unshare", *user, "--pid", "--fork", *options, sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert seen.strip() == ("CONTAINED" if options else "ALIVE")  # never dead, whatever /proc it sees


def test_what_earlier_versions_labelled_is_still_known() -> None:
    assert (OLD_RUN_LABEL, OLD_OWNER_LABEL) == ("harness.run", "harness.owner")
