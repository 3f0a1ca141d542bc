"""Whether what a container claims can be true: its times, every checksum, and every bit of C. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from mmap import mmap

import numpy as np

from harness.errors import ProtocolError
from harness.experiments.matmul.workload import Matrix, Workload, sha256
from harness.model.cases import Batch, Case, Sample
from harness.model.journal import Round

CPU_CLOCK_SLACK = 1.05
CPU_CLOCK_TICK_NS = 20_000_000  # some CPU clocks advance in ticks
FASTEST_GHZ = 6.5  # no CPU's clock is faster
FLOP_A_CYCLE = (("avx512f", 32), ("avx", 16), ("sve", 32), ("asimd", 16), ("sse2", 8))  # of a core, by what it has
MATRIX_UNITS = {"sme", "sme2"}  # how fast these are depends on the machine


def max_gflops(features: Collection[str]) -> float | None:
    """What no core of a CPU can exceed, whatever its clock; None where that is not known.

    The measured peak is no such bound: other work makes it too low.
    """
    if MATRIX_UNITS & set(features):
        return None
    known = (flop for feature, flop in FLOP_A_CYCLE if feature in features)
    flop = next(known, None)
    return None if flop is None else flop * FASTEST_GHZ


def check_times(
    samples: Sequence[Sample], case: Case, batch: Batch, elapsed_ns: int, core_gflops: float | None
) -> None:
    """Raise ProtocolError for times that cannot be: not positive, longer than the container lived, or too fast.

    `core_gflops` is what no core can exceed, as max_gflops has it.
    """
    for number, sample in enumerate(samples, start=1):
        if sample.wall_ns < (batch.calls > 0) or sample.cpu_ns < 0:
            raise ProtocolError(f"sample {number} claims impossible times: {sample.wall_ns} and {sample.cpu_ns} ns")
        if sample.cpu_ns > case.threads * sample.wall_ns * CPU_CLOCK_SLACK + CPU_CLOCK_TICK_NS:
            raise ProtocolError(
                f"sample {number} claims {sample.cpu_ns} ns of CPU in {sample.wall_ns} ns on {case.threads} CPUs"
            )
        gflops = 2 * case.n**2 * batch.rows * batch.calls / max(1, sample.wall_ns)
        if core_gflops and gflops > case.threads * core_gflops:
            raise ProtocolError(
                f"sample {number} claims {gflops:,.0f} GFLOP/s, but {case.threads} cores of this kind reach "
                f"{case.threads * core_gflops:,.0f} at most"
            )
    claimed_ns = sum(sample.wall_ns for sample in samples)
    if claimed_ns > elapsed_ns:
        raise ProtocolError(f"its samples claim {claimed_ns} ns, but its container lived {elapsed_ns} ns")


def check_product(
    samples: Sequence[Sample], output: bytes | mmap | None, batch: Batch, workload: Workload, fault: str = ""
) -> str:
    """The SHA-256 of the written C. Raises ProtocolError for a wrong checksum, any wrong bit, or no C, by its fault."""
    for number, sample in enumerate(samples):
        if sample.checksum != (expected := workload.checksum(batch, number)):
            workload.confirm_blas(batch, number)
            raise ProtocolError(
                f"wrong product: sample {number + 1} has checksum {sample.checksum}, expected {expected}"
            )
    if output is None:
        raise ProtocolError(fault or "wrote no /out/c.f64")
    if len(output) != (due := batch.rows * workload.n * 8):
        raise ProtocolError(f"wrote {len(output)} bytes of C, expected {due}")
    c = np.frombuffer(output, dtype="<f8").reshape(batch.rows, workload.n)
    if not workload.is_right(c, batch):
        workload.confirm_blas(batch, batch.samples - 1)
        raise ProtocolError(_first_difference(c, workload.product(batch, batch.samples - 1)))
    return sha256(output)


def false_claims(entry: Round, workload: Workload) -> Iterator[str]:
    """What a journal says of the products of a round and the seed does not, in words."""
    if not entry.samples:
        yield "it has no samples, and no failure"
        return
    moves = entry.first is not None
    count = len(entry.samples) if moves else 1
    batch = Batch(rows=entry.rows, samples=count, first=entry.first or 0, calls=entry.calls)
    for number, sample in enumerate(entry.samples):
        if sample.checksum != (expected := workload.checksum(batch, number if moves else 0)):
            yield f"sample {number + 1} has checksum {sample.checksum}; the seed's product has {expected}"
    if entry.sha256 != (digest := workload.digest(batch)):
        yield f"its SHA-256 is {entry.sha256}; the seed's product has {digest}"


def _first_difference(c: Matrix, expected: Matrix) -> str:
    wrong = np.argwhere(c.view(np.uint64) != expected.view(np.uint64))
    i, j = wrong[0]
    return (
        f"wrong product: {len(wrong)} of {c.size} elements of the written C differ, first "
        f"C[{i}][{j}] = {c[i, j]:g} instead of {expected[i, j]:g}"
    )
