"""What a container may use, and what is refused before anything runs."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.experiments.matmul.limits import check_fits, memory_bytes, timeout_s
from harness.model.cases import Batch
from harness.model.manifests import Rung
from tests.factories import a_case, a_rung

GIB = 2**30
NAIVE, WHOLE = a_rung(), a_rung("recursive", rows_independent=False)


def fits(n: int, gib: int, rung: Rung = NAIVE, threads: int = 1, own_gib: int | None = None) -> bool:
    own_bytes = None if own_gib is None else own_gib * GIB
    try:
        check_fits([(a_case(n=n, threads=threads), rung)], gib * GIB, own_bytes)
    except UsageError:
        return False
    return True


def test_what_does_not_fit_is_refused_with_the_largest_n_that_would_do() -> None:
    with pytest.raises(
        UsageError, match=r"--n 32768 does not fit: .* needs 49\.0 GiB .* has 24\.0\. .*largest n that fits is 22682"
    ) as said:
        check_fits([(a_case(n=32768), NAIVE)], 24 * GIB, None)
    assert said.value.exit_code == 2
    assert fits(22682, 24)
    assert not fits(22683, 24)


def test_boxed_numbers_and_copies_in_every_process_count() -> None:
    boxed = a_rung(bytes_per_element=48)
    copied = a_rung("parallel", bytes_per_element_and_thread=52)
    assert (fits(16384, 14), fits(16384, 14, boxed), fits(16384, 20, boxed)) == (True, False, True)
    assert (fits(8192, 20, copied, threads=2), fits(8192, 20, copied, threads=16)) == (True, False)


def test_with_a_remote_engine_the_harness_needs_memory_of_its_own() -> None:
    assert fits(16384, 8, own_gib=8)
    assert not fits(16384, 8, own_gib=4)
    assert not fits(16384, 8)


@pytest.mark.parametrize(("rung", "rows"), [(NAIVE, 1), (WHOLE, 32768)])
def test_the_time_limit_grows_with_the_work(rung: Rung, rows: int) -> None:
    def limit_s(n: int) -> float:
        return timeout_s(rung, a_case(n=n), Batch(rows=min(rows, n), samples=1), budget_s=5)

    assert limit_s(16) == 60
    exponent = 2 if rung is NAIVE else 3
    assert limit_s(32768) == pytest.approx(2**exponent * limit_s(16384))
    assert limit_s(32768) > 2 * rows * 32768**2 / (1e7 if rung is NAIVE else 5e9)


def test_the_time_limit_grows_with_the_samples_and_their_calls() -> None:
    def limit_s(samples: int, calls: int) -> float:
        return timeout_s(NAIVE, a_case(n=4096), Batch(rows=64, samples=samples, calls=calls), budget_s=5)

    assert limit_s(200, 1) == limit_s(1, 200) == limit_s(20, 10) == pytest.approx(2 * limit_s(100, 1))


def test_the_time_limit_follows_what_the_case_is_known_to_take() -> None:
    whole = Batch(rows=4096, samples=1)
    assert timeout_s(WHOLE, a_case(n=4096), whole, 5, known_ns=[1_000_000_000]) == 60
    assert timeout_s(WHOLE, a_case(n=4096), whole, 5, known_ns=[30_000_000_000, 20_000_000_000]) == 300
    assert timeout_s(WHOLE, a_case(n=4096), whole, 100, known_ns=[1]) == 1000


def test_a_container_gets_room_for_boxed_numbers_but_no_more_than_there_is() -> None:
    n = 4096
    assert memory_bytes(n, 1, 2**40) > 3 * n * n * (8 + 24)  # three matrices of pointers to boxed numbers
    assert memory_bytes(n, 8, 2**40) > memory_bytes(n, 1, 2**40)
    assert memory_bytes(n, 8, 2**31) == 2**31


def test_the_case_that_needs_most_is_the_one_that_is_told() -> None:
    cases = [(a_case(n=32768), NAIVE), (a_case("beta/naive", n=32768), a_rung(bytes_per_element=48))]
    with pytest.raises(UsageError, match=r"beta/naive .* needs 73"):
        check_fits(cases, 24 * GIB, None)
