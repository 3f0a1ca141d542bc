"""The base image: where Debian comes from, and what of this machine goes into it."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from harness.base import DEBIAN, MADE_HERE, base_recipe, ensure_debian
from harness.engine import Recipe
from harness.errors import EngineError
from tests.fake_engine import FakeEngine


class Offline(FakeEngine):
    """An engine for which no registry answers."""

    def pull(self, image: str) -> str | None:
        assert image == DEBIAN
        return "toomanyrequests: slow down"


def quiet(_: str) -> None:
    pass


@pytest.mark.parametrize("tag", [DEBIAN, MADE_HERE])
def test_a_debian_that_is_there_is_used(tag: str) -> None:
    assert ensure_debian(Offline([], {}, images={tag}), quiet) == tag


def test_a_registry_is_asked_before_anything_is_made() -> None:
    said: list[str] = []
    assert ensure_debian(FakeEngine([], {}), said.append) == DEBIAN
    assert said == [f"pulling {DEBIAN}"]


def test_without_registry_and_mmdebstrap_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(EngineError, match=r"slow down\nRun `harness setup`, or install mmdebstrap"):
        ensure_debian(Offline([], {}), quiet)


@pytest.fixture
def recipe_folder(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text("# base\n", encoding="utf-8")
    return tmp_path


def pip_says(monkeypatch: pytest.MonkeyPatch, stdout: str) -> None:
    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        assert command[1:] == ["-m", "pip", "config", "list"]
        return subprocess.CompletedProcess(command, 0, stdout, "")

    monkeypatch.setattr(subprocess, "run", run)


def recipe(folder: Path) -> Recipe:
    return base_recipe(folder, "debian:1", tag="base:1")


def test_pip_in_a_build_uses_the_index_that_this_machine_uses(
    recipe_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip_says(
        monkeypatch,
        "global.index-url='https://mirror.example/simple?a=b'\n"
        "global.timeout='3'\n"
        ":env:.extra-index-url='https://more.example'\n"
        "install.trusted-host='mirror.example'\n",
    )
    assert recipe(recipe_folder).files()["pip.conf"].decode() == (
        "[global]\n"
        "index-url = https://mirror.example/simple?a=b\n"
        "extra-index-url = https://more.example\n"
        "trusted-host = mirror.example\n"
    )


def test_a_machine_without_pip_settings_sets_none(recipe_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip_says(monkeypatch, "")
    assert recipe(recipe_folder).files()["pip.conf"] == b"[global]\n"


@pytest.mark.usefixtures("no_pip")
def test_builds_trust_the_authorities_that_this_machine_trusts(
    recipe_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(b"-----BEGIN CERTIFICATE-----\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    made = recipe(recipe_folder)
    assert made.extra_files["machine-ca.crt"] == bundle.read_bytes()
    assert made.arguments == {"DEBIAN": "debian:1"}
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: ssl.DefaultVerifyPaths(*[str(bundle)] * 2, *[""] * 4))
    assert recipe(recipe_folder).extra_files["machine-ca.crt"] == bundle.read_bytes()
