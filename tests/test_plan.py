"""Which cases, in which order, and how much is asked of each container."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pytest

from harness.experiments.matmul.experiment import MATMUL
from harness.experiments.matmul.ladder import cases_of, first_row, rungs_of
from harness.experiments.matmul.sizing import MAX_SAMPLES, ROOM, SAMPLE_S, call_overhead_share
from harness.experiments.matmul.timing import timing
from harness.experiments.matmul.workload import max_calls
from harness.measure.outcome import failure_of
from harness.measure.plan import (
    BASELINE_SHARE,
    MAX_ROUNDS,
    budget_s,
    candidates,
    counted,
    next_batch,
    shuffled,
    spent_s,
)
from harness.model.cases import Case, Options
from harness.model.journal import Round
from harness.model.manifests import AbsentRung, Rung
from tests.factories import a_case, a_failed_round, a_manifest, a_round, a_rung, some_options
from tests.fake_engine import Kernel, compiled

DEPENDENT = a_rung("recursive", rows_independent=False)


def some_budget(seconds: float, **changes: Any) -> Options:
    """A case's budget of so many seconds, another case being the baseline."""
    return some_options(budget_s=seconds, baseline="gamma/naive", **changes)


def play(rung: Rung, case: Case, kernel: Kernel, options: Options, startup_s: float = 0.1) -> list[Round]:
    """All rounds of a case whose times never get precise."""
    rounds: list[Round] = []
    while batch := next_batch(MATMUL, rung, case, rounds, options):
        seconds = kernel.walls_s(batch.rows, batch.calls, batch.samples)
        made = {"calls": batch.calls, "pilot": batch.pilot, "container_ns": round((startup_s + sum(seconds)) * 1e9)}
        rounds.append(a_round(case, *seconds, rows=batch.rows, number=len(rounds) + 1, **made))
    return rounds


def played(
    row_s: float, budget_s: float = 15, rung: Rung | None = None, n: int = 1024, threads: int = 1
) -> list[Round]:
    """The rounds of a case whose rows take as long as they do and nothing else."""
    rung = rung or a_rung()
    return play(rung, a_case(f"alpha/{rung.name}", n, threads), Kernel(row_s), some_budget(budget_s))


def asked(rounds: Iterable[Round]) -> list[tuple[int, int, int]]:
    """Rows, calls and samples of each container."""
    return [(r.rows, r.calls, len(r.samples)) for r in rounds]


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


@pytest.mark.parametrize("rung", [a_rung(), DEPENDENT], ids=["independent", "dependent"])
@pytest.mark.parametrize("row_s", [1e-7, 1e-3, 10.0])
@pytest.mark.parametrize("budget_s", [0, 1, 15])
def test_at_least_three_rounds_count_whatever_the_budget(rung: Rung, row_s: float, budget_s: float) -> None:
    assert 3 <= len(counted(played(row_s, budget_s, rung, n=256))) <= MAX_ROUNDS + 1


@pytest.mark.parametrize("least", [3, 9, 40])
def test_as_many_rounds_count_as_were_asked_for(least: int) -> None:
    rounds: list[Round] = []
    options = some_budget(0, rounds=least)
    while batch := next_batch(MATMUL, a_rung(), a_case(), rounds, options, precise=True):
        made = {"rows": batch.rows, "calls": batch.calls, "pilot": batch.pilot}
        rounds.append(a_round(a_case(), *[0.01 * batch.calls] * batch.samples, number=len(rounds) + 1, **made))
    assert len(counted(rounds)) == least


def test_a_precise_case_is_finished_and_another_goes_on() -> None:
    rounds = [a_round(a_case(), 0.1, 0.1, number=k) for k in (1, 2, 3)]
    assert next_batch(MATMUL, a_rung(), a_case(), rounds, some_budget(60), precise=True) is None
    assert next_batch(MATMUL, a_rung(), a_case(), rounds, some_budget(60), precise=False) is not None


