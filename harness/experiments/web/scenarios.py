"""What is asked of a service, and what a right answer is. Pure, but for the random numbers of the bodies."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property

import numpy as np
import numpy.typing as npt

from harness.errors import ProtocolError
from harness.experiments.web.answer import Answer

ECHO_BYTES = 1024
N = 64
DATE_SLACK_S = 2.5  # by which a date in whole seconds, made for each request, may differ from the load's own clock
JSON_BYTES = len('{"message":"Hello, World!","date":"Fri, 27 Nov 2026 19:20:19 GMT"}')

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scenario:
    """One kind of request. `body` names the file that a request carries."""

    name: str
    what: str
    target: str = "/"
    body: str | None = None
    depth: int = 1  # requests on a connection at once
    closes: bool = False  # whether each request has a connection of its own
    has_latency: bool = True  # whether h2load can keep a fixed rate of it


SCENARIOS = {
    each.name: each
    for each in (
        Scenario("page", "GET / on kept connections"),
        Scenario("json", "GET /json, made for each request", "/json"),
        Scenario("echo", f"POST /echo of {ECHO_BYTES} bytes", "/echo", "echo"),
        Scenario("matmul", f"POST /matmul of two {N} × {N} matrices", f"/matmul?n={N}", "matmul"),
        Scenario("pipelined", "GET /, 16 at once on each connection", depth=16, has_latency=False),
        Scenario("connect", "GET / with a new connection for each request", closes=True, has_latency=False),
    )
}
"""In the order of the report."""


@dataclass(frozen=True)
class Workload:
    """The bodies of a run's requests, from its seed, and the answers that are due."""

    page: bytes
    seed: int

    @cached_property
    def echo(self) -> bytes:
        """What is to come back."""
        return random.Random(self.seed).randbytes(ECHO_BYTES)  # noqa: S311 (no secret)

    @cached_property
    def operands(self) -> Matrix:
        """A and B."""
        return np.random.default_rng(self.seed).uniform(-1, 1, (2, N, N))

    @cached_property
    def product(self) -> bytes:
        """The body of the answer to a request with A and B; worked out once, for many answers are compared with it."""
        return product(*self.operands).astype("<f8").tobytes()

    def files(self) -> Mapping[str, memoryview]:
        """What requests carry, by name."""
        return {"echo": memoryview(self.echo), "matmul": memoryview(self.operands.astype("<f8").tobytes())}

    def request_bytes(self, scenario: Scenario) -> int:
        """The length of a request's body."""
        return len(self.files()[scenario.body]) if scenario.body else 0

    def answer_bytes(self, scenario: Scenario) -> int:
        """The length of a right answer's body."""
        return {"json": JSON_BYTES, "echo": ECHO_BYTES, "matmul": 8 * N * N}.get(scenario.name, len(self.page))

    def check(self, scenario: Scenario, answer: Answer, at_s: float) -> None:
        """Raise ProtocolError, with what is wrong, for an answer at that time (seconds since 1970)."""
        if answer.status != 200:
            raise ProtocolError(f"{scenario.target} was answered with status {answer.status}")
        due = self.due(scenario)
        if due is None:
            _check_json(answer.body, at_s)
        elif answer.body != due:
            raise ProtocolError(f"{scenario.target} was answered with other bytes than are due ({len(answer.body)})")

    def due(self, scenario: Scenario) -> bytes | None:
        """The body of a right answer; None where it is made for each request."""
        match scenario.name:
            case "echo":
                return self.echo
            case "matmul":
                return self.product
            case "json":
                return None
            case _:
                return self.page


def product(a: Matrix, b: Matrix) -> Matrix:
    """A · B with the sums from 0.0 in the order of k, each product and each sum rounded."""
    c = np.zeros_like(a)
    for k in range(len(a)):
        c += np.outer(a[:, k], b[k])
    return c


def _check_json(body: bytes, at_s: float) -> None:
    try:
        document = json.loads(body)
        date = parsedate_to_datetime(document["date"])
    except (ValueError, KeyError, TypeError) as error:
        raise ProtocolError(f"/json was answered with {body[:100]!r}") from error
    text = f'{{"message":"Hello, World!","date":"{document["date"]}"}}'
    if body != text.encode():
        raise ProtocolError(f"/json was answered with {body[:100]!r}")
    off_s = abs((date - datetime.fromtimestamp(at_s, UTC)).total_seconds())
    if off_s > DATE_SLACK_S:
        raise ProtocolError(f"/json was answered with a date that is {off_s:.0f} s off: it is not made for the request")
