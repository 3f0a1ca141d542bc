"""One container of a round: run, watched, and counted from outside."""

from __future__ import annotations

from dataclasses import replace

from harness.engine.engine import Exit, Job, Runner
from harness.machine.conditions import between
from harness.machine.host import Read
from harness.measure.accounts import accounts_of
from harness.model.cases import Batch, Case
from harness.model.journal import Reading, Round


def run_once(runner: Runner, job: Job, read: Read, case: Case, batch: Batch, number: int) -> tuple[Exit, Round]:
    """How the container ended, and its round as far as that is known without what it printed."""
    readings: list[Reading | None] = []
    ended = runner.run(replace(job, observe=lambda: readings.append(read())))
    return ended, Round(
        case=case,
        number=number,
        pilot=batch.pilot,
        rows=batch.rows,
        first=batch.first,
        calls=batch.calls,
        container_ns=ended.elapsed_ns,
        conditions=between(readings),
        resident_bytes=ended.resident_bytes,
        accounts=accounts_of(ended),
    )
