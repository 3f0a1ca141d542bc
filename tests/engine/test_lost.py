"""Nothing that was measured is lost, whatever dies: each is done for real, and the run is then resumed to its end."""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import docker
import pytest

from harness.engine.docker import DockerEngine
from harness.engine.engine import RUN_LABEL
from harness.experiments import matmul
from harness.images.base import ensure_debian
from harness.images.build import build
from harness.images.catalog import load_catalog, targets_of
from harness.model.journal import Entry, Round
from harness.runs import find_run
from harness.store import JOURNAL, Log, load_run
from tests.engine.own_engine import OwnEngine, only_with_an_own_engine
from tests.engine.support import HARNESS, left_by, left_of, unwatched

pytestmark = pytest.mark.engine

LEAD = "faulty/honest"
ROUNDS = 8
OPTIONS = f"--langs faulty --rungs honest --n 8 --rounds {ROUNDS} --budget 0 --baseline {LEAD} --reference faulty"
PATIENCE_S = 300  # against a session that hangs, not one that shares its processors
MOMENTS = 10  # for each signal
SESSION_S = 1.2  # of measuring, at the most, before a signal comes
KILLED_CODES = {  # by the harness's own handler, or, before there is anything to put in order, by the signal itself
    signal.SIGINT: {128 + signal.SIGINT, -signal.SIGINT},
    signal.SIGTERM: {128 + signal.SIGTERM, -signal.SIGTERM},
    signal.SIGKILL: {-signal.SIGKILL},
}


@dataclass
class Runs:
    """One folder of results, and the sessions of `harness compare` that write there."""

    results: Path
    environment: Mapping[str, str]
    client: docker.DockerClient
    process: subprocess.Popen[str] | None = None
    journals: dict[Path, bytes] = field(default_factory=dict)  # as they were last seen

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Begin a session, of a new run or, with --resume, of an old one."""
        self.process = subprocess.Popen(
            [HARNESS, "compare", *arguments, "--out", self.results],
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return self.process

    def go_on(self) -> subprocess.Popen[str]:
        """Resume the latest run, or begin one where none is left to go on with."""
        unfinished = self.size() and self.entries()[-1].kind != "finished"
        return self.start("--resume", "latest") if unfinished else self.start(*OPTIONS.split())

    def ended(self) -> tuple[int, str]:
        """The exit code of the session and what it said."""
        assert self.process
        _, said = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, said

    def size(self) -> int:
        """Of all journals, in bytes."""
        return sum(journal.stat().st_size for journal in self.results.glob(f"*/{JOURNAL}"))

    def wait_for_entries(self, count: int = 1) -> None:
        """Until the session wrote so many more entries, or ended."""
        written, deadline = self.lines() + count, time.monotonic() + PATIENCE_S
        while self.process and self.process.poll() is None and self.lines() < written:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def wait_for_rounds(self) -> None:
        """Until the journal has a round of the case, or the session ended."""
        while b'"kind":"round"' not in b"".join(path.read_bytes() for path in self.results.glob(f"*/{JOURNAL}")):
            self.wait_for_entries()

    def lines(self) -> int:
        return sum(journal.read_bytes().count(b"\n") for journal in self.results.glob(f"*/{JOURNAL}"))

    @property
    def latest(self) -> Path:
        return find_run(self.results, "latest")

    def entries(self) -> list[Entry]:
        return load_run(self.latest)

    def rounds(self) -> list[Round]:
        """Those of the case itself, without its A/A control's."""
        return [entry for entry in self.entries() if isinstance(entry, Round) and not entry.case.control]

    def check_that_nothing_is_lost(self) -> None:
        """Every whole entry that was ever seen is still where it was."""
        for journal, before in self.journals.items():
            assert journal.read_bytes().startswith(before[: before.rfind(b"\n") + 1])
        self.journals = {journal: journal.read_bytes() for journal in self.results.glob(f"*/{JOURNAL}")}

    def left(self) -> list[str]:
        """What the session left in the engine."""
        assert self.process
        return left_by(self.client, self.process.pid)

    def complete(self) -> None:
        """Resume until the end: all is there, once, and nothing else is left."""
        self.start("--resume", "latest")
        code, said = self.ended()
        assert code == 0, said
        self.check_that_nothing_is_lost()
        numbers = [entry.number for entry in self.rounds()]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= ROUNDS
        assert self.entries()[-1].kind == "finished"
        assert left_of(self.client, {RUN_LABEL: self.latest.name}) == []
        report = json.loads((self.latest / "report.json").read_text(encoding="utf-8"))
        (row,) = (row for row in report["rows"] if row["rung"] == "honest")
        assert (row["outcome"], row["rounds"] + row["excluded_rounds"] >= ROUNDS) == ("measured", True)


@pytest.fixture(scope="module")
def honest(engine: DockerEngine, base: str, faulty_root: Path, keep: Log) -> str:
    """The image of the planted implementations, built, so that no session builds it."""
    source = load_catalog(faulty_root, matmul.NAME).implementations["faulty"]
    (image,) = build(engine, base, targets_of([source]), keep, unwatched, examine=False)
    assert image.tag
    return image.tag


@pytest.fixture
def runs(honest: str, faulty_root: Path, client: docker.DockerClient, tmp_path: Path) -> Iterator[Runs]:
    assert honest
    runs = Runs(tmp_path / "results", {"HARNESS_ROOT": str(faulty_root)}, client)
    with over(runs):
        yield runs


