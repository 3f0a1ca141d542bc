"""What the harness asks of a container engine. `docker_engine` is the real one; the tests have a scripted one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from mmap import mmap
from typing import BinaryIO, Protocol

from harness.engine.owners import Life

RUN_LABEL = "io.github.harness.run"
"""On every container and volume that is created, with the run's id: what `harness clean` goes by."""

NOT_STARTED = 127

KEPT = "Using cache"
"""What the builder reports, whatever its wording, for a step that it took from its cache."""

OWNER_LABEL = "io.github.harness.owner"
"""On containers and volumes, the process that made them (`owners.Owner`), so that a live run is left alone.

Neither label is on images: their containers and the images made from them would inherit it, those of users too.
"""

OLD_RUN_LABEL = "harness.run"
OLD_OWNER_LABEL = "harness.owner"
"""What earlier versions called these labels; what they left behind is still cleaned."""


@dataclass(frozen=True)
class Recipe:
    """One image to build: a stage of a Dockerfile, with everything that the builder is sent, by name."""

    tag: str
    files: Mapping[str, bytes]  # the Dockerfile among them
    target: str | None
    arguments: Mapping[str, str]
    packages: tuple[str, ...] = ()  # the images that it starts from, beside those among its arguments
    network: bool = False  # whether its steps have one


@dataclass(frozen=True)
class Output:
    """The one file, in /out, that a job may write: in place, and of exactly this size.

    It travels through containers of `lender`, an image of ours, and of no image that it is an output of.
    """

    path: str
    size_bytes: int
    lender: str


@dataclass(frozen=True)
class Published:
    """A port of the loopback of the engine's machine that leads to one of a container."""

    port: int
    of_container: int


@dataclass(frozen=True)
class Job:
    """One locked-down container: no network, read-only root, no capabilities, an unprivileged user.

    `network` is that of a service whose loopback it shares. There is never more than a loopback, but for one that is
    `published`: it has a network of the engine's.
    `output` is read back after the container ended. `seccomp` is the engine's own filter of system calls; only what
    measures its cost does without.
    """

    image: str
    arguments: tuple[str, ...]
    cpus: tuple[int, ...]
    memory_bytes: int
    pids: int
    timeout_s: float
    inputs: str | None = None  # volume mounted read-only at /data
    output: Output | None = None
    entrypoint: tuple[str, ...] | None = None
    observe: Callable[[], None] = lambda: None  # called just before its start and just after its end
    seccomp: bool = True
    network: str | None = None
    published: Published | None = None


@dataclass(frozen=True)
class Account:
    """What a running container had used, and what it held, at a moment of this machine's monotonic clock."""

    at_ns: int
    cpu_ns: int
    resident_bytes: int


@dataclass(frozen=True)
class Exit:
    """How a container ended. `elapsed_ns` spans from before its start until after its end.

    One that could not be started at all ended with NOT_STARTED, the engine's reason on its standard error.
    `resident_bytes` is the most memory that its processes were seen to hold; None where that cannot be read.
    `life_ns` is from its start to its end by the engine's clock, `cpu_ns` what its processes used by the kernel's
    account; None where these cannot be read.
    `output_fault` says why there is no output, where it is not what was due.
    """

    code: int
    stdout: bytes
    stderr: bytes
    elapsed_ns: int
    timed_out: bool = False
    out_of_memory: bool = False
    output: bytes | mmap | None = None
    output_fault: str = ""
    resident_bytes: int | None = None
    life_ns: int | None = None
    cpu_ns: int | None = None


@dataclass(frozen=True)
class Spared:
    """A run whose things were left alone, the process that made them, and whether that still runs."""

    run: str
    host: str
    pid: int
    life: Life


@dataclass(frozen=True)
class Leftovers:
    """How much was removed, and of which runs things were left alone: they are alive, or may be."""

    containers: int
    volumes: int
    images: int
    spared: tuple[Spared, ...]


