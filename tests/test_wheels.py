"""Wheels come through this machine's own pip, pinned by hash; nothing of how they came reaches a build."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import RecipeError
from harness.experiments import matmul
from harness.images.catalog import load_catalog, root
from harness.images.wheels import read_pins, wheels
from tests.private_index import NAME, PIN, PLANTED, WHEEL, private_index

ARCHITECTURE = "x86_64"
HASH = "0" * 64


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the index is asked for."""
    with private_index(tmp_path, monkeypatch) as asked:
        yield asked


def test_a_wheel_comes_from_the_users_own_index(index: list[str]) -> None:
    assert wheels([PIN], ARCHITECTURE) == {NAME: WHEEL}
    assert index


@pytest.mark.parametrize("pin", [f"planted==1.0 --hash=sha256:{HASH}", f"planted==2.0 --hash=sha256:{HASH}"])
@pytest.mark.usefixtures("index")
def test_what_cannot_be_fetched_is_told_without_the_password(pin: str) -> None:
    with pytest.raises(RecipeError, match=r"pip cannot fetch what requirements\.txt of its recipe lists: ") as failed:
        wheels([pin], ARCHITECTURE)
    assert PLANTED not in str(failed.value)


def test_a_temporary_folder_that_cannot_be_written_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/proc/nonesuch")
    with pytest.raises(RecipeError, match=r"its wheels cannot be fetched: .*/proc/nonesuch"):
        wheels([PIN], ARCHITECTURE)


@pytest.mark.parametrize(
    "line",
    [
        f"--index-url=http://127.0.0.1/simple\n{PIN}",
        "-r /etc/passwd",
        f"planted @ http://127.0.0.1/${{SECRET}} --hash=sha256:{HASH}",
        "planted==1.0",
        f"planted>=1.0 --hash=sha256:{HASH}",
        f"{PIN} --global-option=x",
        f"{PIN} -r /etc/passwd",
    ],
)
def test_requirements_are_pins_with_hashes_and_nothing_that_pip_would_follow(line: str) -> None:
    with pytest.raises(RecipeError, match="is not of the form name==version --hash=sha256:"):
        read_pins(line)


def test_pins_may_span_lines_and_have_comments() -> None:
    text = f"# why\nplanted==1.0 \\\n    --hash=sha256:{HASH} \\\n    --hash=sha256:{HASH}\n"
    (pin,) = read_pins(text)
    assert pin.split() == ["planted==1.0", *[f"--hash=sha256:{HASH}"] * 2]


@pytest.mark.parametrize("path", sorted(root().glob("containers/matmul/*/*requirements.txt")), ids=str)
def test_committed_requirements_are_pins(path: Path) -> None:
    assert read_pins(path.read_text())
    assert path.parent.name in load_catalog(root(), matmul.NAME).images
