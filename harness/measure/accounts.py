"""What was counted of a container from outside. Pure."""

from __future__ import annotations

from harness.engine.engine import Exit
from harness.model.cases import Accounts


def accounts_of(ended: Exit) -> Accounts:
    """What was counted of a container that has ended."""
    return Accounts(life_ns=ended.elapsed_ns if ended.life_ns is None else ended.life_ns, cpu_ns=ended.cpu_ns)


def larger(one: Accounts, other: Accounts) -> Accounts:
    """The longer of the times of two containers."""
    cpu_ns = [each.cpu_ns for each in (one, other) if each.cpu_ns is not None]
    return Accounts(life_ns=max(one.life_ns, other.life_ns), cpu_ns=max(cpu_ns, default=None))
