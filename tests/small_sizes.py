"""Figures at small n beside those of containers that run a hundred times as long, in a committed table.

`python -m tests.small_sizes` measures what docs/small-sizes.jsonl does not have yet, and writes docs/SMALL-SIZES.md.
All of it takes a day. What is measured is kept at once, so that it can be stopped and started again, or given a part:

    python -m tests.small_sizes --n 128 --threads 1 --langs c,java --times 30

`harness compare` measures a language as anybody would, with the default budget. Then, while its figures are fresh, each
case is given one container more, of as many times the samples. A container that other work interfered with is not kept.
"""

from __future__ import annotations

import argparse
import secrets
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from harness.analysis.analyze import analyze
from harness.analysis.evidence import Evidence
from harness.engine.docker import DockerEngine
from harness.engine.interrupts import swept
from harness.experiments import matmul
from harness.experiments.matmul.container import Bench, measure
from harness.experiments.matmul.levels import call_s, sampled_s
from harness.experiments.matmul.workload import Workload
from harness.images.build import build_base
from harness.images.catalog import Source, load_catalog, root
from harness.machine.host import watched
from harness.machine.interference import interference
from harness.model.cases import Case
from harness.model.comparison import Interval, Row
from harness.model.journal import Entry, Round
from harness.model.record import Record
from harness.report.figures import interval, number
from harness.store import load_run
from tests.row_sampling import DOCS, append, cpu_name, document, read, unkept

MEASURED = DOCS / "small-sizes.jsonl"
TABLE = DOCS / "SMALL-SIZES.md"
SIZES = (32, 64, 100, 128, 200, 256, 384, 512, 1000)
TIMES = 100
ALLOWED = 0.10
TIMEOUT_S = 3600.0
NUMBER = 1000  # of the long container: no round has it

HEAD = """\
# Small n: figures beside containers that run much longer

A product of two small matrices takes microseconds, and a just-in-time compiler may need thousands of them before it is
warm. `harness compare` sizes its containers so that a figure is of the steady state. Here each figure, measured with
the default budget, stands beside that of one container that ran many times as long. It is good if it is at most 10 %
off. A case that did not get steady has no figure, and says so. What other work interfered with was measured again,
whatever its times were.

`python -m tests.small_sizes` makes this table, and measures what it lacks.

"""


class Beside(Record):
    """The figure of a case beside that of a container that ran longer."""

    case: Case
    cpu: str
    measured: Interval | None  # seconds a product
    reason: str | None  # why there is no figure
    ran_s: float  # all samples of a container that counts
    long_ran_s: float
    long: float  # seconds a product

    @property
    def error(self) -> float | None:
        """How far the figure is off, as a share of the longer container's."""
        return self.measured.value / self.long - 1 if self.measured else None

    @property
    def verdict(self) -> str:
        """Whether the figure is close; a case without one claims nothing."""
        if self.error is None:
            return "no figure"
        return "good" if abs(self.error) <= ALLOWED else "OFF"


def table(measured: Iterable[Beside]) -> str:
    """The document: one row a case, and how many are close."""
    ordered = sorted(measured, key=lambda it: (it.case.n, it.case.threads, it.case.implementation, it.case.rung))
    rows = [
        [
            str(it.case.n),
            it.case.name,
            str(it.case.threads),
            interval(it.measured) if it.measured else "–",
            number(it.long),
            f"{it.long_ran_s / it.ran_s:.0f}×",
            "–" if it.error is None else f"{it.error:+.1%}",
            it.verdict,
        ]
        for it in ordered
    ]
    headers = ["n", "case", "threads", "measured, s", "longer, s", "as long", "error", "verdict"]
    return document(HEAD + _summary(ordered), (it.cpu for it in ordered), headers, rows)


def _summary(measured: Sequence[Beside]) -> str:
    verdicts = Counter(it.verdict for it in measured)
    errors = [abs(it.error) for it in measured if it.error is not None] or [0.0]
    median, largest = np.median(errors), max(errors)
    return (
        f"Of {len(measured)}, {verdicts['good']} are good, {verdicts['no figure']} have no figure and "
        f"{verdicts['OFF']} are off. The errors are {median:.1%} (median) and {largest:.1%} (the largest)."
    )


