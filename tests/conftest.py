"""Fixtures that several modules use."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from harness import base
from harness.cli import main


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line, in this process."""

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["harness", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
        said = capsys.readouterr()
        return Ended(int(stop.value.code or 0), said.out, said.err)

    return run


def without_pip(patch: pytest.MonkeyPatch) -> None:
    """Make the base image's recipe without asking pip, which takes longer than all the rest."""
    patch.setattr(base, "_pip_settings", lambda: b"")


@pytest.fixture
def no_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    without_pip(monkeypatch)
