"""Something done now and then beside what is waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager


@contextmanager
def repeated(do: Callable[[], None], pauses_s: Iterable[float]) -> Generator[None]:
    """Do it after each pause, from a thread, for as long as the block lasts."""
    ended = threading.Event()

    def work() -> None:
        for pause_s in pauses_s:
            if ended.wait(pause_s):
                return
            do()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
