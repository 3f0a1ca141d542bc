"""`harness compare --tune` on this machine, ended by signals: its settings are what they were."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.machine.tune import STATE
from tests.engine.support import HARNESS

SETTING = Path("/sys/kernel/mm/transparent_hugepage/enabled")
BEFORE, TUNED = "[madvise]", "[always]"
PATIENCE_S = 40

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(
        not os.access(SETTING, os.W_OK) or BEFORE not in SETTING.read_text(encoding="utf-8") or STATE.exists(),
        reason="this machine's huge pages are not ours to change",
    ),
]


def is_setting(value: str) -> bool:
    return value in SETTING.read_text(encoding="utf-8")


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.02)


@pytest.fixture
def tuning(faulty_root: Path, base: str, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A comparison that has tuned this machine, and measures."""
    assert base  # built already
    cases = [
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
    ]
    options = [*cases, "--rounds", "900", "--tune"]  # more than it will come to
    with (tmp_path / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            [HARNESS, "compare", *options, "--out", tmp_path / "results"],
            env={**os.environ, "HARNESS_ROOT": str(faulty_root)},
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )
    try:
        wait_until(lambda: is_setting(TUNED))
        yield process
    finally:
        process.kill()
        process.wait()
        subprocess.run([HARNESS, "clean"], check=True, capture_output=True)
        assert is_setting(BEFORE)
        assert not STATE.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_puts_the_settings_back(number: signal.Signals, tuning: subprocess.Popen[bytes]) -> None:
    tuning.send_signal(number)
    assert tuning.wait(timeout=PATIENCE_S) == 128 + number
    assert is_setting(BEFORE)


def test_a_killed_run_leaves_them_to_the_next_command(tuning: subprocess.Popen[bytes]) -> None:
    assert b"restored" not in subprocess.run([HARNESS, "clean"], check=True, capture_output=True).stderr
    assert is_setting(TUNED)  # the run that needs it is alive
    tuning.kill()
    tuning.wait()
    assert is_setting(TUNED)
    said = subprocess.run([HARNESS, "clean"], check=True, capture_output=True, text=True).stderr
    assert f"restored {SETTING}: madvise" in said
    assert is_setting(BEFORE)
