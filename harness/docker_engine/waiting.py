"""A container while it runs: what it holds, until it ends, and what ended it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

import requests
from docker.errors import APIError, DockerException
from docker.models.containers import Container

from harness.memory import cpu_file, held_bytes, statistics_file, used_ns

OOM_TOLD_S = 0.5
KILLING_S = 60
KILLED = 137


@dataclass
class Gauge:
    """Reads what a container holds and has used; nothing where its control group is not on this machine."""

    container: Container
    cpu_ns: int | None = None  # at the last reading

    @cached_property
    def _files(self) -> tuple[Path | None, Path | None]:
        try:
            self.container.reload()
        except (DockerException, requests.RequestException):
            return None, None
        which = int(self.container.attrs["State"]["Pid"]), str(self.container.id)
        return statistics_file(*which), cpu_file(*which)

    def read(self) -> int | None:
        """The bytes that are held now."""
        statistics, account = self._files
        if account and (now_ns := used_ns(account)) is not None:
            self.cpu_ns = now_ns
        return held_bytes(statistics) if statistics else None


def life_ns(container: Container) -> int | None:
    """How long a container that has ended lived by the engine's clock."""
    began, ended = (_moment_ns(str(container.attrs["State"][end])) for end in ("StartedAt", "FinishedAt"))
    return ended - began if began and ended and ended > began else None


def _moment_ns(stamp: str) -> int | None:
    """Nanoseconds since 1970 of an RFC 3339 time in UTC, of which Python reads the first six digits of a second."""
    if not (match := re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", stamp)):
        return None
    seconds = datetime.fromisoformat(f"{match[1]}+00:00").timestamp()
    return int(seconds) * 1_000_000_000 + int((match[2] or "").ljust(9, "0"))


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
