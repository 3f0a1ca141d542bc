"""Live progress: one line that changes on a terminal, plain lines elsewhere. Writes to standard error."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.status import Status

if TYPE_CHECKING:
    from types import TracebackType

    from harness.events import Event

SETTLED = {"built", "measured"}
QUIET_S = 5.0


class Progress:
    """Shows events as they come. On a terminal what is under way is one changing line, what is done stays above."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._status = Status("", console=self._console) if self._console.is_terminal else None
        self._last_s = 0.0

    def __enter__(self) -> Progress:
        if self._status:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status:
            self._status.stop()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if event.stage in SETTLED:
            self._console.print(f"  {event.text}", markup=False, soft_wrap=True)
        elif self._status:
            self._status.update(_line(event).replace("[", "\\["))
        else:
            self._plain(event)

    def _plain(self, event: Event) -> None:
        """A builder's every line would flood a log: only one every few seconds is printed."""
        now = time.monotonic()
        if event.stage != "build" or now - self._last_s > QUIET_S:
            self._last_s = now
            self._console.print(_line(event), markup=False, soft_wrap=True)


def _line(event: Event) -> str:
    count = f"[{event.done}/{event.total}] " if event.total else ""
    left = f", about {_duration(event.left_s)} left" if event.left_s is not None else ""
    return f"{count}{event.text[:120]}{left}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
