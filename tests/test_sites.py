"""Folders as images: what is packed, what is refused, and what the commands say where they cannot go on."""

from __future__ import annotations

import gzip
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import harness.engine.docker
from harness.errors import RecipeError, UsageError
from harness.experiments.web import site
from harness.experiments.web.media import media_type
from harness.experiments.web.pack import ADDRESS, MAX_PATH_BYTES, pack
from tests.conftest import Command, without_pip
from tests.documents import REFERENCE
from tests.fake_engine import FakeEngine

TEXT = b"a line that repeats\n" * 20


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No engine that answers."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")


def entries(data: bytes) -> Iterator[tuple[bytes, list[tuple[bytes, bytes, bytes]]]]:
    """By path the forms: what of a head 304 has, the rest of it, and the body."""

    def at(begin: int, length: int) -> bytes:
        return data[begin - ADDRESS :][:length]

    (count,) = struct.unpack_from("<I", data)
    for number in range(count):
        words = struct.unpack_from("<12I", data, 4 + 48 * number)
        forms = [words[2:7], words[7:]]
        yield (
            at(*words[:2]),
            [(at(form[0], form[2]), at(form[0], form[1])[form[2] :], at(*form[3:])) for form in forms if form[1]],
        )


def test_a_pack_has_a_sorted_table_of_all_that_leads_somewhere() -> None:
    table = dict(entries(pack({"index.html": b"i", "b/index.html": b"bi", "b/c d.txt": b"", "b.css": b"x"}).data))
    assert list(table) == sorted(table)
    assert set(table) == {b"/", b"/index.html", b"/b", b"/b/", b"/b/index.html", b"/b/c d.txt", b"/b.css"}
    assert table[b"/"] == table[b"/index.html"]
    assert table[b"/b"] == [(b"", b"Location: /b/\r\n", b"")]
    ((shared, head, body),) = table[b"/b.css"]
    assert shared == b'ETag: "2d711642b726b044"\r\n'
    assert head == b"Content-Type: text/css; charset=utf-8\r\nAccept-Ranges: bytes\r\n"
    assert body == b"x"


def test_a_file_that_becomes_smaller_has_a_compressed_form_of_its_own() -> None:
    packed = pack({"a.txt": TEXT, "b.txt": b"short", "c.png": TEXT + b"!"})
    table = dict(entries(packed.data))
    plain, compressed = table[b"/a.txt"]
    assert gzip.decompress(compressed[2]) == plain[2] == TEXT
    assert b"\r\nVary: Accept-Encoding\r\n" in plain[0]
    assert plain[0] != compressed[0]
    assert b"Content-Encoding: gzip\r\n" in compressed[1]
    assert [len(table[path]) for path in (b"/b.txt", b"/c.png")] == [1, 1]
    assert (packed.files, packed.compressed, packed.compressed_bytes) == (3, 1, len(compressed[2]))
    assert packed.content_bytes == 2 * len(TEXT) + 6
    assert packed.content_bytes + packed.compressed_bytes + packed.table_bytes == len(packed.data)
    assert len(dict(entries(pack({"a.txt": TEXT}, compress=False).data))[b"/a.txt"]) == 1


@pytest.mark.parametrize("packs", [gzip.compress(TEXT, 1, mtime=0), gzip.compress(TEXT, 9, mtime=5)])
def test_a_compressed_file_beside_is_the_compressed_form(packs: bytes) -> None:
    packed = pack({"a.bin": TEXT, "a.bin.gz": packs}, compress=False)
    table = dict(entries(packed.data))
    assert table[b"/a.bin"][1][2] == table[b"/a.bin.gz"][0][2] == packs
    assert (packed.compressed, packed.compressed_bytes) == (1, 0)


@pytest.mark.parametrize(
    "packs",
    [
        b"",
        b"no gzip",
        gzip.compress(TEXT, mtime=0)[:-1],
        gzip.compress(TEXT, mtime=0) + b"x",
        gzip.compress(TEXT + TEXT, mtime=0),
        gzip.compress(b"", mtime=0),
    ],
)
def test_what_is_not_the_same_file_compressed_is_a_file_of_its_own(packs: bytes) -> None:
    table = dict(entries(pack({"a.bin": TEXT, "a.bin.gz": packs}, compress=False).data))
    assert (len(table[b"/a.bin"]), table[b"/a.bin.gz"][0][2]) == (1, packs)


def test_equal_files_are_there_once() -> None:
    packed = pack({"a.bin": bytes(5000), "b.bin": bytes(5000)})
    assert len(packed.data) < 6000
    assert packed.content_bytes == 5000


def test_a_redirect_is_written_as_a_request_is() -> None:
    name = os.fsdecode("ä \r\nX: b".encode() + b"\xff")
    table = dict(entries(pack({f"{name}/index.html": b""}).data))
    assert table[b"/" + os.fsencode(name)][0][1] == b"Location: /%C3%A4%20%0D%0AX%3A%20b%FF/\r\n"


