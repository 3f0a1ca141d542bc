"""The engine itself: one method for each thing that the harness asks of one."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

import docker
import requests
from docker.errors import APIError, DockerException, ImageNotFound
from docker.models.containers import Container
from docker.models.volumes import Volume
from docker.utils import parse_repository_tag

from harness.engine.archives import packed
from harness.engine.docker.account import Parent, parent_of
from harness.engine.docker.building import build
from harness.engine.docker.claims import claimed
from harness.engine.docker.connection import UNREADABLE, chosen_engine, raise_if_full, translated, unreachable
from harness.engine.docker.flavours import flavour_of, memory_kills
from harness.engine.docker.leftovers import Filters, remove_leftovers
from harness.engine.docker.locked import heard, locked, mounted, unasked_volumes
from harness.engine.docker.marks import mark, remove_image, remove_ours
from harness.engine.docker.output import Laid
from harness.engine.docker.probe import SCRIPT, Probe
from harness.engine.docker.serving import Served
from harness.engine.docker.waiting import guarded, life_ns, memory_gauge, ran_out_of_memory, waited_out
from harness.engine.engine import (
    NOT_STARTED,
    OWNER_LABEL,
    RUN_LABEL,
    Exit,
    Job,
    Leftovers,
    Output,
    Recipe,
    Service,
)
from harness.engine.memory import watched
from harness.engine.owners import this_process
from harness.engine.topology import cores_of, own_cpus, own_topology
from harness.errors import EngineError, ProtocolError

LOCAL = "http+docker://localhost"  # what the SDK makes of a local socket
API_TIMEOUT_S = 60
CREATION_S = 0.5  # an engine takes a tenth of it to create a container
ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}  # some engines give Go's names


class DockerEngine:
    """The engine that DOCKER_HOST, the Docker context or the default socket names."""

    def __init__(self, run: str) -> None:
        """Connect. Raises EngineError, with what to do, where no engine answers or it refuses us."""
        try:
            self._client = docker.from_env(version="auto", timeout=API_TIMEOUT_S, use_ssh_client=True)
            self._facts = self._client.info()
            self._flavour = flavour_of(self._client.version(), self._facts)
            self._client.api.auth = self._flavour.complete  # called on every request
        except (DockerException, requests.RequestException, *UNREADABLE) as error:
            raise unreachable(error) from error
        self._stopped = False
        self._parent = parent_of(self._flavour.lasting(self._facts)) if self.is_local else None
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

    def architecture(self) -> str:
        """See Engine."""
        named = str(self._facts["Architecture"])
        return ARCHITECTURES.get(named, named)

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

    def build(self, recipe: Recipe, on_line: Callable[[str], None], *, rebuild: bool = False) -> None:
        """See Engine."""
        build(self._client, self._flavour, recipe, on_line, rebuild=rebuild)

    def save(self, tag: str) -> Iterable[bytes]:
        """See Engine."""
        with translated():
            yield from self._client.images.get(tag).save(named=True)

    def fill_volume(self, image: str, files: Mapping[str, memoryview]) -> str:
        """See Engine."""
        with translated(), self._removed_on_error(self._new_volume()) as volume:
            with self._lent(image, "/data", volume) as container, packed(files) as archive:
                container.put_archive("/data", archive)
            return str(volume.name)

    @contextmanager
    def _lent(self, image: str, path: str, volume: Volume) -> Generator[Container]:
        """A container that is never started, through which files travel to and from a volume."""
        self._check_goes_on()
        container = self._client.containers.create(
            image, ["true"], labels=self._labels, mounts=[mounted(path, str(volume.name))], network_mode="none"
        )
        try:
            yield container
        finally:
            _removed(container)

    def _new_volume(self) -> Volume:
        options = dict(self._flavour.volume_options)
        return self._client.volumes.create(labels=self._labels, driver_opts=options)

    @contextmanager
    def _removed_on_error(self, volume: Volume) -> Generator[Volume]:
        try:
            yield volume
        except BaseException:
            self.remove_volume(str(volume.name))
            raise

    def remove_volume(self, volume: str) -> None:
        """See Engine."""
        with suppress(DockerException, requests.RequestException):
            self._client.volumes.get(volume).remove(force=True)

    def run(self, job: Job) -> Exit:
        """See Engine."""
        with translated():
            if job.output is None:
                return self._run(job, None)
            volume = self._new_volume()
            try:
                return self._run(job, self._laid(job.output, volume))
            finally:
                self.remove_volume(str(volume.name))

    def _laid(self, output: Output, volume: Volume) -> Laid:
        laid = Laid(output, volume, partial(self._lent, output.lender, str(Path(output.path).parent), volume))
        try:
            laid.lay()
        except ProtocolError as error:
            raise EngineError(f"the engine's new volume cannot take an output: {error}") from error
        return laid

    def _run(self, job: Job, laid: Laid | None) -> Exit:
        began_ns = time.monotonic_ns()
        try:
            container = self._create(job, str(laid.volume.name) if laid else None, self._parent)
        except ImageNotFound:
            raise
        except APIError as error:  # an image can ask for what no engine makes a container with
            return self._refused(error, began_ns)
        try:
            if reason := unasked_volumes(container, job):
                return Exit(NOT_STARTED, b"", reason.encode(), 0)
            kills = memory_kills()
            overflows = laid.overflows if laid else _never
            used_ns = self._parent.used_ns() if self._parent and self._parent.is_empty() else None
            job.observe()
            started = time.monotonic_ns()
            try:
                container.start()
            except APIError as error:
                return self._refused(error, started)
            with watched(guarded(container, memory_gauge(container), overflows)) as memory:
                timed_out = waited_out(container, job.timeout_s)
                elapsed_ns = time.monotonic_ns() - started
            job.observe()
            cpu_ns = _difference(used_ns, self._parent.used_ns() if self._parent else None)
            container.reload()
            code = int(container.attrs["State"]["ExitCode"])
            ended = Exit(
                code=code,
                stdout=heard(container, "stdout"),
                stderr=heard(container, "stderr"),
                elapsed_ns=elapsed_ns,
                timed_out=timed_out,
                out_of_memory=not timed_out and self._ran_out_of_memory(container, code, kills),
                resident_bytes=memory.most_bytes,
                life_ns=life_ns(container.attrs["State"], elapsed_ns),
                cpu_ns=cpu_ns,
            )
            return _with_output(ended, laid) if laid and code == 0 else ended
        finally:
            _removed(container)

    def _refused(self, error: APIError, began_ns: int) -> Exit:
        """What comes of an image of which the engine makes or starts no container; one that goes away is no image's."""
        raise_if_full(str(error))
        self._client.ping()
        return Exit(NOT_STARTED, b"", str(error.explanation or error).encode(), time.monotonic_ns() - began_ns)

    def _ran_out_of_memory(self, container: Container, code: int, kills_before: int) -> bool:
        """By the engine's word; of one that does not give it by its kernel's, where that is this machine's."""
        if self._flavour.tells_memory:
            return ran_out_of_memory(container, code)
        return code != 0 and memory_kills() > kills_before

    @contextmanager
    def serve(self, job: Job) -> Generator[Service | Exit]:
        """See Engine."""
        began_ns, container = time.monotonic_ns(), None
        try:
            with translated():
                try:
                    container = self._create(job, None, self._parent)
                    unasked = unasked_volumes(container, job)
                    served: Service | Exit = (
                        Exit(NOT_STARTED, b"", unasked.encode(), 0)
                        if unasked
                        else Served(container, job.timeout_s, is_local=self.is_local)
                    )
                except ImageNotFound:
                    raise
                except APIError as error:
                    served = self._refused(error, began_ns)
            yield served
        finally:
            if container:
                _removed(container)

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

    def _create(self, job: Job, out: str | None, parent: Parent | None = None) -> Container:
        self._check_goes_on()
        return self._client.containers.create(**locked(job, out, self._flavour, parent), labels=self._labels)

    def _check_goes_on(self) -> None:
        if self._stopped:
            raise EngineError("no more containers are started: the run was interrupted")

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
            if self._parent and not left.spared:
                self._parent.remove()
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


def _never() -> bool:
    return False


def _difference(before_ns: int | None, after_ns: int | None) -> int | None:
    """What was used between two readings: no container uses nothing, so that such an account is not the engine's."""
    return after_ns - before_ns if before_ns is not None and after_ns and after_ns > before_ns else None


def _with_output(ended: Exit, laid: Laid) -> Exit:
    """How a container ended, with what it wrote or the reason why that is not taken."""
    try:
        return replace(ended, output=laid.taken())
    except ProtocolError as error:
        return replace(ended, output_fault=str(error))


def _removed(container: Container) -> None:
    with suppress(DockerException, requests.RequestException):
        container.remove(force=True, v=True)
