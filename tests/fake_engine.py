"""A scripted engine: its containers compute real products at once and claim to have taken scripted times."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from harness.engine.engine import KEPT, Exit, Job, Leftovers, Recipe, Service, Spared
from harness.engine.owners import Life
from harness.errors import BuildError, EngineBusyError
from harness.experiments.matmul.workload import Matrix, checksum
from harness.images.base import DEBIAN
from harness.model.manifests import Info, Manifest
from tests.factories import info_of, saved_image

MACHINE = (Path(__file__).parent / "machines" / "x86-64.txt").read_bytes()
STATE = """== /proc/loadavg
0.14 0.10 0.05 1/100 1
== /proc/meminfo
MemAvailable: 23054540 kB
SwapTotal: 0 kB
SwapFree: 0 kB
== /proc/vmstat
pswpin 3
pswpout 4
== /sys/kernel/mm/transparent_hugepage/enabled
always [madvise] never
== /sys/devices/system/clocksource/clocksource0/current_clocksource
tsc
"""
RESIDENT_BYTES = 7_340_032
LIFE_NS = 50_000_000  # what a container lives beside its samples

Fault = Callable[[Exit], Exit]
"""Turns how an honest container ended into what the engine reports instead; may raise."""


@dataclass(frozen=True)
class Beside:
    """Shares of the host's CPU time that others use, and that a hypervisor keeps, while a container lives."""

    others: float = 0.0
    steal: float = 0.0


def _always(_computed_s: float) -> float:
    return 1.0


@dataclass(frozen=True)
class Kernel:
    """How a kernel takes its time."""

    row_s: float
    once_s: float = 0.0  # in every call, whatever its rows are: threads or processes that must start
    cold: float = 0.0  # share by which the first sample of a container takes longer
    slower: Callable[[float], float] = _always  # times as long takes a call, once a container computed for so long

    def walls_s(self, rows: int, calls: int, samples: int) -> list[float]:
        """Seconds of every sample of one container, without noise."""
        call_s = self.once_s + self.row_s * rows
        computed_s, walls_s = 0.0, list[float]()
        for _ in range(samples):
            began_s, left = computed_s, calls
            while left and (factor := self.slower(computed_s)) != 1.0:
                computed_s += factor * call_s
                left -= 1
            computed_s += left * call_s
            walls_s.append(computed_s - began_s)
        return [walls_s[0] * (1 + self.cold), *walls_s[1:]]


def compiled(*steps: tuple[float, float]) -> Callable[[float], float]:
    """A compiler at work: until a container computed for so many seconds, a call takes so many times as long."""
    return lambda computed_s: next((factor for until_s, factor in steps if computed_s < until_s), 1.0)


