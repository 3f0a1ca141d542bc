"""One container: whatever goes wrong in it is a failed round with a reason and a log."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from harness.engine.engine import Exit, Output
from harness.errors import ProtocolError, UnexplainedError
from harness.experiments.matmul.container import Bench, measure
from harness.experiments.matmul.peak import measure_peak
from harness.experiments.matmul.workload import Workload, sha256
from harness.model.cases import Accounts, Batch
from harness.model.journal import Round
from harness.store import RunFolder
from tests.factories import a_case
from tests.fake_engine import FakeEngine, Fault

N = 16
TAG = "harness-alpha:1"
CASE = a_case("alpha/parallel", n=N, threads=2)
BATCH = Batch(rows=4, samples=3, first=15, calls=2)

Measured = Callable[..., Round]


def fake_engine(workload: Workload, faults: Mapping[str, Fault]) -> FakeEngine:
    """An engine with an image, and inputs in a volume."""
    engine = FakeEngine([], {"alpha/parallel": 0.01}, faults=faults, images={TAG})
    engine.fill_volume(TAG, {"a.f64": workload.a.data, "b.f64": workload.b.data})
    return engine


@pytest.fixture
def measured(tmp_path: Path) -> Measured:
    """Measure the case in a container that ends as the fault has it."""
    workload = Workload(N, 7)
    folder = RunFolder(tmp_path, "r1")

    def run(fault: Fault = lambda ended: ended) -> Round:
        engine = fake_engine(workload, {CASE.name: fault})
        bench = Bench(engine, workload, "inputs", 60.0, folder.keep_log, core_gflops=500.0)
        return measure(bench, TAG, CASE, BATCH, 2)

    return run


def test_a_good_round_has_samples_and_the_hash_of_what_was_written(measured: Measured) -> None:
    found = measured()
    assert found.failure is None
    assert [sample.wall_ns for sample in found.samples] == [80_000_000] * 3
    assert found.sha256 == sha256(Workload(N, 7).product(BATCH, 2).tobytes())
    assert (found.case, found.rows, found.number, found.pilot) == (CASE, 4, 2, False)
    assert (found.first, found.calls) == (15, 2)
    assert found.container_ns > 240_000_000


def first_sample_only(ended: Exit) -> Exit:
    return replace(ended, stdout=ended.stdout.splitlines(keepends=True)[0])


def garbage(ended: Exit) -> Exit:
    return replace(ended, stdout=b"Picked up some options\n" + ended.stdout)


def in_no_time(ended: Exit) -> Exit:
    return replace(ended, stdout=re.sub(rb"^\d+ \d+", b"0 0", ended.stdout, flags=re.MULTILINE))


def longer_than_it_lived(ended: Exit) -> Exit:
    return replace(ended, elapsed_ns=239_999_999)


def faster_than_any_cpu(ended: Exit) -> Exit:
    return replace(ended, stdout=re.sub(rb"^\d+ \d+", b"1 1", ended.stdout, flags=re.MULTILINE))


def wrong_element(ended: Exit) -> Exit:
    return replace(ended, output=b"\0\0\0\0\0\0\xf0\x3f" + (ended.output or b"")[8:])


def nothing_written(ended: Exit) -> Exit:
    return replace(ended, output=None)


@pytest.mark.parametrize(
    ("fault", "stage", "reason"),
    [
        (lambda ended: replace(ended, code=137, timed_out=True), "run", "timed out after 60 s"),
        (lambda ended: replace(ended, code=137, out_of_memory=True), "run", "out of memory"),
        (lambda ended: replace(ended, code=137), "run", "killed (SIGKILL), not by harness"),
        (lambda ended: replace(ended, code=3), "run", "cannot run on this machine: what it has to say"),
        (lambda ended: replace(ended, code=1), "run", "ended with exit code 1: what it has to say"),
        (lambda ended: replace(ended, code=1, stderr=b"\n"), "run", "ended with exit code 1"),
        (lambda ended: replace(ended, code=139, stderr=b"\xff"), "run", "ended with exit code 139: \ufffd"),
        (first_sample_only, "run", "printed 1 samples, expected 3"),
        (garbage, "run", "line 1 of its output is not `wall_ns cpu_ns checksum`"),
        (in_no_time, "run", "sample 1 claims impossible times"),
        (longer_than_it_lived, "run", "but its container lived 239999999 ns"),
        (faster_than_any_cpu, "run", "2 cores of this kind reach 1,000 at most"),
        (wrong_element, "validate", "1 of 64 elements of the written C differ"),
        (nothing_written, "validate", "wrote no /out/c.f64"),
    ],
)
def test_what_goes_wrong_is_a_failed_round(
    fault: Fault, stage: str, reason: str, measured: Measured, tmp_path: Path
) -> None:
    found = measured(fault)
    assert found.failure is not None
    assert found.failure.stage == stage
    assert reason in found.failure.reason
    assert (found.samples, found.sha256) == ((), None)
    log = tmp_path / "r1" / (found.failure.log or "")
    assert log.name == f"{stage}-alpha-parallel-2.log"
    assert b"--- standard output ---" in log.read_bytes()


def test_the_container_gets_its_threads_as_cpus_and_inputs_to_read() -> None:
    engine = fake_engine(Workload(N, 7), {})
    bench = Bench(engine, Workload(N, 7), "inputs", 60.0, lambda name, _: name)
    for case in (CASE, CASE.model_copy(update={"threads": 1})):
        measure(bench, TAG, case, BATCH, 1)
    both, one = engine.jobs
    assert (both.cpus, one.cpus) == ((0, 1), (0,))
    assert (both.inputs, both.output) == ("inputs", Output("/out/c.f64", 4 * N * 8, ""))
    assert both.arguments == ("run", "parallel", "16", "2", "15", "4", "2", "3")
    assert both.memory_bytes <= engine.memory_bytes()


def test_the_peak_is_what_the_image_printed() -> None:
    engine = FakeEngine([], {}, peak_gflops=20.0, images={TAG})
    found = measure_peak(engine, TAG, (0, 1))
    assert (found.threads, found.gflops) == (2, 40.0)
    assert engine.jobs[0].cpus == (0, 1)


def test_a_peak_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ProtocolError, match="where a number was expected"):
        measure_peak(FakeEngine([], {}, peak_gflops=-1.0, images={TAG}), TAG, (0,))


@pytest.mark.parametrize(("stalls", "fails"), [(0, False), (1, False), (2, True)])
def test_a_container_whose_time_is_unexplained_runs_once_more(
    stalls: int, fails: bool, measured: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[Exit] = []

    def explained(*_: object) -> Accounts:
        if len(runs) <= stalls:
            raise UnexplainedError("nothing explains it")
        return Accounts(life_ns=1)

    def counted(ended: Exit) -> Exit:
        runs.append(ended)
        return ended

    monkeypatch.setattr("harness.experiments.matmul.container.explained", explained)
    entry = measured(counted)
    assert len(runs) == min(stalls, 1) + 1
    assert (entry.failure is not None, bool(entry.samples)) == (fails, not fails)
