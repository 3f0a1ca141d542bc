"""The contract's wire: arguments out, lines in. Pure. See implementations/README.md."""

from __future__ import annotations

import math
import re

from harness.errors import ProtocolError
from harness.model.cases import Batch, Case, Sample

CANNOT_RUN_HERE = 3
SHOWN = 80
SAMPLE = re.compile(r"(-?\d{1,19}) (-?\d{1,19}) (\d{1,10})", re.ASCII)  # no more than 64 and 32 bits need


def run_arguments(case: Case, batch: Batch) -> tuple[str, ...]:
    """The arguments of `matmul run`."""
    numbers = (case.n, case.threads, batch.first, batch.rows, batch.calls, batch.samples)
    return ("run", case.rung, *map(str, numbers))


def parse_samples(stdout: bytes, expected: int) -> tuple[Sample, ...]:
    """The samples that a run printed. Raises ProtocolError for any line that is not one, and for a wrong count."""
    lines = stdout.decode("utf-8", errors="replace").splitlines()
    samples = tuple(_parse_sample(number, line) for number, line in enumerate(lines, start=1))
    if len(samples) != expected:
        raise ProtocolError(f"printed {len(samples)} samples, expected {expected}")
    return samples


def _parse_sample(number: int, line: str) -> Sample:
    match = SAMPLE.fullmatch(line)
    if match is None:
        raise ProtocolError(f"line {number} of its output is not `wall_ns cpu_ns checksum`: {line[:SHOWN]!r}")
    wall_ns, cpu_ns, checksum = map(int, match.groups())
    return Sample(wall_ns=wall_ns, cpu_ns=cpu_ns, checksum=checksum)


def parse_peak(stdout: bytes) -> float:
    """The GFLOP/s that `matmul peak` printed. Raises ProtocolError where it is no positive number."""
    try:
        gflops = float(stdout)
    except ValueError:
        gflops = math.nan
    if not (math.isfinite(gflops) and gflops > 0):
        raise ProtocolError(f"`matmul peak` printed {stdout[:SHOWN]!r} where a number was expected")
    return gflops