def test_a_path_that_fits_no_head_is_refused() -> None:
    with pytest.raises(UsageError, match="its path is longer than 2000 bytes"):
        pack({"ä" * (MAX_PATH_BYTES // 5): b""})


@pytest.mark.parametrize(
    ("name", "media"),
    [("A.HTML", "text/html; charset=utf-8"), ("a.tar.gz", "application/gzip"), ("html", "text/html; charset=utf-8")],
)
def test_a_media_type_is_told_by_the_end_of_a_name(name: str, media: str) -> None:
    assert media_type(name) == (media if "." in name else "application/octet-stream")


# --- folders -------------------------------------------------------------------------------------------------


def test_a_folder_is_read_without_what_is_hidden(tmp_path: Path) -> None:
    for name in ("a.txt", ".env", ".git/config", ".well-known/security.txt", "target/__pycache__/b"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    found = site.read_folder(tmp_path)
    assert set(found.files) == {"a.txt", ".well-known/security.txt", "target/__pycache__/b"}
    assert found.left_out == 2


@pytest.mark.parametrize("where", ["file", "folder", "itself", "pipe"])
def test_what_is_no_file_is_named_and_not_followed(where: str, tmp_path: Path) -> None:
    folder, private = tmp_path / "site", tmp_path / "private"
    private.mkdir()
    (private / "key").write_text("secret")
    folder.mkdir()
    (folder / "a").write_text("a")
    place = folder / "b"
    if where == "itself":
        shutil.rmtree(folder)
        folder.symlink_to(private)
        place = folder
    elif where == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to(private / "key" if where == "file" else private)
    with pytest.raises(RecipeError, match=f"{place} is "):
        site.read_folder(folder)


@pytest.mark.parametrize(
    "name", ["site", "site:1.0", "team/site", "host.example:5000/team/a-site:v1", "localhost/x__y.z"]
)
def test_names_of_images_are_taken(name: str) -> None:
    assert site.checked_name(name) in {name, f"{name}:latest"}
    assert ":" in site.checked_name(name).rpartition("/")[2]


@pytest.mark.parametrize(
    "name", ["", "Site", "site:", "a b", "-site", "site:a:b", "a//b", "site@sha256:0", "harness-web", "x/harness-y"]
)
def test_other_names_are_refused(name: str, tmp_path: Path, harness: Command) -> None:
    (tmp_path / "a").write_text("a")
    ended = harness("web", "build", str(tmp_path), "-t", name)
    assert (ended.code, ended.out) == (2, "")
    assert "no name for an image" in ended.err or "harness clean --images" in ended.err


# --- commands ------------------------------------------------------------------------------------------------


def test_a_folder_that_cannot_be_served_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harness: Command
) -> None:
    def said(folder: Path) -> str:
        ended = harness("web", "build", str(folder), "-t", "site")
        assert (ended.code, ended.out) == (2, "")
        return ended.err

    assert f"no folder {tmp_path / 'none'}" in said(tmp_path / "none")
    assert f"nothing to serve in {tmp_path}" in said(tmp_path)
    (tmp_path / ".env").write_text("a")
    assert "all in it is hidden" in said(tmp_path)
    (tmp_path / "a").write_text("abc")
    assert f"{tmp_path / 'a'} is no folder" in said(tmp_path / "a")
    monkeypatch.setattr(site, "MAX_SITE_BYTES", 2)
    assert "more than 2 bytes together" in said(tmp_path)
    monkeypatch.setattr(site, "MAX_FILE_BYTES", 2)
    assert f"{tmp_path / 'a'} is too large: 3 bytes, and 2 at most" in said(tmp_path)
    (tmp_path / "b").symlink_to("/etc/passwd")
    (tmp_path / "a").unlink()
    assert f"{tmp_path / 'b'} is a link, which is not followed" in said(tmp_path)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    engine = FakeEngine([], {})
    without_pip(monkeypatch)
    monkeypatch.setattr(harness.engine.docker, "DockerEngine", lambda _: engine)
    return engine


def without_an_engine(tmp_path: Path, *arguments: str | Path) -> str:
    """What a command says that fails for want of one, in a process of its own: the SDK leaves a socket open."""
    environment = {**os.environ, "DOCKER_HOST": f"unix://{tmp_path}/no.sock"}
    command = [sys.executable, "-m", "harness", *arguments]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"harness: no container engine answers at unix://{tmp_path}/no.sock")
    return ended.stderr


def test_a_build_without_an_engine_says_so(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    assert without_an_engine(tmp_path, "web", "build", tmp_path, "-t", "site")


def test_the_files_go_into_no_build_but_as_one_pack(tmp_path: Path, scripted: FakeEngine, harness: Command) -> None:
    (tmp_path / "secret.txt").write_text("a secret")
    ended = harness("web", "build", str(tmp_path), "-t", "site")
    assert ended.code == 0, ended.err
    assert "docker run --rm --read-only --cap-drop ALL" in ended.out
    sent = [recipe for recipe in scripted.sent if any(b"a secret" in data for data in recipe.files.values())]
    assert [(recipe.target, recipe.network) for recipe in sent] == [("site", False)]
    assert b"COPY site /site" in sent[0].files["Dockerfile"]
    steps = sent[0].files["Dockerfile"].decode()
    assert "COPY . " not in steps
    assert "site:latest" in scripted.images


def test_a_report_that_cannot_be_served_is_still_where_it_is(tmp_path: Path) -> None:
    said = without_an_engine(tmp_path, "report", REFERENCE, "--serve")
    assert said.endswith(f"The report itself is {REFERENCE / 'report.html'}: a browser opens it as it is.\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "svg"], "--serve is of one run"),
        (["--chart", "climb"], "--serve is of one run"),
        (["latest"], "--serve is of one run"),
        (["--port", "65536"], "Invalid value for '--port'"),
        (["--port", "0"], "Invalid value for '--port'"),
    ],
)
def test_what_goes_not_together_with_serving_is_refused(arguments: list[str], said: str, harness: Command) -> None:
    ended = harness("report", str(REFERENCE), "--serve", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
