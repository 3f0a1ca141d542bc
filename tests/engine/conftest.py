"""The real engine, and what is built with it, once for all tests here."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import docker
import pytest
from docker.types import Mount

from harness.engine.archives import packed
from harness.engine.docker import DockerEngine
from harness.engine.engine import OWNER_LABEL, RUN_LABEL
from harness.experiments import matmul
from harness.images.build import build, build_base
from harness.images.catalog import Catalog, load_catalog, root, targets_of
from harness.model.journal import Image
from harness.store import Log, new_run_id
from tests.engine.own_engine import OwnEngine
from tests.engine.support import THIS_PROCESS, left_of, skip_on_podman, unwatched

FAULTY = Path(__file__).parent / "faulty"
SHELL = Path(__file__).parent / "shell"
SHELL_TIMEOUT_S = 1800

InShell = Callable[..., list[str]]


@pytest.fixture(scope="session")
def labels() -> dict[str, str]:
    """What everything that these tests create is labelled with."""
    return {RUN_LABEL: f"tests-{new_run_id()}", OWNER_LABEL: THIS_PROCESS}


@pytest.fixture(scope="session")
def _group(request: pytest.FixtureRequest) -> Iterator[None]:
    """What runs beside the tests that measure is not in the control group that theirs are counted by."""
    with pytest.MonkeyPatch.context() as patch:
        if request.config.option.markexpr == "beside":
            patch.setattr("harness.engine.docker.engine.parent_of", lambda _: None)
        yield


@pytest.fixture(scope="session")
def engine(labels: dict[str, str], client: docker.DockerClient, _group: None) -> Iterator[DockerEngine]:
    with closing(DockerEngine(labels[RUN_LABEL])) as engine:
        yield engine
    assert left_of(client, labels) == []


@pytest.fixture(scope="session")
def client() -> Iterator[docker.DockerClient]:
    """The engine past the harness: to look at what it did, and to interfere."""
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog(root(), matmul.NAME)


@pytest.fixture(scope="session")
def base(engine: DockerEngine, catalog: Catalog, keep: Log) -> str:
    return build_base(engine, catalog, keep, unwatched)


@pytest.fixture(scope="session")
def keep(tmp_path_factory: pytest.TempPathFactory) -> Log:
    folder = tmp_path_factory.mktemp("logs")

    def keep(name: str, text: str | bytes) -> str:
        (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
        return str(folder / name)

    return keep


@pytest.fixture(scope="session")
def images(engine: DockerEngine, base: str, catalog: Catalog, keep: Log) -> dict[str, Image]:
    """Every image of the catalog, built and weighed: by one line of tests, while the other waits for it."""
    targets = targets_of(catalog.images.values(), variants=True)
    with (Path(tempfile.gettempdir()) / f"harness-images-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return {image.name: image for image in build(engine, base, targets, keep, unwatched)}


@pytest.fixture(scope="session")
def in_shell(client: docker.DockerClient, base: str, labels: dict[str, str]) -> InShell:
    """Runs a script of SHELL, which calls an image's program for every line of a plan: thousands in one container."""

    def in_shell(tag: str, script: str, plan: Sequence[str], mounts: Sequence[Mount] = ()) -> list[str]:
        with_shell, _ = client.images.build(
            path=str(SHELL), buildargs={"BASE": base, "IMAGE": tag}, labels=labels, rm=True, forcerm=True
        )
        container = client.containers.create(
            with_shell,
            [script, *client.images.get(tag).attrs["Config"]["Entrypoint"]],
            labels=labels,
            mounts=list(mounts),
            tmpfs={"/data": "", "/out": ""},
            network_mode="none",
            cpu_shares=128,  # an eighth of the usual: the tests that measure come first
        )
        try:
            with packed({"plan": memoryview("".join(f"{line}\n" for line in plan).encode())}) as archive:
                container.put_archive("/", archive)
            container.start()
            assert container.wait(timeout=SHELL_TIMEOUT_S)["StatusCode"] == 0
            *found, last = container.logs().decode().splitlines()
        finally:
            container.remove(force=True)
        assert last == "finished"
        return found

    return in_shell


@pytest.fixture(scope="session")
def faulty_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root, as HARNESS_ROOT names one, whose implementations are the planted ones."""
    folder = tmp_path_factory.mktemp("faulty")
    shutil.copytree(FAULTY, folder, dirs_exist_ok=True)
    shutil.copytree(root() / "containers" / "base", folder / "containers" / "base")
    return folder


@pytest.fixture
def own_engine(client: docker.DockerClient) -> Iterator[OwnEngine]:
    skip_on_podman(client)
    with tempfile.TemporaryDirectory(prefix="engine-") as folder:  # a short path: its sockets' must fit 107 bytes
        own = OwnEngine(Path(folder))
        try:
            yield own
        finally:
            own.stop()
            subprocess.run(["umount", own.folder / "data"], check=False, capture_output=True)  # if it died at the start
