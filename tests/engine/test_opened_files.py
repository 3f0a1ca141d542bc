"""Nothing in a final image that no run opens: every rung runs under strace, in a tree of the image's files."""

from __future__ import annotations

import io
import posixpath
import re
import tarfile
from collections.abc import Iterator
from typing import cast

import docker
import pytest
from docker.models.containers import Container
from elftools.elf.elffile import ELFFile
from elftools.elf.segments import InterpSegment

from harness.engine.docker import DockerEngine
from harness.engine.engine import Recipe
from harness.experiments import matmul
from harness.experiments.matmul.workload import Workload
from harness.images.build import build
from harness.images.catalog import Target, load_catalog, root
from harness.images.elf import is_elf
from harness.images.parts import files_of
from harness.model.journal import Image
from harness.store import Log
from tests.engine.support import unwatched
from tests.factories import archive_of

pytestmark = [pytest.mark.engine, pytest.mark.beside]

CATALOG = load_catalog(root(), matmul.NAME)
N = 40
TREE = "/tree"
MOUNTED = ("proc", "sys")
ADDED = ("dev", "etc", "proc", "sys", ".dockerenv")  # to a container of an image that has none of them
STRACE = "strace -f -qq -e trace=execve,open,openat -o /trace"
LICENCES = re.compile(r"/jre/legal/.*")  # nobody opens them, and who passes the image on has to
OPENED = re.compile(r'^(?:\d+ +)?(?:execve\(|open\(|openat\(AT_FDCWD, )"([^"]+)"', re.MULTILINE)  # what is there opens
TRACER = """ARG BASE
FROM ${BASE}
RUN install-pinned strace=6.13+ds-1
"""


@pytest.fixture(scope="module")
def finals(engine: DockerEngine, base: str, keep: Log) -> dict[str, Image]:
    """The final image of every implementation."""
    targets = [Target(source) for source in CATALOG.implementations.values()]
    return {image.name: image for image in build(engine, base, targets, keep, unwatched)}


@pytest.fixture(scope="module")
def tracer(engine: DockerEngine, base: str, client: docker.DockerClient, labels: dict[str, str]) -> Iterator[Container]:
    """A container with strace, and with what a program expects of Linux in a tree of its own."""
    tag = "harness-tracer:test"
    engine.build(Recipe(tag, {"Dockerfile": TRACER.encode()}, None, {"BASE": base}, network=True), lambda _: None)
    binds = [f"/{folder}:{TREE}/{folder}" for folder in MOUNTED]
    container = client.containers.create(tag, ["sleep", "1000"], network_mode="none", labels=labels, volumes=binds)
    try:
        container.start()
        yield container
    finally:
        container.remove(force=True)
        engine.remove_image(tag)


def run(container: Container, script: str) -> str:
    code, output = container.exec_run(["sh", "-euc", script])
    text = output.decode() if isinstance(output, bytes) else ""
    assert code == 0, f"{script}: {text}"
    return text


def tree_of(container: Container) -> bytes:
    """An archive of the files of a container, without what an engine adds."""
    copy = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(b"".join(cast("Iterator[bytes]", container.export())))) as whole,
        tarfile.open(fileobj=copy, mode="w") as ours,
    ):
        for member in whole:
            if not member.name.startswith(ADDED):
                ours.addfile(member, whole.extractfile(member) if member.isfile() else None)
    return copy.getvalue()


@pytest.mark.parametrize("name", CATALOG.implementations)
def test_every_file_of_an_image_is_opened_by_some_run(
    name: str, finals: dict[str, Image], tracer: Container, engine: DockerEngine, client: docker.DockerClient
) -> None:
    tag = finals[name].tag
    assert tag, finals[name].failure
    files = files_of(engine.save(tag))
    workload = Workload(N, 1)
    inputs = {"data/a.f64": bytes(workload.a.data), "data/b.f64": bytes(workload.b.data), "out/c.f64": b""}
    run(tracer, f"cd {TREE} && rm -rf $(ls | grep -vx 'proc\\|sys')")
    shipped = client.containers.create(tag, ["info"])
    try:
        tracer.put_archive(TREE, tree_of(shipped))
    finally:
        shipped.remove()
    tracer.put_archive(TREE, archive_of(inputs))
    run(tracer, f"chown 65534 {TREE}/out/c.f64")
    entry = client.images.get(tag).attrs["Config"]["Entrypoint"]
    manifest = CATALOG.implementations[name].manifest
    calls = ["info", *(f"run {rung.name} {N} 2 0 {N} 1 1" for rung in manifest.rungs if rung.image == "final")]
    opened = {entry[0]}
    for call in calls:
        run(tracer, f"{STRACE} chroot --userspec=65534 {TREE} {' '.join(entry)} {call}")
        opened |= {posixpath.normpath(path) for path in OPENED.findall(run(tracer, "cat /trace"))}
    opened |= {loader_of(files[path]) for path in opened & files.keys()}
    assert {path for path in files.keys() - opened if not LICENCES.fullmatch(path)} == set()


def loader_of(program: bytes) -> str:
    """The file that the kernel opens to start a program that is not static; else nothing."""
    if not is_elf(program):
        return ""
    segments = ELFFile(io.BytesIO(program)).iter_segments("PT_INTERP")
    return next((each.get_interp_name() for each in segments if isinstance(each, InterpSegment)), "")
