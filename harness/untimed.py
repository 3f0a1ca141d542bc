"""What containers take beside their samples, measured where what was counted of one leaves something to explain."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from operator import mul

from harness.accounts import Claim, believed, larger, part, unexplained
from harness.errors import ProtocolError
from harness.model.cases import Accounts, Batch, Case

TRIES = 3
NUMBERS = 20_000
NOTHING = Accounts(life_ns=0, cpu_ns=0)


@dataclass
class Untimed:
    """What was measured so far, by image; and by image, case and rows, with the number of samples that it was of."""

    startups: Mapping[str, Accounts] = field(default_factory=dict)
    shapes: dict[tuple[str, Case, int], tuple[int, Accounts]] = field(default_factory=dict)

    def expected(self, image: str, case: Case, batch: Batch) -> Accounts:
        """What a container of so many samples should take beside them."""
        start = self.startups.get(image, NOTHING)
        samples, known = self.shapes.get((image, case, batch.rows), (0, start))
        return larger(start, part(start, known, batch.samples / samples)) if samples else start

    def learn(self, image: str, case: Case, batch: Batch, taken: Accounts) -> Accounts:
        """Keep what a container took that computed nothing; the longest of those of its shape and samples."""
        shape = image, case, batch.rows
        samples, known = self.shapes.get(shape, (0, taken))
        kept = larger(known, taken) if samples == batch.samples else taken
        self.shapes[shape] = batch.samples, kept
        return kept


def explained(image: str, claim: Claim, untimed: Untimed, measured: Callable[[Batch], Accounts]) -> Accounts:
    """What all but the samples of a container takes, where that explains what was counted of it.

    Raises ProtocolError where it does not, although what a container takes that computes nothing was `measured` anew.
    """
    other = untimed.expected(image, claim.case, claim.batch)
    for left in reversed(range(TRIES)):
        other = believed(other, claim.batch, claim.case.n, number_ns())
        if (gap := unexplained(claim, other)) is None:
            return other
        if not left:
            raise ProtocolError(str(gap))
        idle = claim.batch.model_copy(update={"calls": 0})
        other = untimed.learn(image, claim.case, claim.batch, measured(idle))
    return other


@cache
def number_ns() -> float:
    """The CPU time that it takes this harness to make an object of a number, check it and write it."""
    return min(_number_ns() for _ in range(5))


def _number_ns() -> float:
    packed = array("d", range(NUMBERS)).tobytes()
    began_ns = time.thread_time_ns()
    numbers = array("d", packed).tolist()
    sum(map(mul, map(int, numbers), range(1, 2 * NUMBERS, 2)))
    array("d", numbers).tobytes()
    return (time.thread_time_ns() - began_ns) / NUMBERS
