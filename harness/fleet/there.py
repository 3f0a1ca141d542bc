"""What every task on a machine needs: its engine, the sources that the client sent, and the options of its run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from harness.errors import HarnessError
from harness.events import Event
from harness.fleet.orders import Order
from harness.fleet.sources import laid_out

if TYPE_CHECKING:
    from harness.engine.docker import DockerEngine
    from harness.images.catalog import Catalog
    from harness.measure.experiment import Experiment
    from harness.model.cases import Options


def engine_for(run: str) -> DockerEngine:
    """The engine of this machine. Raises EngineError where none answers."""
    from harness.engine import docker

    return docker.DockerEngine(run)


def options_of(order: Order, catalog: Catalog, engine: DockerEngine) -> tuple[Experiment, Options]:
    """The experiment, and its options on this machine's CPUs. Raises UsageError where they do not fit."""
    from harness.experiments import named

    experiment = named(order.experiment)
    options = experiment.options(
        catalog, given=order.given, cpus=len(engine.cpus()), cores=engine.cores(), **order.typed
    )
    return experiment, options


@contextmanager
def catalog_of(order: Order) -> Iterator[Catalog]:
    """The sources that the client sent, whatever stands in this machine's own package."""
    from harness.images.catalog import load_catalog

    with laid_out(order.sources) as folder:
        yield load_catalog(folder, order.experiment)


@contextmanager
def swept_here(engine: DockerEngine) -> Iterator[None]:
    """Leave nothing in the engine where the block ends early; signals are the worker's own."""
    try:
        yield
    except BaseException:
        with suppress(HarnessError):
            engine.sweep()
        raise


def unwatched(_event: Event) -> None:
    """Progress that nobody looks at."""
