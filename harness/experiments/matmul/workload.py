"""Inputs, what a sample multiplies, and whether what came out is right. Pure: the same seed draws the same matrices.

Inputs hold integers in [-32, 31], so that every product and partial sum is exact in float64
(|C| <= n * 1024 < 2**53): any order of summation gives identical bits, and validation is equality.

Every call of a kernel multiplies other rows of A by B with its rows in another order, so that its product is new work,
and the products of a sample's calls add up in C. None is computed here to be compared with: a checksum is linear in C
and follows from O(n) numbers for each row of A, and a whole C is confirmed by Freivalds' check, R. Freivalds, Fast
probabilistic algorithms (MFCS 1979).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from mmap import mmap

import numpy as np
import numpy.typing as npt

from harness.errors import HarnessError
from harness.model.cases import Batch

Matrix = npt.NDArray[np.float64]

LOW, HIGH = -32, 31
SECRETS = 4  # random vectors of Freivalds' check, with entries of SECRET_BITS: all its sums stay below 2**53
SECRET_BITS = 13
BLOCK = 256  # rows that are checked at a time, so that they stay in a cache
NEGATIVE_ZERO = np.uint64(1 << 63)


def max_calls(n: int) -> int:
    """The most calls whose products may add up: C stays within the checksum's int32, and all sums here below 2**53."""
    return min(2**21 // n, 2**30 // n**2)


def checksum(c: Matrix) -> int:
    """The sum of int32(C[k]) * (2k + 1) mod 2**32 over the flat index k of a row-major block of rows."""
    flat = c.astype(np.int64).ravel().view(np.uint64)
    weights = 2 * np.arange(flat.size, dtype=np.uint64) + np.uint64(1)
    return int(flat @ weights) & 0xFFFFFFFF


def sha256(c: bytes | mmap) -> str:
    """The SHA-256 of the bytes of C as it is written: row-major little-endian float64."""
    return hashlib.sha256(c).hexdigest()


class Workload:
    """A and B, n x n float64, and what is right for a sample of any batch."""

    def __init__(self, n: int, seed: int) -> None:
        generator = np.random.Generator(np.random.PCG64(seed))
        self.n, self.seed = n, seed
        self.a: Matrix = generator.integers(LOW, HIGH, (n, n), dtype=np.int8, endpoint=True).astype("<f8")
        self.b: Matrix = generator.integers(LOW, HIGH, (n, n), dtype=np.int8, endpoint=True).astype("<f8")
        from_the_middle = np.arange(n) - n // 2  # so that no sum below reaches 2**53, at no n
        secret = np.random.default_rng().integers(1, 2**SECRET_BITS, (n, SECRETS))  # no container can know it
        vectors = np.column_stack([np.ones(n), from_the_middle, secret]).astype(np.float64)
        self._digest: tuple[Batch | None, str] = None, ""
        self._secret = vectors[:, 2:]
        self._b_vectors: Matrix = self.b @ vectors
        if not np.array_equal(self._b_vectors, _exact(self.b, vectors)):
            raise HarnessError(BROKEN_BLAS)

    def left(self, batch: Batch, sample: int, call: int = 0) -> Matrix:
        """The rows of A that a call takes (rows x n); after the last row of A comes the first."""
        return np.concatenate(list(self._left(batch, sample, call)))

    def right(self, batch: Batch, sample: int, call: int = 0) -> Matrix:
        """B as a call takes it: its rows moved up, the uppermost to the end (n x n)."""
        return np.roll(self.b, -_first_of_b(batch, sample, call), axis=0)

    def product(self, batch: Batch, sample: int) -> Matrix:
        """The correct C of a sample (rows x n), by a BLAS. It costs as much as the sample."""
        c: Matrix = np.zeros((batch.rows, self.n))
        for call, times in self._calls(batch):
            c += times * (self.left(batch, sample, call) @ self.right(batch, sample, call))
        return c

    def digest(self, batch: Batch) -> str:
        """The SHA-256 of the correct C of the last sample. It costs as much; the latest is kept."""
        if self._digest[0] != batch:
            self._digest = batch, sha256(self.product(batch, batch.samples - 1).tobytes())
        return self._digest[1]

    def checksum(self, batch: Batch, sample: int) -> int:
        """The checksum of the correct C of a sample."""
        sums, moments = (
            column.astype(np.int64) for column in self._times_vectors(batch, sample, self._b_vectors[:, :2]).T
        )
        row_weights = 2 * np.arange(batch.rows) * self.n + 2 * (self.n // 2) + 1
        return (
            int((row_weights.view(np.uint64) * sums.view(np.uint64) + 2 * moments.view(np.uint64)).sum()) & 0xFFFFFFFF
        )

    def is_right(self, c: Matrix, batch: Batch) -> bool:
        """Whether C (rows x n) is, bit for bit, the correct one of the last sample of a batch.

        A wrong one passes with a chance below 2**-50: multiplied by the secret vectors it gives what A (B x) does.
        Raises HarnessError where the BLAS of this machine is broken.
        """
        if (c.view(np.uint64) == NEGATIVE_ZERO).any():
            return False
        expected = self._times_vectors(batch, batch.samples - 1, self._b_vectors[:, 2:])
        blocks = range(0, len(c), BLOCK)
        return all(self._agrees(c[i : i + BLOCK], expected[i : i + BLOCK], batch.calls) for i in blocks)

    def _agrees(self, c: Matrix, expected: Matrix, calls: int) -> bool:
        """Whether some rows hold integers, as large as they can be, and the right ones."""
        exact = np.abs(c).max() <= calls * LOW**2 * self.n and np.array_equal(c, np.rint(c))  # NaN compares as false
        return bool(exact) and np.array_equal(c @ self._secret, expected)

    def confirm_blas(self, batch: Batch, sample: int) -> None:
        """Raise HarnessError where not the program was wrong, but the BLAS here that says so."""
        exact = self._times_vectors(batch, sample, self._b_vectors, _exact)
        if not np.array_equal(self._times_vectors(batch, sample, self._b_vectors), exact):
            raise HarnessError(BROKEN_BLAS)

    def _times_vectors(
        self, batch: Batch, sample: int, b_vectors: Matrix, multiply: Callable[[Matrix, Matrix], Matrix] = np.matmul
    ) -> Matrix:
        """The C of a sample times some of the vectors, without C: the sum of A (B x) over the calls."""
        result: Matrix = np.zeros((batch.rows, b_vectors.shape[1]))
        twice = np.concatenate([b_vectors, b_vectors])
        for call, times in self._calls(batch):
            right = twice[(first := _first_of_b(batch, sample, call) % self.n) : first + self.n]
            result += times * np.concatenate([multiply(rows, right) for rows in self._left(batch, sample, call)])
        return result

    def _calls(self, batch: Batch) -> Iterator[tuple[int, int]]:
        """The calls of a sample that multiply different operands, and how often each comes: after n they recur."""
        for call in range(min(batch.calls, self.n)):
            yield call, len(range(call, batch.calls, self.n))

    def _left(self, batch: Batch, sample: int, call: int) -> Iterator[Matrix]:
        """Rows of A: those from the first one on, and then the uppermost, where they wrap around."""
        first = (batch.first + sample * (batch.rows + 2) + call) % self.n
        yield self.a[first : first + batch.rows]
        if (wrapped := first + batch.rows - self.n) > 0:
            yield self.a[:wrapped]


def _first_of_b(batch: Batch, sample: int, call: int) -> int:
    """The row of B that a call begins at, before it is taken mod n."""
    return batch.first + sample + call


BROKEN_BLAS = "NumPy's BLAS computes a wrong product on this machine: choose another OPENBLAS_CORETYPE"


def _exact(matrix: Matrix, vectors: Matrix) -> Matrix:
    """A product in integers, some rows at a time to keep the integer copy small."""
    right = vectors.astype(np.int64)
    blocks = [matrix[i : i + BLOCK].astype(np.int64) @ right for i in range(0, len(matrix), BLOCK)]
    return np.concatenate(blocks).astype(np.float64)
