"""What a fleet of a thousand machines and a gallery of ten thousand runs cost, with scripted engines.

`python -m tests.scale fleet [MACHINES]` and `python -m tests.scale gallery [RUNS]` print figures beside their targets;
`python -m tests.scale report [MACHINES]` those of a fleet's report alone.
The scheduler, the workers and the journals are the real ones; the workers share two processes.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import dask
from distributed import Scheduler, Worker

from harness.experiments.matmul.experiment import MATMUL
from harness.fleet.campaign import carry_out, comparison_of, start
from harness.fleet.hosts import hosts_of
from harness.fleet.record import FleetFolder
from harness.fleet.workers import UNSEEN
from harness.gallery.site import make_site
from harness.images.catalog import load_catalog, root
from harness.measure.compare import compare
from harness.model.chain import linked
from harness.model.journal import Entry, Started
from harness.report.fleet import FORMATS
from harness.store import JOURNAL, load_run
from tests.fake_engine import FakeEngine
from tests.fleet import LOCAL, scripted, worker

TYPED: dict[str, Any] = {
    "langs": "all", "rungs": "all", "n": 8, "threads": "2", "rounds": 1, "precision": 100.0, "budget": 0.05,
    "baseline": "python/naive", "reference": None, "seed": 7, "tune": False, "overhead": False, "rebuild": False,
    "variants": False, "quick": False,
}  # fmt: skip
UNWATCHED = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "60 s",
    "distributed.admin.system-monitor.interval": "60 s",
    "distributed.admin.system-monitor.gil.enabled": False,
}
"""Dask's workers look at their own process up to a hundred times a second: a thousand in one would do nothing else."""

SHARES = 2  # processes that the machines share, one of which is at work in each: real ones have CPUs of their own
DISTINCT = 500  # journals of a gallery that differ; the others are further names of the same files, read anew each


def fleet(machines: int) -> None:
    """Measure on so many machines, and say what it cost the client."""
    with tempfile.TemporaryDirectory(prefix="scale-") as place, rack(machines, Path(place)) as address:
        subprocess.run([sys.executable, "-m", "tests.scale", "lead", address, place, str(machines)], check=True)


@contextmanager
def rack(machines: int, place: Path) -> Iterator[str]:
    """The address of a scheduler with so many workers; it and each share of them have a process of their own."""
    with ExitStack() as running:
        address = running.enter_context(process("scheduler", place))
        for share in range(SHARES):
            running.enter_context(process("workers", place, address, str(share), str(machines)))
        yield address


