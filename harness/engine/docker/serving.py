"""A container that serves until it is told to end, and what is counted of it meanwhile."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import cached_property

import requests
from docker.errors import APIError, DockerException
from docker.models.containers import Container

from harness.engine.docker.connection import translated
from harness.engine.docker.locked import heard
from harness.engine.docker.waiting import ran_out_of_memory, waited_out
from harness.engine.engine import Account, Exit
from harness.engine.groups import Group, group_of


class Served:
    """See Service."""

    def __init__(self, container: Container, timeout_s: float, *, is_local: bool) -> None:
        self._container = container
        self._timeout_s = timeout_s
        self._is_local = is_local
        self.began_ns = time.monotonic_ns()
        container.start()

    @property
    def network(self) -> str:
        """See Service."""
        return f"container:{self._container.id}"

    @cached_property
    def _group(self) -> Group | None:
        if not self._is_local:
            return None
        self._container.reload()
        return group_of(int(self._container.attrs["State"]["Pid"]), str(self._container.id))

    def account(self) -> Account | None:
        """See Service."""
        with suppress(DockerException, requests.RequestException):
            if (group := self._group) is None:
                return None
            at_ns, cpu_ns, resident_bytes = time.monotonic_ns(), group.cpu_ns(), group.held_bytes()
            if cpu_ns is not None and resident_bytes is not None:
                return Account(at_ns, cpu_ns, resident_bytes)
        return None

    def wait(self) -> Exit:
        """See Service."""
        left_s = self._timeout_s - (time.monotonic_ns() - self.began_ns) / 1e9
        with translated():
            return self._ended(timed_out=waited_out(self._container, max(0.0, left_s)))

    def stop(self, grace_s: float) -> Exit:
        """See Service."""
        with translated():
            with suppress(APIError):  # it has ended by itself
                self._container.kill("SIGTERM")
            return self._ended(timed_out=waited_out(self._container, grace_s))

    def is_running(self) -> bool:
        """See Service."""
        with translated():
            self._container.reload()
            return bool(self._container.status == "running")

    def _ended(self, *, timed_out: bool) -> Exit:
        elapsed_ns = time.monotonic_ns() - self.began_ns
        self._container.reload()
        code = int(self._container.attrs["State"]["ExitCode"])
        return Exit(
            code=code,
            stdout=heard(self._container, "stdout"),
            stderr=heard(self._container, "stderr"),
            elapsed_ns=elapsed_ns,
            timed_out=timed_out,
            out_of_memory=not timed_out and ran_out_of_memory(self._container, code),
        )