def test_the_baseline_gets_a_larger_share() -> None:
    options = some_options(budget_s=5, baseline="alpha/naive")
    assert budget_s(a_case("alpha/naive"), options) == 5 * BASELINE_SHARE
    assert budget_s(a_case("beta/naive"), options) == 5


@pytest.mark.parametrize("startup_s", [0.05, 0.8])
@pytest.mark.parametrize("row_s", [1e-6, 1e-4, 1e-2, 0.3, 1.0])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_budget_is_kept_and_what_explores_takes_no_longer_than_twice_as_much(
    threads: int, row_s: float, startup_s: float
) -> None:
    case = a_case(n=1024, threads=threads)
    rounds = play(a_rung(), case, Kernel(row_s / threads), some_budget(15), startup_s)
    assert spent_s(candidates(rounds)) <= 15
    assert spent_s(rounds) <= 3 * 15


@pytest.mark.parametrize("row_s", [1e-4, 1e-2, 0.3])
def test_the_budget_is_used(row_s: float) -> None:
    assert spent_s(candidates(played(row_s))) > 10


def test_samples_of_one_container_have_a_limit() -> None:
    rounds = played(row_s=1e-7, budget_s=600, n=4)
    assert max(len(r.samples) for r in rounds) == MAX_SAMPLES


@pytest.mark.parametrize("row_s", [1e-6, 1e-3, 1.0])
@pytest.mark.parametrize("rung", [a_rung("parallel"), DEPENDENT], ids=["independent", "dependent"])
def test_every_container_that_counts_is_asked_for_the_same_and_half_its_samples_are_warm_up(
    row_s: float, rung: Rung
) -> None:
    rounds = counted(played(row_s, rung=rung, threads=2))
    assert len(set(asked(rounds))) == 1
    assert len(rounds[0].samples) >= 2
    assert timing(rounds).warm_up == max(1, (len(rounds[0].samples) - 1) // 2)


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
@pytest.mark.parametrize("row_s", [1e-3, 0.07, 5.0])
def test_sampled_rows_are_as_many_for_every_thread(threads: int, row_s: float) -> None:
    rows = played(row_s, rung=a_rung("parallel"), n=4096, threads=threads)[-1].rows
    assert rows % threads == 0
    assert threads <= rows < 4096
    assert rows == threads or SAMPLE_S / ROOM <= rows * row_s <= SAMPLE_S * ROOM


@pytest.mark.parametrize("n", [200, 201])
def test_the_whole_product_is_computed_where_it_is_cheap(n: int) -> None:
    rounds = played(1e-3, rung=a_rung("parallel"), n=n, threads=2)
    assert {r.rows for r in counted(rounds)} == {n}


def test_rows_that_depend_on_each_other_are_never_sampled() -> None:
    assert {r.rows for r in played(1.0, 0, DEPENDENT, n=256)} == {256}


# --- what is done once a call ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("once_s", "row_s", "n"),
    [(0.1, 0.00137, 512), (0.1, 0.00137, 4096), (0.3, 0.077, 4096), (2.0, 0.001, 4096), (0.05, 0.1, 4096)],
)
@pytest.mark.parametrize("threads", [1, 2])
def test_rows_make_small_what_is_done_once_a_call(once_s: float, row_s: float, n: int, threads: int) -> None:
    case = a_case(n=n, threads=threads)
    rounds = play(a_rung("parallel"), case, Kernel(row_s, once_s), some_budget(5))
    latest = rounds[-1]
    share = once_s / (once_s + row_s * latest.rows)
    assert latest.rows == n or share < 0.06
    assert timing(counted(rounds)).mean == pytest.approx(once_s + row_s * n, rel=0.08 if latest.rows < n else 1e-6)
    assert latest.rows == n or call_overhead_share(rounds) == pytest.approx(share, abs=0.02)


