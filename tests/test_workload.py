"""Inputs, products and checksums, against plain Python integers."""

from __future__ import annotations

import hashlib
import struct

import numpy as np
import pytest

from harness.errors import HarnessError
from harness.workload import Matrix, Workload, checksum, sha256


def plain_product(a: Matrix, b: Matrix) -> list[list[int]]:
    """A · B by definition, in Python's integers."""
    columns = [[int(x) for x in column] for column in b.T]
    return [[sum(int(x) * y for x, y in zip(row, column, strict=True)) for column in columns] for row in a]


def plain_checksum(c: list[list[int]]) -> int:
    """The contract's formula, in Python's integers."""
    flat = [value for row in c for value in row]
    return sum(value * (2 * k + 1) for k, value in enumerate(flat)) % 2**32


@pytest.mark.parametrize("n", [1, 2, 7, 33])
def test_product_and_checksum_are_those_of_python_integers(n: int) -> None:
    workload = Workload(n, seed=3)
    expected = plain_product(workload.a, workload.b)
    assert workload.product(n).tolist() == expected
    assert checksum(workload.product(n)) == plain_checksum(expected)


def test_checksum_of_extreme_values_wraps_as_the_contract_says() -> None:
    c = np.array([[2**31 - 1, -(2**31)], [-1, 2**31 - 1]], dtype=np.float64)
    assert checksum(c) == plain_checksum(c.astype(int).tolist())


def test_sha256_is_of_the_little_endian_bytes() -> None:
    c = np.array([[1.0, -2.0], [0.5, 3.0]])
    assert sha256(c) == sha256(np.asfortranarray(c)) == hashlib.sha256(struct.pack("<4d", 1, -2, 0.5, 3)).hexdigest()


def test_same_seed_gives_the_same_bits() -> None:
    # A hash from outside: the inputs of an old run must be drawn again by any later harness.
    assert sha256(Workload(64, 5).a) == sha256(Workload(64, 5).a)
    assert sha256(Workload(4, 5).product(4)) == "b73c377119cf3b092109bafc0d090dcdb83c802fbb753d04ef9154e673d1d564"


def test_seeds_and_operands_differ() -> None:
    matrices = [m for seed in range(3) for m in (Workload(16, seed).a, Workload(16, seed).b)]
    assert len({m.tobytes() for m in matrices}) == 6


def test_inputs_are_all_the_integers_from_minus_32_to_31() -> None:
    workload = Workload(64, 1)
    for matrix in (workload.a, workload.b):
        assert np.unique(matrix).tolist() == list(range(-32, 32))
        assert matrix.dtype == np.dtype("<f8")


def test_fewer_rows_are_the_first_of_the_whole_product() -> None:
    workload = Workload(32, 2)
    some = workload.product(5).copy()
    assert workload.product(32)[:5].tolist() == some.tolist()
    assert workload.product(3).tolist() == some[:3].tolist()


class BrokenBlas(np.ndarray[tuple[int, ...], np.dtype[np.float64]]):
    """A matrix whose products have one wrong element."""

    def __matmul__(self, other: Matrix) -> Matrix:  # type: ignore[override]
        c: Matrix = np.asarray(self) @ other
        c[-1, 0] += 1
        return c


def test_a_wrong_product_of_the_blas_is_noticed() -> None:
    workload = Workload(300, 2)
    workload.a = workload.a.view(BrokenBlas)
    with pytest.raises(HarnessError, match="wrong product"):
        workload.product(300)
