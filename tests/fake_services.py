"""A scripted engine whose services cost what the script says, and a load generator that tells of it."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from harness.engine.engine import NOT_STARTED, Account, Exit, Job, Service
from harness.experiments.web.scenarios import ECHO_BYTES
from tests.fake_engine import FakeEngine

S = 1_000_000_000
PAGE = b"<!doctype html><p>A page.</p>\n"
PRINTED = (
    "finished in {seconds:.2f}s, {rate:.2f} req/s, 1MB/s\n"
    "requests: {count} total, {count} started, {count} done, {count} succeeded, 0 failed, 0 errored, 0 timeout\n"
    "status codes: {good} 2xx, 0 3xx, 0 4xx, {bad} 5xx\n"
    "traffic: 1MB (1) total, 1KB (1) headers (space savings 0.00%), 1MB ({data}) data\n"
)


@dataclass(frozen=True)
class Behaviour:
    """How a service behaves in a scenario."""

    cpu_s: float = 1e-5
    rate: float = 20_000.0
    bad: int = 0  # answers of another status than 200
    body: bytes | None = None  # of whole answers, if not what is due
    refuses: str = ""  # why its container does not start


@dataclass
class FakeServices(FakeEngine):
    """Containers that serve, beside those that run to their end."""

    services: Mapping[str, Behaviour] = field(default_factory=dict)  # by `implementation/scenario`
    served: list[tuple[Job, Job]] = field(default_factory=list)  # the load's and the service's
    _load: Job | None = None

    @contextmanager
    def serve(self, job: Job) -> Generator[Service | Exit]:
        """The load's container comes first, and the service in its network."""
        if job.network is None:
            self._load = job
            yield _Load(self)
            return
        assert self._load is not None
        assert job.network == "container:load"
        self.served.append((self._load, job))
        behaviour = self.behaviour()
        if behaviour.refuses:
            yield Exit(NOT_STARTED, b"", behaviour.refuses.encode(), 0)
        else:
            yield _Served("service", _accounts(behaviour))

    def asked(self) -> dict[str, Any]:
        """What the load is to do."""
        assert self._load is not None
        found: dict[str, Any] = json.loads(self._load.arguments[0])
        return found

    def behaviour(self) -> Behaviour:
        """Of the service that is loaded, in the scenario that is asked for."""
        _, job = self.served[-1]
        name = "constant" if job.entrypoint else job.image.removeprefix("harness-").partition(":")[0]
        words = self.asked()
        scenario = {"/json": "json", "/echo": "echo"}.get(words["target"], "page")
        return self.services.get(f"{name}/{scenario}", Behaviour())


def _accounts(behaviour: Behaviour) -> list[Account]:
    """Before the load, before and after the timed phase, and at the end; one whole answer is a request as well."""
    count = round(2 * behaviour.rate) + 1
    moments = [(1.5, 0.01), (3.9, 0.05), (6.3, 0.05 + count * behaviour.cpu_s), (9.5, 9.0)]
    return [Account(round(at_s * S), round(cpu_s * S), 2**20) for at_s, cpu_s in moments]


@dataclass
class _Served:
    network_of: str
    left: list[Account]
    began_ns: int = S
    given: list[Account] = field(default_factory=list)

    @property
    def network(self) -> str:
        return f"container:{self.network_of}"

    def account(self) -> Account | None:
        if self.left:
            self.given.append(self.left.pop(0))
        return self.given[-1] if self.given else None

    def is_running(self) -> bool:
        while self.left:  # until the pair's thread has read all of it
            time.sleep(0.001)
        return True

    def wait(self) -> Exit:
        raise NotImplementedError

    def stop(self, grace_s: float) -> Exit:
        assert grace_s > 0
        return Exit(0, b"", b"", 10 * S)


class _Load(_Served):
    def __init__(self, engine: FakeServices) -> None:
        super().__init__("load", [Account(round(at_s * S), round(at_s * S), 2**20) for at_s in (3.9, 6.3)])
        self._engine = engine

    def wait(self) -> Exit:
        lines = "".join(json.dumps(line) + "\n" for line in _said(self._engine.behaviour(), self._engine.asked()))
        return Exit(0, lines.encode(), b"", 10 * S)


def _said(behaviour: Behaviour, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    body = {"/echo": b"?" * ECHO_BYTES}.get(asked["target"], PAGE) if behaviour.body is None else behaviour.body
    yield {"ready_ns": 2 * S}
    for name, began_s, seconds in (("warm", 3.0, 1.0), ("full", 4.0, 2.0), ("rate", 7.0, 2.0)):
        if name == "rate" and not asked["rate"]:
            continue
        rate = asked["rate"] if name == "rate" else behaviour.rate
        count = round(rate * seconds)
        printed = PRINTED.format(
            seconds=seconds,
            rate=rate,
            count=count,
            good=count - behaviour.bad,
            bad=behaviour.bad,
            data=count * len(PAGE),
        )
        times = {"began_ns": round(began_s * S), "ended_ns": round((began_s + seconds) * S)}
        if name != "warm":
            whole = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            yield {"phase": name, "at_s": 0.0, "answer": base64.b64encode(whole).decode()}
        yield {"phase": name, **times, "answers": int(name != "warm"), "killed": False, "printed": printed}
    if asked["rate"]:
        yield {"latencies_us": [[500, 4000]], "interval_us": 6400.0}