class Service(Protocol):
    """A container that serves until it is told to end, or ends by itself."""

    began_ns: int
    """Just before its start, by this machine's monotonic clock."""

    @property
    def network(self) -> str:
        """For jobs that are to share its loopback, as long as it runs."""
        ...

    def account(self) -> Account | None:
        """What the kernel counted of it so far; None where that cannot be read, or it has ended."""
        ...

    def is_running(self) -> bool:
        """Whether it has not ended."""
        ...

    def wait(self) -> Exit:
        """Wait until it ends by itself, at most for the time that its job has."""
        ...

    def stop(self, grace_s: float) -> Exit:
        """Tell it to end (SIGTERM); once the grace is over, kill it. An Exit that timed out was killed."""
        ...


class Runner(Protocol):
    """What can run a job: an engine in a container, or something else in the same way without one."""

    def cpus(self) -> tuple[int, ...]:
        """The CPUs that jobs may be given."""
        ...

    def cores(self) -> int:
        """How many cores those CPUs are; as many as CPUs where that cannot be read."""
        ...

    def memory_bytes(self) -> int:
        """The memory of the machine that jobs run on."""
        ...

    def run(self, job: Job) -> Exit:
        """Run a job to its end, read what it left, and remove every trace of it."""
        ...


class Engine(Runner, Protocol):
    """A container engine. Every method raises EngineError where the engine does not answer."""

    @property
    def is_local(self) -> bool:
        """Whether its containers run on this very machine."""
        ...

    def describe(self) -> str:
        """Name, version and address of the engine that answers."""
        ...

    def architecture(self) -> str:
        """What its containers run on, as `uname -m` names it."""
        ...

    def image_digest(self, tag: str) -> str | None:
        """The id of a local image (the SHA-256 of its configuration), or None."""
        ...

    def pull(self, image: str) -> str | None:
        """Fetch an image from a registry; why that failed, or None. Raises DiskFullError where it does not fit."""
        ...

    def import_image(self, archive: BinaryIO, tag: str) -> None:
        """Make an image of a root file system's tar archive."""
        ...

    def build(self, recipe: Recipe, on_line: Callable[[str], None], *, rebuild: bool = False) -> None:
        """Build an image, with `rebuild` without the build cache. Raises BuildError with the whole log.

        `on_line` gets every line that the builder prints, and KEPT for a cached step.
        """
        ...

    def save(self, tag: str) -> Iterable[bytes]:
        """The image as `docker save` would write it."""
        ...

    def load(self, archive: BinaryIO, tag: str) -> None:
        """Take in an image that is an archive as `docker save` writes it, and give it a tag."""
        ...

    def remove_image(self, tag: str) -> None:
        """Remove a tag, and its image if nothing else names or needs it."""
        ...

    def fill_volume(self, image: str, files: Mapping[str, memoryview]) -> str:
        """A new volume that holds the files and nothing else, filled through a container of `image`, one of ours."""
        ...

    def remove_volume(self, volume: str) -> None:
        """Remove a volume, silently where it is gone."""
        ...

    def serve(self, job: Job) -> AbstractContextManager[Service | Exit]:
        """A container that runs beside others and is removed afterwards; how it ended, where it could not be started.

        A job that serves has no output.
        """
        ...

    def probe(self, job: Job) -> AbstractContextManager[Callable[[], bytes | None]]:
        """A container that stays, and on request runs the shell commands of its argument and returns what they print.

        An answer is None where there is none: the container was killed.
        """
        ...

    def tag(self, tag: str, alias: str) -> None:
        """Give an image a second name."""
        ...

    def sweep(self) -> None:
        """Remove every container and volume of this run, and start no more."""
        ...

    def claim(self, what: str) -> AbstractContextManager[None]:
        """Have the engine alone, to do `what`. Raises EngineBusyError where another harness has it."""
        ...

    def clean(self, *, images: bool, run: str | None = None, doubtful: bool = False) -> Leftovers:
        """Remove what dead runs, or one of them, left behind; if asked and none is alive, all built images too.

        `doubtful`: also where it is unknown whether a run is dead. Never where it is known to be alive.
        """
        ...
