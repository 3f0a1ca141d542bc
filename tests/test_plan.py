"""Which cases, in which order, and how much is asked of each container."""

from __future__ import annotations

from typing import Any

import pytest

from harness.model.cases import Batch, Case, Options
from harness.model.journal import Round
from harness.model.manifests import AbsentRung, Rung
from harness.plan import (
    AIM_ROUNDS,
    BASELINE_SHARE,
    MAX_ROUNDS,
    MAX_SAMPLES,
    SAMPLE_S,
    budget_s,
    cases_of,
    counted,
    expected_s,
    first_row,
    left_s,
    next_batch,
    pilot,
    rungs_of,
    shuffled,
    spent_s,
)
from tests.factories import a_case, a_failed_round, a_manifest, a_round, a_rung, some_options

DEPENDENT = a_rung("recursive", rows_independent=False)


def some_budget(seconds: float, **changes: Any) -> Options:
    """A case's budget of so many seconds, another case being the baseline."""
    return some_options(budget_s=seconds, baseline="gamma/naive", **changes)


def play(rung: Rung, case: Case, row_s: float, budget_s: float, startup_s: float = 0.1) -> list[Round]:
    """All rounds of a case whose rows take so long, and whose times never get precise."""
    rounds: list[Round] = []
    while batch := next_batch(rung, case, rounds, some_budget(budget_s)):
        seconds = [row_s * batch.rows] * batch.samples
        container_ns = round((startup_s + sum(seconds)) * 1e9)
        number = len(rounds) + 1
        rounds.append(a_round(case, *seconds, rows=batch.rows, number=number, container_ns=container_ns))
    return rounds


def test_rounds_begin_at_rows_of_their_own_drawn_from_the_seed() -> None:
    rows = [first_row(4096, 7, number) for number in range(1, 31)]
    assert rows == [first_row(4096, 7, number) for number in range(1, 31)]
    assert rows != [first_row(4096, 8, number) for number in range(1, 31)]
    assert len(set(rows)) > 25
    assert all(0 <= row < 4096 for row in rows)
    assert first_row(1, 7, 1) == 0


def test_rungs_are_listed_up_the_ladder_and_strangers_last() -> None:
    manifests = [
        a_manifest("alpha", "own", "parallel", "naive"),
        a_manifest("beta", AbsentRung(name="intrinsics", absent="none"), "interchanged", "naive"),
    ]
    assert rungs_of(manifests) == ["naive", "interchanged", "parallel", "intrinsics", "own"]


def test_cases_go_rung_by_rung_and_only_parallel_ones_get_threads() -> None:
    manifests = [a_manifest("alpha", "parallel", "naive"), a_manifest("beta", "naive", "own")]
    cases = cases_of(manifests, some_options(rungs=("naive", "parallel"), threads=(2,)))
    assert [str(case) for case in cases] == [
        "alpha/naive (1 thread)",
        "beta/naive (1 thread)",
        "alpha/parallel (2 threads)",
    ]


def test_rungs_with_threads_run_on_every_number_of_them() -> None:
    cases = cases_of([a_manifest("alpha", "parallel", "naive")], some_options(threads=(1, 2)))
    assert [(case.rung, case.threads) for case in cases] == [("naive", 1), ("parallel", 1), ("parallel", 2)]


def test_the_order_of_a_round_is_a_permutation_that_its_seed_decides() -> None:
    cases = [a_case(f"alpha/r{k}") for k in range(20)]
    order = shuffled(cases, seed=1, number=1)
    assert sorted(map(str, order)) == sorted(map(str, cases))
    assert order == shuffled(cases, seed=1, number=1)
    orders = [order, shuffled(cases, seed=1, number=2), shuffled(cases, seed=2, number=1), cases]
    assert len({tuple(map(str, each)) for each in orders}) == 4


@pytest.mark.parametrize(("threads", "n", "rows"), [(1, 64, 1), (8, 64, 8), (8, 4, 4)])
def test_a_pilot_asks_for_a_row_a_thread(threads: int, n: int, rows: int) -> None:
    assert pilot(a_rung("parallel"), a_case("alpha/parallel", n, threads)) == Batch(rows=rows, samples=1)


