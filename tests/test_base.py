"""The base image: where Debian comes from, and what of this machine goes into it."""

from __future__ import annotations

import shutil
import ssl
from pathlib import Path

import pytest

from harness.errors import EngineError
from harness.images.base import DEBIAN, MADE_HERE, base_files, ensure_debian
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
    folder = tmp_path / "base"
    folder.mkdir()
    (folder / "Dockerfile").write_text("# base\n", encoding="utf-8")
    return folder


def test_builds_trust_the_authorities_that_this_machine_trusts(
    recipe_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(b"-----BEGIN CERTIFICATE-----\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    assert base_files(recipe_folder) == {"Dockerfile": b"# base\n", "machine-ca.crt": bundle.read_bytes()}
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: ssl.DefaultVerifyPaths(*[str(bundle)] * 2, *[""] * 4))
    assert base_files(recipe_folder)["machine-ca.crt"] == bundle.read_bytes()
