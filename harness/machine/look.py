"""A look at a machine before it is measured: its facts, and its state at both ends of an idle moment."""

from __future__ import annotations

import time

from harness.engine.engine import Engine
from harness.errors import EngineError
from harness.machine.host import watched
from harness.machine.machine import read_machine
from harness.model.journal import Machine, Reading


def look(engine: Engine, base: str, idle_s: float) -> tuple[Machine, Reading, Reading]:
    """The engine's machine, and two readings `idle_s` apart. Raises EngineError where there is no reading."""
    machine = read_machine(engine, base)
    with watched(engine, base) as read:
        before = read()
        time.sleep(idle_s)
        after = read()
    if before is None or after is None:
        raise EngineError("cannot read the state of the engine's machine")
    return machine, before, after