def test_a_pilot_asks_for_all_rows_where_they_depend_on_each_other() -> None:
    assert pilot(DEPENDENT, a_case(n=64)) == Batch(rows=64, samples=1)


@pytest.mark.parametrize("rung", [a_rung(), DEPENDENT], ids=["independent", "dependent"])
@pytest.mark.parametrize("row_s", [1e-7, 1e-3, 10.0])
@pytest.mark.parametrize("budget_s", [0, 1, 15])
def test_at_least_three_rounds_count_whatever_the_budget(rung: Rung, row_s: float, budget_s: float) -> None:
    rounds = play(rung, a_case(n=256), row_s, budget_s)
    assert 3 <= len(counted(rounds)) <= MAX_ROUNDS + 1


@pytest.mark.parametrize("least", [3, 9, 40])
def test_as_many_rounds_count_as_were_asked_for(least: int) -> None:
    rounds: list[Round] = []
    options = some_budget(0, rounds=least)
    while batch := next_batch(a_rung(), a_case(), rounds, options, precise=True):
        seconds = [0.01] * batch.samples
        rounds.append(a_round(a_case(), *seconds, rows=batch.rows, number=len(rounds) + 1))
    assert len(counted(rounds)) == least


def test_a_precise_case_is_finished_and_another_goes_on() -> None:
    rounds = [a_round(a_case(), 0.1, number=k) for k in (1, 2, 3)]
    assert next_batch(a_rung(), a_case(), rounds, some_budget(60), precise=True) is None
    assert next_batch(a_rung(), a_case(), rounds, some_budget(60), precise=False) is not None


def test_the_baseline_gets_a_larger_share() -> None:
    options = some_options(budget_s=5, baseline="alpha/naive")
    assert budget_s(a_case("alpha/naive"), options) == 5 * BASELINE_SHARE
    assert budget_s(a_case("beta/naive"), options) == 5


@pytest.mark.parametrize("startup_s", [0.05, 0.8])
@pytest.mark.parametrize("row_s", [1e-6, 1e-4, 1e-2, 0.3, 1.0])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_budget_is_kept(threads: int, row_s: float, startup_s: float) -> None:
    rounds = play(a_rung(), a_case(n=1024, threads=threads), row_s, budget_s=15, startup_s=startup_s)
    assert spent_s(rounds) <= 15


@pytest.mark.parametrize("row_s", [1e-4, 1e-2, 0.3])
def test_the_budget_is_used(row_s: float) -> None:
    assert spent_s(play(a_rung(), a_case(n=1024), row_s, budget_s=15)) > 10


def test_samples_of_one_container_have_a_limit() -> None:
    rounds = play(a_rung(), a_case(n=4), row_s=1e-7, budget_s=15)
    assert [len(r.samples) for r in rounds] == [1, *[MAX_SAMPLES] * MAX_ROUNDS]


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
@pytest.mark.parametrize("row_s", [1e-3, 0.07, 5.0])
def test_sampled_rows_are_as_many_for_every_thread(threads: int, row_s: float) -> None:
    rows = play(a_rung("parallel"), a_case(n=4096, threads=threads), row_s, budget_s=15)[-1].rows
    assert rows % threads == 0
    assert threads <= rows < 4096
    assert abs(rows - SAMPLE_S / row_s) <= threads


@pytest.mark.parametrize(("n", "threads", "rows"), [(4096, 2, 64), (4096, 3, 63), (4096, 30, 60), (48, 2, 48)])
def test_a_rung_has_as_many_rows_as_it_needs(n: int, threads: int, rows: int) -> None:
    rung = a_rung("parallel", fewest_rows=64)
    assert play(rung, a_case(n=n, threads=threads), row_s=0.07, budget_s=15)[-1].rows == rows


@pytest.mark.parametrize("n", [256, 257])
def test_the_whole_product_is_computed_where_it_is_cheap(n: int) -> None:
    rounds = play(a_rung("parallel"), a_case(n=n, threads=2), row_s=1e-3, budget_s=15)
    assert {r.rows for r in rounds if not r.pilot} == {n}


