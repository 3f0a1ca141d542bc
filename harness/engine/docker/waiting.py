"""A container while it runs: what it holds, until it ends, and what ended it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import requests
from docker.errors import APIError, DockerException
from docker.models.containers import Container

from harness.engine.memory import held_bytes, statistics_file

OOM_TOLD_S = 0.5
KILLING_S = 60
KILLED = 137
STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")


def memory_gauge(container: Container) -> Callable[[], int | None]:
    """Reads what a container holds; always None where that is not on this machine."""

    @cache
    def statistics() -> Path | None:
        try:
            container.reload()
        except (DockerException, requests.RequestException):
            return None
        return statistics_file(int(container.attrs["State"]["Pid"]), str(container.id))

    return lambda: held_bytes(path) if (path := statistics()) else None


def guarded(
    container: Container, read: Callable[[], int | None], spoils: Callable[[], bool]
) -> Callable[[], int | None]:
    """The same readings; at each of them a container that spoils more than is its own is killed."""

    def look() -> int | None:
        if spoils():
            with suppress(DockerException, requests.RequestException):
                container.kill()
        return read()

    return look


def waited_out(container: Container, timeout_s: float) -> bool:
    """Wait for the end of a container; past its time, kill it and say so.

    A wait can also break off because a connection did: then it goes on. Raises EngineError where the engine is gone.
    """
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            container.wait(timeout=max(1.0, deadline - time.monotonic()))
        except (requests.ConnectionError, requests.ReadTimeout):
            container.reload()
            if container.status == "running":
                continue
        return False
    with suppress(APIError):
        container.kill()
    container.wait(timeout=KILLING_S)
    return True


def ran_out_of_memory(container: Container, code: int) -> bool:
    """Whether the engine says so, which it may do a moment after it said that a container was killed."""
    deadline = time.monotonic() + (OOM_TOLD_S if code == KILLED else 0)
    while not container.attrs["State"]["OOMKilled"] and time.monotonic() < deadline:
        time.sleep(OOM_TOLD_S / 10)
        container.reload()
    return bool(container.attrs["State"]["OOMKilled"])


def life_ns(state: Mapping[str, Any], elapsed_ns: int) -> int:
    """How long a container that has ended lived, by the engine; no longer than by our own clock, which is never set.

    The engine learns of its start a little later than that is.
    """
    began, ended = (_moment_ns(str(state.get(end))) for end in ("StartedAt", "FinishedAt"))
    return min(elapsed_ns, ended - began) if began and ended and ended > began else elapsed_ns


def _moment_ns(stamp: str) -> int | None:
    """Nanoseconds since 1970 of an RFC 3339 time, of which Python reads the first six digits of a second."""
    if not (match := STAMP.fullmatch(stamp)):
        return None
    date, digits, zone = match.groups()
    seconds = datetime.fromisoformat(date + zone.replace("Z", "+00:00")).timestamp()
    return int(seconds) * 1_000_000_000 + int((digits or "").ljust(9, "0"))
