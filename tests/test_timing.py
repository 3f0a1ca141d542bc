"""Intervals hold the truth as often as they say: a simulation with known truth."""

from __future__ import annotations

import numpy as np
import pytest

import harness.timing
from harness.model import Round
from harness.timing import ratio, timing
from tests.factories import rounds_of


def simulated(
    generator: np.random.Generator, mean: float, rounds: int, name: str, between: float = 0.05, within: float = 0.02
) -> list[Round]:
    """Rounds of four warm samples with known spreads; logarithms are normal, and the true mean is `mean`."""
    center = np.log(mean) - (between**2 + within**2) / 2
    levels = center + between * generator.normal(size=rounds)
    return rounds_of(name, *([0.0, *np.exp(level + within * generator.normal(size=4))] for level in levels))


@pytest.mark.parametrize("rounds", [3, 5])
def test_intervals_hold_the_truth_about_as_often_as_they_say(rounds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness.timing, "DRAWS", 1000)
    generator = np.random.default_rng(2020)
    runs, time_held, ratio_held = 300, 0, 0
    for seed in range(runs):
        above = timing(simulated(generator, 8.0, rounds, "alpha/naive"), 2 * seed)
        below = timing(simulated(generator, 2.0, rounds, "beta/naive"), 2 * seed + 1)
        time_held += below.interval.holds(2.0)
        found = ratio(above, below)
        assert found is not None
        ratio_held += found.holds(4.0)
    assert 0.92 <= time_held / runs <= 0.99
    assert 0.92 <= ratio_held / runs <= 0.99
