"""What the load generator is asked (containers/web/load/drive.py), and what it says. Pure."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import ProtocolError
from harness.experiments.web.answer import parse_answer
from harness.experiments.web.latency import Latencies
from harness.experiments.web.scenarios import Scenario, Workload

PORT = 8080
FINISHED = re.compile(r"finished in ([\d.]+)(us|ms|s)")
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}
REQUESTS = re.compile(r"requests: (\d+) total, \d+ started, (\d+) done, (\d+) succeeded")
STATUSES = re.compile(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx")
DATA = re.compile(r"\((\d+)\) data")
READY_S, PHASE_S = 30.0, 10.0  # what drive.py waits for a service, and for a phase beside its tenfold time


@dataclass(frozen=True)
class Asked:
    """One container of the load generator."""

    scenario: Scenario
    connections: int
    threads: int  # of the load generator
    warm_s: float
    seconds: float
    rate: float  # requests a second of the latency phase; 0: there is none
    rate_s: float

    def words(self) -> str:
        """The argument of drive.py."""
        return json.dumps({
            "port": PORT,
            "target": self.scenario.target,
            "body": f"/data/{self.scenario.body}" if self.scenario.body else None,
            "depth": self.scenario.depth,
            "close": self.scenario.closes,
            "connections": self.connections,
            "threads": self.threads,
            "warm_s": self.warm_s,
            "seconds": self.seconds,
            "rate": self.rate,
            "rate_s": self.rate_s,
        })  # fmt: skip

    @property
    def timeout_s(self) -> float:
        """By when it has ended, whatever the service does."""
        return READY_S + sum(PHASE_S + 12 * each for each in (self.warm_s, self.seconds, self.rate_s)) + PHASE_S


@dataclass(frozen=True)
class Phase:
    """One run of h2load; moments are of the monotonic clock."""

    began_ns: int
    ended_ns: int
    asked_answers: int  # whole ones, on connections of their own
    finished_s: float
    requests: int
    done: int
    succeeded: int  # of them, with a status of 2xx
    data_bytes: int  # of all bodies
    killed: bool

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.done / self.finished_s if self.finished_s else 0.0


@dataclass(frozen=True)
class Said:
    """Everything that the load generator said."""

    ready_ns: int
    phases: dict[str, Phase]
    answers: tuple[tuple[float, bytes], ...]  # whole ones, with the time when each was asked for
    latencies: Latencies | None


def parse_said(printed: bytes) -> Said:
    """What it printed. Raises ProtocolError where the service did not answer at all, or not on a connection."""
    lines = [json.loads(line) for line in printed.decode().splitlines()]
    ready = next((line["ready_ns"] for line in lines if "ready_ns" in line), None)
    if ready is None:
        raise ProtocolError(f"did not answer GET / with status 200 within {READY_S:g} s")
    if broken := next((line for line in lines if "error" in line), None):
        raise ProtocolError(f"did not answer on a new connection under load: {broken['error']}")
    latencies = next((line for line in lines if "latencies_us" in line), None)
    return Said(
        ready_ns=ready,
        phases={line["phase"]: _phase(line) for line in lines if "printed" in line},
        answers=tuple((line["at_s"], base64.b64decode(line["answer"])) for line in lines if "answer" in line),
        latencies=Latencies(dict(latencies["latencies_us"]), latencies["interval_us"]) if latencies else None,
    )


def _phase(line: dict[str, object]) -> Phase:
    printed = str(line["printed"])
    finished, requests = FINISHED.search(printed), REQUESTS.search(printed)
    statuses, data = STATUSES.search(printed), DATA.search(printed)
    if not (finished and requests and statuses and data):
        last = printed.strip().splitlines()[-1:] or ["nothing"]
        raise ProtocolError(f"h2load did not finish: it printed {last[0][:200]!r}")
    return Phase(
        began_ns=int(str(line["began_ns"])),
        ended_ns=int(str(line["ended_ns"])),
        asked_answers=int(str(line["answers"])),
        finished_s=float(finished[1]) * UNITS[finished[2]],
        requests=int(requests[1]),
        done=int(requests[2]),
        succeeded=min(int(requests[3]), int(statuses[1])),
        data_bytes=int(data[1]),
        killed=bool(line["killed"]),
    )


def check_said(said: Said, asked: Asked, workload: Workload) -> None:
    """Raise ProtocolError where any answer of the timed phases was not right, or too few whole ones were taken."""
    due_bytes = workload.answer_bytes(asked.scenario)
    for name in _timed(asked):
        phase = said.phases.get(name)
        if phase is None or phase.killed:
            raise ProtocolError("did not answer all requests of a phase within ten times its time")
        if wrong := phase.requests - phase.succeeded:
            raise ProtocolError(f"{wrong} of {phase.requests} requests were not answered with status 200")
        if phase.data_bytes != phase.requests * due_bytes:
            raise ProtocolError(
                f"{phase.requests} answers held {phase.data_bytes} bytes, expected {phase.requests * due_bytes}"
            )
        if not phase.asked_answers:
            raise ProtocolError("no whole answer was taken while it was timed")
    for at_s, taken in said.answers:
        workload.check(asked.scenario, parse_answer(taken), at_s)


def _timed(asked: Asked) -> Sequence[str]:
    return ("full", "rate") if asked.rate else ("full",)
