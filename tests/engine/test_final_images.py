"""What ships: nothing but what runs, by an unprivileged user, within its budget."""

from __future__ import annotations

import io
import json
import re
import struct
import tarfile
import tempfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import PurePosixPath

import docker
import pytest

from harness.engine.docker import DockerEngine
from harness.experiments import matmul
from harness.images.catalog import load_catalog, root
from harness.images.weight import check_budgets, image_row
from harness.model.journal import Image

pytestmark = pytest.mark.engine

CATALOG = load_catalog(root(), matmul.NAME)

NOT_TO_SHIP = re.compile(
    r"(ba|da|a|z)?sh|busybox|toybox|env|perl"  # shells, and what else runs any command
    r"|apt(-get)?|dpkg|apk|rpm|pip[\d.]*"  # package managers
    r"|cc|gcc(-\d+)?|cc1|clang(-\d+)?|as|ld(\.\w+)?|make|go|rustc|cargo|zig|javac|jlink|jshell|jar"  # toolchains
)
EXECUTABLE = 0o111
SET_ID = 0o6000
PT_INTERP = 3


def saved_files(engine: DockerEngine, image: Image) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    """Every file in the layers of an image, with its content."""
    with tempfile.TemporaryFile() as spool:
        spool.writelines(engine.save(image.tag or ""))
        spool.seek(0)
        with tarfile.open(fileobj=spool) as archive:
            (manifest,) = json.loads(read(archive, "manifest.json"))
            for name in manifest["Layers"]:
                with tarfile.open(fileobj=io.BytesIO(read(archive, name))) as layer:
                    for member in layer:
                        if not member.isdir():
                            yield member, read(layer, member) if member.isfile() else b""


def read(archive: tarfile.TarFile, member: str | tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member)
    assert stream
    return stream.read()


def elf_segments(program: bytes) -> list[int]:
    """The types of the segments of a 64-bit little-endian ELF file."""
    assert program[:6] == b"\x7fELF\x02\x01"
    (offset,) = struct.unpack_from("<Q", program, 32)
    size, count = struct.unpack_from("<HH", program, 54)
    return [struct.unpack_from("<I", program, offset + i * size)[0] for i in range(count)]


Shipped = list[tuple[tarfile.TarInfo, bytes]]


@pytest.fixture(scope="module")
def shipped(engine: DockerEngine, images: dict[str, Image]) -> dict[str, Shipped]:
    """The files of every image, by its name."""
    assert [image.failure for image in images.values() if image.failure] == []
    return {name: list(saved_files(engine, image)) for name, image in images.items()}


@pytest.mark.parametrize("name", CATALOG.images)
def test_an_image_holds_only_what_runs(name: str, shipped: dict[str, Shipped]) -> None:
    paths = [PurePosixPath(member.name) for member, _ in shipped[name]]
    assert [path for path in paths if NOT_TO_SHIP.fullmatch(path.name)] == []
    assert [path for path in paths if path.suffix in {".a", ".h", ".o", ".deb", ".crt", ".pem"}] == []
    assert [member.name for member, _ in shipped[name] if member.mode & SET_ID] == []


@pytest.mark.parametrize("name", CATALOG.images)
def test_an_image_is_built_from_scratch_for_nobody(
    name: str, images: dict[str, Image], base: str, client: docker.DockerClient
) -> None:
    image = client.images.get(images[name].tag or "")
    beneath = client.images.get(base).attrs["RootFS"]["Layers"]
    assert set(image.attrs["RootFS"]["Layers"]).isdisjoint(beneath)
    assert image.attrs["Config"]["User"] == "65534:65534"
    assert not image.attrs["Config"].get("Cmd")
    assert not image.attrs["Config"].get("Volumes")


@pytest.mark.parametrize("name", CATALOG.images)
def test_an_image_keeps_its_budget(name: str, images: dict[str, Image], shipped: dict[str, Shipped]) -> None:
    manifest = CATALOG.images[name].manifest
    row = image_row(manifest, "final", images[name])
    check_budgets([row])
    assert row.unpacked_bytes == sum(len(content) for _, content in shipped[name])
    ours = [
        content for member, content in shipped[name] if any(fnmatch(member.name, glob) for glob in manifest.payload)
    ]
    assert row.payload_bytes == sum(map(len, ours)) > 0


def test_an_executable_that_is_alone_in_its_image_is_static(shipped: dict[str, Shipped]) -> None:
    alone = {name: files[0] for name, files in shipped.items() if len(files) == 1}
    assert alone
    assert {name for name, (member, _) in alone.items() if not member.mode & EXECUTABLE} == set()
    assert {name for name, (_, program) in alone.items() if PT_INTERP in elf_segments(program)} == set()


def test_an_image_of_many_files_needs_its_loader(shipped: dict[str, Shipped]) -> None:
    """The control of the test before: a program that is not static is told apart."""
    many = [content for files in shipped.values() if len(files) > 1 for _, content in files]
    programs = [content for content in many if content.startswith(b"\x7fELF")]
    assert any(PT_INTERP in elf_segments(program) for program in programs)
