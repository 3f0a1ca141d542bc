"""Events, for whatever shows progress."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Event:
    """Something begins, or (`built`, `measured`) has finished."""

    stage: Literal["build", "built", "prepare", "measure", "measured"]
    text: str
    done: int = 0
    total: int = 0
    left_s: float | None = None


Watch = Callable[[Event], None]
