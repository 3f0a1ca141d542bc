"""Exclusive use of a container engine: measurements beside a second harness would be worthless."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

from harness.engine.engine import Engine
from harness.errors import EngineBusyError
from harness.events import Event, Watch

POLL_S = 2.0


@contextmanager
def turn(engine: Engine, what: str, watch: Watch, *, wait: bool = False) -> Generator[None]:
    """Exclusive use of an engine, to do `what`. Raises EngineBusyError where another has it, unless `wait`."""
    with ExitStack() as stack:
        shown = ""
        while True:
            try:
                stack.enter_context(engine.claim(what))
                break
            except EngineBusyError as error:
                if not wait:
                    raise
                reason = str(error).partition("\n")[0]
                if reason != shown:
                    watch(Event("prepare", f"waiting: {reason}"))
                shown = reason
                time.sleep(POLL_S)
        yield
