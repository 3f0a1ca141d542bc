"""The Docker Engine API: the only module that imports the Docker SDK."""

from __future__ import annotations

import io
import os
import re
import socket
import tarfile
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

import docker
import requests
from docker.context.config import get_current_context_name
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.models.containers import Container
from docker.types import LogConfig, Mount

from harness.engine import OWNER_LABEL, RUN_LABEL, Exit, Job, Leftovers, Recipe
from harness.errors import BuildError, DiskFullError, EngineError, EngineRefusedError

USER = 65534
API_TIMEOUT_S = 60
LOG_BYTES = "16m"
KILLED = 137
STYLE = re.compile(r"\x1b\[[\d;]*m")  # builders print standard error in red


class DockerEngine:
    """The engine that DOCKER_HOST, the Docker context or the default socket names."""

    def __init__(self, run: str) -> None:
        """Connect. Raises EngineError, with what to do, where no engine answers or it refuses us."""
        try:
            self._client = docker.from_env(version="auto", timeout=API_TIMEOUT_S)
            self._facts = self._client.info()
        except (DockerException, requests.RequestException, OSError) as error:
            raise _unreachable(error) from error
        self._labels = {RUN_LABEL: run, OWNER_LABEL: f"{socket.gethostname()}:{os.getpid()}"}

    def describe(self) -> str:
        """See Engine."""
        where = chosen_engine() or "the local socket"
        return f"{self._facts['OperatingSystem']}, Docker Engine {self._facts['ServerVersion']}, {where}"

    @property
    def _is_local(self) -> bool:
        return str(self._client.api.base_url).startswith("http+docker://")

    def cpus(self) -> tuple[int, ...]:
        """See Engine."""
        of_engine = range(int(self._facts["NCPU"]))
        if self._is_local and hasattr(os, "sched_getaffinity"):
            return tuple(sorted(os.sched_getaffinity(0)))
        return tuple(of_engine)

    def memory_bytes(self) -> int:
        """See Engine."""
        return int(self._facts["MemTotal"])

    def image_digest(self, tag: str) -> str | None:
        """See Engine."""
        with _translated():
            try:
                return str(self._client.images.get(tag).id)
            except ImageNotFound:
                return None

    def pull(self, image: str) -> bool:
        """See Engine."""
        try:
            self._client.images.pull(image)
        except (DockerException, requests.RequestException):
            return False
        return True

    def import_image(self, archive: BinaryIO, tag: str) -> None:
        """See Engine."""
        repository, _, version = tag.rpartition(":")
        with _translated():
            self._client.api.import_image_from_stream(archive, repository=repository, tag=version)

    def build(self, recipe: Recipe, on_line: Callable[[str], None]) -> None:
        """See Engine."""
        log: list[str] = []
        files = {name: memoryview(data) for name, data in recipe.files().items()}
        with _archive(files) as context, _translated():
            for event in self._client.api.build(
                fileobj=context,
                custom_context=True,
                dockerfile="Dockerfile",
                target=recipe.target,
                tag=recipe.tag,
                buildargs={**_proxies(), **recipe.arguments},
                labels=self._labels,
                rm=True,
                forcerm=True,
                decode=True,
            ):
                line = STYLE.sub("", str(event.get("stream") or event.get("error") or ""))
                _raise_if_full(line)
                log.append(line)
                if line.strip():
                    on_line(line.strip())
                if "error" in event:
                    raise BuildError(_last_words(log), "".join(log))

    def save(self, tag: str) -> Iterable[bytes]:
        """See Engine."""
        with _translated():
            yield from self._client.images.get(tag).save(named=True)

    def fill_volume(self, image: str, files: Mapping[str, memoryview]) -> str:
        """See Engine."""
        with _translated(), self._removed_on_error(self._new_volume()) as volume:
            container = self._client.containers.create(
                image, ["true"], labels=self._labels, mounts=[Mount("/data", volume, type="volume")]
            )
            try:
                with _archive(files) as archive:
                    container.put_archive("/data", archive)
            finally:
                _removed(container)
            return volume

    def _new_volume(self) -> str:
        return str(self._client.volumes.create(labels=self._labels).name)

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
        with _translated():
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
                container.put_archive("/out", _empty_output(Path(job.output).name))
            started = time.monotonic_ns()
            container.start()
            timed_out = _waited_out(container, job.timeout_s)
            elapsed_ns = time.monotonic_ns() - started
            container.reload()
            state = container.attrs["State"]
            code = int(state["ExitCode"])
            return Exit(
                code=code,
                stdout=container.logs(stdout=True, stderr=False),
                stderr=container.logs(stdout=False, stderr=True),
                elapsed_ns=elapsed_ns,
                timed_out=timed_out,
                out_of_memory=not timed_out and (bool(state["OOMKilled"]) or code == KILLED),
                output=_read_file(container, job.output) if job.output and code == 0 else None,
            )
        finally:
            _removed(container)

    def _create(self, job: Job, out: str | None) -> Container:
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
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            user=f"{USER}:{USER}",
            cpuset_cpus=",".join(map(str, job.cpus)),
            mem_limit=job.memory_bytes,
            memswap_limit=job.memory_bytes,
            pids_limit=job.pids,
            log_config=LogConfig(type="json-file", config={"max-size": LOG_BYTES, "max-file": "1"}),
        )

    def clean(self, *, images: bool) -> Leftovers:
        """See Engine."""
        with _translated():
            ours: dict[str, str | list[str] | bool] = {"label": RUN_LABEL}
            spared: set[str] = set()
            containers = [
                container
                for container in self._client.containers.list(all=True, filters=ours)
                if not _is_alive(container.labels, spared)
            ]
            for container in containers:
                _removed(container)
            volumes = [
                volume
                for volume in self._client.volumes.list(filters=ours)
                if not _is_alive(volume.attrs.get("Labels") or {}, spared)
            ]
            for volume in volumes:
                volume.remove(force=True)
            built = self._client.images.list(filters=ours) if images else []
            for image in built:
                self._client.images.remove(str(image.id), force=True)
            return Leftovers(len(containers), len(volumes), len(built), tuple(sorted(spared)))


