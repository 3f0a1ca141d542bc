"""From a run's options and a round's request to what the load generator is asked. Pure."""

from __future__ import annotations

from dataclasses import replace

from harness.engine.engine import Job
from harness.experiments.web.load import Asked
from harness.experiments.web.scenarios import SCENARIOS
from harness.model.cases import Batch, Case, Options

SECONDS, WARM, RATE = "seconds", "warm_s", "rate"
SHARE = 0.5  # of the rate at saturation, at which latency is measured


def asked_of(case: Case, batch: Batch, options: Options, threads: int) -> Asked:
    """The load for a round of a case, on so many threads; a batch without a rate asks for no latencies."""
    rate = dict(batch.asked).get(RATE, 0.0)
    return Asked(
        scenario=SCENARIOS[case.rung],
        connections=case.n,
        threads=threads,
        warm_s=options.own[WARM],
        seconds=options.own[SECONDS],
        rate=rate,
        rate_s=options.own[SECONDS] if rate else 0.0,
    )


def rate_below(saturation: float) -> float:
    """A fixed rate below saturation, in two digits."""
    return float(f"{SHARE * saturation:.1e}")


def limit_name(case: Case) -> str:
    """Under which the load generator's own limit is in the journal."""
    return f"limit-{case.rung}-{case.threads}"


def with_program(job: Job, program: str) -> Job:
    """The same with another program of the image."""
    return replace(job, entrypoint=(program,))
