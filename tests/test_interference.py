"""Which rounds have interference, whether they are repeated, and which are kept."""

from __future__ import annotations

import pytest

from harness.experiments.matmul.experiment import MATMUL
from harness.machine.interference import clean, interference, kept, others_share, overview, rounds_with_interference
from harness.measure.plan import counted, next_batch
from harness.model.journal import Round
from tests.factories import CALM, a_case, a_round, a_rung, some_options

CASE = a_case()
SECOND = 10**9


def a_round_with(number: int = 2, seconds: float = 1.0, **changes: object) -> Round:
    """A round of a container that lived a tenth of a second longer than its sample, on two CPUs."""
    wall_ns = round((seconds + 0.1) * SECOND)
    seen = CALM.model_copy(update={"wall_ns": wall_ns, "busy_ns": round(seconds * SECOND), **changes})
    return a_round(CASE, seconds, number=number, conditions=seen)


def test_a_clean_round_has_no_interference() -> None:
    assert interference([a_round_with()]) == {}
    assert others_share(a_round_with()) == 0


def test_the_cpu_time_of_others_is_what_neither_the_samples_nor_their_container_used() -> None:
    entry = a_round_with(busy_ns=round(1.75 * SECOND))  # 1 s of it is the sample's, 0.2 s may be its container's
    assert others_share(entry) == pytest.approx(0.55 / 2.2)
    assert interference([entry]) == {2: "other processes used at least 25% of the CPU time"}


def test_what_a_container_may_have_used_beside_its_samples_is_not_put_to_others() -> None:
    assert others_share(a_round_with(busy_ns=round(1.2 * SECOND))) == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"steal_ns": SECOND // 10}, "steal 5% of the CPU time"),
        ({"swapped_pages": 300}, "the host swapped 300 pages"),
        ({"throttled": 2}, "the CPU was throttled 2 times"),
    ],
)
def test_the_interference_is_named(changes: dict[str, int], said: str) -> None:
    assert interference([a_round_with(**changes)]) == {2: said}


@pytest.mark.parametrize(
    "changes", [{"steal_ns": SECOND // 100}, {"swapped_pages": 3}, {"throttled": None}, {"throttled": 0}]
)
def test_what_is_small_or_unknown_is_no_interference(changes: dict[str, int]) -> None:
    assert interference([a_round_with(**changes)]) == {}


def lazy(entry: Round, share: float) -> Round:
    """The same round with threads that worked for only a share of its wall time."""
    samples = tuple(s.model_copy(update={"cpu_ns": round(s.wall_ns * share)}) for s in entry.samples)
    return entry.model_copy(update={"samples": samples})


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_threads_that_waited_are_the_kernel_s_own_and_no_interference(share: float) -> None:
    assert interference([a_round_with(2, busy_ns=0), lazy(a_round_with(3, busy_ns=0), share)]) == {}


def test_a_round_is_never_judged_by_its_time() -> None:
    assert interference([a_round_with(2, 1.0), a_round_with(3, 50.0), a_round_with(4, 0.3)]) == {}


def test_conditions_that_were_not_read_are_no_interference() -> None:
    entry = a_round_with(steal_ns=SECOND).model_copy(update={"conditions": None})
    assert interference([entry]) == {}
    assert overview([entry]) is None


def some_rounds(clean_ones: int, others: int) -> list[Round]:
    return [
        a_round_with(number, steal_ns=SECOND if number < 2 + others else 0)
        for number in range(2, 2 + clean_ones + others)
    ]


def test_rounds_with_interference_are_excluded_where_three_clean_ones_remain() -> None:
    rounds = some_rounds(clean_ones=3, others=2)
    assert kept(rounds) == clean(rounds) == counted(rounds) == rounds[2:]
    assert [(each.number, each.counted) for each in rounds_with_interference({CASE: rounds})] == [
        (2, False),
        (3, False),
    ]


def test_rounds_with_interference_are_kept_where_too_few_are_clean() -> None:
    rounds = some_rounds(clean_ones=2, others=1)
    assert counted(rounds) == rounds
    assert [(each.number, each.counted) for each in rounds_with_interference({CASE: rounds})] == [(2, True)]


def test_a_round_with_interference_is_repeated_within_the_time_limit() -> None:
    options = some_options(precision=1.0, budget_s=20.0)
    calm, noisy = some_rounds(clean_ones=3, others=0), some_rounds(clean_ones=2, others=1)
    assert next_batch(MATMUL, a_rung(), CASE, calm, options, precise=True) is None
    assert next_batch(MATMUL, a_rung(), CASE, noisy, options, precise=True) is not None
    assert next_batch(MATMUL, a_rung(), CASE, noisy, some_options(budget_s=0.45), precise=True) is None


def test_the_overview_has_the_mean_and_the_worst() -> None:
    seen = overview([a_round_with(2), a_round_with(3, steal_ns=SECOND // 2, swapped_pages=5, available_bytes=7)])
    assert seen is not None
    assert (seen.containers, seen.swapped_pages, seen.available_bytes) == (2, 5, 7)
    assert seen.steal_share_worst == pytest.approx(0.5 / 2.2)
    assert seen.steal_share == pytest.approx(0.25 / 2.2)
