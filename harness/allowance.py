"""The allowance for rows that were not computed, which cancels between cases that compute the same rows. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from harness.model.journal import Round
from harness.timing import Timing


def same_rows(some: Iterable[Round], others: Iterable[Round]) -> bool:
    """Whether the rounds of two cases, without their pilots, computed as many rows as each other: the same ones."""
    return _rows(some) == _rows(others)


def _rows(rounds: Iterable[Round]) -> set[int]:
    return {entry.rows for entry in rounds if not entry.pilot and not entry.failure}


def exact(taken: Timing) -> Timing:
    """A timing without that allowance: of the rows that were computed, and not of the whole product."""
    return replace(taken, spread=taken.spread and replace(taken.spread, known=0.0))
