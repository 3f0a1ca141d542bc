"""A/A controls: two cases that are the same, the noise floors they give, and what these do to the report."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.analysis.analyze import analyze
from harness.experiments.matmul.ladder import cases_of
from harness.model.comparison import Comparison, Interval, Noise
from harness.model.journal import Entry, Round
from harness.report.as_text import render
from harness.store import RunFolder, load_run
from tests.factories import a_case, a_failed_round, a_journal, a_manifest, a_rung, rounds_of, some_options

BLOCKED = a_rung("recursive", rows_independent=False), a_rung("intrinsics", rows_independent=False)
ALPHA = a_manifest("alpha", "naive", "interchanged", *BLOCKED)
BETA = a_manifest("beta", "naive", *BLOCKED)
RUNGS = ("naive", "interchanged", "recursive", "intrinsics")
SHARES = (0.99, 1.0, 1.0, 1.0, 1.01)


def measured(name: str, seconds: float) -> list[Round]:
    return rounds_of(name, *([seconds * share] for share in SHARES))


def controls(seconds: float, name: str = "beta/naive") -> Sequence[Entry]:
    return controlled(measured(name, seconds))


def controlled(rounds: Sequence[Round]) -> list[Round]:
    """The rounds as those of the case's A/A control."""
    return [entry.model_copy(update={"case": entry.case.model_copy(update={"control": True})}) for entry in rounds]


def compared(*rounds: Entry) -> Comparison:
    return analyze(a_journal([ALPHA, BETA], rounds, controls=True, rungs=RUNGS))


def the_noise(comparison: Comparison) -> Noise:
    (found,) = comparison.noise
    return found


def names(*rungs: str, library: str = "final", **options: object) -> list[str]:
    """The controls of a run of these rungs of alpha and beta."""
    held = [
        a_rung(rung, rows_independent=rung == "naive", image=library if rung == "library" else "final")
        for rung in rungs
    ]
    chosen = some_options(**{"controls": True, "reference": "beta", "rungs": rungs} | options)
    cases = cases_of([a_manifest("alpha", *held), a_manifest("beta", *held)], chosen)
    assert not any(case.control for case in cases[: 2 * len(rungs)])
    return [case.name for case in cases[2 * len(rungs) :]]


def test_one_slow_and_one_fast_rung_of_the_reference_have_a_control_and_these_come_last() -> None:
    assert names("naive", "recursive", "intrinsics", "library", library="library") == [
        "beta/naive (A/A control)",
        "beta/intrinsics (A/A control)",
    ]
    assert names("naive") == ["beta/naive (A/A control)"]
    assert names("recursive", "library", library="library") == ["beta/recursive (A/A control)"]
    assert names("library", library="library") == ["beta/library (A/A control)"]
    assert names("recursive", "of-my-own") == ["beta/recursive (A/A control)"]
    assert names("of-my-own", "another") == ["beta/of-my-own (A/A control)"]
    assert names("naive", controls=False) == []


def test_without_the_reference_another_implementation_has_the_controls() -> None:
    cases = cases_of([ALPHA], some_options(controls=True, reference="beta", rungs=RUNGS))
    assert [case.name for case in cases if case.control] == [
        "alpha/naive (A/A control)",
        "alpha/intrinsics (A/A control)",
    ]


def test_two_that_agree_are_a_tie_and_the_end_of_their_interval_is_the_noise_floor() -> None:
    noise = the_noise(compared(*measured("beta/naive", 1.0), *controls(1.002)))
    assert noise.ratio.holds(1.0)
    assert noise.ratio.low is not None
    assert noise.floor == pytest.approx(1 / noise.ratio.low - 1)
    assert 0.005 < noise.floor < 0.03
    assert noise.kind == "row by row"


def test_the_floor_is_the_largest_difference_that_the_pair_allows() -> None:
    pairs = [Interval(value=1.0, low=0.98, high=1.01), Interval(value=1.03, low=1.01, high=1.05)]
    floors = [Noise(kind="blocked", case="a", ratio=pair).floor for pair in pairs]
    assert floors == pytest.approx([1 / 0.98 - 1, 0.05])


