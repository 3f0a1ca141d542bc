"""The file that a program may write, whatever the program made of it."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.engine.archives import empty_file, output_file, packed
from harness.engine.outputs import SLACK_BYTES, lay, overflows, taken
from harness.errors import ProtocolError

NAME = "c.f64"
HELD = b"x" * 24


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as an engine makes one, and a file beside it that no program may reach."""
    (tmp_path / "secret").write_bytes(HELD)
    (tmp_path / "out").mkdir(0o755)
    (tmp_path / "out").chmod(0o755)
    return tmp_path / "out"


def test_what_is_laid_is_empty_and_its_owners(folder: Path) -> None:
    lay(folder, NAME, os.geteuid())
    found = (folder / NAME).stat()
    assert (found.st_size, stat.S_IMODE(found.st_mode), found.st_uid) == (0, 0o600, os.geteuid())
    assert taken(folder, NAME, 0) == b""


def test_what_was_written_is_taken_and_outlives_its_file(folder: Path) -> None:
    lay(folder, NAME, os.geteuid())
    (folder / NAME).write_bytes(HELD)
    output = taken(folder, NAME, len(HELD))
    (folder / NAME).unlink()
    assert bytes(output) == HELD


def hole(path: Path) -> None:
    """A file that claims a tebibyte and takes nothing."""
    path.touch()
    os.truncate(path, 2**40)


PLANTED: dict[str, Callable[[Path], object]] = {
    "a link to a file": lambda path: path.symlink_to(path.parent.parent / "secret"),
    "a link to nothing": lambda path: path.symlink_to("/nonesuch"),
    "a second name of a file": lambda path: path.hardlink_to(path.parent.parent / "secret"),
    "a FIFO": os.mkfifo,
    "a folder": lambda path: path.mkdir(),
    "a socket": lambda path: os.mknod(path, stat.S_IFSOCK | 0o666),
    "too little": lambda path: path.write_bytes(HELD[1:]),
    "too much": lambda path: path.write_bytes(HELD + b"x"),
    "a hole": hole,
    "nothing": lambda _path: None,
}


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)
def test_nothing_but_the_file_that_was_due_is_taken(plant: Callable[[Path], object], folder: Path) -> None:
    plant(folder / NAME)
    with pytest.raises(ProtocolError):
        taken(folder, NAME, len(HELD))


@pytest.mark.parametrize("plant", [PLANTED[name] for name in PLANTED if name != "nothing"])
def test_nothing_is_laid_where_anything_is(plant: Callable[[Path], object], folder: Path) -> None:
    plant(folder / NAME)
    with pytest.raises(ProtocolError, match=r"its output folder holds 'c\.f64', expected nothing"):
        lay(folder, NAME, os.geteuid())
    assert (folder.parent / "secret").read_bytes() == HELD
    assert (folder.parent / "secret").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o1777])
def test_a_folder_that_others_may_write_to_is_not_used(mode: int, folder: Path) -> None:
    (folder / NAME).write_bytes(HELD)
    folder.chmod(mode)
    with pytest.raises(ProtocolError, match="writable by the program"):
        taken(folder, NAME, len(HELD))


def test_a_folder_that_is_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(OSError, match="link"):
        lay(tmp_path / "link", NAME, os.geteuid())
    assert not list(folder.iterdir())


def test_another_file_beside_the_one_that_was_due_is_refused(folder: Path) -> None:
    for name in (NAME, "more"):
        (folder / name).write_bytes(HELD)
    with pytest.raises(ProtocolError, match=r"holds 'c\.f64, more', expected 'c\.f64'"):
        taken(folder, NAME, len(HELD))


def test_blocks_beyond_the_end_of_a_file_are_seen(folder: Path) -> None:
    lay(folder, NAME, os.geteuid())
    assert not overflows(folder, NAME, len(HELD))
    assert not overflows(folder, "nonesuch", len(HELD))
    (folder / NAME).write_bytes(bytes(SLACK_BYTES + 2**20))
    assert overflows(folder, NAME, len(HELD))


