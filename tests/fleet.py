"""Fleets in this process: a Dask scheduler and workers on addresses of the loopback, and scripted engines."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from distributed import Scheduler, SpecCluster, Worker, get_worker

from harness.errors import EngineError
from harness.fleet.workers import UNSEEN, WORKER
from tests.fake_engine import FakeEngine

LOCAL = "127.0.0.1"


def address_of(number: int) -> str:
    """One of the loopback's many addresses, so that each worker is on a host of its own."""
    return f"127.1.{number // 250}.{number % 250 + 1}"


@contextmanager
def cluster_of(*names: str, **options: Any) -> Iterator[SpecCluster]:
    """A scheduler and a worker for each name, all in this process and with these options."""
    workers = {name: worker(name, number, **options) for number, name in enumerate(names)}
    scheduler = {"cls": Scheduler, "options": {"host": LOCAL, "port": 0, **UNSEEN}}
    with SpecCluster(workers=workers, scheduler=scheduler, silence_logs=logging.CRITICAL) as cluster:
        yield cluster


def worker(name: str, number: int, **options: Any) -> dict[str, Any]:
    """What a cluster makes a worker of."""
    return {"cls": Worker, "options": {"name": name, "host": address_of(number), "port": 0, **WORKER, **options}}


def scripted(like: FakeEngine) -> None:
    """Have this process, and every worker in it, find scripted engines like this one instead of Docker's."""
    import harness.engine.docker
    from harness.images import recipes

    manifests = list(like.manifests)
    row_s = {f"{manifest.name}/{rung.name}": 1e-3 for manifest in manifests for rung in manifest.rungs}
    like.row_s = row_s
    for module, name, value in (
        (recipes, "wheels", lambda *_: {}),
        (harness.engine.docker, "DockerEngine", Engines(lambda _: FakeEngine(manifests, row_s))),
    ):
        setattr(module, name, value)


@dataclass
class Engines:
    """The scripted engines of a fleet, one for each machine; `make` makes it."""

    make: Callable[[str], FakeEngine]
    made: dict[str, FakeEngine] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)  # machines without an engine

    def __call__(self, run: str) -> FakeEngine:
        """What a machine connects to."""
        machine = self._machine(run)
        if machine in self.missing:
            raise EngineError("no container engine answers")
        if machine not in self.made:
            self.made[machine] = self.make(machine)
        return self.made[machine]

    def _machine(self, run: str) -> str:
        try:
            return str(get_worker().name)
        except ValueError:
            return run.removeprefix("greeting-")