def test_each_kind_of_rung_has_the_floor_of_its_own_pair() -> None:
    """Five per cent are a tie among the fast rungs, where two that are the same differ by more, and not elsewhere."""
    comparison = compared(
        *measured("beta/naive", 10.0),
        *measured("alpha/naive", 10.0),
        *measured("alpha/interchanged", 9.5),
        *measured("alpha/recursive", 1.0),
        *measured("alpha/intrinsics", 0.95),
        *measured("beta/intrinsics", 1.0),
        *controls(10.0),
        *controls(1.1, "beta/intrinsics"),
    )
    ties = {row.rung: row.step.not_significant for row in comparison.rows if row.implementation == "alpha" and row.step}
    assert ties == {"interchanged": False, "recursive": False, "intrinsics": True}
    assert [noise.kind for noise in comparison.noise] == ["row by row", "blocked"]
    assert [f"{noise.floor:.0%}" for noise in comparison.noise] == ["1%", "11%"]


def test_for_a_kind_without_a_pair_the_other_floor_stands_and_the_report_says_so() -> None:
    rungs = [*measured("alpha/recursive", 1.0), *measured("alpha/intrinsics", 0.95), *measured("beta/naive", 1.0)]
    comparison = compared(*rungs, *controls(1.1))
    step = next(row.step for row in comparison.rows if row.name == "alpha/intrinsics")
    assert step is not None
    assert step.not_significant
    assert (
        "the noise floor of blocked rungs is unknown: beta/intrinsics (A/A control) and its original were not both "
        "measured"
    ) in comparison.warnings


def test_a_control_is_no_row_and_no_other_case_s_measure() -> None:
    comparison = compared(*measured("beta/naive", 1.0), *controls(9.0))
    assert {row.name for row in comparison.rows} == {
        *(f"alpha/{rung}" for rung in RUNGS), "beta/naive", "beta/recursive", "beta/intrinsics",
    }  # fmt: skip
    beta = next(row for row in comparison.rows if row.name == "beta/naive")
    assert beta.vs_reference is not None
    assert beta.vs_reference.model_dump() == {"value": 1.0, "low": 1.0, "high": 1.0, "not_significant": False}


def test_a_difference_below_the_noise_floor_prints_as_not_significant() -> None:
    rungs = [*measured("alpha/naive", 1.0), *measured("alpha/interchanged", 0.95), *measured("beta/naive", 1.0)]
    quiet, noisy = compared(*rungs, *controls(1.0)), compared(*rungs, *controls(1.1))
    assert "~ 1.05" not in render(quiet)
    assert "~ 1.05" in render(noisy)
    assert "Noise floor of row by row rungs: 11 %. beta/naive (1 thread) and its A/A control" in render(noisy)
    assert any("its A/A control differ significantly" in warning for warning in noisy.warnings)
    assert not any("differ significantly" in warning for warning in quiet.warnings)


@pytest.mark.parametrize(
    "rounds",
    [
        [],
        [a_failed_round(a_case("beta/naive").model_copy(update={"control": True}), "hung")],
        controlled(rounds_of("beta/naive", [1.0])),  # once, which tells nothing of the spread
    ],
)
def test_a_noise_floor_that_is_not_known_is_warned_of(rounds: list[Entry]) -> None:
    comparison = compared(*measured("beta/naive", 1.0), *rounds)
    assert comparison.noise == ()
    assert any(warning.startswith("the noise floor of row by row rungs is unknown") for warning in comparison.warnings)


def test_a_hundred_thousand_samples_are_read_and_analyzed_in_five_seconds(tmp_path: Path) -> None:
    rungs = [a_rung(f"r{k}") for k in range(20)]
    seconds = [1.0 + k / 1000 for k in range(200)]
    rounds = [entry for rung in rungs for entry in rounds_of(f"alpha/{rung.name}", *[seconds] * 25)]
    folder = RunFolder(tmp_path, "r1")
    chosen = tuple(rung.name for rung in rungs)
    for entry in a_journal([a_manifest("alpha", *rungs)], rounds, rungs=chosen, baseline="alpha/r0"):
        folder.append(entry)
    began_s = time.process_time()
    comparison = analyze(load_run(folder.path))
    assert time.process_time() - began_s < 5
    assert sum(row.samples for row in comparison.rows) == 20 * 25 * 101  # without what is warm-up