@contextmanager
def process(name: str, place: Path, *arguments: str) -> Iterator[str]:
    """The first line of a part of this module, which runs until its standard input ends."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.scale", name, *arguments],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
        env={**os.environ, "XDG_CACHE_HOME": str(place / "cache")},
    ) as running:
        assert running.stdout
        yield running.stdout.readline().strip()
        running.communicate()


async def scheduler() -> None:
    """Be the scheduler."""
    async with Scheduler(host=LOCAL, port=0, **UNSEEN) as running:
        await told_to_end(running.address)


async def workers(address: str, share: int, machines: int) -> None:
    """Be a share of the machines."""
    scripted(FakeEngine([each.manifest for each in load_catalog(root(), MATMUL.name).implementations.values()], {}))
    alone = ThreadPoolExecutor(1)  # with a thread for each machine, they would only wait for the interpreter
    options = [worker(f"m{number:04d}", number, executor=alone)["options"] for number in range(share, machines, SHARES)]
    running = await asyncio.gather(*(Worker(address, **each) for each in options))
    await told_to_end("ready")
    await asyncio.gather(*(each.close() for each in running))


async def told_to_end(line: str) -> None:
    """Print a line, and wait until standard input ends; then a thousand connections close, which nobody need read."""
    print(line, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    logging.getLogger("distributed").setLevel(logging.CRITICAL)


def lead(address: str, place: Path, machines: int) -> None:
    """Be the client."""
    folder = FleetFolder(place / "results" / "fleet")
    hosts = hosts_of(address)
    start(folder, hosts, MATMUL.name, TYPED, tuple(TYPED), unfit=True)
    began, own = time.monotonic(), time.process_time()
    carry_out(folder, hosts, root(), lambda _: None, insecure=False, wait=False, idle_s=0.0)
    cpu_s = time.process_time() - own
    say("states", ", ".join(sorted({member.state for member in folder.members.values()})), f"{machines} finished")
    say("whole", f"{time.monotonic() - began:.0f} s", "")
    say("client's CPU a machine", f"{1000 * cpu_s / machines:.1f} ms", "50 ms")
    analyze_and_show(folder)


def report(machines: int) -> None:
    """Set so many machines side by side whose journals have come back, as all of them that `fleet` measures do."""
    with tempfile.TemporaryDirectory(prefix="scale-") as place:
        folder = FleetFolder(Path(place, "fleet"))
        start(folder, hosts_of("tcp://127.0.0.1:1"), MATMUL.name, TYPED, tuple(TYPED), unfit=True)
        entries = entries_of_a_run(Path(place))
        for number in range(machines):
            folder.tell(f"m{number:04d}", "finished")
        for run in (member.run for member in folder.members.values()):
            (folder.path / run).mkdir()
            (folder.path / run / JOURNAL).write_bytes(chained(entries, run))
        analyze_and_show(folder)


def analyze_and_show(folder: FleetFolder) -> None:
    """The machines of a fleet side by side, in every format, and what that costs."""
    began, used = time.monotonic(), used_s()
    comparison = comparison_of(folder)
    texts = [render(comparison) for _, render in FORMATS.values()]
    say("analysis and page", f"{time.monotonic() - began:.1f} s", "60 s")
    say("their CPU time", f"{used_s() - used:.1f} s", "")
    say("page, text and JSON", f"{sum(map(len, texts)) / 1e6:.1f} MB", "")
    say("cases a machine", str(len(comparison.cases)), "36")
    say("client's memory at most", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB", "1 GB")


def gallery(runs: int) -> None:
    """Make a gallery of so many runs."""
    with tempfile.TemporaryDirectory(prefix="scale-") as place:
        make_runs(Path(place), runs)
        began, used = time.monotonic(), used_s()
        lines = make_site(Path(place, "runs"), Path(place, "site"), "Scale", lambda _: None)
        say("gallery", f"{time.monotonic() - began:.0f} s", "300 s")
        say("its CPU time", f"{used_s() - used:.0f} s", "")
        say("believed", str(sum(not line.problems for line in lines)), str(runs))
        say("overview", f"{Path(place, 'site', 'index.html').stat().st_size / 1e6:.2f} MB", "2 MB")


def make_runs(place: Path, runs: int) -> None:
    """Folders of runs, each whole and with a chain of its own, up to DISTINCT."""
    entries = entries_of_a_run(place)
    for number in range(runs):
        folder = place / "runs" / f"2026-11-22T02-10-33Z-{number:05d}"
        folder.mkdir(parents=True)
        if number < DISTINCT:
            (folder / JOURNAL).write_bytes(chained(entries, folder.name))
        else:
            (folder / JOURNAL).hardlink_to(place / "runs" / f"2026-11-22T02-10-33Z-{number % DISTINCT:05d}" / JOURNAL)


def entries_of_a_run(place: Path) -> list[Entry]:
    """The journal of a run that is measured here and now, below a folder."""
    catalog = load_catalog(root(), MATMUL.name)
    engine = FakeEngine([each.manifest for each in catalog.implementations.values()], {})
    scripted(engine)
    options = MATMUL.options(catalog, cpus=2, cores=2, **TYPED)
    compare(MATMUL, engine, catalog, options, place / "first", "first", lambda _: None)
    return load_run(place / "first" / "first")


def chained(entries: list[Entry], run: str) -> bytes:
    """A journal of these entries under another name."""
    lines, link = list[bytes](), ""
    for entry in entries:
        it = entry.model_copy(update={"run": run}) if isinstance(entry, Started) else entry
        line, link = linked(it.model_dump_json().encode(), link)
        lines.append(line)
    return b"\n".join([*lines, b""])


def used_s() -> float:
    """The CPU time of this process, of its children, a server of processes among them, and of theirs that ended."""
    own = str(os.getpid())
    children = Path(f"/proc/{own}/task/{own}/children").read_text().split()
    return sum(map(_used_s, (own, *children)))


def _used_s(process: str) -> float:
    """The CPU time of a process, and of those that it waited for, in seconds."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def say(what: str, found: str, target: str) -> None:
    """One figure beside its target."""
    print(f"{what:26} {found:>12}   {f'target: {target}' if target else ''}", flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["fleet", *rest]:
            fleet(int(rest[0]) if rest else 1000)
        case ["report", *rest]:
            report(int(rest[0]) if rest else 1000)
        case ["gallery", *rest]:
            gallery(int(rest[0]) if rest else 10_000)
        case ["scheduler"]:
            asyncio.run(scheduler())
        case ["workers", address, share, machines]:
            with dask.config.set(UNWATCHED):
                asyncio.run(workers(address, int(share), int(machines)))
        case ["lead", address, place, machines]:
            lead(address, Path(place), int(machines))
        case _:
            sys.exit(__doc__)
