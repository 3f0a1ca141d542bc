"""The Docker Engine API: the only module that imports the Docker SDK."""

from __future__ import annotations

import os
import re
import socket
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import BinaryIO

import docker
import requests
from docker.context.config import get_current_context_name
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.models.containers import Container
from docker.types import LogConfig, Mount

from harness.archives import empty_file, only_file, packed
from harness.engine import NOT_STARTED, OWNER_LABEL, RUN_LABEL, Exit, Job, Leftovers, Recipe
from harness.errors import BuildError, DiskFullError, EngineError, EngineRefusedError
from harness.memory import held_bytes, statistics_file, watched

USER = 65534
LOCAL = "http+docker://localhost"  # what the SDK makes of a local socket
API_TIMEOUT_S = 60
CREATION_S = 0.5  # an engine takes a tenth of it to create a container
OOM_TOLD_S = 0.5
LOG_BYTES = "16m"
KILLED = 137
STYLE = re.compile(r"\x1b\[[\d;]*m")  # builders print standard error in red

PROBE = """
answer() {
  number=$((number + 1)); echo "=> $number"
  COMMANDS
  echo "<= $number"
}
trap answer USR1
while :; do sleep 3600 & wait $!; kill $! 2>/dev/null; done
"""
PROBE_LINES = 2000
PROBE_AGAIN_S = 0.5
PROBE_POLL_S = 0.002
ANSWER = re.compile(rb"^=> (\d+)\n(.*?)^<= \1$", re.MULTILINE | re.DOTALL)

Filters = dict[str, str | list[str] | bool]


class DockerEngine:
    """The engine that DOCKER_HOST, the Docker context or the default socket names."""

    def __init__(self, run: str) -> None:
        """Connect. Raises EngineError, with what to do, where no engine answers or it refuses us."""
        try:
            self._client = docker.from_env(version="auto", timeout=API_TIMEOUT_S, use_ssh_client=True)
            self._facts = self._client.info()
        except (DockerException, requests.RequestException, OSError) as error:
            raise _unreachable(error) from error
        self._stopped = False
        self._labels = {RUN_LABEL: run, OWNER_LABEL: f"{socket.gethostname()}:{os.getpid()}"}

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def describe(self) -> str:
        """See Engine."""
        where = chosen_engine() or "the local socket"
        return f"{self._facts['OperatingSystem']}, Docker Engine {self._facts['ServerVersion']}, {where}"

    def cpus(self) -> tuple[int, ...]:
        """See Engine. Where the engine is on this machine, those that this process may use."""
        of_engine = range(int(self._facts["NCPU"]))
        if self._client.api.base_url == LOCAL and hasattr(os, "sched_getaffinity"):
            return tuple(sorted(os.sched_getaffinity(0).intersection(of_engine)))
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
            self._client.api.import_image_from_data(
                archive, repository=repository, tag=version, changes=[f"LABEL {RUN_LABEL}={self._labels[RUN_LABEL]}"]
            )

    def build(self, recipe: Recipe, on_line: Callable[[str], None], *, anew: bool = False) -> None:
        """See Engine."""
        log: list[str] = []
        files = {name: memoryview(data) for name, data in recipe.files().items()}
        with packed(files) as context, _translated(), _recipe_refused():
            for event in self._client.api.build(
                fileobj=context,
                custom_context=True,
                dockerfile="Dockerfile",
                target=recipe.target,
                tag=recipe.tag,
                buildargs={**_proxies(), **recipe.arguments},
                labels={RUN_LABEL: self._labels[RUN_LABEL]},
                rm=True,
                forcerm=True,
                nocache=anew,
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
                with packed(files) as archive:
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
                _lay_output(container, job.output)
            job.observe()
            started = time.monotonic_ns()
            try:
                container.start()
            except APIError as error:
                return Exit(NOT_STARTED, b"", str(error.explanation).encode(), time.monotonic_ns() - started)
            with watched(_memory_gauge(container)) as memory:
                timed_out = _waited_out(container, job.timeout_s)
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
                out_of_memory=not timed_out and _ran_out_of_memory(container, code),
                output=_read_output(container, job.output) if job.output and code == 0 else None,
                resident_bytes=memory.most_bytes,
            )
        finally:
            _removed(container)

    @contextmanager
    def probe(self, job: Job) -> Generator[Callable[[], bytes | None]]:
        """See Engine. It is asked by a signal and answers in its log: that works on every way to an engine."""
        script = PROBE.replace("COMMANDS", " ".join(job.arguments))
        with _translated():
            container = self._create(replace(job, arguments=(script,), entrypoint=("/bin/sh", "-c")), None)
        try:
            with _translated():
                container.start()
            yield _Probe(container, job.timeout_s).ask
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
            with _translated():
                for container in self._client.containers.list(all=True, filters=mine):
                    _removed(container)
                for volume in self._client.volumes.list(filters=mine):
                    self.remove_volume(str(volume.name))

    def clean(self, *, images: bool) -> Leftovers:
        """See Engine."""
        with _translated():
            ours: Filters = {"label": OWNER_LABEL}
            alive: set[str] = set()
            containers = self._client.containers.list(all=True, filters=ours)
            dead_containers = [each for each in containers if not _is_alive(each.labels, alive)]
            for container in dead_containers:
                _removed(container)
            volumes = self._client.volumes.list(filters=ours)
            dead_volumes = [each for each in volumes if not _is_alive(each.attrs.get("Labels") or {}, alive)]
            for volume in dead_volumes:
                volume.remove(force=True)
            built = self._client.images.list(filters={"label": RUN_LABEL}) if images and not alive else []
            for image in built:
                self._client.images.remove(str(image.id), force=True)
            return Leftovers(len(dead_containers), len(dead_volumes), len(built), tuple(sorted(alive)))

    def tag(self, tag: str, alias: str) -> None:
        """See Engine."""
        repository, _, version = alias.rpartition(":")
        with _translated():
            self._client.images.get(tag).tag(repository, version)


