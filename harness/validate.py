"""Whether what a container claims can be true: its times, every checksum, and every bit of C. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from mmap import mmap

import numpy as np

from harness.errors import ProtocolError
from harness.model.cases import Batch, Case, Sample
from harness.workload import Matrix, Workload

CPU_CLOCK_SLACK = 1.05
CPU_CLOCK_TICK_NS = 20_000_000  # some CPU clocks advance in ticks
PEAK_SLACK = 1.5  # clocks may boost between the measurement of the peak and that of a kernel


def check_times(
    samples: Sequence[Sample], case: Case, batch: Batch, elapsed_ns: int, peak_gflops: float | None
) -> None:
    """Raise ProtocolError for times that cannot be: not positive, longer than the container lived, or too fast."""
    for number, sample in enumerate(samples, start=1):
        if sample.wall_ns <= 0 or sample.cpu_ns < 0:
            raise ProtocolError(f"sample {number} claims impossible times: {sample.wall_ns} and {sample.cpu_ns} ns")
        if sample.cpu_ns > case.threads * sample.wall_ns * CPU_CLOCK_SLACK + CPU_CLOCK_TICK_NS:
            raise ProtocolError(
                f"sample {number} claims {sample.cpu_ns} ns of CPU in {sample.wall_ns} ns on {case.threads} CPUs"
            )
        gflops = 2 * case.n**2 * batch.rows / sample.wall_ns
        if peak_gflops and gflops > PEAK_SLACK * peak_gflops:
            raise ProtocolError(
                f"sample {number} claims {gflops:,.0f} GFLOP/s; this machine's measured peak is {peak_gflops:,.0f}"
            )
    claimed_ns = sum(sample.wall_ns for sample in samples)
    if claimed_ns > elapsed_ns:
        raise ProtocolError(f"its samples claim {claimed_ns} ns, but its container lived {elapsed_ns} ns")


def check_product(
    samples: Sequence[Sample], output: bytes | mmap | None, batch: Batch, workload: Workload, fault: str = ""
) -> str:
    """The SHA-256 of the written C. Raises ProtocolError for a wrong checksum, any wrong bit, or no C, by its fault."""
    expected_checksum, digest = workload.digests(batch.rows)
    for number, sample in enumerate(samples, start=1):
        if sample.checksum != expected_checksum:
            raise ProtocolError(
                f"wrong product: sample {number} has checksum {sample.checksum}, {expected_checksum} is right"
            )
    if output is None:
        raise ProtocolError(fault or "wrote no /out/c.f64")
    expected = workload.product(batch.rows)
    if len(output) != expected.nbytes:
        raise ProtocolError(f"wrote {len(output)} bytes of C where {expected.nbytes} were due")
    c = np.frombuffer(output, dtype="<f8").reshape(expected.shape)
    if not np.array_equal(c.view(np.uint64), expected.view(np.uint64)):
        raise ProtocolError(_first_difference(c, expected))
    return digest


def false_claims(samples: Sequence[Sample], digest: str | None, rows: int, workload: Workload) -> Iterator[str]:
    """What a journal says of the first rows of a product and the seed does not, in words."""
    expected_checksum, expected_digest = workload.digests(rows)
    if not samples:
        yield "it has no samples, and no failure"
    for number, sample in enumerate(samples, start=1):
        if sample.checksum != expected_checksum:
            yield f"sample {number} has checksum {sample.checksum}; the seed's product has {expected_checksum}"
    if digest != expected_digest:
        yield f"its SHA-256 is {digest}; the seed's product has {expected_digest}"


def _first_difference(c: Matrix, expected: Matrix) -> str:
    wrong = np.argwhere(c.view(np.uint64) != expected.view(np.uint64))
    i, j = wrong[0]
    return (
        f"wrong product: {len(wrong)} of {c.size} elements of the written C differ, first "
        f"C[{i}][{j}] = {c[i, j]:g} where {expected[i, j]:g} is right"
    )
