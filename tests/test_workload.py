"""Inputs, products and checksums, against plain Python integers."""

from __future__ import annotations

import numpy as np
import pytest

from harness.errors import HarnessError
from harness.experiments.matmul.workload import SECRET_BITS, Matrix, Workload, checksum, max_calls, sha256
from harness.model.cases import Batch
from harness.model.ranges import MAX_N


def plain_product(a: Matrix, b: Matrix) -> list[list[int]]:
    """A · B by definition, in Python's integers."""
    columns = [[int(x) for x in column] for column in b.T]
    return [[sum(int(x) * y for x, y in zip(row, column, strict=True)) for column in columns] for row in a]


def plain_checksum(c: list[list[int]]) -> int:
    """The contract's formula, in Python's integers."""
    flat = [value for row in c for value in row]
    return sum(value * (2 * k + 1) for k, value in enumerate(flat)) % 2**32


BATCHES = [
    Batch(rows=7, samples=9),
    Batch(rows=7, samples=9, first=6, calls=3),
    Batch(rows=3, samples=9, first=5),
    Batch(rows=1, samples=9, first=2, calls=1000),
    Batch(rows=6, samples=1),
    Batch(rows=4, samples=3, calls=0),
]


def by_the_contract(workload: Workload, batch: Batch, sample: int) -> list[list[int]]:
    """The sum of the products of the rows that a sample's calls take of A and of B, as the contract puts it."""
    n, first = workload.n, batch.first + sample * (batch.rows + 2)
    c = [[0] * n for _ in range(batch.rows)]
    for call in range(batch.calls):
        a = workload.a[[(first + call + i) % n for i in range(batch.rows)]]
        b = workload.b[[(batch.first + sample + call + k) % n for k in range(n)]]
        c = [[x + y for x, y in zip(*rows, strict=True)] for rows in zip(c, plain_product(a, b), strict=True)]
    return c


@pytest.mark.parametrize("batch", BATCHES, ids=str)
def test_product_and_checksum_of_every_sample_are_those_of_python_integers(batch: Batch) -> None:
    workload = Workload(7, seed=3)
    for sample in range(batch.samples):
        expected = by_the_contract(workload, batch, sample)
        assert workload.product(batch, sample).tolist() == expected
        assert workload.checksum(batch, sample) == checksum(workload.product(batch, sample)) == plain_checksum(expected)


@pytest.mark.parametrize("n", [1, 2, 33])
def test_checksums_hold_at_every_n(n: int) -> None:
    workload, batch = Workload(n, seed=3), Batch(rows=n, samples=n + 2, first=n - 1, calls=5)
    for sample in range(batch.samples):
        assert workload.checksum(batch, sample) == plain_checksum(by_the_contract(workload, batch, sample))


@pytest.mark.parametrize("batch", BATCHES, ids=str)
def test_only_the_product_of_the_last_sample_is_right(batch: Batch) -> None:
    workload = Workload(7, seed=3)
    right = [workload.is_right(workload.product(batch, sample), batch) for sample in range(batch.samples)]
    assert right == [batch.calls == 0 or sample % 7 == (batch.samples - 1) % 7 for sample in range(batch.samples)]


@pytest.mark.parametrize("calls", [1, 5, 16, 32, 37])
def test_no_two_samples_come_to_the_same(calls: int) -> None:
    workload, batch = Workload(16, 1), Batch(rows=16, samples=16, calls=calls)
    products = [workload.product(batch, sample) for sample in range(16)]
    assert len({product.tobytes() for product in products}) == 16
    if calls % 16:  # else each has had every row of A by every rotation of B, and the rows of C change places
        assert len({tuple(sorted(row.tobytes() for row in product)) for product in products}) == 16


@pytest.mark.parametrize("rows", [1, 3, 16])
def test_no_two_of_n_calls_in_a_row_have_an_operand_in_common(rows: int) -> None:
    workload, batch = Workload(16, 1), Batch(rows=rows, samples=2, first=3, calls=16)
    for operand in (workload.left, workload.right):
        assert len({operand(batch, 1, call).tobytes() for call in range(16)}) == 16
        assert operand(batch, 0).tobytes() != operand(batch, 1).tobytes()


def test_any_wrong_bit_is_seen() -> None:
    workload, batch = Workload(300, 2), Batch(rows=270, samples=2, calls=2)
    right = workload.product(batch, 1)
    right[269, 5] = 0.0
    assert not workload.is_right(right, batch)
    for wrong in (np.nan, np.inf, -np.inf, 1e300, 0.5, 1.0, 2.0):
        c = workload.product(batch, 1)
        c[269, 7] += wrong
        assert not workload.is_right(c, batch)
    c = workload.product(batch, 1)
    c[np.unravel_index(np.abs(c).argmin(), c.shape)] = -0.0
    assert not workload.is_right(c, batch)


@pytest.mark.parametrize("n", [*range(1, 600), 1000, 4096, 23_170, MAX_N])
def test_the_largest_sums_of_the_most_calls_are_exact(n: int) -> None:
    largest = max_calls(n) * 32 * 32 * n
    assert max_calls(n) >= 1
    assert largest <= 2**31  # reached by no product: only -32 times -32 is 1024, and not all are
    assert largest * sum(abs(j - n // 2) for j in range(n)) <= 2**53
    assert largest * n * 2**SECRET_BITS <= 2**53


def test_checksum_of_extreme_values_wraps_as_the_contract_says() -> None:
    c = np.array([[2**31 - 1, -(2**31)], [-1, 2**31 - 1]], dtype=np.float64)
    assert checksum(c) == plain_checksum(c.astype(int).tolist())


def test_same_seed_gives_the_same_bits() -> None:
    # A hash from outside: the inputs of an old run must be drawn again by any later harness.
    assert Workload(64, 5).a.tobytes() == Workload(64, 5).a.tobytes()
    product = Workload(4, 5).product(Batch(rows=4, samples=1), 0)
    assert sha256(product.tobytes()) == "b73c377119cf3b092109bafc0d090dcdb83c802fbb753d04ef9154e673d1d564"


def test_seeds_and_operands_differ() -> None:
    matrices = [m for seed in range(3) for m in (Workload(16, seed).a, Workload(16, seed).b)]
    assert len({m.tobytes() for m in matrices}) == 6


def test_inputs_are_all_the_integers_from_minus_32_to_31() -> None:
    workload = Workload(64, 1)
    for matrix in (workload.a, workload.b):
        assert np.unique(matrix).tolist() == list(range(-32, 32))
        assert matrix.dtype == np.dtype("<f8")


class BrokenBlas(np.ndarray[tuple[int, ...], np.dtype[np.float64]]):
    """A matrix whose products have one wrong element."""

    def __matmul__(self, other: Matrix) -> Matrix:  # type: ignore[override]
        c: Matrix = np.asarray(self) @ other
        c[-1, 0] += 1
        return c


def test_a_broken_blas_is_noticed_before_a_program_is_blamed() -> None:
    workload, batch = Workload(300, 2), Batch(rows=300, samples=1)
    workload.confirm_blas(batch, 0)
    workload.a = workload.a.view(BrokenBlas)
    with pytest.raises(HarnessError, match="wrong product"):
        workload.confirm_blas(batch, 0)
