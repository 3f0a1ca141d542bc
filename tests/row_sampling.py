"""How far estimates from some rows are off: each beside a full run of the same case, in a committed table.

`python -m tests.row_sampling` measures what docs/row-sampling.jsonl does not have yet, and writes docs/ROW-SAMPLING.md;
what is measured is kept at once, so that it can be stopped and started again, or told to start no case that would end
after so many seconds:

    python -m tests.row_sampling --n 1024 --seconds 80
    python -m tests.row_sampling --n 4096 --langs c,java --rungs naive

A case is estimated as `harness compare` does it, its rounds taking turns with full runs, and with those of all other
cases, so that drift hits all alike and no case's rounds see one minute only. A full run is one container that computes
every row, all of them checked; there are three where they are short.
What something disturbed is not kept, whatever its times were: the next call measures it again.
"""

from __future__ import annotations

import argparse
import secrets
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Self, TypeVar

import numpy as np
from tabulate import tabulate

from harness.engine.docker import DockerEngine
from harness.engine.interrupts import swept
from harness.experiments import matmul
from harness.experiments.matmul.container import Bench, measure
from harness.experiments.matmul.ladder import first_row
from harness.experiments.matmul.levels import call_s
from harness.experiments.matmul.sizing import explore, settled
from harness.experiments.matmul.timing import timing
from harness.experiments.matmul.workload import Workload
from harness.images.build import build, build_base
from harness.images.catalog import Catalog, Source, load_catalog, root, targets_of
from harness.machine.host import watched
from harness.machine.interference import interference
from harness.model.cases import Batch, Case
from harness.model.comparison import Interval
from harness.model.journal import Round
from harness.model.manifests import Rung
from harness.model.record import Record
from harness.report.figures import interval, number

R = TypeVar("R", bound=Record)

DOCS = Path(__file__).parent.parent / "docs"
MEASURED = DOCS / "row-sampling.jsonl"
TABLE = DOCS / "ROW-SAMPLING.md"
RUNGS = ("naive", "interchanged", "parallel")
SIZES = (1024, 2048)
ROUNDS = 4  # of the estimate
SHARE = 8  # where all rows are quick, an eighth of them is asked for all the same
FULL_S = 2.0  # a full run repeats its product for so long
FULL_ROUNDS, SHORT_S = 3, 30.0  # full runs, where all together take no longer
ESTIMATE_S, MOST_SAMPLES = 2.0, 50  # a round of an estimate
CONTAINER_S = 1.0  # what a container takes beside its samples, about
ALLOWED = 0.05
WIDE = 0.10  # half-widths above this say so little that nearly any time would be in them
BUDGET_S = 10.0
TIMEOUT_S = 3600.0

HEAD = """\
# Row sampling: estimates beside full runs

Kernels whose rows are independent are timed on some rows at the full n, and the time is scaled. Here each estimate
stands beside full runs of the same case, all of their rows computed and checked; both took turns. An interval that is
wide holds nearly anything, so that its half-width stands beside it: an estimate is good if it is at most 5 % off, or
its 95 % interval has the full runs' time and is no wider than 10 % either way; a wider one says little.
What was measured while something disturbed the machine was measured again, whatever its times were.

Two cases were measured again for another reason: they missed. Their first figures are not in the table: python/parallel
at n = 1024, 149 [137–162] s beside 117 in full; java/parallel at n = 1024, 2.02 [1.67–2.46] s beside 1.59. What is said
below of all is therefore no hit rate: two more missed.

All of Java's cases were measured again, as its walks down B came out too high, and two had missed: java/naive at
n = 2048, 69.7 [62.2–78.2] s beside 56.3, then 79.4 [63.4–99.6] beside 71.7; java/parallel at n = 2048, 38.7 [33.5–44.7]
beside 33.0, then 42.3 [37.5–47.7] beside 39.8. With no more rows of A and C on its heap than were computed, B stood
elsewhere than in a whole product, and walking down it took longer; now all n rows stand there.

These figures are of the plan before rounds and samples took other rows, whose rounds followed one another. Those of
the present plan are still to be measured on a calm machine; where it was tried on another, some estimates missed.

`python -m tests.row_sampling` makes this table, and measures what it lacks.

"""


