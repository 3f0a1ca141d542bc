"""The figures of a run as frames for a notebook; what needs none of them loads no pandas."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import harness
from harness.analysis.analyze import analyze
from harness.errors import ResultsError
from harness.model.comparison import Row
from harness.model.manifests import AbsentRung
from harness.report.crossed import matrix
from harness.report.frame import CASE, FACTS, FIGURES, frame_of
from harness.store import RunFolder
from tests.factories import a_case, a_journal, a_manifest, a_round, rounds_of

ALPHA = a_manifest("alpha", "naive", "parallel")
BETA = a_manifest("beta", "naive", AbsentRung(name="parallel", absent="it has no threads"))
ENTRIES = a_journal(
    [ALPHA, BETA],
    [
        *rounds_of("alpha/naive", [2.1, 2.0], [2.1, 2.0], [2.1, 2.0]),
        *rounds_of("alpha/parallel", [1.0, 1.0], [1.0, 1.0], [1.0, 1.0], threads=2),
        a_round(a_case("beta/naive"), 0.6, 0.5, rows=8, number=2),
    ],
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    run = RunFolder(tmp_path / "results", "r1")
    for entry in ENTRIES:
        run.append(entry)
    run.close()
    return tmp_path


def test_a_frame_has_an_observation_a_row(folder: Path) -> None:
    frame = harness.frame("latest", folder / "results")
    assert list(frame.columns) == [*CASE, "variant_of", "estimate", "figure", "value", "low", "high", "not_significant"]
    assert not frame.duplicated(["implementation", "rung", "n", "threads", "figure"]).any()
    seconds = frame[frame["figure"] == "seconds"].set_index(["implementation", "rung"])["value"]
    assert seconds.to_dict() == pytest.approx(
        {("alpha", "naive"): 2.0, ("alpha", "parallel"): 1.0, ("beta", "naive"): 1.0}
    )
    estimates = frame[frame["estimate"]]["implementation"].unique()
    assert list(estimates) == ["beta"]
    assert frame[frame["figure"] == "rows_computed"]["value"].tolist() == [16, 16, 8]
    single = frame[(frame["implementation"] == "beta") & (frame["figure"] == "seconds")]
    assert single["low"].isna().all()


def test_a_run_can_be_named_by_its_folder_and_one_that_is_not_there_is_told(folder: Path) -> None:
    assert len(harness.frame(folder / "results" / "r1")) == len(frame_of(analyze(ENTRIES)))
    with pytest.raises(ResultsError, match="no run 'r2'"):
        harness.frame("r2", folder / "results")


def test_every_field_of_a_row_is_a_column_of_the_case_a_fact_or_a_figure() -> None:
    assert set(CASE) | set(FACTS) | set(FIGURES) == set(Row.model_fields)
    assert set(FACTS) <= set(Row.model_fields)
    assert {"seconds", "ratio", "step", "gflops", "rounds"} <= set(FIGURES)


def test_the_matrix_of_the_report_is_a_pivot_of_it() -> None:
    comparison = analyze(ENTRIES)
    frame = frame_of(comparison)
    ratios = frame[frame["figure"] == "ratio"].pivot(index="label", columns="rung", values="value")
    assert ratios.loc["Alpha", "parallel"] == pytest.approx(2)
    table = matrix(comparison).table
    assert table
    assert [list(line) for line in table.rows] == [
        ["Alpha", "1.00×", "2.00×"],
        ["Beta", "~ 2.00×† ±?", "not implemented"],
    ]


def test_samples_are_rows_too(folder: Path) -> None:
    samples = harness.samples("r1", folder / "results")
    assert len(samples) == 14
    beta = samples[samples["implementation"] == "beta"]
    assert beta["seconds"].tolist() == pytest.approx([1.2, 1.0])
    assert samples["counts"].all()
    assert not samples["pilot"].any()


WITHOUT = """
import sys
from tests.driver import Asked, _script_the_engine
_script_the_engine(Asked(arguments=(), folder="."))
from harness.cli import main
assert "pandas" not in sys.modules
sys.argv = ["harness", *sys.argv[1:]]
code = 0
try:
    main()
except SystemExit as stop:
    code = stop.code
print("with pandas" if "pandas" in sys.modules else "without pandas", code or 0, file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "loaded"),
    [
        ("--version", False),
        ("--help", False),
        ("images --langs c", False),
        ("build --langs c", False),
        ("clean", False),
        ("compare --plan", False),
        ("images --langs c --format csv", True),
    ],
)
def test_pandas_is_loaded_where_there_are_figures_to_work_on(arguments: str, loaded: bool, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT, *arguments.split()],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent,
        env={"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    assert ended.stderr.splitlines()[-1] == ("with pandas 0" if loaded else "without pandas 0")
