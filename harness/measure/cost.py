"""What the interrupted sessions of a run took, by what they recorded. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.model.journal import Entry, OverheadRound, Own, Peak, Resumed, Round, Startup


@dataclass(frozen=True)
class Cost:
    """Nanoseconds: of everything, of images and what else came before the first round, and of containers."""

    wall_ns: int = 0
    build_ns: int = 0
    container_ns: int = 0

    def __add__(self, other: Cost) -> Cost:
        """Both together."""
        return Cost(
            self.wall_ns + other.wall_ns, self.build_ns + other.build_ns, self.container_ns + other.container_ns
        )


def container_ns(entry: Entry) -> int:
    """How long the container of an entry ran; 0 for entries of no container."""
    match entry:
        case Round() | Peak() | Startup() | Own():
            return entry.container_ns
        case OverheadRound():
            return entry.round.container_ns
        case _:
            return 0


def cost_of(entries: Iterable[Entry]) -> Cost:
    """What all sessions so far took until the end of their last round. Of one that made none, only its containers."""
    total, session = Cost(), Cost()
    for entry in entries:
        if isinstance(entry, Resumed):
            total, session = total + session, Cost()
        before_ns = session.container_ns
        session += Cost(container_ns=container_ns(entry))
        if isinstance(entry, Round) and entry.began_ns is not None:
            build_ns = session.build_ns if session.wall_ns else max(0, entry.began_ns - before_ns)
            session = Cost(entry.began_ns + entry.container_ns, build_ns, session.container_ns)
    return total + session