@dataclass
class FakeEngine:
    """Two CPUs, and images whose programs behave as the script says; what was asked of it stays to be looked at."""

    manifests: Iterable[Manifest]
    row_s: Mapping[str, float]  # seconds a row takes, by `implementation/rung`
    kernels: Mapping[str, Kernel] = field(default_factory=dict)  # of those that do not only take as long as their rows
    noise: float = 0.0  # spread of the times, between rounds and within, as a share
    peak_gflops: float = 1000.0
    peaks_gflops: Iterator[float] | None = None  # what the program says, one call after the other, instead
    unbuildable: frozenset[str] = frozenset()
    infos: Mapping[str, Info | bytes] = field(default_factory=dict)  # answers other than the manifest's
    faults: Mapping[str, Fault] = field(default_factory=dict)  # by `implementation/rung`
    images: set[str] = field(default_factory=set)
    volumes: dict[str, dict[str, bytes]] = field(default_factory=dict)
    built: list[str] = field(default_factory=list)
    sent: list[Recipe] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    swept: bool = False
    busy: list[str] = field(default_factory=list)  # what claims of the engine are refused with
    claimed: list[str] = field(default_factory=list)
    cleaned: list[str | None] = field(default_factory=list)
    beside: Callable[[str], Beside] = lambda _: Beside()  # what goes on beside a container of `implementation/rung`
    unaccounted: bool = False  # whether there is no account of CPU time
    silent: bool = False  # whether readings of the host fail
    uptime_ns: int = 10**12
    busy_ns: int = 10**11
    steal_ns: int = 0

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(1)
        self._manifests = {manifest.name: manifest for manifest in self.manifests}

    def describe(self) -> str:
        return "a scripted engine"

    def cpus(self) -> tuple[int, ...]:
        return (0, 1)

    @property
    def is_local(self) -> bool:
        return True

    def cores(self) -> int:
        return 2

    def architecture(self) -> str:
        return "x86_64"

    def memory_bytes(self) -> int:
        return 2**32

    def image_digest(self, tag: str) -> str | None:
        return f"sha256:{tag}" if tag in self.images else None

    def pull(self, image: str) -> str | None:
        self.images.add(image)
        return None if image == DEBIAN else "not found"

    def import_image(self, archive: BinaryIO, tag: str) -> None:
        raise NotImplementedError

    def build(self, recipe: Recipe, on_line: Callable[[str], None], *, rebuild: bool = False) -> None:
        on_line("Step 1/1")
        name, _, version = recipe.tag.partition(":")
        made_of = f"{name}:{version.partition('-')[0]}"  # without the token of what is yet to be made canonical
        if made_of in self.built and not rebuild:
            on_line(KEPT)
        if _name(recipe.tag) in self.unbuildable:
            raise BuildError("error: expected ';' (exit code 1)", "Step 1/1\nmain.x:1: error: expected ';'\n")
        self.built.append(made_of)
        self.sent.append(recipe)
        self.images.add(recipe.tag)

    def tag(self, tag: str, alias: str) -> None:
        assert tag in self.images
        self.images.add(alias)

    def save(self, tag: str) -> Iterable[bytes]:
        assert tag in self.images
        return [saved_image({"matmul": b"m" * 300, "lib/runtime": b"r" * 600})]

    def load(self, archive: BinaryIO, tag: str) -> None:
        with tarfile.open(fileobj=archive) as saved:
            assert "manifest.json" in saved.getnames()
        self.images.add(tag)

    def remove_image(self, tag: str) -> None:
        self.images.remove(tag)

    def fill_volume(self, image: str, files: Mapping[str, memoryview]) -> str:
        assert image in self.images
        self.volumes["inputs"] = {name: data.tobytes() for name, data in files.items()}
        return "inputs"

    def remove_volume(self, volume: str) -> None:
        del self.volumes[volume]

    def run(self, job: Job) -> Exit:
        assert job.image in self.images
        self.jobs.append(job)
        match job.arguments:
            case ("nothing",):
                return replace(_said(b""), code=2)
            case ("info",):
                return _said(self._info(_name(job.image)))
            case ("peak", threads):
                gflops = next(self.peaks_gflops) if self.peaks_gflops else self.peak_gflops * int(threads)
                return _said(f"{gflops}\n".encode())
            case ("run", rung, *numbers):
                case = f"{_name(job.image)}/{rung}"
                honest = self._compute(job, case, *map(int, numbers))
                ended = self.faults.get(case, _no_fault)(honest)
                return self._lives(job, ended, self.beside(case))
            case _:
                return _said(MACHINE)

    def serve(self, job: Job) -> AbstractContextManager[Service | Exit]:
        raise NotImplementedError

    @contextmanager
    def probe(self, job: Job) -> Generator[Callable[[], bytes | None]]:
        assert job.image in self.images
        yield self.reading

    def reading(self) -> bytes | None:
        """What the host's files say: two CPUs, busy with what the containers do and with what is scripted beside."""
        if self.silent:
            return None
        ticks = [ns // 10_000_000 for ns in (self.busy_ns, 0, 0, 2 * self.uptime_ns - self.busy_ns, 0, 0, 0)]
        cpu = f"cpu  {' '.join(map(str, ticks))} {self.steal_ns // 10_000_000} 0 0\ncpu0 1\ncpu1 1"
        return f"== /proc/stat\n{cpu}\n== /proc/uptime\n{self.uptime_ns / 1e9:.2f} 0\n{STATE}".encode()

    def _lives(self, job: Job, ended: Exit, beside: Beside) -> Exit:
        """Let a container's time pass on the host."""
        job.observe()
        self.uptime_ns += ended.elapsed_ns
        self.busy_ns += sum(int(line.split()[1]) for line in ended.stdout.splitlines() if len(line.split()) == 3)
        self.busy_ns += round(beside.others * ended.elapsed_ns * 2)
        self.steal_ns += round(beside.steal * ended.elapsed_ns * 2)
        job.observe()
        return ended

    def close(self) -> None:
        pass

    def sweep(self) -> None:
        self.swept = True

    @contextmanager
    def claim(self, what: str) -> Generator[None]:
        if self.busy:
            raise EngineBusyError(self.busy.pop(0))
        self.claimed.append(what)
        yield

    def clean(self, *, images: bool, run: str | None = None, doubtful: bool = False) -> Leftovers:
        self.cleaned.append(run)
        spared = [Spared("r9", "here", 9, Life.ALIVE)]
        if not doubtful:
            spared.append(Spared("r8", "there", 8, Life.ELSEWHERE))
        return Leftovers(containers=2, volumes=1, images=len(self.images) if images else 0, spared=tuple(spared))

    def _info(self, name: str) -> bytes:
        info = self.infos.get(name) or info_of(self._manifests[name])
        return info if isinstance(info, bytes) else info.model_dump_json().encode()

    def _compute(
        self, job: Job, case: str, n: int, threads: int, first: int, rows: int, calls: int, samples: int
    ) -> Exit:
        a, b = (_matrix(self.volumes[job.inputs or ""][name], n) for name in ("a.f64", "b.f64"))
        products: list[Matrix] = [
            sum(
                (
                    np.roll(a, -(first + s * (rows + 2) + call), axis=0)[:rows]
                    @ np.roll(b, -(first + s + call), axis=0)
                    for call in range(calls)
                ),
                np.zeros((rows, n)),
            )
            for s in range(samples)
        ]
        c = products[-1] + 0.0  # no zero is negative
        spread = np.exp(self.noise * (self._random.normal() + self._random.normal(size=samples)))
        kernel = self.kernels.get(case) or Kernel(self.row_s[case])
        walls_ns = [
            round(s * 1e9 * share) for s, share in zip(kernel.walls_s(rows, calls, samples), spread, strict=True)
        ]
        lines = [
            f"{wall_ns} {wall_ns * threads} {checksum(product)}\n"
            for wall_ns, product in zip(walls_ns, products, strict=True)
        ]
        return Exit(
            code=0,
            stdout="".join(lines).encode(),
            stderr=b"what it has to say\n",
            elapsed_ns=sum(walls_ns) + LIFE_NS,
            cpu_ns=None if self.unaccounted else sum(walls_ns) * threads + LIFE_NS,
            output=c.tobytes() if job.output else None,
            resident_bytes=RESIDENT_BYTES,
        )


def on_container(number: int, fault: Fault) -> Fault:
    """The fault in only one of a case's containers, counted from 1."""
    count = 0

    def sometimes(ended: Exit) -> Exit:
        nonlocal count
        count += 1
        return fault(ended) if count == number else ended

    return sometimes


def _no_fault(ended: Exit) -> Exit:
    return ended


def _name(tag: str) -> str:
    return tag.removeprefix("harness-").partition(":")[0].removesuffix("-library").removesuffix("-variants")


def _matrix(data: bytes, n: int) -> Matrix:
    return np.frombuffer(data, dtype="<f8").reshape(n, n)


def _said(stdout: bytes) -> Exit:
    return Exit(code=0, stdout=stdout, stderr=b"", elapsed_ns=LIFE_NS, cpu_ns=LIFE_NS)
