"""A fleet from its first greeting to its report: new, or resumed with the machines that did not finish."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness.analysis.fleet import side_by_side
from harness.engine.interrupts import swept
from harness.errors import ChangedError, RecipeError, ResultsError, UsageError
from harness.events import Event, Watch
from harness.fleet.clusters import connected
from harness.fleet.hosts import Hosts
from harness.fleet.lead import Lead, Rules
from harness.fleet.orders import Order
from harness.fleet.record import FleetFolder
from harness.fleet.sources import packed_sources
from harness.gallery.reading import on_all_cpus, summary_of
from harness.images.catalog import Catalog
from harness.images.identity import code_digest
from harness.images.sources import read_sources
from harness.model.fleet import FleetStarted
from harness.model.many import FleetComparison, FleetMachine
from harness.store import keep_sources, timestamp
from harness.version import __version__


def start(
    folder: FleetFolder, hosts: Hosts, experiment: str, typed: Mapping[str, Any], given: tuple[str, ...], *, unfit: bool
) -> None:
    """Record what is asked of a new fleet."""
    folder.record(
        FleetStarted(
            harness=__version__,
            code=code_digest(),
            run=folder.path.name,
            at=timestamp(),
            hosts=hosts.text,
            experiment=experiment,
            typed=dict(typed),
            given=given,
            unfit=unfit,
        )
    )


def begun(folder: FleetFolder) -> FleetStarted:
    """How a fleet was started. Raises ResultsError where its record does not say."""
    if folder.started is None:
        raise ResultsError(f"{folder.path} does not say how its fleet was started: it is none, or is damaged")
    return folder.started


def carry_out(
    folder: FleetFolder, hosts: Hosts, root: Path, watch: Watch, *, insecure: bool, wait: bool, idle_s: float
) -> None:
    """Measure on every machine that takes part, until none is at work. Raises UsageError where no machine came."""
    started = begun(folder)
    if started.code != code_digest():
        raise ChangedError(
            f"fleet {started.run} was started by harness {started.harness} ({started.code}), and this is "
            f"{__version__} ({code_digest()}): times of before and after would not be comparable"
        )
    order = Order(started.run, started.experiment, started.typed, started.given, packed_sources(root))

    def absent(machine: str, reason: str) -> None:
        if machine not in folder.members:
            folder.tell(machine, "left out", reason)
        watch(Event("measured", f"{machine}: left out: {reason}"))

    with connected(hosts, absent, insecure=insecure) as fleet:
        rules = Rules(unfit=started.unfit, wait=wait, idle_s=idle_s)
        lead = Lead(fleet.client, order, hosts, rules, folder, watch, fleet.expected)
        with swept(lead):
            lead.run()
    if not folder.members:
        raise UsageError(f"--fleet {hosts.text}: no machine came: its scheduler has no workers")


def keep_all_sources(folder: Path, catalog: Catalog) -> None:
    """Keep once what all machines measure."""
    for name, source in catalog.implementations.items():
        with suppress(RecipeError, OSError):
            keep_sources(folder, name, read_sources(source.context))


def comparison_of(folder: FleetFolder) -> FleetComparison:
    """The machines of a fleet side by side, from their journals."""
    started = begun(folder)
    runs = folder.runs()
    found = dict(zip(runs, on_all_cpus(summary_of, list(runs.values())), strict=True))
    machines = [
        FleetMachine(name=name, state=member.state, reason=member.reason, run=found.get(name))
        for name, member in sorted(folder.members.items())
    ]
    return side_by_side(started, machines)


def is_complete(folder: FleetFolder) -> bool:
    """Whether every machine finished that was not left out."""
    return all(member.state in {"finished", "left out"} for member in folder.members.values())
