"""`scripts/with-browser`: what names a browser, and what refuses to install one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "scripts" / "with-browser"


@pytest.fixture
def bare(tmp_path: Path) -> str:
    """A PATH without a browser and without apt-get."""
    for name in ("sh", "id", "env"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    return str(tmp_path)


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [str(SCRIPT), *arguments, "sh", "-c", 'echo "in $HARNESS_BROWSER"']
    return subprocess.run(command, capture_output=True, text=True, check=False, env=variables)


@pytest.mark.parametrize(("arguments", "code"), [([], 2), (["--if-possible"], 0)])
def test_nothing_is_installed_where_that_is_refused(arguments: list[str], code: int, bare: str) -> None:
    ended = run(*arguments, PATH=bare, HARNESS_NO_INSTALL="1")
    assert (ended.returncode, ended.stdout) == (code, "")
    assert "HARNESS_NO_INSTALL=1 forbids installing one. By hand: sudo apt-get install chromium" in ended.stderr


def test_a_machine_where_none_can_be_had_is_told_so(bare: str) -> None:
    ended = run("--if-possible", PATH=bare)
    assert (ended.returncode, ended.stdout) == (0, "")
    assert ended.stderr == "not run in a browser: there is none, and there is no apt-get here\n"


def test_the_one_that_is_named_is_taken(bare: str) -> None:
    assert run(PATH=bare, HARNESS_BROWSER="/opt/mine").stdout == "in /opt/mine\n"
