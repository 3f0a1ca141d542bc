"""The noise floor: the difference between a case and its A/A control, which are the same, in a run. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.measure.experiment import Timing
from harness.model.cases import Case
from harness.model.comparison import Noise
from harness.model.manifests import KINDS, Held, Kind, plural
from harness.statistics.estimates import ratio


@dataclass(frozen=True)
class Floors:
    """The noise floors of a run, by the kinds of its cases."""

    noise: Sequence[Noise]
    rungs: Mapping[Case, Held]

    def of(self, *cases: Case) -> float:
        """The share below which a difference between these cases is not significant; 0 where no floor is known.

        The larger one of two kinds; a kind without one takes the largest that is known.
        """
        known: dict[Kind, float] = {each.kind: each.floor for each in self.noise}
        largest = max(known.values(), default=0.0)
        return max(known.get(self.rungs[case].kind, largest) for case in cases)


def noise_of(timings: Mapping[Case, Timing], rungs: Mapping[Case, Held]) -> tuple[Noise, ...]:
    """What the A/A controls say of this run's noise, by kind; without those that were not measured, or only once."""
    found = []
    for case, taken in timings.items():
        original = case.model_copy(update={"control": False})
        if case.control and original in timings:
            beside = ratio(timings[original], taken)
            if beside and beside.low is not None:
                found.append(Noise(kind=rungs[original].kind, case=str(original), ratio=beside))
    return tuple(sorted(found, key=lambda noise: KINDS.index(noise.kind)))


def noise_warnings(noise: Sequence[Noise], controls: Iterable[Case], rungs: Mapping[Case, Held]) -> Iterable[str]:
    """Where a noise floor is unknown, or a case and its control differ significantly."""
    known = {each.kind for each in noise}
    for case in controls:
        kind = rungs[case].kind
        if kind not in known:
            yield f"the noise floor of {plural(kind)} is unknown: {case.name} and its original were not both measured"
    for each in noise:
        if not each.ratio.holds(1.0):
            yield (
                f"{each.case} and its A/A control differ significantly (by chance in 5 of 100 runs): this machine was "
                "noisier than the other intervals say"
            )
