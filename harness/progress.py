"""Live progress: one line that changes on a terminal, plain lines elsewhere. Writes to standard error."""

from __future__ import annotations

import shutil
import textwrap
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.status import Status
from rich.text import Text

from harness.model.record import printable

if TYPE_CHECKING:
    from types import TracebackType

    from harness.events import Event

SETTLED = {"built", "measured"}
QUIET_S = 5.0
LOG_WIDTH = 120
INDENT = "  "
SPINNER = 2  # columns that it takes, with the blank after it
MIN_TEXT = 20
ELLIPSIS = " …"


class Progress:
    """Shows events as they come. On a terminal, work in progress is one changing line, and what is done stays above it.

    A terminal that cannot move its cursor gets plain lines, as a file does.
    """

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._is_live = self._console.is_terminal and not self._console.is_dumb_terminal
        self._status = Status("", console=self._console, spinner=_spinner(self._console)) if self._is_live else None
        self._last_s = -QUIET_S

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
            self._print(_wrapped(event.text, self._width()))
        elif self._status:
            self._status.update(Text(line(event, self._width() - SPINNER), no_wrap=True))
        else:
            self._plain(event)

    def _plain(self, event: Event) -> None:
        """Every line of a builder would flood a log: only one every few seconds is printed."""
        now = time.monotonic()
        if event.stage != "build" or now - self._last_s > QUIET_S:
            self._last_s = now
            self._print(line(event, self._width()))

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, soft_wrap=True)

    def _width(self) -> int:
        """One column less than there are: some terminals break a full line."""
        if not self._console.is_terminal:
            return LOG_WIDTH
        return (self._console.width if self._is_live else shutil.get_terminal_size().columns) - 1


def line(event: Event, width: int) -> str:
    """An event on one line of `width` columns; text that does not fit is cut at the end, word by word.

    The counter always stays, and so does the remaining time where there is room for both.
    """
    count = f"[{event.done}/{event.total}] " if event.total else ""
    left = f", about {_duration(event.left_s)} left" if event.left_s is not None else ""
    if width - len(count) - len(left) < MIN_TEXT:
        left = ""
    room = max(1, width - len(count) - len(left))
    return f"{count}{_shortened(printable(event.text), room)}{left}"[:width]


def _shortened(text: str, width: int) -> str:
    """As many words as fit; of a first word that is too long, as much as fits."""
    if len(text) <= width:
        return text
    room = max(0, width - len(ELLIPSIS))
    kept = text[: room + 1].rpartition(" ")[0] or text[:room]
    return kept.rstrip(" ,:;") + ELLIPSIS


def _wrapped(text: str, width: int) -> str:
    """Indented, and broken at blanks only, so that a path can be copied."""
    return textwrap.fill(
        printable(text),
        max(width, MIN_TEXT),
        initial_indent=INDENT,
        subsequent_indent=2 * INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _spinner(console: Console) -> str:
    return "dots" if console.encoding.startswith("utf") else "line"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