def archived(*members: tuple[str, bytes, bytes], owner: int = 0, mode: int = 0o755, folder: str = "out/") -> bytes:
    """An archive of the folder `out`, as an engine makes one, and members of a name, a type and contents."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        out = tarfile.TarInfo(folder)
        out.type, out.mode, out.uid = tarfile.DIRTYPE, mode, owner
        archive.addfile(out)
        for name, kind, data in members:
            member = tarfile.TarInfo(name)
            member.type, member.size, member.linkname = kind, len(data), "/etc/passwd"
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def chunks(archive: bytes, size: int = 1000) -> Iterator[bytes]:
    return (archive[start : start + size] for start in range(0, len(archive), size))


C = ("out/c.f64", tarfile.REGTYPE, bytes(range(256)) * 100)


@pytest.mark.parametrize("size", [1, 511, 100_000])
def test_a_file_is_taken_out_of_a_stream(size: int) -> None:
    assert bytes(output_file(chunks(archived(C), size), "out", NAME, len(C[2]))) == C[2]
    assert output_file(chunks(archived(("out/c.f64", tarfile.REGTYPE, b"")), size), "out", NAME, 0) == b""


def test_podman_leaves_the_folders_own_name_out() -> None:
    archive = archived(("/c.f64", tarfile.REGTYPE, C[2]), folder="/")
    assert bytes(output_file(chunks(archive), "out", NAME, len(C[2]))) == C[2]


def test_an_archive_ends_with_its_end() -> None:
    """Podman reads no further than that, and then breaks off whatever still comes."""
    assert len(empty_file(NAME, owner=65534)) == 512 + 1024
    with packed({"a": memoryview(b"12345678"), "b": memoryview(b"")}) as archive:
        assert len(archive.read()) == 3 * 512 + 1024


@pytest.mark.parametrize(
    "archive",
    [
        archived(),
        archived(C, folder="/"),
        archived(("/c.f64", tarfile.REGTYPE, C[2])),
        archived(("/c.f64", tarfile.SYMTYPE, b""), folder="/"),
        archived(("/c.f64", tarfile.REGTYPE, C[2]), folder="/", owner=65534),
        archived(("out/c.f64", tarfile.SYMTYPE, b"")),
        archived(("out/c.f64", tarfile.LNKTYPE, b"")),
        archived(("out/c.f64", tarfile.FIFOTYPE, b"")),
        archived(("out/c.f64", tarfile.CHRTYPE, b"")),
        archived(("out/c.f64", tarfile.DIRTYPE, b"")),
        archived(("out/c.f64", tarfile.REGTYPE, C[2][1:])),
        archived(("out/c.f64", tarfile.REGTYPE, C[2] + b"x")),
        archived(("out/other", tarfile.REGTYPE, C[2])),
        archived(C, ("out/more", tarfile.REGTYPE, b"more")),
        archived(C, owner=65534),
        archived(C, mode=0o777),
        archived(C)[:2000],
        archived(C)[512:],
        b"",
        b"no archive" * 100,
    ],
)
def test_nothing_but_the_file_that_was_due_is_taken_out_of_a_stream(archive: bytes) -> None:
    with pytest.raises(ProtocolError):
        output_file(chunks(archive), "out", NAME, len(C[2]))


def test_a_file_that_is_too_large_is_not_read() -> None:
    endless = archived(("out/c.f64", tarfile.REGTYPE, bytes(2**24)))
    read = []

    def counted() -> Iterator[bytes]:
        for chunk in chunks(endless, 2**16):
            read.append(len(chunk))
            yield chunk

    with pytest.raises(ProtocolError, match="wrote 16777216 bytes"):
        output_file(counted(), "out", NAME, len(C[2]))
    assert sum(read) <= 2**21