class _Probe:
    """Asks a container by a signal, and finds the answer between two numbered marks in its log."""

    def __init__(self, container: Container, timeout_s: float) -> None:
        self._container = container
        self._timeout_s = timeout_s
        self._answered = 0

    def ask(self) -> bytes | None:
        """The answer; None where the container is gone or silent. A signal that came too early is sent again."""
        deadline = time.monotonic() + self._timeout_s
        try:
            while time.monotonic() < deadline:
                self._container.kill(signal="SIGUSR1")
                if answer := self._answer(min(deadline, time.monotonic() + PROBE_AGAIN_S)):
                    return answer
        except (DockerException, requests.RequestException):
            pass
        return None

    def _answer(self, deadline: float) -> bytes | None:
        while time.monotonic() < deadline:
            marks = ANSWER.findall(bytes(self._container.logs(tail=PROBE_LINES)))
            if marks and int(marks[-1][0]) > self._answered:
                self._answered = int(marks[-1][0])
                return bytes(marks[-1][1])
            time.sleep(PROBE_POLL_S)
        return None


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
    except APIError as error:  # is a RequestException as well
        _raise_if_full(str(error))
        raise EngineError(f"the container engine refused: {error.explanation or error}") from error
    except requests.RequestException as error:
        raise EngineError(
            f"the container engine stopped answering: {error}\nStart it again (`harness setup` does)."
        ) from error
    except DockerException as error:
        raise EngineError(f"the container engine failed: {error}") from error
    except OSError as error:  # our own temporary files; the SDK's are RequestExceptions, caught above
        _raise_if_full(f"{tempfile.gettempdir()}: {error}")
        raise EngineError(f"the container engine could not be fed: {error}") from error