def test_rows_that_depend_on_each_other_are_never_sampled() -> None:
    assert {r.rows for r in play(DEPENDENT, a_case(n=256), row_s=1.0, budget_s=0)} == {256}


@pytest.mark.parametrize("faster", [0.01, 100.0])
def test_rows_stay_as_the_pilot_had_them_settled(faster: float) -> None:
    rung, case = a_rung(), a_case(n=4096)
    rounds = [a_round(case, 0.01, rows=1, number=1)]
    settled = next_batch(rung, case, rounds, some_budget(15))
    assert settled is not None
    assert settled.rows == 40
    rounds.append(a_round(case, 0.4 / faster, rows=settled.rows, number=2))
    later = next_batch(rung, case, rounds, some_budget(15))
    assert later is not None
    assert later.rows == settled.rows


@pytest.mark.parametrize("number", [1, 2])
def test_a_failed_round_ends_a_case(number: int) -> None:
    case = a_case()
    good = [a_round(case, 0.01, rows=1, number=k) for k in range(1, number)]
    assert next_batch(a_rung(), case, [*good, a_failed_round(case, "killed", number)], some_budget(15)) is None


def test_a_pilot_that_asked_for_less_does_not_count() -> None:
    case = a_case()
    later = [a_round(case, 1.0, number=k) for k in (2, 3)]
    for small in (a_round(case, 0.1, rows=1, number=1), a_round(case, 1.0, number=1, samples=later[0].samples * 2)):
        assert counted([small, *later]) == later
        assert counted([small, later[0]]) == later[:1]


def test_a_pilot_that_asked_for_as_much_counts() -> None:
    rounds = [a_round(a_case(), 1.0, number=k) for k in (1, 2, 3)]
    assert counted(rounds) == rounds


def test_neither_a_lone_pilot_nor_a_failed_round_counts() -> None:
    alone = a_round(a_case(), 0.1, rows=1, number=1)
    assert counted([alone]) == counted([alone, a_failed_round(a_case(), "killed")]) == []


def test_plans_say_how_long_they_take() -> None:
    assert expected_s([a_case()] * 18, some_budget(15)) == 270


def test_what_is_left_is_the_budget_or_the_rounds_that_are_made_anyway() -> None:
    slow = a_round(a_case(), 50.0, number=1, container_ns=50_000_000_000)
    quick = a_round(a_case(), 1.0, number=1, container_ns=2_000_000_000)
    assert left_s(a_case(), [], some_budget(15)) == 15
    assert left_s(a_case(), [quick], some_budget(15)) == 13
    assert left_s(a_case(), [slow], some_budget(15)) == 100
    assert left_s(a_case(), [slow] * 3, some_budget(15)) == 0


def whole_products(first_s: float, later_s: float) -> list[int]:
    """How many samples each container of a case is asked for, whose first one takes longer or does not."""
    case, rounds = a_case(n=4096), list[Round]()
    while batch := next_batch(DEPENDENT, case, rounds, some_budget(0)):
        seconds = [first_s, *[later_s] * (batch.samples - 1)]
        rounds.append(a_round(case, *seconds, rows=batch.rows, number=len(rounds) + 1))
    return [len(r.samples) for r in rounds]


def test_a_short_whole_product_is_computed_twice_to_see_whether_the_first_is_cold() -> None:
    assert whole_products(1.3, 1.3) == [1, 2, 1]
    assert whole_products(2.4, 1.3) == [1, 2, 2, 2]


def test_what_took_long_to_warm_up_is_worth_more_samples_while_it_is_warm() -> None:
    assert whole_products(1.7, 0.06) == [1, 2, 7, 7]


def test_a_long_whole_product_is_computed_once_in_a_container() -> None:
    assert whole_products(20.0, 20.0) == [1, 1, 1]


def test_rows_that_take_seconds_are_computed_once_in_a_container_and_in_more_of_them() -> None:
    case, rounds = a_case(n=4096), list[Round]()
    while batch := next_batch(a_rung(), case, rounds, some_budget(60)):
        rounds.append(a_round(case, *[5.0] * batch.samples, rows=batch.rows, number=len(rounds) + 1))
    assert {len(r.samples) for r in rounds} == {1}
    assert len(rounds) > AIM_ROUNDS
