"""What containers take outside their samples, measured where the counted time is not explained otherwise."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from operator import mul

from harness.errors import UnexplainedError
from harness.experiments.matmul.claims import Claim, believed, numbers, part, unexplained
from harness.measure.accounts import larger
from harness.model.cases import Accounts, Batch, Case

TRIES = 3
LEAP = 3  # calls need up to three times the numbers of none; measurements of still fewer say too little
NUMBERS = 20_000
NOTHING = Accounts(life_ns=0, cpu_ns=0)


@dataclass
class UntimedWork:
    """What was measured so far: `info` by image, and containers without calls by image, case and rows."""

    startups: Mapping[str, Accounts] = field(default_factory=dict)
    shapes: dict[tuple[str, Case, int], tuple[Batch, Accounts]] = field(default_factory=dict)

    def expected(self, image: str, case: Case, batch: Batch) -> Accounts:
        """What a container should take outside its samples, by its start-up and the numbers it reads and writes."""
        start = self.startups.get(image, NOTHING)
        measured, known = self.shapes.get((image, case, batch.rows), (None, start))
        share = numbers(batch, case.n) / numbers(measured, case.n) if measured else 0
        return larger(start, part(start, known, share)) if share <= LEAP else start

    def learn(self, image: str, case: Case, batch: Batch, taken: Accounts) -> None:
        """Record what a container without calls took; the longest of one request."""
        measured, known = self.shapes.get((image, case, batch.rows), (None, taken))
        self.shapes[image, case, batch.rows] = batch, larger(known, taken) if measured == batch else taken


def explained(image: str, claim: Claim, untimed: UntimedWork, measured: Callable[[Batch], Accounts]) -> Accounts:
    """What all but the samples of a container takes, where that explains what was counted of it.

    Raises UnexplainedError where it does not, although a container that computes nothing was `measured` again.
    """
    case, batch = claim.case, claim.batch
    idle = batch.model_copy(update={"calls": 0})
    for left in reversed(range(TRIES)):
        other = believed(untimed.expected(image, case, batch), batch, case.n, number_ns())
        if (gap := unexplained(claim, other)) is None:
            break
        if not left:
            raise UnexplainedError(str(gap))
        untimed.learn(image, case, idle, measured(idle))
    return other


@cache
def number_ns() -> float:
    """The CPU time that it takes this harness to make an object of a number, check it and write it."""
    return min(_number_ns() for _ in range(5))


def _number_ns() -> float:
    packed = array("d", range(NUMBERS)).tobytes()
    began_ns = time.thread_time_ns()
    unpacked = array("d", packed).tolist()
    sum(map(mul, map(int, unpacked), range(1, 2 * NUMBERS, 2)))
    array("d", unpacked).tobytes()
    return (time.thread_time_ns() - began_ns) / NUMBERS
