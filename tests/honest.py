"""Honest containers are never refused: many of all implementations, whose claims are held against what was counted.

`python -m tests.honest` (not part of the test suite) runs containers of every rung at many n, on one thread and two,
cold and warm, through the harness's own `measure`, and prints how close each language came to being refused. It exits
with 1 if one was. A thousand take an hour on two busy CPUs. Best while other work is going on: that is the hard case.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

from harness.engine.docker import DockerEngine
from harness.engine.engine import Engine
from harness.experiments import matmul
from harness.experiments.matmul.claims import Claim, gaps
from harness.experiments.matmul.container import Bench, measure
from harness.experiments.matmul.limits import MIN_S
from harness.experiments.matmul.untimed import UntimedWork
from harness.experiments.matmul.workload import Workload, max_calls
from harness.images.build import build, build_base
from harness.images.catalog import load_catalog, root, targets_of
from harness.machine.conditions import gather, parse_reading
from harness.measure.startup import startups
from harness.model.cases import Accounts, Batch, Case
from harness.model.journal import Image, Round
from harness.model.manifests import Manifest, Rung
from harness.store import new_run_id

SIZES = (32, 64, 100, 128, 200, 256, 384, 512, 1000, 1024)
CALLS_S = (0.0, 0.02, 0.1, 0.3)  # of a sample
SAMPLES = (1, 2, 5, 20)
LONGEST_S = 0.6  # of all samples of a container
ROUNDS_OF_A_CASE = 5


@dataclass(frozen=True)
class Subject:
    """A rung, and the image that holds it."""

    manifest: Manifest
    rung: Rung
    image: Image


def main() -> None:
    """Run as many containers as were asked for; exit with 1 if one was refused."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--containers", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    with closing(DockerEngine(f"honest-{new_run_id()}")) as engine:
        rounds = list(_rounds(engine, wanted.containers, random.Random(wanted.seed)))  # noqa: S311 (no secret)
    refused = [entry for entry in rounds if entry.failure]
    _tell(rounds)
    sys.exit(1 if refused else 0)


def _rounds(engine: Engine, containers: int, chance: random.Random) -> Iterator[Round]:
    catalog = load_catalog(root(), matmul.NAME)
    base = build_base(engine, catalog, _unkept, _unwatched)
    targets = targets_of(catalog.implementations.values())
    images = {image.name: image for image in build(engine, base, targets, _unkept, _unwatched)}
    known = {
        images[entry.image].tag or "": entry.accounts
        for entry in startups(engine, images.values(), 1)
        if entry.image and entry.accounts
    }
    subjects = [
        Subject(source.manifest, rung, images[source.manifest.image_of(rung.image)])
        for source in catalog.implementations.values()
        for rung in source.manifest.rungs
    ]
    done = 0
    while done < containers:
        n = chance.choice(SIZES)
        with _bench(engine, base, n, known) as bench:
            for subject in chance.sample(subjects, len(subjects)):
                for entry in _case(bench, subject, n, chance):
                    done += 1
                    if entry.failure or done % 50 == 0:
                        print(f"{done}: {entry.case}, n = {n}: {entry.failure or 'goes on'}", flush=True)
                    yield entry
                if done >= containers:
                    return


def _case(bench: Bench, subject: Subject, n: int, chance: random.Random) -> Iterator[Round]:
    """A cold container of a row or a product, then others that are sized by it."""
    rung, tag = subject.rung, subject.image.tag or ""
    threads = chance.choice((1, 2)) if rung.threads == "all" else 1
    case = Case(implementation=subject.manifest.name, rung=rung.name, n=n, threads=threads)
    batch = Batch(rows=min(threads, n) if rung.rows_independent else n, samples=1, first=chance.randrange(n))
    for number in range(1, ROUNDS_OF_A_CASE):
        entry = measure(bench, tag, case, batch.model_copy(update={"pilot": number == 1}), number)
        yield entry
        if entry.failure:
            return
        batch = _next(entry, rung, chance)


def _next(entry: Round, rung: Rung, chance: random.Random) -> Batch:
    """Some rows, calls and samples of about so many seconds."""
    n, samples = entry.case.n, chance.choice(SAMPLES)
    row_s = max(1, entry.samples[-1].wall_ns) / 1e9 / entry.rows / max(1, entry.calls)
    rows = chance.choice((min(n, entry.case.threads), n)) if rung.rows_independent else n
    if row_s * rows > LONGEST_S and rung.rows_independent:
        rows = min(n, max(1, entry.case.threads))
    samples = max(1, min(samples, int(LONGEST_S / (row_s * rows))))
    calls = max(1, round(min(chance.choice(CALLS_S), LONGEST_S / samples) / (row_s * rows)))
    return Batch(rows=rows, samples=samples, first=chance.randrange(n), calls=min(calls, max_calls(n)))


@contextmanager
def _bench(engine: Engine, base: str, n: int, known: dict[str, Accounts]) -> Iterator[Bench]:
    workload = Workload(n, n)
    inputs = engine.fill_volume(base, {"a.f64": workload.a.data, "b.f64": workload.b.data})
    bench = Bench(engine, workload, inputs, MIN_S, _unkept, lender=base, untimed=UntimedWork(known))
    try:
        yield replace(bench, read=lambda: parse_reading(gather()))
    finally:
        engine.remove_volume(inputs)


def _tell(rounds: list[Round]) -> None:
    """How close the containers of each language came, by clock."""
    closest: dict[tuple[str, str], tuple[float, str]] = defaultdict(lambda: (0.0, ""))
    for entry in rounds:
        if not (entry.accounts and entry.untimed):
            continue
        batch = Batch(rows=entry.rows, samples=len(entry.samples), calls=entry.calls)
        for gap in gaps(Claim(entry.case, batch, entry.samples, entry.accounts, entry.conditions), entry.untimed):
            key = entry.case.implementation, gap.what
            closest[key] = max(closest[key], (gap.closeness, f"{entry.case}, n = {entry.case.n}, {batch}: {gap}"))
    for (language, _), (closeness, told) in sorted(closest.items()):
        print(f"{language}: {closeness:.2f} of what is allowed: {told}")
    checked = sum(entry.accounts is not None and entry.accounts.cpu_ns is not None for entry in rounds)
    failed = sum(entry.failure is not None for entry in rounds)
    print(f"{len(rounds)} containers, {checked} with the kernel's account, {failed} refused")


def _unkept(name: str, _text: str | bytes) -> str:
    return name


def _unwatched(_event: object) -> None:
    pass


if __name__ == "__main__":
    main()