def chosen_engine() -> str | None:
    """The engine that the user points at, by DOCKER_HOST or a Docker context; None for the default socket."""
    if host := os.environ.get("DOCKER_HOST"):
        return host
    context = os.environ.get("DOCKER_CONTEXT") or get_current_context_name()
    return None if context == "default" else f"the Docker context {context}"


def _unreachable(error: Exception) -> EngineError:
    """Say which of the usual reasons keeps us from the engine, and what to do about it."""
    where = chosen_engine() or "the default socket"
    if "Permission denied" in str(error):
        return EngineRefusedError(
            f"a container engine runs at {where}, but you may not use it.\n"
            "Add yourself to the group that owns its socket (usually `sudo usermod -aG docker $USER`, "
            "then log in anew), or run as root."
        )
    return EngineError(
        f"no container engine answers at {where}.\n"
        "`harness setup` installs and starts Docker on Debian and Ubuntu; or start your engine, or point "
        f"DOCKER_HOST at one. ({error})"
    )


@contextmanager
def _translated() -> Generator[None]:
    """Turn the SDK's errors into ours."""
    try:
        yield
    except requests.RequestException as error:
        raise EngineError(
            f"the container engine stopped answering: {error}\n"
            "Start it again; what was measured so far is kept, see `harness report latest`."
        ) from error
    except APIError as error:
        _raise_if_full(str(error))
        raise EngineError(f"the container engine refused: {error.explanation or error}") from error
    except DockerException as error:
        raise EngineError(f"the container engine failed: {error}") from error


def _last_words(log: Sequence[str]) -> str:
    """Why a build failed: what its last step printed last, and how that step ended."""
    ending = log[-1].strip()
    lines = [line.strip() for text in log[:-1] for line in text.splitlines() if line.strip()]
    printed = [line for line in lines if not line.startswith("Removing intermediate container")]
    _, failed, code = ending.rpartition("returned a non-zero code: ")
    is_silent = not printed or printed[-1].startswith("--->")
    return ending if is_silent or not failed else f"{printed[-1]} (exit code {code})"


def _raise_if_full(message: str) -> None:
    if "no space left on device" in message.lower():
        raise DiskFullError(
            f"the engine's disk is full: {message.strip()}\n"
            "Free some space; `harness clean --images` removes what the harness itself has built."
        )


def _proxies() -> dict[str, str]:
    """The machine's proxies, which builders take as predefined build arguments."""
    names = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY")
    both = (*names, *(name.lower() for name in names))
    return {name: os.environ[name] for name in both if name in os.environ}


def _waited_out(container: Container, timeout_s: float) -> bool:
    """Wait for the end of a container; past its time, kill it and say so.

    Raises EngineError where the engine itself went away instead.
    """
    try:
        container.wait(timeout=timeout_s)
    except (requests.ConnectionError, requests.ReadTimeout):
        container.reload()
        if container.status != "running":
            return False
        with suppress(APIError):
            container.kill()
        container.wait()
        return True
    return False


def _read_file(container: Container, path: str) -> bytes | None:
    """A file out of a stopped container, or None where it is not there."""
    try:
        stream, _ = container.get_archive(path)
    except NotFound:
        return None
    with tempfile.TemporaryFile() as spool:
        spool.writelines(stream)
        spool.seek(0)
        with tarfile.open(fileobj=spool) as archive:
            member = archive.next()
            data = archive.extractfile(member) if member and member.isfile() else None
            return data.read() if data else None


def _removed(container: Container) -> None:
    with suppress(DockerException, requests.RequestException):
        container.remove(force=True, v=True)


def _is_alive(labels: Mapping[str, str], alive: set[str]) -> bool:
    """Whether the process that made a thing still runs on this host; then note its run."""
    host, _, pid = labels.get(OWNER_LABEL, "").rpartition(":")
    if host != socket.gethostname() or int(pid) == os.getpid() or not Path(f"/proc/{pid}").exists():
        return False
    alive.add(labels[RUN_LABEL])
    return True


def _empty_output(name: str) -> bytes:
    """An archive of one empty file that the container's user may write.

    The volume's own directory stays root's: no archive can change the directory it is unpacked into.
    """
    entry = tarfile.TarInfo(name)
    entry.mode, entry.uid, entry.gid = 0o600, USER, USER
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(entry)
    return buffer.getvalue()


@contextmanager
def _archive(files: Mapping[str, memoryview]) -> Generator[BinaryIO]:
    """The files as a tar archive on disk: inputs can be larger than is good to hold twice.

    It depends on nothing but their names and contents, so that the builder's cache finds them again.
    """
    with tempfile.TemporaryFile() as spool:
        with tarfile.open(fileobj=spool, mode="w") as archive:
            for name, data in sorted(files.items()):
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = data.nbytes, 0o755 if bytes(data[:2]) == b"#!" else 0o644
                archive.addfile(entry, cast("Any", _Reader(data)))
        spool.seek(0)
        yield cast("BinaryIO", spool)


class _Reader(io.RawIOBase):
    """Reads a memoryview without copying it whole."""

    def __init__(self, data: memoryview) -> None:
        self._data, self._at = data.cast("B"), 0

    def read(self, size: int = -1) -> bytes:
        end = len(self._data) if size < 0 else self._at + size
        chunk = bytes(self._data[self._at : end])
        self._at += len(chunk)
        return chunk
