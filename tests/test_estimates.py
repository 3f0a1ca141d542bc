"""Estimates and ratios, held against SciPy's own test of trimmed means (K. K. Yuen, Biometrika 61, 1974)."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_ind

from harness.statistics.estimates import TRIM_OF, estimate


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("rounds", "others"), [(7, 7), (14, 8), (30, 20)])
def test_errors_and_degrees_of_freedom_are_those_of_yuen_s_test(rounds: int, others: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    one, two = random.lognormal(0, 0.02, rounds), random.lognormal(0, 0.05, others)
    one, two = (
        one / estimate(one.tolist()).mean,
        two / estimate(two.tolist()).mean,
    )  # both means are 1: shares are values
    found = [estimate(each.tolist()).spread for each in (one, two)]
    assert found[0]
    assert found[1]
    both = found[0].beside(found[1])
    expected = ttest_ind(one + 1, two, equal_var=False, trim=1 / TRIM_OF)
    assert 1 / expected.statistic == pytest.approx(both.error)
    assert expected.df == pytest.approx(both.freedom)
