"""Intervals hold the truth as often as they say, however cold containers start; what is not steady is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.experiments.matmul.steadiness import falling, unsteady
from harness.experiments.matmul.timing import timing
from harness.model.comparison import Interval
from tests.factories import a_case, a_round, rounds_of
from tests.simulation import KINDS, Cell, Told, cells

RUNS = 600
CHANCE = 2 * (0.95 * 0.05 / RUNS) ** 0.5  # by which a share of so many runs may be off


@pytest.mark.parametrize(("kind", "cold"), [("usual", 0.0), ("usual", 0.04), ("loud", 0.3), ("hit", 0.08)])
def test_intervals_hold_the_truth_as_often_as_they_say_though_the_stop_chooses_its_moment(
    kind: str, cold: float
) -> None:
    found = cells(replace(KINDS[kind], cold=cold), runs=RUNS)
    assert all(0.93 - CHANCE <= cell.coverage <= 0.97 + CHANCE for cell in found.values()), found
    assert kind == "hit" or all(abs(cell.bias) < 0.2 * cell.half_width for cell in found.values()), found


def test_an_interval_as_wide_as_its_error_is_not_all_that_is_reported() -> None:
    figures = [Told(error=error, half_width=width, holds=True) for error, width in ((0.3, 0.36), (-0.1, 0.2))]
    cell = Cell.of(figures)
    assert (cell.coverage, cell.half_width, cell.error, cell.bias) == pytest.approx((1.0, 0.28, 0.2, 0.1))


@pytest.mark.parametrize("cold", [0.0, 0.03, 0.5])
@pytest.mark.parametrize(("count", "left_out"), [(2, 1), (3, 1), (4, 1), (5, 2), (9, 4), (10, 4)])
def test_the_first_half_of_the_samples_is_left_out_cold_or_not(count: int, left_out: int, cold: float) -> None:
    rounds = rounds_of("alpha/naive", *[[1 + cold, *[1.0] * (count - 1)]] * 3)
    found = timing(rounds)
    assert (found.mean, found.warm_up) == (1.0, left_out)
    assert found.cold == pytest.approx(1 + cold)
    assert found.samples == 3 * (count - left_out)
    assert found.warming_s == pytest.approx(1 + cold if cold > 0.1 else 0.0)


def test_a_single_sample_counts_and_nothing_is_known_of_its_warmth() -> None:
    found = timing(rounds_of("alpha/naive", [1.0], [1.0]))
    assert (found.mean, found.warm_up, found.cold) == (1.0, 0, None)


def test_samples_of_several_calls_and_of_some_rows_are_scaled_to_one_product() -> None:
    rounds = [a_round(a_case(n=64), 0.4, 0.4, rows=16, calls=10, number=number) for number in (2, 3)]
    assert timing(rounds).mean == pytest.approx(0.4 / 10 * 4)


@pytest.mark.parametrize(("late", "share"), [(1.0, 0.0), (0.97, 0.03), (0.5, 1.0)])
def test_samples_that_still_get_faster_are_told_from_such_as_do_not(late: float, share: float) -> None:
    walls = [3.0, 3.0, 2.0, *[1.0] * 2, *[late] * 2]
    rounds = rounds_of("alpha/naive", walls, [1.01 * wall for wall in walls], [0.99 * wall for wall in walls])
    assert falling(rounds) == pytest.approx(share, abs=0.001)
    assert (unsteady(rounds, []) is not None) == (late == 0.5)


def test_a_few_samples_that_happen_to_fall_are_no_proof() -> None:
    rounds = rounds_of("alpha/naive", [1, 1, 1.3, 1.0], [1, 1, 1.0, 1.1], [1, 1, 1.0, 1.0])
    assert falling(rounds) == 0.0


def test_a_single_outlier_sample_has_no_influence() -> None:
    rounds = rounds_of("alpha/naive", [1.0, 1.0, 9.0, 1.0], [1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0])
    assert timing(rounds).mean == 1.0


def test_from_seven_rounds_on_one_that_a_neighbour_slowed_has_no_say() -> None:
    six = [[1.0]] * 5 + [[9.0]]
    assert timing(rounds_of("alpha/naive", *six)).mean > 2
    assert timing(rounds_of("alpha/naive", *six, [1.0])).mean == 1.0


def test_the_interval_of_seven_rounds_is_yuen_s_for_trimmed_means() -> None:
    seconds = [0.97, 0.98, 0.99, 1.0, 1.01, 1.02, 1.5]
    found = timing(rounds_of("alpha/naive", *([s] for s in seconds))).spread
    trimmed = [0.98, 0.98, 0.99, 1.0, 1.01, 1.02, 1.02]
    error = np.std(trimmed, ddof=1) * np.sqrt(6 / (5 * 4))
    assert found is not None
    assert found.error == pytest.approx(error)
    assert found.freedom == 4


def test_the_interval_of_three_rounds_is_student_s_widened_for_what_neighbours_share() -> None:
    found = timing(rounds_of("alpha/naive", [0.99], [1.0], [1.01])).interval
    assert found.half_width == pytest.approx(4.303 * 0.01 / np.sqrt(3), rel=0.3)
    assert found.half_width > 4.303 * 0.01 / np.sqrt(3)
    assert isinstance(found, Interval)


def test_a_ratio_to_a_case_of_many_more_rounds_is_widened_for_what_those_saw_besides() -> None:
    few, many = (timing(rounds_of("alpha/naive", *[[1.0], [1.02]] * half)) for half in (2, 5))
    assert few.against(many) == few.lasting != few.spread
    assert many.against(few) == many.spread
    assert few.against(few) == few.spread
