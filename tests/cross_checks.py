"""Other people's tools beside our own figures, in one run, with one program: `python -m tests.cross_checks`.

hyperfine times the whole container process, `docker run` from beginning to end, with one sample and with many. What
the additional samples cost it is held against the `wall_ns` that the program printed for them: the start of a container
is in both, and falls out of the difference. In the same way `perf stat` counts the task-clock of the program on the
host, with one sample and with many, beside its `cpu_ns`. Both come from the distribution: hyperfine, linux-perf.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tabulate import tabulate

from harness.engine.docker import DockerEngine
from harness.engine.engine import Job, Output, Runner
from harness.engine.interrupts import swept
from harness.experiments import matmul
from harness.experiments.matmul.protocol import parse_samples, run_arguments
from harness.experiments.matmul.workload import Workload
from harness.images.build import build, build_base
from harness.images.catalog import load_catalog, root, targets_of
from harness.model.cases import Batch, Case, Sample
from tests.outside import Host, unpacked

TOOLS = ("hyperfine", "perf", "docker")
FEW, MANY = 1, 9
TIMES = 3
N = 448
OUTPUT = "/out/c.f64"
MIB = 2**20
CASES = [
    Case(implementation="c", rung="naive", n=N, threads=1),
    Case(implementation="c", rung="parallel", n=N, threads=2),
]


@dataclass(frozen=True)
class Check:
    """Seconds a sample by another tool beside those by ours."""

    case: Case
    what: str
    theirs: float
    ours: float

    @property
    def difference(self) -> float:
        """How far ours is off theirs, as a share."""
        return self.ours / self.theirs - 1


def missing() -> list[str]:
    """The tools that are not installed."""
    return [tool for tool in TOOLS if not shutil.which(tool)]


def table(checks: list[Check]) -> str:
    """One row a check."""
    rows = [
        [str(check.case), check.what, f"{check.theirs:.5f}", f"{check.ours:.5f}", f"{check.difference:+.2%}"]
        for check in checks
    ]
    return tabulate(rows, ["case", "what", "theirs, s", "ours, s", "difference"], disable_numparse=True)


def checked(engine: DockerEngine, tag: str, cases: list[Case]) -> Iterator[Check]:
    """Both checks of every case of one image, which all have the same n."""
    workload = Workload(cases[0].n, 7)
    files = {"a.f64": workload.a.data, "b.f64": workload.b.data}
    with _volume(engine, tag, files) as inputs, unpacked(engine.save(tag), files, engine) as host:
        for case in cases:
            yield _wall(engine, tag, inputs, case)
            yield _cpu(host, case)


@contextmanager
def _volume(engine: DockerEngine, tag: str, files: dict[str, memoryview]) -> Iterator[str]:
    volume = engine.fill_volume(tag, files)
    try:
        yield volume
    finally:
        engine.remove_volume(volume)


Run = tuple[float, tuple[Sample, ...]]
"""The seconds of a run by another tool, and what the run itself printed."""


def _wall(engine: DockerEngine, tag: str, inputs: str, case: Case) -> Check:
    """The wall time of a sample, by hyperfine around `docker run`, beside the wall_ns of the very same containers."""
    runs = [_hyperfine(_docker_run(engine, tag, inputs, case, count), count) for count in (FEW, MANY) * TIMES]
    return _check(case, "hyperfine, `docker run`: wall_ns", runs, lambda sample: sample.wall_ns)


def _cpu(host: Host, case: Case) -> Check:
    """The CPU time of a sample, by perf on the host, beside the cpu_ns of the very same processes."""
    runs = [_perf(host, case, count) for count in (FEW, MANY) * TIMES]
    return _check(case, "perf stat, task-clock: cpu_ns", runs, lambda sample: sample.cpu_ns)


def _check(case: Case, what: str, runs: list[Run], nanoseconds: Callable[[Sample], int]) -> Check:
    """What the samples cost that the one run of each pair has more than the other, by both."""
    more = MANY - FEW
    ours = [sum(map(nanoseconds, samples)) / 1e9 for _, samples in runs]
    theirs = [seconds for seconds, _ in runs]
    ours_s, theirs_s = (
        median((many - few) / more for few, many in zip(each[::2], each[1::2], strict=True)) for each in (ours, theirs)
    )
    return Check(case, what, theirs_s, ours_s)


def _hyperfine(command: list[str], samples: int) -> Run:
    with tempfile.NamedTemporaryFile(suffix=".json") as report, tempfile.NamedTemporaryFile() as said:
        options = ["--shell=none", "--runs=1", "--style=none", f"--export-json={report.name}", f"--output={said.name}"]
        line = " ".join(command)  # hyperfine splits it again; nothing in it has blanks
        subprocess.run(["hyperfine", *options, line], check=True, capture_output=True)
        seconds = float(json.loads(Path(report.name).read_bytes())["results"][0]["mean"])
        return seconds, parse_samples(Path(said.name).read_bytes(), samples)


def _perf(host: Host, case: Case, samples: int) -> Run:
    with tempfile.NamedTemporaryFile() as report:
        job = _job(host, "", None, case, samples)
        host.fresh(OUTPUT)
        perf = ["perf", "stat", "--event=task-clock", "--field-separator=,", f"--output={report.name}"]
        ended = subprocess.run([*perf, *host.command(job)], check=True, capture_output=True)
        lines = Path(report.name).read_text(encoding="utf-8").splitlines()
    milliseconds = next(float(line.split(",")[0]) for line in lines if "task-clock" in line)
    return milliseconds / 1e3, parse_samples(ended.stdout, samples)


def _job(runner: Runner, tag: str, inputs: str | None, case: Case, samples: int) -> Job:
    return Job(
        image=tag,
        arguments=run_arguments(case, Batch(rows=case.n, samples=samples)),
        cpus=runner.cpus()[: case.threads],
        memory_bytes=256 * MIB,
        pids=64,
        timeout_s=60,
        inputs=inputs,
        output=Output(OUTPUT, 8 * case.n**2, ""),
    )


def _docker_run(engine: DockerEngine, tag: str, inputs: str, case: Case, samples: int) -> list[str]:
    """The container that a job is, by the command line; C is written to memory."""
    job = _job(engine, tag, inputs, case, samples)
    cpus = ",".join(map(str, job.cpus))
    locked = ["--network=none", "--read-only", "--cap-drop=ALL", "--user=65534:65534", f"--cpuset-cpus={cpus}"]
    mounts = [f"--volume={inputs}:/data:ro", "--tmpfs=/out:mode=1777"]
    return ["docker", "run", "--rm", *locked, *mounts, tag, *job.arguments]


def main() -> None:
    """Print the table."""
    if tools := missing():
        raise SystemExit(f"not installed: {', '.join(tools)}; install hyperfine, linux-perf and the engine's client")
    with closing(DockerEngine(f"cross-checks-{os.getpid()}-{secrets.token_hex(2)}")) as engine, swept(engine):
        catalog = load_catalog(root(), matmul.NAME)
        base = build_base(engine, catalog, lambda log, _: log, lambda _: None)
        targets = targets_of([catalog.implementations[CASES[0].implementation]], ())
        (image,) = build(engine, base, targets, lambda log, _: log, lambda _: None, examine=False)
        print(table(list(checked(engine, image.tag or "", CASES))))


if __name__ == "__main__":
    main()
