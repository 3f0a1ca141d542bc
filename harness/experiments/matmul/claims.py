"""What a container claims, checked against what the engine and the kernel counted of it. Pure.

A program reads its clocks itself and could print anything. It cannot change how long its container lived, by the
engine's clock, and how much CPU time all of its processes used, by the kernel's account. What is in these and not in
the samples must be what starting, loading, zeroing, checking and writing take. That is measured too, by containers of
the same image: ones that only answer `info`, and where that does not explain it, ones of the same rung and size that
make no calls. It does not grow with the work that is claimed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.model.cases import Accounts, Batch, Case, Conditions, Sample

WALL_TIME = "wall time"
CPU_NS = 60_000_000  # by which what a container uses beside its samples differs from the next one's
WALL_NS = 400_000_000  # the same of its life: the engine learns of an end a moment later
OF_CLAIMED = 0.05  # memory that only the work touches is given back outside the samples
THREAD_NS = 25_000  # a thread's end, and a process's, is in the account and in no clock that a program can read
OF_THREADS = 0.25  # largest share of what is claimed: calls of microseconds are little else
OF_OTHER = 1.0  # the same again: runtimes compile while they work, and work fills the caches that loading needs
STARTING = 3_000_000  # numbers could be read, checked and written while a slow runtime starts
TIMES_OURS = 4  # a number may take this many times what it takes harness: slow languages, huge pages that are sought


@dataclass(frozen=True)
class Claim:
    """The request for a container, what it claims, and what was counted of it and of its host."""

    case: Case
    batch: Batch
    samples: Sequence[Sample]
    accounts: Accounts
    conditions: Conditions | None


@dataclass(frozen=True)
class Gap:
    """What one clock counted of a container: all of it, what its samples claim, and what all else may take."""

    what: str
    account_ns: int
    claimed_ns: int
    other_ns: int  # as measured
    allowed_ns: int

    @property
    def closeness(self) -> float:
        """The unclaimed time as a share of what is allowed: above 1, it is refused."""
        return (self.account_ns - self.claimed_ns) / self.allowed_ns

    def __str__(self) -> str:
        """The reason of a failed round."""
        return (
            f"its samples claim {_seconds(self.claimed_ns)} of {self.what}, but {_seconds(self.account_ns)} were "
            f"counted; everything else took {_seconds(self.other_ns)} as measured, at most {_seconds(self.allowed_ns)}"
            "; its clocks must run during all of a call's work (implementations/README.md)"
        )


def gaps(claim: Claim, other: Accounts) -> list[Gap]:
    """By clock, what was counted and not claimed, where `other` is what all but the samples was measured to take.

    Wall time for which others had the CPUs, or could have had them, does not count against a container; where that is
    unknown, none does. Nor does time in which none of its processes used a CPU, waiting for a disk or the engine: no
    work can hide there.
    """
    seen, conditions, found = claim.accounts, claim.conditions, []
    if seen.cpu_ns is not None:
        claimed_ns = sum(sample.cpu_ns for sample in claim.samples)
        found.append(
            _gap("CPU time", seen.cpu_ns, claimed_ns, other.cpu_ns or 0, CPU_NS + _of_threads(claim, claimed_ns))
        )
    if conditions is not None:
        claimed_ns = sum(sample.wall_ns for sample in claim.samples)
        others_ns = max(0, conditions.busy_ns - (seen.cpu_ns or 0)) + max(0, conditions.steal_ns)
        idle_ns = 0 if seen.cpu_ns is None else max(0, seen.life_ns - seen.cpu_ns)
        other_ns = max(other.life_ns, other.cpu_ns or 0)  # disks are waited for, and threads work side by side
        found.append(_gap(WALL_TIME, seen.life_ns, claimed_ns, other_ns, WALL_NS + others_ns + idle_ns))
    return found


def unexplained(claim: Claim, other: Accounts) -> Gap | None:
    """The worst gap that is larger than it may be."""
    worst = max(gaps(claim, other), key=lambda gap: gap.closeness, default=None)
    return worst if worst and worst.closeness > 1 else None


def numbers(batch: Batch, n: int) -> int:
    """How many numbers a container reads, zeroes, checks and writes."""
    calls = min(batch.calls, n)  # each of which takes a row more of both operands
    return n * (batch.rows + batch.samples * (n + batch.rows + 2 * calls))


def believed(other: Accounts, batch: Batch, n: int, number_ns: float) -> Accounts:
    """What a container may have taken beside its samples, of what it was measured to take.

    A program that wants to hide its work could be slow without work, too. It cannot have been slower than
    TIMES_OURS times this harness, which takes `number_ns` to read, check and write a number.
    """
    most_ns = round(TIMES_OURS * number_ns * (STARTING + numbers(batch, n)))
    cpu_ns = None if other.cpu_ns is None else min(other.cpu_ns, most_ns)
    return Accounts(life_ns=min(other.life_ns, most_ns), cpu_ns=cpu_ns)


def part(start: Accounts, end: Accounts, share: float) -> Accounts:
    """The accounts at a share of the way from some to others; above 1, as far beyond."""
    cpu_ns = None if end.cpu_ns is None else round((1 - share) * (start.cpu_ns or 0) + share * end.cpu_ns)
    return Accounts(life_ns=round((1 - share) * start.life_ns + share * end.life_ns), cpu_ns=cpu_ns)


def _of_threads(claim: Claim, claimed_ns: int) -> int:
    """What starting threads may take unseen by the program; each call may start as many as it has."""
    if claim.case.threads == 1:
        return 0
    started = claim.case.threads * claim.batch.calls * len(claim.samples)
    return round(min(THREAD_NS * started, OF_THREADS * claimed_ns))


def _gap(what: str, account_ns: int, claimed_ns: int, other_ns: int, slack_ns: int) -> Gap:
    allowed_ns = slack_ns + round(OF_CLAIMED * claimed_ns + (1 + OF_OTHER) * other_ns)
    return Gap(what, account_ns, claimed_ns, other_ns, allowed_ns)


def _seconds(nanoseconds: int) -> str:
    return f"{nanoseconds / 1e9:.3f} s"
