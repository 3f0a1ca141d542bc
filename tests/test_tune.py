"""What `--tune` changes it puts back, whatever ends the run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.engine import owners
from harness.engine.owners import this_process
from harness.errors import UsageError
from harness.machine.conditions import gather, parse_reading
from harness.machine.tune import restore, tuned
from harness.model.journal import Reading, Tuned

GOVERNORS = [f"sys/devices/system/cpu/cpu{number}/cpufreq/scaling_governor" for number in (0, 1)]
NO_TURBO = "sys/devices/system/cpu/intel_pstate/no_turbo"
HUGE_PAGES = "sys/kernel/mm/transparent_hugepage/enabled"
CHOICES = "always [madvise] never\n"
REPOSITORY = Path(__file__).parent.parent


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """The settings of a machine of metal."""
    root = tmp_path / "machine"
    for name, text in [*((name, "powersave\n") for name in GOVERNORS), (NO_TURBO, "0\n"), (HUGE_PAGES, "madvise\n")]:
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "tuned.json"


def values(root: Path) -> list[str]:
    return [(root / name).read_text(encoding="utf-8").strip() for name in (*GOVERNORS, NO_TURBO, HUGE_PAGES)]


def here() -> Reading:
    return parse_reading(gather())


BEFORE, STEADY = ["powersave", "powersave", "0", "madvise"], ["performance", "performance", "1", "always"]


def test_settings_are_changed_recorded_and_put_back(machine: Path, state: Path) -> None:
    recorded: list[Tuned] = []
    with tuned(True, here, recorded.append, machine, state):
        assert values(machine) == STEADY
        assert state.exists()
    assert values(machine) == BEFORE
    assert not state.exists()
    (entry,) = recorded
    assert [(change.before, change.after) for change in entry.changes] == list(zip(BEFORE, STEADY, strict=True))
    assert entry.refused == ()


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_they_are_put_back_when_the_run_breaks_off(error: type[BaseException], machine: Path, state: Path) -> None:
    with pytest.raises(error), tuned(True, here, lambda _: None, machine, state):
        raise error
    assert (values(machine), state.exists()) == (BEFORE, False)


def test_they_are_put_back_when_the_journal_cannot_be_written(machine: Path, state: Path) -> None:
    def full(_: Tuned) -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"), tuned(True, here, full, machine, state):
        pass
    assert (values(machine), state.exists()) == (BEFORE, False)


def test_without_tune_nothing_is_touched_or_recorded(machine: Path, state: Path) -> None:
    recorded: list[Tuned] = []
    with tuned(False, here, recorded.append, machine, state):
        assert values(machine) == BEFORE
    assert recorded == []


def test_a_virtual_machine_has_nothing_to_tune_and_says_so(tmp_path: Path, state: Path) -> None:
    recorded: list[Tuned] = []
    with tuned(True, here, recorded.append, tmp_path / "empty", state):
        assert not state.exists()
    assert recorded[0].changes == ()
    assert [text.partition(":")[0] for text in recorded[0].refused] == [
        "CPU governor",
        "turbo",
        "transparent huge pages",
    ]
    assert "virtual machines" in recorded[0].refused[0]


def test_the_engine_s_host_being_another_machine_is_refused(machine: Path, state: Path) -> None:
    elsewhere = here().model_copy(update={"boot_id": "another"})
    with pytest.raises(UsageError, match="run harness there"), tuned(True, lambda: elsewhere, print, machine, state):
        pass
    assert values(machine) == BEFORE


def killed(root: Path, state: Path) -> subprocess.Popen[str]:
    """A process that has tuned and then waits to be killed."""
    code = (
        "import sys, time; from pathlib import Path\n"
        "from harness.machine.conditions import *; from harness.machine.tune import tuned\n"
        "with tuned(True, lambda: parse_reading(gather()), lambda _: None, Path(sys.argv[1]), Path(sys.argv[2])):\n"
        "    print('tuned', flush=True); time.sleep(60)"
    )
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(root), str(state)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout
    assert process.stdout.readline() == "tuned\n"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()


def test_after_a_kill_the_next_command_puts_them_back(machine: Path, state: Path) -> None:
    process = killed(machine, state)
    try:
        assert restore(machine, state) == []  # it is alive
        with pytest.raises(UsageError, match="another run has tuned"), tuned(True, here, print, machine, state):
            pass
        assert values(machine) == STEADY
    finally:
        kill(process)
    assert values(machine) == STEADY
    assert len(restore(machine, state)) == 4
    assert (values(machine), state.exists()) == (BEFORE, False)


def test_what_somebody_changed_since_is_left_as_it_is(machine: Path, state: Path) -> None:
    with tuned(True, here, lambda _: None, machine, state):
        (machine / HUGE_PAGES).write_text("never\n", encoding="utf-8")
    assert values(machine) == [*BEFORE[:3], "never"]


@pytest.mark.parametrize("damaged", [b"{", b"", b"\xff", b"[]", b'{"pid": 1, "began": "x", "changes": []}'])
def test_a_state_that_cannot_be_read_is_told_and_stops_nobody(damaged: bytes, machine: Path, state: Path) -> None:
    state.write_bytes(damaged)
    (line,) = restore(machine, state)
    aside = state.with_suffix(".unreadable")
    assert "what it changed is unknown" in line
    assert f"and is now {aside}; `harness doctor` shows" in line
    assert (state.exists(), aside.read_bytes()) == (False, damaged)
    with tuned(True, here, lambda _: None, machine, state):
        assert values(machine) == STEADY
    assert values(machine) == BEFORE


def test_a_state_that_only_root_may_move_says_so(machine: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path, _target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    state.write_text("{", encoding="utf-8")
    monkeypatch.setattr(Path, "rename", refuse)
    (line,) = restore(machine, state)
    assert "run `harness clean` as root" in line
    assert state.exists()


def test_a_run_in_a_container_that_cannot_be_looked_into_keeps_its_settings(
    machine: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tuned(True, here, lambda _: None, machine, state):
        elsewhere = replace(this_process(), pid_namespace=1, start_ticks=1)
        kept = json.loads(state.read_text(encoding="utf-8")) | {"owner": elsewhere.label()}
        state.write_text(json.dumps(kept), encoding="utf-8")
        monkeypatch.setattr(owners, "FIRST_PID_NAMESPACE", 2)
        assert restore(machine, state) == []
        assert values(machine) == STEADY
    assert values(machine) == BEFORE


def test_what_harness_0_2_0_kept_is_put_back(machine: Path, state: Path) -> None:
    with tuned(True, here, lambda _: None, machine, state):
        kept = json.loads(state.read_text(encoding="utf-8"))
    del kept["owner"]
    state.write_text(json.dumps(kept), encoding="utf-8")
    assert restore(machine, state) == []  # its process, this one, is alive
    state.write_text(json.dumps(kept | {"began": "1"}), encoding="utf-8")
    (machine / HUGE_PAGES).write_text("always\n", encoding="utf-8")
    assert restore(machine, state) == [f"restored /{HUGE_PAGES}: madvise"]
    assert not state.exists()


def huge_pages_of_this_machine() -> Path | None:
    path = Path("/") / HUGE_PAGES
    return path if os.access(path, os.W_OK) and "[madvise]" in path.read_text(encoding="utf-8") else None


@pytest.mark.engine
@pytest.mark.skipif(huge_pages_of_this_machine() is None, reason="this machine's huge pages are not ours to change")
def test_this_machine_s_own_huge_pages_are_put_back_after_a_kill(state: Path) -> None:
    real = huge_pages_of_this_machine()
    assert real
    process = killed(Path("/"), state)
    try:
        assert "[always]" in real.read_text(encoding="utf-8")
        kill(process)
        assert "[always]" in real.read_text(encoding="utf-8")
    finally:
        kill(process)
        restore(Path("/"), state)
    assert "[madvise]" in real.read_text(encoding="utf-8")
