"""Every claim that cannot be true is refused: planted faults, one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pytest

from harness.errors import ProtocolError
from harness.experiments.matmul.validate import check_product, check_times, max_gflops
from harness.experiments.matmul.workload import Matrix, Workload, checksum, sha256
from harness.model.cases import Batch, Sample
from tests.factories import a_case

N, ROWS, SEED = 16, 12, 4
BATCH = Batch(rows=ROWS, samples=2, first=5, calls=3)
SECOND_NS = 1_000_000_000


@pytest.fixture(scope="module")
def workload() -> Workload:
    return Workload(N, SEED)


def claimed(*products: Matrix) -> list[Sample]:
    """Samples with the checksums of these products."""
    return [Sample(wall_ns=1, cpu_ns=1, checksum=checksum(product)) for product in products]


def right(w: Workload) -> list[Sample]:
    return claimed(*(w.product(BATCH, sample) for sample in range(BATCH.samples)))


def one_element(w: Workload) -> Matrix:
    c = w.product(BATCH, 1)
    c[3, 5] += 1
    return c


def one_unit_in_the_last_place(w: Workload) -> Matrix:
    c = w.product(BATCH, 1)
    c[3, 5] = np.nextafter(c[3, 5], np.inf)
    return c


def not_a_number(w: Workload) -> Matrix:
    c = w.product(BATCH, 1)
    c[3, 5] = np.nan
    return c


def two_elements_that_cancel(w: Workload) -> Matrix:
    """Weights 1 and 3 of the checksum, so that it does not change."""
    c = w.product(BATCH, 1)
    c[0, 0] += 3 * 3
    c[0, 1] -= 3
    return c


def swapped(w: Workload) -> Matrix:
    return added(w.right(BATCH, 1, call)[:ROWS] @ w.a for call in range(3))


def transposed_operand(w: Workload) -> Matrix:
    return added(w.left(BATCH, 1, call) @ w.right(BATCH, 1, call).T for call in range(3))


def stale(_: Workload) -> Matrix:
    return Workload(N, SEED + 1).product(BATCH, 1)


def zeros(_: Workload) -> Matrix:
    return np.zeros((ROWS, N))


def accumulated(w: Workload) -> Matrix:
    """C was not set to zero before the second sample."""
    return w.product(BATCH, 0) + w.product(BATCH, 1)


def one_call_too_few(w: Workload) -> Matrix:
    return sum_of_calls(w, (1, 0), (1, 1))


def stored_and_not_added(w: Workload) -> Matrix:
    return sum_of_calls(w, (1, 2))


def kept_from_the_first_call(w: Workload) -> Matrix:
    return sum_of_calls(w, (1, 0), (1, 0), (1, 0))


def by_an_operand_of_the_first_call(w: Workload) -> Matrix:
    """B was packed for the first call, and not again."""
    right = w.right(BATCH, 1)
    return added(w.left(BATCH, 1, call) @ right for call in range(3))


def kept_from_the_first_sample(w: Workload) -> Matrix:
    return w.product(BATCH, 0)


def by_the_operands_of_the_first_sample(w: Workload) -> Matrix:
    """B was packed for the calls of the first sample, and not again."""
    return added(w.left(BATCH, 1, call) @ w.right(BATCH, 0, call) for call in range(3))


def of_the_first_rows(w: Workload) -> Matrix:
    return added(w.left(BATCH, 0, call) @ w.right(BATCH, 1, call) for call in range(3))


def added(products: Iterable[Matrix]) -> Matrix:
    return sum(products, np.zeros((ROWS, N)))


def sum_of_calls(w: Workload, *calls: tuple[int, int]) -> Matrix:
    """The sum of the products of these calls, by sample and number."""
    return added(w.left(BATCH, *call) @ w.right(BATCH, *call) for call in calls)


WRONG = [
    one_element,
    swapped,
    transposed_operand,
    stale,
    zeros,
    accumulated,
    one_call_too_few,
    stored_and_not_added,
    kept_from_the_first_call,
    by_an_operand_of_the_first_call,
    kept_from_the_first_sample,
    by_the_operands_of_the_first_sample,
    of_the_first_rows,
]
HIDDEN = [two_elements_that_cancel, one_unit_in_the_last_place]  # no checksum tells these
Fault = Callable[[Workload], Matrix]


def test_the_right_product_passes_with_its_hash(workload: Workload) -> None:
    written = workload.product(BATCH, 1).tobytes()
    assert check_product(right(workload), written, BATCH, workload) == sha256(written)


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_product_is_told_by_its_checksum(fault: Fault, workload: Workload) -> None:
    c = fault(workload)
    with pytest.raises(ProtocolError, match="wrong product: sample 2 has checksum"):
        check_product([right(workload)[0], *claimed(c)], c.tobytes(), BATCH, workload)


@pytest.mark.parametrize("fault", [*WRONG, *HIDDEN, not_a_number])
def test_a_right_checksum_does_not_save_a_wrong_file(fault: Fault, workload: Workload) -> None:
    with pytest.raises(ProtocolError, match=r"wrong product: \d+ of 192 elements of the written C differ"):
        check_product(right(workload), fault(workload).tobytes(), BATCH, workload)


def test_a_right_file_does_not_save_a_wrong_checksum_of_an_earlier_sample(workload: Workload) -> None:
    first, last = (workload.product(BATCH, sample) for sample in range(2))
    expected = f"sample 1 has checksum {checksum(last)}, expected {checksum(first)}"
    with pytest.raises(ProtocolError, match=expected):
        check_product(claimed(last, last), last.tobytes(), BATCH, workload)


def test_without_calls_c_stays_zero(workload: Workload) -> None:
    batch, c = Batch(rows=ROWS, samples=1, calls=0), zeros(workload)
    check_product(claimed(c), c.tobytes(), batch, workload)
    with pytest.raises(ProtocolError, match="1 of 192 elements"):
        check_product(claimed(c), b"\1" + c.tobytes()[1:], batch, workload)


def test_the_first_wrong_element_is_shown(workload: Workload) -> None:
    value = workload.product(BATCH, 1)[3, 5]
    with pytest.raises(ProtocolError, match=rf"1 of 192 .* first C\[3\]\[5\] = {value + 1:g} instead of {value:g}"):
        check_product(right(workload), one_element(workload).tobytes(), BATCH, workload)


@pytest.mark.parametrize("length", [0, ROWS * N * 8 - 1, ROWS * N * 8 - 8, N * N * 8])
def test_a_file_of_the_wrong_length_is_refused(length: int, workload: Workload) -> None:
    output = np.zeros((N, N)).tobytes()[:length]
    with pytest.raises(ProtocolError, match=f"wrote {length} bytes of C, expected {ROWS * N * 8}"):
        check_product(right(workload), output, BATCH, workload)


def test_a_missing_file_is_refused(workload: Workload) -> None:
    with pytest.raises(ProtocolError, match=r"wrote no /out/c\.f64"):
        check_product(right(workload), None, BATCH, workload)


def times(*pairs: tuple[int, int]) -> list[Sample]:
    return [Sample(wall_ns=wall_ns, cpu_ns=cpu_ns, checksum=0) for wall_ns, cpu_ns in pairs]


def check(samples: list[Sample], threads: int = 1, elapsed_ns: int = 10 * SECOND_NS) -> None:
    """On cores that can do 1 GFLOP/s."""
    check_times(samples, a_case(n=1000, threads=threads), Batch(rows=500, samples=len(samples)), elapsed_ns, 1.0)


def test_possible_times_pass() -> None:
    check(times((SECOND_NS, SECOND_NS), (SECOND_NS, 0)))
    check(times((SECOND_NS, 2 * SECOND_NS)), threads=2)


@pytest.mark.parametrize("impossible", [(0, 0), (-SECOND_NS, 0), (SECOND_NS, -1)])
def test_times_that_are_not_positive_are_refused(impossible: tuple[int, int]) -> None:
    with pytest.raises(ProtocolError, match="sample 2 claims impossible times"):
        check(times((SECOND_NS, SECOND_NS), impossible))


def test_more_time_than_the_container_lived_is_refused() -> None:
    samples = times(*[(SECOND_NS, 0)] * 4)
    check(samples, elapsed_ns=4 * SECOND_NS)
    with pytest.raises(ProtocolError, match="claim 4000000000 ns, but its container lived 3999999999 ns"):
        check(samples, elapsed_ns=4 * SECOND_NS - 1)


def test_more_cpu_than_cpus_is_refused() -> None:
    with pytest.raises(ProtocolError, match="claims 2000000000 ns of CPU in 1000000000 ns on 1 CPUs"):
        check(times((SECOND_NS, 2 * SECOND_NS)))


def test_a_cpu_clock_that_ticks_is_believed() -> None:
    check_times(times((1000, 10_000_000)), a_case(n=1), Batch(rows=1, samples=1), SECOND_NS, None)


@pytest.mark.parametrize("threads", [1, 2])
def test_faster_than_any_cpu_is_refused(threads: int) -> None:
    check(times((SECOND_NS // threads, 0)), threads)  # as fast as can be: 2 * 1000² * 500 operations a second a thread
    expected = f"claims {2 * threads} GFLOP/s, but {threads} cores of this kind reach {threads} at most"
    with pytest.raises(ProtocolError, match=expected):
        check(times((SECOND_NS // threads // 2, 0)), threads)


def test_all_calls_of_a_sample_count_for_its_speed() -> None:
    batch = Batch(rows=500, samples=1, calls=3)
    check_times(times((3 * SECOND_NS, 0)), a_case(n=1000), batch, 10 * SECOND_NS, 1.0)
    with pytest.raises(ProtocolError, match="claims 3 GFLOP/s, but 1 cores of this kind reach 1 at most"):
        check_times(times((SECOND_NS, 0)), a_case(n=1000), batch, 10 * SECOND_NS, 1.0)


@pytest.mark.parametrize(
    ("features", "gflops"),
    [
        (("sse2", "avx", "avx2", "fma", "avx512f"), 208),
        (("sse2", "avx"), 104),
        (("sse2",), 52),
        (("fp", "asimd"), 104),
        (("asimd", "sve"), 208),
        (("asimd", "sve", "sme"), None),
        ((), None),
    ],
)
def test_what_no_core_can_exceed_follows_from_its_instructions(features: tuple[str, ...], gflops: float | None) -> None:
    assert max_gflops(features) == gflops


def test_of_an_unknown_cpu_any_positive_time_may_be() -> None:
    check_times(times((1, 0)), a_case(n=1000), Batch(rows=1000, samples=1), SECOND_NS, None)
