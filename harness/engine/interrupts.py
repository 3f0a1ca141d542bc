"""Signals that end a command: whatever it is doing stops, and nothing is left behind in the engine."""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn, Protocol

from harness.errors import HarnessError, StoppedError

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def unhandled() -> Generator[None]:
    """Let an interrupt end the process itself, at once: outside `swept` there is nothing to put in order."""
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class Swept(Protocol):
    """What has something to put in order: an engine, or a fleet of them."""

    def sweep(self) -> None:
        """Leave nothing behind, and start no more."""


@contextmanager
def swept(engine: Swept) -> Generator[None]:
    """However the block ends early, remove all of this run from the engine; a signal ends it with StoppedError."""
    before = {signal.SIGALRM: signal.getsignal(signal.SIGALRM)}
    before |= {number: signal.signal(number, _interrupt) for number in SIGNALS}
    try:
        yield
    except BaseException as error:
        for number in (*SIGNALS, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)
        with suppress(HarnessError):
            engine.sweep()
        if isinstance(error, KeyboardInterrupt):
            raise StoppedError(error.args[0] if error.args else signal.SIGINT) from None
        raise
    finally:
        if signal.getsignal(signal.SIGALRM) is not before[signal.SIGALRM]:  # where it is, a timer is somebody else's
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, _frame: FrameType | None) -> NoReturn:
    """Raise, and again every second: Python drops an exception that strikes in a finalizer."""

    def again(_alarm: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt(number)

    signal.signal(signal.SIGALRM, again)
    signal.setitimer(signal.ITIMER_REAL, 1, 1)
    raise KeyboardInterrupt(number)