class Compared(Record):
    """An estimate from some rows beside a full run of the same case."""

    case: Case
    cpu: str
    rows: int
    estimate: Interval  # seconds
    full: float  # seconds
    full_rounds: int

    @classmethod
    def of(cls, case: Case, cpu: str, estimated: Sequence[Round], full: Sequence[Round]) -> Self:
        """Compare the rounds of an estimate with those of the whole product."""
        return cls(
            case=case,
            cpu=cpu,
            rows=estimated[-1].rows,
            estimate=timing(estimated).interval,
            full=timing(full).mean,
            full_rounds=len(full),
        )

    @property
    def error(self) -> float:
        """How far the estimate is off, as a share of the full run's time."""
        return self.estimate.value / self.full - 1

    @property
    def verdict(self) -> str:
        """Whether the estimate is close, has the full run's time in an interval that is not wide, or neither."""
        if abs(self.error) <= ALLOWED:
            return "good"
        if not self.estimate.holds(self.full):
            return "MISSED"
        return "good" if self.estimate.half_width <= WIDE else "says little"


def table(measured: Iterable[Compared]) -> str:
    """The document: one row a case, and how many hold."""
    ordered = sorted(measured, key=lambda it: (it.case.n, it.case.implementation, RUNGS.index(it.case.rung)))
    rows = [
        [
            str(it.case.n),
            it.case.name,
            str(it.case.threads),
            f"{it.rows} of {it.case.n}",
            interval(it.estimate),
            f"{it.estimate.half_width:.1%}",
            number(it.full),
            str(it.full_rounds),
            f"{it.error:+.1%}",
            "yes" if it.estimate.holds(it.full) else "no",
            it.verdict,
        ]
        for it in ordered
    ]
    headers = [
        "n",
        "case",
        "threads",
        "rows",
        "estimate, s",
        "±",
        "full, s",
        "full runs",
        "error",
        "in the interval",
        "verdict",
    ]
    return document(HEAD + _summary(ordered), (it.cpu for it in ordered), headers, rows)


