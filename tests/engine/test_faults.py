"""Every planted fault is caught, told for what it is, and gets no time and no ratio; the control is measured."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from harness.analysis.analyze import analyze
from harness.engine.docker import DockerEngine
from harness.experiments import matmul
from harness.experiments.matmul.experiment import MATMUL
from harness.experiments.matmul.ladder import rungs_of
from harness.images.catalog import load_catalog
from harness.measure.compare import compare
from harness.model.cases import Options
from harness.model.comparison import Comparison
from harness.report import FormatName, any_renderer, formats, renderer
from harness.store import load_run
from tests.engine.support import unwatched

pytestmark = pytest.mark.engine

N = 16
HONEST = "faulty/honest"
TIMEOUT_S = 6.0
MEMORY_BYTES = 2**27

FAULTS = {
    "faulty/wrong-element": r"wrong product: sample 1 has checksum -?\d+, expected \d+",
    "faulty/swapped": r"wrong product: sample 1 has checksum -?\d+, expected \d+",
    "faulty/transposed": r"wrong product: sample 1 has checksum -?\d+, expected \d+",
    "faulty/stale": r"wrong product: sample 1 has checksum -?\d+, expected \d+",
    "faulty/accumulated": r"wrong product: sample 2 has checksum -?\d+, expected \d+",
    "faulty/kept-operands": r"wrong product: sample 2 has checksum -?\d+, expected \d+",
    "faulty/kept-rows": r"wrong product: sample 2 has checksum -?\d+, expected \d+",
    "faulty/kept-product": r"wrong product: sample 1 has checksum -?\d+, expected \d+",
    "faulty/kept-b": r"wrong product: sample 1 has checksum -?\d+, expected \d+",
    "faulty/skips-a-call": r"wrong product: sample 1 has checksum -?\d+, expected \d+",
    "faulty/wrong-file": rf"wrong product: 1 of {N * N} elements of the written C differ, first C\[{N // 2}\]\[0\] .*",
    "faulty/unwritten": rf"wrote 0 bytes of c\.f64, expected {N * N * 8}",
    "faulty/too-few": r"printed 1 samples, expected 2",
    "faulty/zero-time": r"sample 1 claims impossible times: 0 and \d+ ns",
    "faulty/negative-time": r"sample 1 claims impossible times: -1000000 and \d+ ns",
    "faulty/too-long": r"its samples claim 2000000000000000 ns, but its container lived \d+ ns",
    "faulty/hang": r"timed out after 6 s",
    "faulty/out-of-memory": r"out of memory: exceeded its limit and was killed",
    "faulty/flood": r"line 1 of its output is not `wall_ns cpu_ns checksum`: 'x+'|timed out after 6 s",
    "faulty/forks": r"timed out after 6 s",
    "faulty/garbage": r"line 1 of its output is not `wall_ns cpu_ns checksum`: 'multiplying ...'",
    "faulty/crash": r"ended with exit code 1: RuntimeError: planted, after all was computed and printed",
    "faulty/cannot-run": r"cannot run on this machine: planted: the CPU lacks AVX-1024",
    "faulty/misdeclared": r"flags: the manifest says '-O3', the image was built with ''",
    "unbuildable/naive": r"a planted failure \(exit code 7\)",
}


@pytest.fixture(scope="module")
def run(engine: DockerEngine, faulty_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one run of all planted implementations, with little time and memory for each container."""
    catalog = load_catalog(faulty_root, matmul.NAME)
    options = Options(
        langs=tuple(catalog.implementations),
        rungs=tuple(rungs_of(source.manifest for source in catalog.implementations.values())),
        n=N,
        threads=(1,),
        rounds=3,
        precision=0,
        budget_s=0,  # a pilot, and containers of few samples of many calls
        baseline=HONEST,
        reference=HONEST,
        seed=2026,
    )
    results = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.experiments.matmul.bench.timeout_s", lambda *_: TIMEOUT_S)
        patch.setattr("harness.experiments.matmul.container.memory_bytes", lambda *_: MEMORY_BYTES)
        complete = compare(MATMUL, engine, catalog, options, results, "faults", unwatched)
    assert not complete
    return results / "faults"


@pytest.fixture(scope="module")
def comparison(run: Path) -> Comparison:
    return analyze(load_run(run))


@pytest.fixture(scope="module")
def rows(comparison: Comparison) -> dict[str, dict[str, Any]]:
    """The rows of the report for programs, by the names of their cases."""
    document = json.loads(renderer("json").render(comparison))
    return {f"{row['implementation']}/{row['rung']}": row for row in document["rows"]}


def test_nothing_but_the_control_is_measured(rows: dict[str, dict[str, Any]]) -> None:
    assert {name for name, row in rows.items() if row["outcome"] == "measured"} == {HONEST}
    assert rows.keys() == {HONEST, *FAULTS}


def test_the_control_has_a_time_with_an_interval(rows: dict[str, dict[str, Any]]) -> None:
    honest = rows[HONEST]
    assert 0 < honest["seconds"]["low"] <= honest["seconds"]["value"] <= honest["seconds"]["high"]
    assert honest["ratio"]["value"] == 1
    assert honest["rows_computed"] == N
    assert re.fullmatch(r"[0-9a-f]{64}", honest["sha256"])


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_caught_and_gets_no_figures(name: str, rows: dict[str, dict[str, Any]]) -> None:
    row = rows[name]
    assert row["outcome"] == "failed"
    assert re.fullmatch(FAULTS[name], row["reason"])
    figures = (
        "seconds",
        "first_sample_seconds",
        "gflops",
        "ratio",
        "step",
        "ratio_per_core",
        "rows_computed",
        "sha256",
    )
    assert {figure: row[figure] for figure in figures} == dict.fromkeys(figures)


@pytest.mark.parametrize("name", [name for name in FAULTS if name != "faulty/misdeclared"])
def test_the_log_of_a_fault_is_kept(name: str, rows: dict[str, dict[str, Any]], run: Path) -> None:
    assert (run / rows[name]["log"]).is_file()


def test_a_flood_does_not_fill_the_disk(rows: dict[str, dict[str, Any]], run: Path) -> None:
    assert 2**20 < (run / rows["faulty/flood"]["log"]).stat().st_size < 2**26  # of 2**30


def test_a_log_holds_what_was_printed(rows: dict[str, dict[str, Any]], run: Path) -> None:
    assert "multiplying ..." in (run / rows["faulty/garbage"]["log"]).read_text()
    assert "a planted failure" in (run / rows["unbuildable/naive"]["log"]).read_text()


@pytest.mark.parametrize("name", sorted({*formats()} - {"png", "rounds", "summary", "svg"}))
def test_every_text_format_shows_a_run_full_of_faults(name: FormatName, comparison: Comparison) -> None:
    assert "RuntimeError: planted" in str(any_renderer(name).render(comparison))
