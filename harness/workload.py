"""Inputs, the expected product and its checksum. Pure: the same seed gives the same bits everywhere.

Inputs hold integers in [-32, 31], so that every product and partial sum is exact in float64
(|C| <= n * 1024 < 2**53): any order of summation gives identical bits, and validation is equality.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from harness.errors import HarnessError

Matrix = npt.NDArray[np.float64]

LOW, HIGH = -32, 31
MAX_N = 32_768


def checksum(c: Matrix) -> int:
    """The sum of int32(C[k]) * (2k + 1) mod 2**32 over the flat index k of a row-major block of rows."""
    flat = c.astype(np.int64).ravel().view(np.uint64)
    weights = 2 * np.arange(flat.size, dtype=np.uint64) + np.uint64(1)
    return int(flat @ weights) & 0xFFFFFFFF


def sha256(c: Matrix) -> str:
    """The SHA-256 of a block of rows as it is written: row-major little-endian float64."""
    return hashlib.sha256(np.ascontiguousarray(c, dtype="<f8").data).hexdigest()


class Workload:
    """A, B and the rows of A @ B that were asked for so far; all n x n float64."""

    def __init__(self, n: int, seed: int) -> None:
        generator = np.random.Generator(np.random.PCG64(seed))
        self.n, self.seed = n, seed
        self.a: Matrix = generator.integers(LOW, HIGH, (n, n), dtype=np.int8, endpoint=True).astype("<f8")
        self.b: Matrix = generator.integers(LOW, HIGH, (n, n), dtype=np.int8, endpoint=True).astype("<f8")
        self._product: Matrix = np.empty((0, n))
        self._digests: dict[int, tuple[int, str]] = {}

    def product(self, rows: int) -> Matrix:
        """The first rows of A @ B (rows x n).

        A BLAS computes it and exact integer arithmetic confirms it. Raises HarnessError where the two differ:
        then this machine's BLAS is broken.
        """
        if rows > len(self._product):
            c = self.a[:rows] @ self.b
            self._confirm(c)
            self._product = c
        return self._product[:rows]

    def digests(self, rows: int) -> tuple[int, str]:
        """The checksum and the SHA-256 of the first rows of A @ B, worked out once."""
        if rows not in self._digests:
            c = self.product(rows)
            self._digests[rows] = checksum(c), sha256(c)
        return self._digests[rows]

    def _confirm(self, c: Matrix) -> None:
        """Freivalds' check: C x = A (B x) in integers mod 2**64, for random x.

        A wrong C passes with a chance below 2**-36, its entries being below 2**26.
        """
        generator = np.random.Generator(np.random.PCG64([self.seed, 1]))
        x = generator.integers(0, 2**63, (self.n, 1), dtype=np.int64).view(np.uint64)
        expected = _times(self.a[: len(c)], _times(self.b, x))
        if not (np.array_equal(c, np.rint(c)) and np.array_equal(_times(c, x), expected)):
            raise HarnessError(
                "NumPy's BLAS computes a wrong product on this machine: choose another OPENBLAS_CORETYPE"
            )


def _times(matrix: Matrix, vector: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Matrix times vector mod 2**64, a block of rows at a time to keep the integer copy small."""
    blocks = [matrix[i : i + 256].astype(np.int64).view(np.uint64) @ vector for i in range(0, len(matrix), 256)]
    return np.concatenate(blocks)