def test_what_cannot_be_made_small_is_told() -> None:
    rounds = play(a_rung(), a_case(n=4096), Kernel(0.2, once_s=3.0), some_budget(5))
    assert 0.15 < call_overhead_share(rounds) < 0.5
    assert max(sum(s.wall_ns for s in r.samples) / len(r.samples) for r in rounds) < 11e9


# --- a compiler at work -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "steps",
    [
        ((0.2, 2000.0), (0.5, 700.0), (1.0, 300.0), (2.0, 30.0), (2.5, 2.0)),
        ((6.0, 100.0),),
        ((3.0, 1.5),),
        ((1.0, 40.0), (4.0, 1.3)),
        ((0.05, 5.0),),
    ],
    ids=["as Java's", "a long plateau", "a small step", "a late step", "at once"],
)
@pytest.mark.parametrize("rung", [a_rung(), DEPENDENT], ids=["independent", "dependent"])
def test_a_kernel_is_called_until_it_is_steady(rung: Rung, steps: tuple[tuple[float, float], ...]) -> None:
    case = a_case(n=128)
    rounds = play(rung, case, Kernel(1e-4 / 128, slower=compiled(*steps)), some_budget(5))
    assert timing(counted(rounds)).mean == pytest.approx(1e-4, rel=0.01)
    assert failure_of(MATMUL, rounds) is None
    assert timing(counted(rounds)).warming_s == pytest.approx(steps[-1][0], abs=0.3 + 0.1 * steps[-1][0])


def test_the_first_call_is_the_cold_figure_though_later_ones_are_timed_together() -> None:
    rounds = play(DEPENDENT, a_case(n=128), Kernel(1e-6, slower=compiled((0.2, 1000.0))), some_budget(5))
    found = timing(counted(rounds), [r for r in rounds if r.pilot])
    assert found.cold == pytest.approx(0.128)
    assert found.mean == pytest.approx(0.000128)


@pytest.mark.parametrize("seconds", [5, 10, 20])
def test_what_does_not_get_steady_has_no_figure(seconds: float) -> None:
    falling = Kernel(1e-3 / 128, slower=lambda computed_s: 1 + 1000 * math.exp(-computed_s / seconds))
    failure = failure_of(MATMUL, play(DEPENDENT, a_case(n=128), falling, some_budget(5)))
    assert failure is not None
    assert failure.reason.startswith("no steady state")


def test_a_long_product_whose_first_sample_is_cold_is_computed_often_enough_to_see_the_others_get_faster() -> None:
    slow = Kernel(2.0 / 4096, slower=compiled((2.5, 1.5), (9.0, 1.2)))
    rounds = play(DEPENDENT, a_case(n=4096), slow, some_budget(5))
    assert [len(r.samples) for r in rounds if r.pilot] == [2, 5, 10]
    assert timing(counted(rounds)).mean == pytest.approx(2.0)
    warm = play(DEPENDENT, a_case(n=4096), Kernel(2.0 / 4096, cold=0.05), some_budget(5))
    assert [len(r.samples) for r in warm if r.pilot] == [2]


def test_what_a_longer_container_showed_to_be_cold_has_no_figure() -> None:
    measured = [a_round(a_case(), *[0.1] * 4, number=number) for number in (3, 4, 5)]
    pilots = [a_round(a_case(), *[0.1] * 10, *[late] * 20, number=2, pilot=True) for late in (0.1, 0.05)]
    assert failure_of(MATMUL, [pilots[0], *measured]) is None
    failure = failure_of(MATMUL, [pilots[1], *measured])
    assert failure is not None
    assert "100% slower than one that ran for 2 s" in failure.reason