@contextmanager
def _recipe_refused() -> Generator[None]:
    """A recipe that the builder cannot even read is refused before anything is printed."""
    try:
        yield
    except APIError as error:
        raise BuildError(str(error.explanation), str(error)) from error


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
            f"a disk is full: {message.strip()}\n"
            "Free some space; `harness clean --images` removes what the harness itself has built."
        )


def _proxies() -> dict[str, str]:
    """The machine's proxies, which builders take as predefined build arguments."""
    names = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY")
    both = (*names, *(name.lower() for name in names))
    return {name: os.environ[name] for name in both if name in os.environ}


def _memory_gauge(container: Container) -> Callable[[], int | None]:
    """Reads what a container holds; always None where that is not on this machine."""

    @cache
    def statistics() -> Path | None:
        try:
            container.reload()
        except (DockerException, requests.RequestException):
            return None
        return statistics_file(int(container.attrs["State"]["Pid"]), str(container.id))

    return lambda: held_bytes(path) if (path := statistics()) else None


def _waited_out(container: Container, timeout_s: float) -> bool:
    """Wait for the end of a container; past its time, kill it and say so.

    A wait can also break off because a connection did: then it goes on. Raises EngineError where the engine is gone.
    """
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            container.wait(timeout=max(1.0, deadline - time.monotonic()))
        except (requests.ConnectionError, requests.ReadTimeout):
            container.reload()
            if container.status == "running":
                continue
        return False
    with suppress(APIError):
        container.kill()
    container.wait()
    return True


def _ran_out_of_memory(container: Container, code: int) -> bool:
    """Whether the engine says so, which it may do a moment after it said that a container was killed."""
    deadline = time.monotonic() + (OOM_TOLD_S if code == KILLED else 0)
    while not container.attrs["State"]["OOMKilled"] and time.monotonic() < deadline:
        time.sleep(OOM_TOLD_S / 10)
        container.reload()
    return bool(container.attrs["State"]["OOMKilled"])


def _here(container: Container, path: str) -> Path | None:
    """A file in a volume by its path on this machine, where we may use it: that is much faster than archives are.

    The names of volumes are random, so that none of this machine's is mistaken for another's. Only root's is used: an
    engine that gives containers users of their own gives it to one of those.
    """
    file = Path(path)
    (source,) = (mount["Source"] for mount in container.attrs["Mounts"] if mount["Destination"] == str(file.parent))
    try:
        return Path(source, file.name) if os.geteuid() == Path(source).stat().st_uid == 0 else None
    except OSError:
        return None


def _lay_output(container: Container, path: str) -> None:
    """Make an empty file in a volume, which the container's user may write."""
    if here := _here(container, path):
        here.touch(0o600)
        os.chown(here, USER, USER)
    else:
        container.put_archive(str(Path(path).parent), empty_file(Path(path).name, owner=USER))


def _read_output(container: Container, path: str) -> bytes | mmap | None:
    """A file out of a volume of a stopped container, or None where it is not there."""
    if here := _here(container, path):
        return _mapped(here)
    try:
        stream, _ = container.get_archive(path)
    except NotFound:
        return None
    return only_file(stream)


def _mapped(path: Path) -> bytes | mmap | None:
    """What a file holds, without a copy: it stays when the file is removed. None where the file is not there."""
    try:
        with path.open("rb") as file:
            return mmap(file.fileno(), 0, access=ACCESS_READ) if path.stat().st_size else b""
    except FileNotFoundError:
        return None


def _removed(container: Container) -> None:
    with suppress(DockerException, requests.RequestException):
        container.remove(force=True, v=True)


def _is_alive(labels: Mapping[str, str], alive: set[str]) -> bool:
    """Whether the process that made a thing may still run; then note its run. Other hosts' are left to them."""
    host, _, pid = labels.get(OWNER_LABEL, "").rpartition(":")
    if not host or (host == socket.gethostname() and not _runs(int(pid))):
        return False
    alive.add(labels[RUN_LABEL])
    return True


def _runs(pid: int) -> bool:
    if pid == os.getpid():
        return False  # ours is the process that cleans
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's
    return True
