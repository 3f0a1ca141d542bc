"""The expected result of a container, by others of its case. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness.experiments.matmul.levels import ContainerOverhead, call_s, container_s
from harness.model.cases import Batch, Case, Sample
from harness.model.journal import Round

ROW_GROWS = 2  # the time of a row grows with this power of n


def expected(case: Case, batch: Batch, known: Sequence[Round], number: int) -> Round:
    """The expected round of a container, by known ones, perhaps of another n."""
    latest = known[-1]
    grown = (case.n / latest.case.n) ** ROW_GROWS
    call_ns = call_s(latest) * 1e9 / latest.rows * batch.rows * grown
    sample = Sample(wall_ns=round(call_ns * batch.calls) or 1, cpu_ns=0, checksum=0)
    if latest.case.n == case.n:
        container_ns = round(container_s(batch, known) * 1e9)
    else:
        overhead = ContainerOverhead.of(known)
        container_ns = (
            round(1e9 * (overhead.per_container + overhead.per_sample * grown * batch.samples))
            + sample.wall_ns * batch.samples
        )
    return Round(
        case=case,
        number=number,
        pilot=batch.pilot,
        rows=batch.rows,
        calls=batch.calls,
        samples=(sample,) * batch.samples,
        container_ns=container_ns,
    )
