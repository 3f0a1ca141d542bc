"""Many hypotheses at once: which are rejected so that the risk that any is wrong stays below a limit. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Hypothesis = TypeVar("Hypothesis")


def rejected_of(
    hypotheses: Sequence[Hypothesis], rejects: Callable[[Hypothesis, float], bool], risk: float
) -> list[Hypothesis]:
    """Those that are rejected, in their order; the risk that any of them is wrong is at most `risk` (S. Holm, 1979).

    It is shared out among those that are not rejected yet, until nothing is added: `rejects` is asked whether one is
    rejected at its share.
    """
    left, found = dict(enumerate(hypotheses)), set[int]()
    while rejected := {place for place, each in left.items() if rejects(each, risk / len(left))}:
        found |= rejected
        left = {place: each for place, each in left.items() if place not in rejected}
    return [each for place, each in enumerate(hypotheses) if place in found]