@pytest.mark.parametrize(
    ("rounds", "reason"),
    [
        ((0.112, 0.113, 0.114), "13% slower"),  # by more than they differ by
        ((0.102, 0.115, 0.124), None),  # a busy machine does as much
        ((0.108, 0.109, 0.110), None),  # too little to matter
        ((0.113,), "13% slower"),
    ],
)
def test_what_is_slower_than_a_longer_container_by_chance_has_a_figure(
    rounds: tuple[float, ...], reason: str | None
) -> None:
    pilot = a_round(a_case(), *[0.1] * 30, number=2, pilot=True)
    made = [a_round(a_case(), *[each] * 4, number=3 + k) for k, each in enumerate(rounds)]
    failure = failure_of(MATMUL, [pilot, *made])
    assert (reason in failure.reason) if failure and reason else (failure is None and reason is None)


@pytest.mark.parametrize("call_s", [1e-6, 1e-4, 0.01])
@pytest.mark.parametrize("n", [32, 512])
def test_short_products_are_timed_many_together_but_no_sum_leaves_its_32_bits(n: int, call_s: float) -> None:
    latest = played(call_s / n, rung=DEPENDENT, n=n)[-1]
    assert latest.calls <= max_calls(n)
    assert 0.02 <= latest.calls * call_s <= 0.1 or latest.calls >= max_calls(n) - 1


@pytest.mark.parametrize("calls", [31, 32, 64])
def test_calls_are_no_multiple_of_n_after_which_operands_come_again(calls: int) -> None:
    assert {r.calls % 32 for r in counted(played(0.04 / calls / 32, rung=DEPENDENT, n=32))} == {31}


def test_with_a_small_budget_the_last_container_that_explores_counts() -> None:
    rounds = played(0.02, budget_s=0.4, n=1536)
    assert len(rounds) == 4
    assert counted(rounds) == rounds[1:]


def test_a_small_budget_limits_samples_as_well() -> None:
    rounds = play(a_rung(), a_case(n=1536), Kernel(0.02, once_s=0.1), some_budget(0.4))
    assert 0.25 < counted(rounds)[0].samples[0].wall_ns / 1e9 < 1.0
    assert call_overhead_share(rounds) > 0.1  # and is told


@pytest.mark.parametrize("warm_up_s", [0.3, 1.0, 3.0])
def test_what_was_slow_to_get_warm_is_watched_for_as_long_again(warm_up_s: float) -> None:
    just_in_time = Kernel(0.08 / 1536, slower=compiled((warm_up_s, warm_up_s / 0.08), (warm_up_s + 0.2, 1.3)))
    rounds = play(DEPENDENT, a_case(n=1536), just_in_time, some_budget(0.4))
    assert failure_of(MATMUL, rounds) is None
    assert timing(counted(rounds)).mean == pytest.approx(0.08, rel=0.01)


def test_some_rows_are_called_once_a_sample() -> None:
    assert {r.calls for r in played(0.01, n=4096)} == {1}


def test_a_long_whole_product_is_computed_twice_in_every_container() -> None:
    rounds = played(20.0 / 4096, 0, DEPENDENT, n=4096)
    assert asked(rounds) == [(4096, 1, 2)] * 3
    assert counted(rounds) == rounds


@pytest.mark.parametrize("number", [1, 2])
def test_a_failed_round_ends_a_case(number: int) -> None:
    case = a_case()
    good = [a_round(case, 0.01, rows=1, number=k) for k in range(1, number)]
    assert next_batch(MATMUL, a_rung(), case, [*good, a_failed_round(case, "killed", number)], some_budget(15)) is None


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


def test_one_slow_container_does_not_make_the_next_one_last_for_minutes() -> None:
    case = a_case(n=2048)
    rounds = [
        a_round(case, 1.7, 1.6, rows=1, number=1, pilot=True),  # by chance as long as two rows of the next
        a_round(case, 1.9, rows=2, number=2, pilot=True),
    ]
    batch = next_batch(MATMUL, a_rung(), case, rounds, some_budget(0.5))
    assert batch
    assert batch.rows * batch.samples * 1.9 / 2 <= 8