def document(text: str, cpus: Iterable[str], headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A text, the CPUs that all was measured on, and a table."""
    return (
        f"{text} Measured on {'; '.join(sorted(set(cpus)))}.\n\n"
        + tabulate(rows, headers, tablefmt="pipe", disable_numparse=True)
        + "\n"
    )


def _summary(measured: Sequence[Compared]) -> str:
    """Coverage and width together, and how far the estimates are off."""
    verdicts = Counter(it.verdict for it in measured)
    errors, widths = [abs(it.error) for it in measured], [it.estimate.half_width for it in measured]
    inside = sum(it.estimate.holds(it.full) for it in measured)
    return (
        f"Of {len(measured)}, {verdicts['good']} are good, {verdicts['says little']} say little and "
        f"{verdicts['MISSED']} missed. {inside} intervals have the full runs' time; their half-widths are "
        f"{_quantiles(widths)}, the errors {_quantiles(errors)} (median, three quarters, the largest)."
    )


def _quantiles(values: Sequence[float]) -> str:
    return ", ".join(f"{np.quantile(values, share):.1%}" for share in (0.5, 0.75, 1))


def kept() -> list[Compared]:
    """What was measured so far."""
    return read(MEASURED, Compared)


def read(path: Path, kind: type[R]) -> list[R]:
    """The records of a file, one a line; none where there is no file."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [kind.model_validate_json(line) for line in lines]


def append(path: Path, record: Record) -> None:
    """Keep a record, a line of the file."""
    with path.open("a", encoding="utf-8") as file:
        file.write(record.model_dump_json() + "\n")


def batches_of(bench: Bench, tag: str, rung: Rung, case: Case, seconds: float) -> list[Batch]:
    """What a case's containers are asked for, the estimate's taking turns with full ones; it is explored first.

    Nothing where there are not so many seconds for it.
    """
    tried: list[Round] = []
    while batch := explore(rung, case, tried, BUDGET_S):
        tried.append(_measured(bench, tag, case, batch, len(tried) + 1))
    sized = settled(rung, case, tried, BUDGET_S, BUDGET_S / ROUNDS)
    rows = sized.rows if sized.rows < case.n else max(case.threads, case.n // SHARE)
    row_s = call_s(tried[-1]) / tried[-1].rows
    samples = max(2, min(MOST_SAMPLES, int(ESTIMATE_S / (row_s * rows))))
    full = Batch(rows=case.n, samples=max(2, min(5, int(FULL_S / (row_s * case.n)))))
    full_s = row_s * case.n * full.samples + CONTAINER_S
    full_rounds = FULL_ROUNDS if FULL_ROUNDS * full_s <= SHORT_S else 1
    if ROUNDS * (row_s * rows * samples + CONTAINER_S) + full_rounds * full_s > seconds:
        return []
    part = Batch(rows=rows, samples=samples)
    return [part, full, part, full, part, full, part] if full_rounds > 1 else [part, part, full, part, part]


def in_turn(batches: Mapping[Case, Sequence[Batch]]) -> Iterator[tuple[int, Case, Batch]]:
    """Every container of every case: the first of each, then the second of each, and so on."""
    for place in range(max(map(len, batches.values()), default=0)):
        yield from ((place, case, each[place]) for case, each in batches.items() if place < len(each))


def _measured(bench: Bench, tag: str, case: Case, batch: Batch, number: int) -> Round:
    placed = batch.model_copy(update={"first": first_row(case.n, bench.workload.seed, number)})
    found = measure(bench, tag, case, placed, number)
    if found.failure:
        raise SystemExit(f"{case}: {found.failure.reason}")
    return found


Missing = list[tuple[Source, Rung, Case]]


def missing_at(n: int, catalog: Catalog, threads: int, rungs: Sequence[str], langs: Sequence[str]) -> Missing:
    """The cases of one size that were not measured yet; no `langs` stands for all."""
    done = {it.case for it in kept()}
    found = [
        (source, rung, Case(implementation=name, rung=rung.name, n=n, threads=threads if rung.threads == "all" else 1))
        for name, source in catalog.implementations.items()
        if not langs or name in langs
        for rung in source.manifest.rungs
        if rung.name in rungs
    ]
    return [each for each in found if each[2] not in done]


def run(engine: DockerEngine, catalog: Catalog, missing: Missing, n: int, until: float) -> None:
    """Measure what is missing at one size, all cases in turn; a case for which there is no time is left out."""
    base = build_base(engine, catalog, unkept, lambda _: None)
    targets = targets_of({source.manifest.name: source for source, _, _ in missing}.values(), RUNGS)
    built = build(engine, base, targets, unkept, lambda _: None, examine=False)
    tags = {image.name: image.tag or "" for image in built}
    workload = Workload(n, secrets.randbits(32))
    inputs = engine.fill_volume(next(iter(tags.values())), {"a.f64": workload.a.data, "b.f64": workload.b.data})
    try:
        with watched(engine, base) as read:
            bench = Bench(engine, workload, inputs, TIMEOUT_S, unkept, read=read)
            batches = {
                case: batches_of(
                    bench, tags[case.implementation], rung, case, (until - time.monotonic()) / len(missing)
                )
                for _, rung, case in missing
            }
            rounds: dict[Case, list[Round]] = {case: [] for case in batches}
            for place, case, batch in in_turn(batches):
                rounds[case].append(_measured(bench, tags[case.implementation], case, batch, place + 1))
                if len(rounds[case]) == len(batches[case]):
                    print(f"{case}, n = {n}: {_keep(case, rounds[case])}", flush=True)
    finally:
        engine.remove_volume(inputs)


def _keep(case: Case, rounds: Sequence[Round]) -> str:
    """Keep what was found of a case, unless something disturbed it; says what became of it."""
    full = [r for r in rounds if r.rows == case.n]
    estimated = [r for r in rounds if r.rows < case.n]
    if disturbed := "; ".join(interference([*estimated, *full]).values()):
        return f"not kept: {disturbed}"
    entry = Compared.of(case, cpu_name(), estimated, full)
    append(MEASURED, entry)
    return f"{interval(entry.estimate)} s, {number(entry.full)} s in full"


def cpu_name() -> str:
    """What the kernel calls this machine's CPU."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "an unnamed CPU")


def unkept(name: str, text: str | bytes) -> str:
    """A log that stays in no folder."""
    return f"{name}: {text[-200:]!r}"


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--n", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--langs", default="", help="comma-separated; all of them by default")
    parser.add_argument("--rungs", default=",".join(RUNGS))
    parser.add_argument("--seconds", type=float, default=1e9, help="start no case that would end later")
    chosen = parser.parse_args()
    until = time.monotonic() + chosen.seconds
    langs = [name for name in chosen.langs.split(",") if name]
    try:
        with closing(DockerEngine(f"row-sampling-{secrets.token_hex(2)}")) as engine, swept(engine):
            catalog, threads = load_catalog(root(), matmul.NAME), len(engine.cpus())
            for n in chosen.n:
                if missing := missing_at(n, catalog, threads, chosen.rungs.split(","), langs):
                    run(engine, catalog, missing, n, until)
    finally:
        if kept():
            TABLE.write_text(table(kept()), encoding="utf-8")


if __name__ == "__main__":
    main()
