"""Intervals hold the truth as often as they say; warm-up is found by the data and not assumed."""

from __future__ import annotations

import numpy as np
import pytest

from harness.model.comparison import Interval
from harness.timing import ROW_SPREAD, timing, warm_up
from tests.factories import a_case, a_round, rounds_of
from tests.simulation import KINDS, coverage


@pytest.mark.parametrize("kind", ["usual", "loud", "hit"])
def test_intervals_hold_the_truth_as_often_as_they_say_though_the_stop_chooses_its_moment(kind: str) -> None:
    shares = coverage(KINDS[kind], runs=2000)  # a share of 95 % is then known to one per cent
    assert all(0.93 <= share <= 0.97 for share in shares.values()), shares


def test_a_first_sample_that_is_slower_in_every_container_is_cold() -> None:
    rounds = rounds_of("alpha/naive", [1.5, 1.0, 1.01], [1.6, 1.0, 0.99], [1.4, 1.02, 1.0])
    assert warm_up(rounds) == 1
    assert timing(rounds).mean == pytest.approx(1.0, abs=0.01)
    assert timing(rounds).cold == pytest.approx(1.5)


def test_a_first_sample_like_the_others_counts_like_the_others() -> None:
    rounds = rounds_of("alpha/naive", [1.0, 1.01, 0.99], [0.98, 1.0, 1.01], [1.02, 1.0, 0.99])
    assert (warm_up(rounds), timing(rounds).cold, timing(rounds).samples) == (0, None, 9)


def test_a_slow_warm_up_takes_several_samples_but_never_more_than_half() -> None:
    slow = [4.0, 2.0, 1.0, 1.0, 1.0, 1.0]
    rounds = rounds_of("alpha/naive", *([second * share for second in slow] for share in (1.0, 1.01, 0.99)))
    assert warm_up(rounds) == 2
    falling = [float(2**k) for k in range(6, 0, -1)]
    assert warm_up(rounds_of("alpha/naive", falling, falling, falling)) == 3


def test_a_single_round_cannot_tell_and_leaves_the_first_out() -> None:
    assert warm_up(rounds_of("alpha/naive", [1.0, 1.0])) == 1
    assert warm_up(rounds_of("alpha/naive", [1.0])) == 0


def test_a_container_without_a_warm_sample_does_not_count_beside_those_with() -> None:
    rounds = rounds_of("alpha/naive", [1.5], [1.5, 1.0], [1.6, 1.0], [1.4, 1.0])
    assert (timing(rounds).mean, timing(rounds).rounds) == (1.0, 3)


def test_one_disturbed_sample_has_no_say() -> None:
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


def test_rows_that_were_not_computed_widen_the_interval_and_fewer_rows_widen_it_more() -> None:
    def width(rows: int) -> float:
        seconds = (rows / 4096 * share for share in (0.998, 1.0, 1.002))
        return timing([a_round(a_case(n=4096), s, rows=rows) for s in seconds]).interval.half_width

    assert width(1) > 1.05 * width(4)
    assert width(4) >= 0.999 * width(4096)
    assert width(1) > 1.96 * ROW_SPREAD


def test_the_interval_of_three_rounds_is_student_s_widened_for_what_neighbours_share() -> None:
    found = timing(rounds_of("alpha/naive", [0.99], [1.0], [1.01])).interval
    assert found.half_width == pytest.approx(4.303 * 0.01 / np.sqrt(3), rel=0.3)
    assert found.half_width > 4.303 * 0.01 / np.sqrt(3)
    assert isinstance(found, Interval)
