"""Sources as builders are sent them: what is a link or no file is refused by name, before anything is read."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from harness.errors import ManifestError, RecipeError
from harness.experiments import matmul
from harness.images.build import build
from harness.images.catalog import Catalog, load_catalog, targets_of
from harness.images.sources import read_file, read_sources
from harness.model.journal import Image
from tests.factories import a_catalog, a_manifest
from tests.fake_engine import FakeEngine

KEY = "-----BEGIN PRIVATE KEY-----"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """What no build may be sent."""
    path = tmp_path / "id_ed25519"
    path.write_text(KEY)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    (folder / "kernels").mkdir(parents=True)
    (folder / "main.x").write_text("main")
    (folder / "kernels" / "naive.x").write_text("naive")
    return folder


def test_sources_are_all_files_by_their_names(folder: Path) -> None:
    (folder / ".format").write_text("style")
    for left in ("target", "__pycache__", ".cache"):
        (folder / left).mkdir()
        (folder / left / "link").symlink_to("/etc/passwd")
    assert read_sources(folder) == {".format": b"style", "main.x": b"main", "kernels/naive.x": b"naive"}


@pytest.mark.parametrize("name", ["link", "kernels/link", ".link", "target"])
def test_a_link_to_a_file_is_refused_by_name(name: str, folder: Path, key: Path) -> None:
    (folder / name).symlink_to(key)
    with pytest.raises(RecipeError, match=rf"sources/{name} is a link, which is not followed"):
        read_sources(folder)


@pytest.mark.parametrize("to", ["/etc", "kernels", "/nonesuch"])
def test_a_link_to_a_folder_inside_or_to_nothing_is_refused_too(to: str, folder: Path) -> None:
    (folder / "linked").symlink_to(to)
    with pytest.raises(RecipeError, match="sources/linked is a link"):
        read_sources(folder)


def test_a_folder_that_is_a_link_itself_is_refused(folder: Path) -> None:
    (folder.parent / "other").symlink_to(folder)
    with pytest.raises(RecipeError, match="other is a link"):
        read_sources(folder.parent / "other")


def test_a_pipe_is_refused_without_waiting_for_it(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(RecipeError, match="sources/pipe is neither a regular file nor a folder"):
        read_sources(folder)


def test_a_socket_and_a_device_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        with pytest.raises(RecipeError, match="socket is neither a regular file nor a folder"):
            read_sources(folder)
    with pytest.raises(RecipeError, match="dev/zero is neither a regular file nor a folder"):
        read_file(Path("/dev/zero"))


# --- where they are read ---------------------------------------------------------------------------------------


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return a_catalog(tmp_path / "tree", a_manifest("alpha"), a_manifest("beta"))


def built(catalog: Catalog) -> dict[str, Image]:
    engine = FakeEngine([a_manifest("alpha"), a_manifest("beta")], {})
    targets = targets_of(catalog.implementations.values())
    images = {image.name: image for image in build(engine, "base:1", targets, lambda name, _: name, lambda _: None)}
    assert KEY.encode() not in b"".join(b"".join(map(bytes, sent.files.values())) for sent in engine.sent)
    return images


def test_a_link_among_the_sources_fails_that_image_alone(catalog: Catalog, key: Path) -> None:
    (catalog.implementations["alpha"].context / "data").symlink_to(key)
    images = built(catalog)
    failure = images["alpha"].failure
    assert failure is not None
    assert failure.stage == "build"
    assert "alpha/data is a link" in failure.reason
    assert images["beta"].failure is None


def test_a_recipe_that_is_a_link_fails_that_image_alone(catalog: Catalog, key: Path) -> None:
    catalog.implementations["alpha"].dockerfile.unlink()
    catalog.implementations["alpha"].dockerfile.symlink_to(key)
    failure = built(catalog)["alpha"].failure
    assert failure is not None
    assert "Dockerfile is a link" in failure.reason


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root of one implementation."""
    root = tmp_path / "root"
    (root / "implementations" / "matmul" / "alpha").mkdir(parents=True)
    lines = ['label = "A"', "budget_bytes = 1", 'payload = ["a"]']
    lines += ['conventional = { image = "a", unpacked_bytes = 1, source = "a" }']
    (root / "implementations" / "matmul" / "alpha" / "manifest.toml").write_text("\n".join(lines))
    assert set(load_catalog(root, matmul.NAME).implementations) == {"alpha"}
    return root


@pytest.mark.parametrize("moved", ["matmul/alpha/manifest.toml", "matmul/alpha", "matmul", ""])
def test_a_manifest_or_a_folder_of_one_that_is_a_link_is_an_error_that_names_it(moved: str, root: Path) -> None:
    path = root / "implementations" / moved
    path.rename(root / "elsewhere")
    path.symlink_to(root / "elsewhere")
    with pytest.raises(ManifestError, match=rf"{path.name} is a link, which is not followed"):
        load_catalog(root, matmul.NAME)


def test_a_manifest_that_is_a_pipe_is_an_error_and_no_wait(root: Path) -> None:
    path = root / "implementations" / "matmul" / "alpha" / "manifest.toml"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ManifestError, match=r"alpha/manifest\.toml is neither a regular file nor a folder"):
        load_catalog(root, matmul.NAME)
