"""The twin: two cases that are the same, the noise floor they give, and what it does to the report."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.analyze import analyze
from harness.model.comparison import Comparison, Interval, Noise
from harness.model.journal import Entry
from harness.plan import cases_of
from harness.report.as_text import render
from harness.store import RunFolder, load_run
from tests.factories import a_case, a_failed_round, a_journal, a_manifest, a_rung, rounds_of, some_options

ALPHA, BETA = a_manifest("alpha", "naive", "interchanged"), a_manifest("beta", "naive")
TWIN = a_case("beta/naive").model_copy(update={"twin": True})


def measured(name: str, seconds: float) -> Sequence[Entry]:
    return rounds_of(name, *([seconds * share] for share in (0.99, 1.0, 1.0, 1.0, 1.01)))


def twins(seconds: float) -> Sequence[Entry]:
    return [entry.model_copy(update={"case": TWIN}) for entry in measured("beta/naive", seconds)]


def compared(*rounds: Entry) -> Comparison:
    return analyze(a_journal([ALPHA, BETA], rounds, twin=True, rungs=("naive", "interchanged")))


def test_the_twin_is_of_the_yardstick_s_first_rung_and_comes_last() -> None:
    cases = cases_of([ALPHA, BETA], some_options(twin=True, yardstick="beta"))
    assert [case.name for case in cases] == ["alpha/naive", "beta/naive", "beta/naive (twin)"]
    without = cases_of([ALPHA], some_options(twin=True, yardstick="beta"))
    assert [case.name for case in without] == ["alpha/naive", "alpha/naive (twin)"]


def test_twins_that_agree_are_a_tie_and_their_interval_is_the_noise_floor() -> None:
    noise = compared(*measured("beta/naive", 1.0), *twins(1.002)).noise
    assert noise is not None
    assert noise.ratio.holds(1.0)
    assert noise.ratio.low is not None
    assert noise.floor == pytest.approx(1 / noise.ratio.low - 1)
    assert 0.005 < noise.floor < 0.03


def test_the_floor_is_the_largest_difference_that_cannot_be_told_from_none() -> None:
    assert Noise(case="a", ratio=Interval(value=1.0, low=0.98, high=1.01)).floor == pytest.approx(1 / 0.98 - 1)
    assert Noise(case="a", ratio=Interval(value=1.03, low=1.01, high=1.05)).floor == pytest.approx(0.05)


def test_a_twin_is_no_row_and_no_other_case_s_measure() -> None:
    comparison = compared(*measured("beta/naive", 1.0), *twins(9.0))
    assert [row.name for row in comparison.rows] == ["alpha/naive", "alpha/interchanged", "beta/naive"]
    beta = comparison.rows[-1]
    assert beta.to_yardstick == Interval(value=1.0, low=1.0, high=1.0)


def test_a_certain_difference_below_the_noise_floor_prints_as_a_tie() -> None:
    rungs = [*measured("alpha/naive", 1.0), *measured("alpha/interchanged", 0.95), *measured("beta/naive", 1.0)]
    quiet, noisy = compared(*rungs, *twins(1.0)), compared(*rungs, *twins(1.1))
    assert "~ 1.05" not in render(quiet)
    assert "~ 1.05" in render(noisy)
    assert "Noise floor: 11 %. beta/naive (1 thread) ran as two cases" in render(noisy)
    assert any("its twin are the same, but" in warning for warning in noisy.warnings)
    assert not any("twin" in warning for warning in quiet.warnings)


@pytest.mark.parametrize("rounds", [[], [a_failed_round(TWIN, "hung")]])
def test_a_noise_floor_that_is_not_known_is_warned_of(rounds: list[Entry]) -> None:
    comparison = compared(*measured("beta/naive", 1.0), *rounds)
    assert (comparison.noise, comparison.noise_floor) == (None, 0.0)
    assert any(warning.startswith("the noise floor is not known") for warning in comparison.warnings)


def test_a_hundred_thousand_samples_are_read_and_analyzed_in_five_seconds(tmp_path: Path) -> None:
    rungs = [a_rung(f"r{k}") for k in range(20)]
    seconds = [1.0 + k / 1000 for k in range(200)]
    rounds = [entry for rung in rungs for entry in rounds_of(f"alpha/{rung.name}", *[seconds] * 25)]
    folder = RunFolder(tmp_path, "r1")
    names = tuple(rung.name for rung in rungs)
    for entry in a_journal([a_manifest("alpha", *rungs)], rounds, rungs=names, baseline="alpha/r0"):
        folder.append(entry)
    began_s = time.process_time()
    comparison = analyze(load_run(folder.path))
    assert time.process_time() - began_s < 5
    assert sum(row.samples for row in comparison.rows) == 20 * 25 * 101  # without what is warm-up