@contextmanager
def over(runs: Runs) -> Iterator[None]:
    """Whatever happens meanwhile, no session lives on, and nothing of it."""
    try:
        yield
    finally:
        if runs.process:
            runs.process.kill()
            runs.process.communicate()
            subprocess.run([HARNESS, "clean"], env={**os.environ, **runs.environment}, check=False, capture_output=True)


@pytest.mark.parametrize("number", KILLED_CODES)
def test_signals_at_random_moments_lose_nothing(number: signal.Signals, runs: Runs) -> None:
    """One run after another, each killed and resumed over and over."""
    moments = random.Random(int(number))  # noqa: S311 (moments, not secrets)
    killed = 0
    while killed < MOMENTS:
        process = runs.go_on()
        if moments.random() < 0.7:  # or else while it is only just starting
            runs.wait_for_entries()
        time.sleep(moments.uniform(0, SESSION_S))
        process.send_signal(number)
        code, said = runs.ended()
        runs.check_that_nothing_is_lost()
        if code == 0:
            continue  # it had finished
        killed += 1
        assert code in KILLED_CODES[number], said
        if code > 0:
            assert "harness: interrupted" in said
            assert not runs.size() or "`harness compare --resume" in said
        if number != signal.SIGKILL:
            assert runs.left() == []
    if not runs.size() or runs.entries()[-1].kind == "finished":
        last = runs.start(*OPTIONS.split())
        runs.wait_for_entries(2)
        last.send_signal(number)
        runs.ended()
    runs.complete()


def test_a_run_that_is_still_going_on_is_not_resumed(runs: Runs) -> None:
    first = runs.start(*OPTIONS.split())
    runs.wait_for_entries()
    runs.start("--resume", "latest")
    code, said = runs.ended()
    assert (code, "is still being measured by another harness" in said) == (2, True), said
    first.communicate(timeout=PATIENCE_S)
    assert first.returncode == 0
    runs.process = first


def test_a_damaged_line_is_removed_as_the_message_says_and_measured_again(runs: Runs) -> None:
    process = runs.start(*OPTIONS.split())
    while b'"number":3' not in b"".join(journal.read_bytes() for journal in runs.results.glob(f"*/{JOURNAL}")):
        runs.wait_for_entries()
    process.kill()
    runs.ended()
    journal = runs.latest / JOURNAL
    lines = journal.read_bytes().splitlines(keepends=True)
    place = next(number for number, line in enumerate(lines) if b'"number":2' in line)
    journal.write_bytes(b"".join([*lines[:place], lines[place][:40] + b"\x00" * 60 + b"\n", *lines[place + 1 :]]))
    runs.start("--resume", "latest")
    code, said = runs.ended()
    assert code == 2
    advice = re.search(rf"line {place + 1}, is damaged .*\nRemove it with `(sed [^`]+)`", said)
    assert advice, said
    subprocess.run(shlex.split(advice[1]), check=True)
    assert journal.read_bytes().startswith(b"".join(lines[:place] + lines[place + 1 :]))
    runs.start("--resume", "latest")
    assert runs.ended()[0] == 0
    assert sorted(entry.number for entry in runs.rounds()) == list(range(1, len(runs.rounds()) + 1))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a disk to fill")
def test_a_full_disk_keeps_what_was_measured(runs: Runs) -> None:
    runs.results.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", runs.results], check=True)
    try:
        runs.start(*OPTIONS.split(), "--rounds", "12")
        runs.wait_for_rounds()
        filler = _fill(runs.results)
        code, said = runs.ended()
        assert code == 2
        assert "harness: the disk is full:" in said
        assert "`harness compare --resume" in said
        kept = len(runs.rounds())
        assert kept > 0
        assert runs.left() == []
        runs.check_that_nothing_is_lost()
        filler.unlink()
        runs.complete()
        assert len(runs.rounds()) > kept
    finally:
        subprocess.run(["umount", runs.results], check=True)


def _fill(disk: Path) -> Path:
    """A file that leaves no room on this disk."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        while os.statvfs(disk).f_bavail:
            file.write(bytes(4096))
    return filler


# --- an engine of our own, which may be stopped ---------------------------------------------------------------


@only_with_an_own_engine
def test_an_engine_that_is_stopped_and_started_loses_nothing(
    own_engine: OwnEngine,
    honest: str,
    base: str,
    engine: DockerEngine,
    client: docker.DockerClient,
    faulty_root: Path,
    tmp_path: Path,
) -> None:
    own = own_engine.start()
    for tag in (ensure_debian(engine, lambda _: None), base, honest):
        own_engine.take_over(client, tag)
    environment = {"HARNESS_ROOT": str(faulty_root), "DOCKER_HOST": own_engine.address}
    runs = Runs(tmp_path / "results", environment, own)
    with over(runs):
        session = runs.start(*OPTIONS.split())
        while not (runs.size() and runs.rounds()):
            runs.wait_for_entries()
            assert session.poll() is None, runs.ended()
        own_engine.stop()
        own.close()
        code, said = runs.ended()
        assert code == 2, said
        assert "harness: the container engine" in said
        assert "`harness compare --resume" in said
        assert [entry.failure for entry in runs.rounds()] == [None] * len(runs.rounds())
        runs.check_that_nothing_is_lost()
        with closing(own_engine.start()) as runs.client:
            runs.complete()
