"""A container while it runs: what it holds, until it ends, and what ended it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

import requests
from docker.errors import APIError, DockerException
from docker.models.containers import Container

from harness.memory import held_bytes, statistics_file

OOM_TOLD_S = 0.5
KILLING_S = 60
KILLED = 137


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
