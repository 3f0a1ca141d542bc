"""A service and its load: two containers that share one loopback and nothing else, each on CPUs of its own.

The load's container comes first, without any network: the service joins its loopback, and nothing that either sends
leaves it. So the first answer is seen as soon as it is there, and no port collides with another's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import repeat

from harness.engine.engine import Account, Engine, Exit, Job, Service
from harness.engine.repeating import repeated
from harness.errors import EngineError
from harness.experiments.web.load import Asked
from harness.machine.host import Read
from harness.model.journal import Reading

READ_S = 0.02
GRACE_S = 5.0
MEMORY_BYTES = 2**30
PIDS = 512


@dataclass
class Pair:
    """How both ended, and what was counted of them while they ran."""

    load: Exit
    service: Exit
    began_ns: int = 0  # of the service, by the monotonic clock
    ended_early: bool = False
    life_ns: int = 0
    service_accounts: list[Account] = field(default_factory=list)
    load_accounts: list[Account] = field(default_factory=list)
    readings: list[Reading | None] = field(default_factory=list)  # of the host, before and after


@dataclass(frozen=True)
class Bench:
    """What the rounds of a run share."""

    engine: Engine
    load_image: str
    bodies: str  # the volume that holds what requests carry
    cpus: tuple[int, ...]  # best first
    read: Read
    cores: Mapping[int, tuple[int, int]] = field(default_factory=dict)  # by CPU, where the machine says so

    def load_cpus(self, threads: int) -> tuple[int, ...]:
        """The CPUs left for the load of a service on so many; where others are left, none shares a core with it."""
        taken = {self.cores.get(cpu) for cpu in self.cpus[:threads]} - {None}
        left = self.cpus[threads:]
        return tuple(cpu for cpu in left if self.cores.get(cpu) not in taken) or left

    def meet(self, asked: Asked, service: Job) -> Pair:
        """Run the load generator and the service together. Raises EngineError where the load's own cannot run."""
        began_ns = time.monotonic_ns()
        readings = [self.read()]
        with self.engine.serve(self._load(asked, len(service.cpus))) as load:
            if isinstance(load, Exit):
                raise EngineError(f"the load generator does not start: {load.stderr.decode(errors='replace')}")
            with self.engine.serve(replace(service, network=load.network, timeout_s=asked.timeout_s)) as served:
                if isinstance(served, Exit):
                    return Pair(load=served, service=served)
                pair = _met(load, served)
        readings.append(self.read())
        return replace(pair, life_ns=time.monotonic_ns() - began_ns, readings=readings)

    def _load(self, asked: Asked, service_cpus: int) -> Job:
        return Job(
            image=self.load_image,
            arguments=(asked.words(),),
            cpus=self.load_cpus(service_cpus),
            memory_bytes=MEMORY_BYTES,
            pids=PIDS,
            timeout_s=asked.timeout_s,
            inputs=self.bodies,
        )


def _met(load: Service, served: Service) -> Pair:
    """Wait for the load's end, then tell the service to end."""
    service_accounts: list[Account] = []
    load_accounts: list[Account] = []
    with _recorded((served.account, service_accounts), (load.account, load_accounts)):
        ended = load.wait()
        ended_early = not served.is_running()
    stopped = served.stop(GRACE_S)
    return Pair(
        load=ended,
        service=stopped,
        began_ns=served.began_ns,
        ended_early=ended_early,
        service_accounts=service_accounts,
        load_accounts=load_accounts,
    )


@contextmanager
def _recorded(*wanted: tuple[Callable[[], Account | None], list[Account]]) -> Generator[None]:
    """Read accounts every now and then, from a thread, for as long as the block lasts."""

    def look() -> None:
        for read, found in wanted:
            if account := read():
                found.append(account)

    with repeated(look, repeat(READ_S)):
        yield


def service_job(image: str, arguments: Sequence[str], cpus: tuple[int, ...]) -> Job:
    """The container of a service; its time is set by its load's."""
    return Job(image=image, arguments=tuple(arguments), cpus=cpus, memory_bytes=MEMORY_BYTES, pids=PIDS, timeout_s=0.0)
