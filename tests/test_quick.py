"""`compare --quick`: fewer cases, a smaller n and less time, unless the user asks for otherwise; and it says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.analysis.analyze import analyze
from harness.experiments.matmul.experiment import MATMUL
from harness.experiments.matmul.ladder import quick_cases
from harness.experiments.matmul.options import first_published
from harness.measure.compare import compare
from harness.measure.rounds import first_speedups
from harness.model.cases import Case
from harness.model.comparison import Comparison
from harness.model.manifests import AbsentRung
from harness.report import renderer
from harness.store import load_run
from tests.conftest import Command
from tests.factories import a_catalog, a_failed_round, a_manifest, a_rung, rounds_of, some_options
from tests.fake_engine import FakeEngine

PLAN = ("compare", "--plan", "--quick")
C = a_manifest("c", "naive", "parallel", "intrinsics", a_rung("library", image="library"), peak=True)
PYTHON = a_manifest("python", "naive", "builtin", AbsentRung(name="intrinsics", absent="it has none"))
ROW_S = {"c/naive": 2e-3, "c/parallel": 1e-3, "c/intrinsics": 1e-5, "python/naive": 8e-2, "python/builtin": 1e-2}


def planned(harness: Command, *arguments: str) -> list[tuple[str, str, str]]:
    """Case, threads and n of every line of the plan."""
    ended = harness(*PLAN, "--threads", "1", *arguments)
    assert ended.code == 0
    lines = ended.out.split("\n\n")[0].splitlines()[2:]
    return [(line.split()[0], line.split()[1], line.split()[2]) for line in lines]


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without results, from which the plan would be foretold."""
    monkeypatch.chdir(tmp_path)


def test_the_cases_are_the_published_naive_ones_and_the_best_of_each_language(harness: Command) -> None:
    names = [
        "c/naive", "java/naive", "python/naive", "c/parallel", "python/builtin", "c/intrinsics", "java/intrinsics",
    ]  # fmt: skip
    assert planned(harness) == [(name, "1", "1536") for name in names]


def test_the_plan_says_that_it_takes_less_than_a_minute(harness: Command) -> None:
    assert "7 cases, about 0.7 minutes of measuring" in harness(*PLAN).out


@pytest.mark.parametrize(
    ("arguments", "cases"),
    [
        (("--n", "4096", "--langs", "c"), [("c/naive", "4096"), ("c/parallel", "4096"), ("c/intrinsics", "4096")]),
        (("--langs", "go"), [("go/naive", "1536"), ("go/assembly", "1536")]),
        (("--langs", "rust", "--rungs", "interchanged"), [("rust/interchanged", "1536")]),
    ],
)
def test_what_the_user_asks_for_is_done(
    arguments: tuple[str, ...], cases: list[tuple[str, str]], harness: Command
) -> None:
    assert [(name, n) for name, _, n in planned(harness, *arguments)] == cases


def test_every_rung_can_be_asked_for(harness: Command) -> None:
    names = [name for name, _, _ in planned(harness, "--langs", "c", "--rungs", "all")]
    assert {"c/interchanged", "c/recursive", "c/vectorized", "c/library"} <= set(names)


def test_a_library_is_no_language_s_best() -> None:
    assert quick_cases([C, PYTHON], first_published()) == [
        "c/naive", "c/intrinsics", "c/parallel", "python/naive", "python/builtin",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Comparison, list[str]]:
    """A quick run on a scripted engine, and what was told meanwhile."""
    folder = tmp_path_factory.mktemp("quick")
    options = some_options(
        langs=("c", "python"),
        rungs=("naive", "parallel", "builtin", "intrinsics"),
        baseline="python/naive",
        reference="c",
        quick=True,
        only=tuple(quick_cases([C, PYTHON], first_published())),
    )
    told: list[str] = []
    catalog = a_catalog(folder / "tree", C, PYTHON, others=[a_manifest("web", rungs=())])
    engine = FakeEngine((C, PYTHON), ROW_S)
    assert compare(MATMUL, engine, catalog, options, folder, "r1", lambda event: told.append(event.text))
    return analyze(load_run(folder / "r1")), told


def test_a_quick_run_says_that_it_is_one(run: tuple[Comparison, list[str]]) -> None:
    comparison, _ = run
    assert comparison.warnings[0].startswith("a quick run, for a first impression: n = 16, few rounds")
    for name in ("summary", "md", "json"):
        assert "a quick run" in renderer(name).render(comparison)


def test_a_quick_run_builds_nothing_that_it_does_not_measure(run: tuple[Comparison, list[str]]) -> None:
    comparison, _ = run
    assert [image.name for image in comparison.images] == ["c", "python"]
    assert {row.name for row in comparison.rows if row.outcome == "measured"} == set(ROW_S)


def test_speedups_are_told_as_they_come_and_once_each(run: tuple[Comparison, list[str]]) -> None:
    _, told = run
    found = [text for text in told if text.startswith("so far: ")]
    assert "so far: c/naive (1 thread) is 40 times as fast as python/naive" in found
    assert "so far: c/intrinsics (1 thread) is 8,000 times as fast as python/naive" in found
    assert len(found) == len(ROW_S) - 1


def test_a_speedup_waits_for_the_baseline_and_no_case_that_failed_has_one() -> None:
    told: set[Case] = set()
    rounds = {entry.case: [entry] for entry in rounds_of("c/naive", [1.0])}
    assert list(first_speedups(MATMUL, rounds, "python/naive", told)) == []
    rounds |= {entry.case: [entry] for entry in rounds_of("python/naive", [30.0])}
    other = rounds_of("c/parallel", [0.5], threads=2)[0]
    rounds[other.case] = [other, a_failed_round(other.case, "killed", 3)]
    assert list(first_speedups(MATMUL, rounds, "python/naive", told)) == [
        "so far: c/naive (1 thread) is 30 times as fast as python/naive"
    ]
    assert list(first_speedups(MATMUL, rounds, "python/naive", told)) == []
