"""What all workers that we start have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.fleet.orders import SLOT

UNSEEN: dict[str, Any] = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
"""Dask serves facts about schedulers and workers by HTTP, without TLS: to their own machine only."""

WORKER: dict[str, Any] = {"nthreads": 1, "resources": {SLOT: 1}, "memory_limit": 0, **UNSEEN}
"""One slot a machine; Dask must neither pause nor end a worker for the memory of the matrices."""

Absent = Callable[[str, str], None]
"""Told a machine that could not be reached, and why."""
