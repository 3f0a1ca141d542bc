"""How long measuring will take: foretold by the plan itself, and held against simulated runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from harness.experiments.matmul.experiment import MATMUL
from harness.measure.forecast import case_s, earlier_of, pace
from harness.measure.plan import BASELINE_SHARE, next_batch, spent_s
from harness.model.cases import Case, Options
from harness.model.journal import Round
from tests.factories import a_case, a_failed_round, a_round, a_rung, some_options
from tests.fake_engine import Kernel, compiled
from tests.simulation import BASELINE, KINDS, OPTIONS, RUNGS, TRUE_S, World, simulate
from tests.test_plan import DEPENDENT, play

Rounds = Mapping[Case, Sequence[Round]]


def total_s(rounds: Rounds, options: Options, earlier: Rounds | None = None) -> float:
    """What all cases are expected to take from here on."""
    return sum(
        case_s(MATMUL, RUNGS[case], case, made, options, earlier_of(case, earlier or {}))
        for case, made in rounds.items()
    )


@pytest.mark.parametrize("budget_s", [5.0, 10.0])
@pytest.mark.parametrize("kind", ["calm", "usual", "loud"])
def test_once_all_pilots_are_in_the_time_left_is_foretold_within_a_quarter(kind: str, budget_s: float) -> None:
    options = OPTIONS.model_copy(update={"budget_s": budget_s})
    for seed in range(8):
        rounds = simulate(World(KINDS[kind], seed), TRUE_S, options)
        explored = {case: [r for r in made if r.pilot] for case, made in rounds.items()}
        left_s = sum(spent_s(r for r in made if not r.pilot) for made in rounds.values())
        assert total_s(explored, options) == pytest.approx(left_s, rel=0.25)


@pytest.mark.parametrize("kind", ["calm", "usual", "loud"])
def test_a_plan_is_foretold_from_an_earlier_run_within_a_quarter(kind: str) -> None:
    for seed in range(8):
        earlier = simulate(World(KINDS[kind], 100 + seed), TRUE_S)
        rounds = simulate(World(KINDS[kind], seed), TRUE_S)
        found = total_s({case: [] for case in TRUE_S}, OPTIONS, earlier)
        assert found == pytest.approx(sum(map(spent_s, rounds.values())), rel=0.25)


def test_without_an_earlier_run_a_case_is_expected_to_take_its_budget() -> None:
    assert case_s(MATMUL, RUNGS[BASELINE], BASELINE, [], OPTIONS) == BASELINE_SHARE * OPTIONS.budget_s


def test_what_is_finished_or_failed_takes_no_more() -> None:
    case, options = a_case(), some_options(budget_s=1.0, baseline="gamma/naive")
    assert case_s(MATMUL, a_rung(), case, play(a_rung(), case, Kernel(0.01), options), options) == 0
    assert case_s(MATMUL, a_rung(), case, [a_failed_round(case, "killed")], options) == 0


def test_rounds_that_are_made_anyway_are_foretold_beyond_the_budget() -> None:
    case = a_case(n=4096)
    pilot = a_round(case, 20.0, 20.0, number=1)
    assert case_s(MATMUL, DEPENDENT, case, [pilot], some_options(budget_s=1.0)) == pytest.approx(2 * 40, rel=0.02)


def test_of_several_earlier_cases_of_a_rung_the_nearest_tells() -> None:
    earlier = {
        case: [a_round(case, 0.1, 0.1, number=number) for number in (1, 2, 3)]
        for case in (a_case(n=64), a_case(n=512, threads=4), a_case(n=512), a_case("beta/naive", n=500))
    }
    assert earlier_of(a_case(n=600), earlier) == earlier[a_case(n=512)]
    assert earlier_of(a_case(n=600, threads=8), earlier) == earlier[a_case(n=512, threads=4)]
    assert earlier_of(a_case("beta/library"), earlier) == ()


@pytest.mark.parametrize("row_s", [4e-3, 2e-5, 1e-7])
def test_another_n_is_foretold_by_how_the_work_grows(row_s: float) -> None:
    options = some_options(budget_s=5.0, baseline="gamma/naive")
    earlier = play(a_rung(), a_case(n=512), Kernel(row_s), options)
    later = play(a_rung(), a_case(n=1024), Kernel(4 * row_s), options)
    assert case_s(MATMUL, a_rung(), a_case(n=1024), [], options, earlier) == pytest.approx(spent_s(later), rel=0.25)


def test_a_compiler_at_work_makes_the_forecast_better_as_it_goes_on() -> None:
    case, options = a_case(n=128), some_options(budget_s=5.0, baseline="gamma/naive")
    rounds = play(DEPENDENT, case, Kernel(1e-6, slower=compiled((2.0, 500.0))), options)
    explored = [r for r in rounds if r.pilot]
    left_s = spent_s(rounds) - spent_s(explored)
    assert case_s(MATMUL, DEPENDENT, case, explored, options) == pytest.approx(left_s, rel=0.1)
    assert next_batch(MATMUL, DEPENDENT, case, rounds, options) is None


def test_the_pace_is_what_passes_beside_containers_too() -> None:
    made = [a_round(a_case(), 1.9, number=number) for number in (1, 2)]
    assert pace(made, 5.0) == pytest.approx(1.25)
    assert pace(made, 3.0) == 1.0
    assert pace([], 0.1) == 1.0