def kept() -> list[Beside]:
    """What was measured so far."""
    return read(MEASURED, Beside)


def missing_of(source: Source, n: int, threads: int) -> list[str]:
    """The rungs of a language that were not measured at this size; with several threads, those that use them."""
    name, done = source.manifest.name, {it.case for it in kept()}
    rungs = [rung.name for rung in source.manifest.rungs if rung.threads == "all" or threads == 1]
    return [it for it in rungs if Case(implementation=name, rung=it, n=n, threads=threads) not in done]


def compared(folder: Path, implementation: str, rungs: Sequence[str], n: int, threads: int) -> list[Entry]:
    """The journal of `harness compare`, which measures a language at one size."""
    options = {
        "langs": implementation,
        "rungs": ",".join(rungs),
        "n": str(n),
        "threads": str(threads),
        "baseline": f"{implementation}/{rungs[0]}",
        "reference": implementation,
        "out": str(folder),
    }
    command = [str(Path(sys.executable).with_name("harness")), "compare"]
    command += [f"--{option}={value}" for option, value in options.items()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not (runs := list(folder.iterdir())):
        raise SystemExit(done.stderr)
    return load_run(runs[0])


def longer(engine: DockerEngine, base: str, entries: Sequence[Entry], n: int, times: int) -> Iterator[Beside]:
    """Every case that was measured, beside a container of so many times the samples."""
    evidence = Evidence.of(entries)
    rows = {(row.implementation, row.rung, row.threads): row for row in analyze(entries).rows}
    latest = {entry.case: entry for entry in entries if isinstance(entry, Round) and not entry.failure}
    workload = Workload(n, secrets.randbits(32))
    tags = {name: image.tag or "" for name, image in evidence.images.items()}
    inputs = engine.fill_volume(next(iter(tags.values())), {"a.f64": workload.a.data, "b.f64": workload.b.data})
    try:
        with watched(engine, base) as read:
            bench = Bench(engine, workload, inputs, TIMEOUT_S, unkept, read=read)
            for case, short in latest.items():
                if case.control:
                    continue
                row = rows[case.implementation, case.rung, case.threads]
                batch = short.request.model_copy(update={"samples": times * len(short.samples), "first": 0})
                found = measure(bench, tags[row.image or ""], case, batch, NUMBER)
                if why := (found.failure and found.failure.reason) or "; ".join(interference([found]).values()):
                    print(f"{case}, n = {n}: not kept: {why}", flush=True)
                else:
                    yield beside(row, short, found)
    finally:
        engine.remove_volume(inputs)


def beside(row: Row, short: Round, found: Round) -> Beside:
    """A row of the report, the last of its rounds, and the container that ran longer."""
    return Beside(
        case=short.case,
        cpu=cpu_name(),
        measured=row.seconds,
        reason=row.reason,
        ran_s=sampled_s(short),
        long_ran_s=sampled_s(found),
        long=call_s(found) * found.case.n / found.rows,
    )


def run(source: Source, n: int, threads: int, times: int) -> None:
    """Measure what is missing of one language at one size."""
    if not (rungs := missing_of(source, n, threads)):
        return
    with tempfile.TemporaryDirectory() as folder:
        entries = compared(Path(folder), source.manifest.name, rungs, n, threads)
    with closing(DockerEngine(f"small-sizes-{secrets.token_hex(2)}")) as engine, swept(engine):
        base = build_base(engine, load_catalog(root(), matmul.NAME), unkept, lambda _: None)
        for entry in longer(engine, base, entries, n, times):
            append(MEASURED, entry)
            print(f"{entry.case}, n = {n}: {entry.verdict}, {number(entry.long)} s in the end", flush=True)


def main() -> None:
    """Measure and write the table."""
    catalog = load_catalog(root(), matmul.NAME)
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--n", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--langs", default=",".join(catalog.implementations))
    parser.add_argument("--times", type=int, default=TIMES, help="how many times as long the other container runs")
    chosen = parser.parse_args()
    try:
        for n in chosen.n:
            for threads in chosen.threads:
                for name in chosen.langs.split(","):
                    run(catalog.implementations[name], n, threads, chosen.times)
    finally:
        if kept():
            TABLE.write_text(table(kept()), encoding="utf-8")


if __name__ == "__main__":
    main()
