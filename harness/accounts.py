"""What a container claims, beside what the engine and the kernel counted of it. Pure.

A program reads its clocks itself and could print anything. How long its container lived, by the engine's clock, and how
much CPU time its processes used, by their control group, it cannot change. What is in these accounts and not in the
samples must be what starting, loading, zeroing, checking and writing take: that is measured too, by a container of the
same image, rung and size that is asked for no calls.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.errors import ProtocolError
from harness.model.cases import Accounts, Batch, Conditions, Sample

ALWAYS_NS = 150_000_000  # readings of the accounts, and what starting a container takes, differ by as much
STARTING_NS = 2_000_000_000  # a slow runtime on a slow machine
NUMBER_NS = 100  # what an object made of a number takes in the slowest language, twice over
OF_CLAIMED = 0.1
OF_UNTIMED = 0.3  # loading and checking take longer after work has filled the caches and a JIT still compiles


def within_reach(samples: Sequence[Sample], seen: Accounts, untimed: Accounts | None = None) -> bool:
    """Whether the accounts hold what the samples claim and little else: then nothing more need be measured."""
    other = untimed or Accounts(life_ns=0, cpu_ns=0)
    return not any(missing > allowed for _, missing, allowed in _gaps(samples, seen, other))


def check_accounts(samples: Sequence[Sample], seen: Accounts, untimed: Accounts, conditions: Conditions | None) -> None:
    """Raise ProtocolError where a container used more time than its samples and all else can have taken.

    Wall time for which others had the CPUs, or could have had them, is not held against it.
    """
    stalled_ns = _stalled_ns(seen, conditions)
    for what, missing, allowed in _gaps(samples, seen, untimed):
        excused = 0 if what == "CPU time" else stalled_ns
        if excused is not None and missing - excused > allowed:
            raise ProtocolError(
                f"its samples claim too little: {missing / 1e9:.2f} s of {what} are neither in them nor in what a "
                f"container takes that computes nothing ({allowed / 1e9:.2f} s may be)"
            )


def check_plausible(untimed: Accounts, n: int, batch: Batch) -> None:
    """Raise ProtocolError where a container that computed nothing took longer than that can take in any language."""
    numbers = batch.samples * n * (n + 4 * batch.rows)  # read, zeroed, checked and written
    most_ns = STARTING_NS + NUMBER_NS * numbers
    if untimed.cpu_ns is not None and untimed.cpu_ns > most_ns:
        raise ProtocolError(
            f"used {untimed.cpu_ns / 1e9:.2f} s of CPU time when it was asked for no calls, which cannot take more "
            f"than {most_ns / 1e9:.2f} s"
        )


def largest(one: Accounts | None, other: Accounts) -> Accounts:
    """The longer of the times of two containers."""
    if one is None:
        return other
    life, cpu = (one.life_ns, other.life_ns), (one.cpu_ns, other.cpu_ns)
    return Accounts(life_ns=_larger(*life), cpu_ns=_larger(*cpu))


def _larger(one: int | None, other: int | None) -> int | None:
    return max(one, other) if one is not None and other is not None else None


def _gaps(samples: Sequence[Sample], seen: Accounts, untimed: Accounts) -> list[tuple[str, int, float]]:
    """By clock: what is in neither the samples nor all else, and how much of it may be. Both in nanoseconds."""
    clocks = [
        ("CPU time", seen.cpu_ns, untimed.cpu_ns, sum(sample.cpu_ns for sample in samples)),
        ("wall time", seen.life_ns, untimed.life_ns, sum(sample.wall_ns for sample in samples)),
    ]
    return [
        (what, account - claimed - other, ALWAYS_NS + OF_CLAIMED * claimed + OF_UNTIMED * other)
        for what, account, other, claimed in clocks
        if account is not None and other is not None
    ]


def _stalled_ns(seen: Accounts, conditions: Conditions | None) -> int | None:
    """How long a container can have waited for others at the most: their CPU time. None where that is not known."""
    if conditions is None or seen.cpu_ns is None:
        return None
    return max(0, conditions.busy_ns - seen.cpu_ns) + conditions.steal_ns
