"""The engine itself: one method for each thing that the harness asks of one."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from typing import BinaryIO

import docker
import requests
from docker.errors import APIError, DockerException, ImageNotFound
from docker.models.containers import Container
from docker.types import LogConfig, Mount
from docker.utils import parse_repository_tag

from harness.archives import packed
from harness.docker_engine.building import build
from harness.docker_engine.claims import claimed
from harness.docker_engine.connection import UNREADABLE, chosen_engine, raise_if_full, translated, unreachable
from harness.docker_engine.flavours import flavour_of, memory_kills
from harness.docker_engine.leftovers import Filters, remove_leftovers
from harness.docker_engine.marks import mark, remove_image, remove_ours
from harness.docker_engine.output import USER, lay_output, read_output
from harness.docker_engine.probe import SCRIPT, Probe
from harness.docker_engine.waiting import memory_gauge, ran_out_of_memory, waited_out
from harness.engine import (
    NOT_STARTED,
    OWNER_LABEL,
    RUN_LABEL,
    Exit,
    Job,
    Leftovers,
    Recipe,
)
from harness.errors import EngineError
from harness.memory import watched
from harness.owners import this_process
from harness.topology import cores_of, own_cpus, own_topology

LOCAL = "http+docker://localhost"  # what the SDK makes of a local socket
API_TIMEOUT_S = 60
CREATION_S = 0.5  # an engine takes a tenth of it to create a container
LOG_BYTES = "16m"


class DockerEngine:
    """The engine that DOCKER_HOST, the Docker context or the default socket names."""

    def __init__(self, run: str) -> None:
        """Connect. Raises EngineError, with what to do, where no engine answers or it refuses us."""
        try:
            self._client = docker.from_env(version="auto", timeout=API_TIMEOUT_S, use_ssh_client=True)
            self._facts = self._client.info()
            self._flavour = flavour_of(self._client.version())
        except (DockerException, requests.RequestException, *UNREADABLE) as error:
            raise unreachable(error) from error
        self._stopped = False
        self._labels = {RUN_LABEL: run, OWNER_LABEL: this_process().label()}

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def describe(self) -> str:
        """See Engine."""
        where = chosen_engine() or "the local socket"
        return f"{self._facts['OperatingSystem']}, {self._flavour.name} {self._facts['ServerVersion']}, {where}"

    def cpus(self) -> tuple[int, ...]:
        """See Engine. Where the engine is on this machine, those that this process may use."""
        of_engine = range(int(self._facts["NCPU"]))
        return tuple(cpu for cpu in own_cpus() if cpu in of_engine) if self.is_local else tuple(of_engine)

    def cores(self) -> int:
        """See Engine."""
        return cores_of(self.cpus(), own_topology() if self.is_local else ())

    @property
    def is_local(self) -> bool:
        """See Engine. A local socket can be another machine's that was forwarded."""
        return bool(self._client.api.base_url == LOCAL) and self._facts.get("Name") == socket.gethostname()

    def memory_bytes(self) -> int:
        """See Engine."""
        return int(self._facts["MemTotal"])

    def image_digest(self, tag: str) -> str | None:
        """See Engine."""
        with translated():
            try:
                return str(self._client.images.get(tag).id)
            except ImageNotFound:
                return None

    def pull(self, image: str) -> str | None:
        """See Engine."""
        repository, tag = parse_repository_tag(image)
        try:
            events = self._client.api.pull(repository, tag=tag, stream=True, decode=True)
            failure = next((str(event["error"]) for event in events if "error" in event), None)
        except (DockerException, requests.RequestException) as error:
            failure = str(getattr(error, "explanation", None) or error)
        raise_if_full(failure or "")
        return failure

    def import_image(self, archive: BinaryIO, tag: str) -> None:
        """See Engine."""
        with translated():  # the name as a whole: Podman drops a tag that is named apart
            self._client.api.import_image_from_data(archive, repository=tag)
            mark(self._client, str(self._client.images.get(tag).id))

    def load(self, archive: BinaryIO, tag: str) -> None:
        """See Engine."""
        repository, _, version = tag.rpartition(":")
        with translated():
            (image,) = self._client.images.load(archive)
            mark(self._client, str(image.id))
            image.tag(repository, version)

    def build(self, recipe: Recipe, on_line: Callable[[str], None], *, anew: bool = False) -> None:
        """See Engine."""
        build(self._client, recipe, on_line, anew=anew)

    def save(self, tag: str) -> Iterable[bytes]:
        """See Engine."""
        with translated():
            yield from self._client.images.get(tag).save(named=True)

    def fill_volume(self, image: str, files: Mapping[str, memoryview]) -> str:
        """See Engine."""
        with translated(), self._removed_on_error(self._new_volume()) as volume:
            container = self._client.containers.create(
                image, ["true"], labels=self._labels, mounts=[Mount("/data", volume, type="volume")]
            )
            try:
                with packed(files) as archive:
                    container.put_archive("/data", archive)
            finally:
                _removed(container)
            return volume

    def _new_volume(self) -> str:
        options = dict(self._flavour.volume_options)
        return str(self._client.volumes.create(labels=self._labels, driver_opts=options).name)

    @contextmanager
    def _removed_on_error(self, volume: str) -> Generator[str]:
        try:
            yield volume
        except BaseException:
            self.remove_volume(volume)
            raise

    def remove_volume(self, volume: str) -> None:
        """See Engine."""
        with suppress(DockerException, requests.RequestException):
            self._client.volumes.get(volume).remove(force=True)

    def run(self, job: Job) -> Exit:
        """See Engine."""
        with translated():
            out = self._new_volume() if job.output else None
            try:
                return self._run(job, out)
            finally:
                if out:
                    self.remove_volume(out)

    def _run(self, job: Job, out: str | None) -> Exit:
        container = self._create(job, out)
        try:
            if job.output:
                lay_output(container, job.output)
            kills = memory_kills()
            job.observe()
            started = time.monotonic_ns()
            try:
                container.start()
            except APIError as error:
                return Exit(NOT_STARTED, b"", str(error.explanation).encode(), time.monotonic_ns() - started)
            with watched(memory_gauge(container)) as memory:
                timed_out = waited_out(container, job.timeout_s)
                elapsed_ns = time.monotonic_ns() - started
            job.observe()
            container.reload()
            code = int(container.attrs["State"]["ExitCode"])
            return Exit(
                code=code,
                stdout=container.logs(stdout=True, stderr=False),
                stderr=container.logs(stdout=False, stderr=True),
                elapsed_ns=elapsed_ns,
                timed_out=timed_out,
                out_of_memory=not timed_out and self._ran_out_of_memory(container, code, kills),
                output=read_output(container, job.output) if job.output and code == 0 else None,
                resident_bytes=memory.most_bytes,
            )
        finally:
            _removed(container)

    def _ran_out_of_memory(self, container: Container, code: int, kills_before: int) -> bool:
        """By the engine's word; of one that does not give it by its kernel's, where that is this machine's."""
        if self._flavour.tells_memory:
            return ran_out_of_memory(container, code)
        return code != 0 and memory_kills() > kills_before

    @contextmanager
    def probe(self, job: Job) -> Generator[Callable[[], bytes | None]]:
        """See Engine. It is asked by a signal and answers in its log: that works on every way to an engine."""
        script = SCRIPT.replace("COMMANDS", " ".join(job.arguments))
        with translated():
            container = self._create(replace(job, arguments=(script,), entrypoint=("/bin/sh", "-c")), None)
        try:
            with translated():
                container.start()
            yield Probe(container, job.timeout_s).ask
        finally:
            _removed(container)

    def _create(self, job: Job, out: str | None) -> Container:
        if self._stopped:
            raise EngineError("no more containers are started: the run was interrupted")
        mounts = [Mount("/data", job.inputs, type="volume", read_only=True)] if job.inputs else []
        if out:
            mounts.append(Mount("/out", out, type="volume"))
        return self._client.containers.create(
            job.image,
            list(job.arguments),
            entrypoint=list(job.entrypoint) if job.entrypoint else None,
            labels=self._labels,
            mounts=mounts,
            network_mode="none",
            read_only=True,
            tmpfs=self._flavour.covered(),
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"] + ([] if job.seccomp else ["seccomp=unconfined"]),
            user=f"{USER}:{USER}",
            cpuset_cpus=",".join(map(str, job.cpus)),
            mem_limit=job.memory_bytes,
            memswap_limit=job.memory_bytes,
            pids_limit=job.pids,
            log_config=LogConfig(type="json-file", config={"max-size": LOG_BYTES, "max-file": "1"}),
        )

    def sweep(self) -> None:
        """See Engine. Also what the engine was only just creating when the run was interrupted."""
        self._stopped = True
        mine: Filters = {"label": [f"{name}={value}" for name, value in self._labels.items()]}
        for pause_s in (0, CREATION_S):
            time.sleep(pause_s)
            with translated():
                for container in self._client.containers.list(all=True, filters=mine):
                    _removed(container)
                for volume in self._client.volumes.list(filters=mine):
                    self.remove_volume(str(volume.name))

    def claim(self, what: str) -> AbstractContextManager[None]:
        """See Engine."""
        return claimed(self._client, self._labels, what, engine_is_here=self.is_local)

    def clean(self, *, images: bool, run: str | None = None, doubtful: bool = False) -> Leftovers:
        """See Engine."""
        with translated():
            left = remove_leftovers(self._client, engine_is_here=self.is_local, run=run, doubtful=doubtful)
            removed = remove_ours(self._client) if images and not left.spared else 0
            return replace(left, images=removed)

    def tag(self, tag: str, alias: str) -> None:
        """See Engine."""
        repository, _, version = alias.rpartition(":")
        with translated():
            self._client.images.get(tag).tag(repository, version)

    def remove_image(self, tag: str) -> None:
        """See Engine."""
        with translated():
            remove_image(self._client, tag)


def _removed(container: Container) -> None:
    with suppress(DockerException, requests.RequestException):
        container.remove(force=True, v=True)
