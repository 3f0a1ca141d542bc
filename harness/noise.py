"""The noise floor: what a case and its twin, which are the same, differ by in a run. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.model.cases import Case
from harness.model.comparison import Noise
from harness.timing import Timing, ratio


def noise_of(timings: Mapping[Case, Timing]) -> Noise | None:
    """What the twin says of this run's noise; None where it was not measured, or only once."""
    for case, taken in timings.items():
        if case.twin:
            original = case.model_copy(update={"twin": False})
            found = ratio(timings.get(original), taken)
            return Noise(case=str(original), ratio=found) if found and found.low is not None else None
    return None


def noise_warnings(noise: Noise | None, *, asked: bool) -> Iterable[str]:
    """Where the noise floor is not known, or two that are the same did not come out as a tie."""
    if asked and noise is None:
        yield "the noise floor is not known: a case and its twin were not both measured"
    if noise and not noise.ratio.holds(1.0):
        yield (
            f"{noise.case} and its twin are the same, but their interval does not hold 1 (by chance in 5 runs of 100): "
            "this machine was noisier than the other intervals say"
        )
