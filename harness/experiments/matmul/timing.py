"""From rounds to the seconds of a whole product: each round stands for the median of its steady samples. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from harness.experiments.matmul.levels import first_product_s, product_s, steady, warming_s
from harness.measure.experiment import Timing
from harness.model.journal import Round
from harness.statistics.estimates import estimate


def timing(rounds: Sequence[Round], pilots: Sequence[Round] = ()) -> Timing:
    """Seconds of a full product in the steady state, scaled from the rows that were computed.

    Pilots, which do not count, may have called the kernel only once in their first sample: the first-sample figure.
    """
    latest = rounds[-1]
    found = estimate([product_s(r, median(s.wall_ns for s in steady(r))) for r in rounds])
    every = [sample for r in rounds for sample in steady(r)]
    return Timing(
        mean=found.mean,
        spread=found.spread,
        rounds=found.rounds,
        warm_up=len(latest.samples) - len(steady(latest)),
        warming_s=median(warming_s(r) for r in rounds),
        cold=first_product_s([*pilots, *rounds], latest.rows),
        busy_cores=sum(s.cpu_ns for s in every) / sum(s.wall_ns for s in every),
        samples=len(every),
    )
