"""Many runs side by side: what is kept of each, and what holds of all of them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.model.comparison import Interval, Ratio
from harness.model.fleet import State
from harness.model.record import Record

Verdict = Literal["faster", "slower", "not significant"]
Property = Literal["vector width", "last cache", "cores"]


class MachineFacts(Record):
    """What of a machine may decide how far a step takes it."""

    cpu: str
    architecture: str
    cores: int
    vector_bits: int | None  # of the widest registers that it says it has; None where it does not say
    cache_bytes: int | None  # of the last level that one core sees
    memory_bytes: int
    kernel: str
    engine: str


class CaseRow(Record):
    """One case on one machine; every ratio is to another case of the same run."""

    implementation: str
    label: str
    rung: str
    n: int
    threads: int
    outcome: Literal["measured", "failed", "not implemented"]
    reason: str | None = None
    is_estimate: bool = False
    seconds: Interval | None = None
    ratio: Ratio | None = None
    step: Ratio | None = None
    step_from: str | None = None
    vs_reference: Ratio | None = None
    rounds: int = 0
    key: str | None = None

    @property
    def name(self) -> str:
        """`implementation/rung`."""
        return f"{self.implementation}/{self.rung}"


class RunSummary(Record):
    """A run, as far as it can stand beside others; `problems` are why it is not believed."""

    folder: str
    run: str
    at: str = ""
    harness: str = ""
    experiment: str = ""
    n: int = 0
    baseline: str = ""
    reference: str = ""
    is_finished: bool = False
    machine: MachineFacts | None = None
    noise_floor: float | None = None
    chain_head: str | None = None
    digests: dict[str, str] = Field(default_factory=dict)
    rows: tuple[CaseRow, ...] = ()
    warnings: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class FleetMachine(Record):
    """One machine of a fleet, and its run where something of it came back."""

    name: str
    state: State
    reason: str
    run: RunSummary | None = None


class Conclusion(Record):
    """One statement about a case, and on which machines it holds."""

    case: str
    than: str  # what it is compared with, on the same machine
    verdict: Verdict  # of most machines
    agree: tuple[str, ...]
    differ: dict[str, Verdict]

    @property
    def is_everywhere(self) -> bool:
        """Whether it holds on every machine that measured it."""
        return not self.differ


class Dependence(Record):
    """A step whose ratio goes with a property of the machines; it says nothing of why."""

    case: str
    step_from: str
    on: Property
    correlation: float  # of ranks, -1 to 1
    machines: int
    low: Interval  # the smallest ratio among the machines
    high: Interval


class FleetComparison(Record):
    """All that a fleet's report shows, whatever its format."""

    run: str
    at: str
    harness: str
    hosts: str
    baseline: str
    reference: str
    n: int
    machines: tuple[FleetMachine, ...]
    cases: tuple[str, ...]  # in the order of languages and rungs
    everywhere: tuple[Conclusion, ...]
    somewhere: tuple[Conclusion, ...]
    dependences: tuple[Dependence, ...]
    warnings: tuple[str, ...]
