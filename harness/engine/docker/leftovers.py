"""What the harness left in an engine, whose it is, and the removal of what nobody needs any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import requests
from docker import DockerClient
from docker.errors import DockerException

from harness.engine.engine import OLD_OWNER_LABEL, OLD_RUN_LABEL, OWNER_LABEL, RUN_LABEL, Leftovers, Spared
from harness.engine.owners import Life, life_of, parse_owner

LABELS = ((RUN_LABEL, OWNER_LABEL), (OLD_RUN_LABEL, OLD_OWNER_LABEL))

Filters = dict[str, str | list[str] | bool]


@dataclass(frozen=True)
class Thing:
    """A container or a volume that a run made."""

    made_by: Spared
    remove: Callable[[], object]


def remove_leftovers(
    client: DockerClient, *, engine_is_here: bool, run: str | None = None, doubtful: bool = False
) -> Leftovers:
    """Remove the containers and volumes of runs, or of one `run`, that have ended.

    `doubtful`: also where it cannot be told whether it has. What is known to be alive is never removed.
    """
    spared: set[Spared] = set()
    containers = _removed(_containers(client, engine_is_here), run, doubtful, spared)
    volumes = _removed(_volumes(client, engine_is_here), run, doubtful, spared)  # after what uses them
    in_order = sorted(spared, key=lambda each: (each.run, each.host, each.pid))
    return Leftovers(containers=containers, volumes=volumes, images=0, spared=tuple(in_order))


def claims(client: DockerClient, label: str, *, engine_is_here: bool) -> dict[str, Spared]:
    """Who made the volumes with a label, and has not ended for certain; by the volume's name."""
    named = {
        str(volume.name): maker
        for volume in client.volumes.list(filters={"label": label})
        if (maker := _maker(volume.attrs.get("Labels") or {}, engine_is_here))
    }
    return {name: maker for name, maker in named.items() if maker.life is not Life.DEAD}


def _removed(things: Iterator[Thing], run: str | None, doubtful: bool, spared: set[Spared]) -> int:
    """How many were removed; the runs that have not ended for certain are noted."""
    count = 0
    for thing in things:
        life = thing.made_by.life
        is_meant = run in {None, thing.made_by.run}
        if is_meant and (life is Life.DEAD or (doubtful and not life.is_known)):
            with suppress(DockerException, requests.RequestException):  # gone by now, or a user's container uses it
                thing.remove()
                count += 1
        elif life is not Life.DEAD:
            spared.add(thing.made_by)
    return count


def _containers(client: DockerClient, engine_is_here: bool) -> Iterator[Thing]:
    for _, owner in LABELS:
        ours: Filters = {"label": owner}
        for container in client.containers.list(all=True, filters=ours, ignore_removed=True):
            if maker := _maker(container.labels, engine_is_here):
                yield Thing(maker, partial(container.remove, force=True, v=True))


def _volumes(client: DockerClient, engine_is_here: bool) -> Iterator[Thing]:
    for _, owner in LABELS:
        ours: Filters = {"label": owner}
        for volume in client.volumes.list(filters=ours):
            if maker := _maker(volume.attrs.get("Labels") or {}, engine_is_here):
                yield Thing(maker, partial(volume.remove, force=True))


def _maker(labels: Mapping[str, str], engine_is_here: bool) -> Spared | None:
    """The run that labels tell of, and whether it lives; None where they are not ours, or somebody has changed them."""
    for run_label, owner_label in LABELS:
        owner = parse_owner(labels.get(owner_label, ""))
        if owner and (run := labels.get(run_label)):
            return Spared(run, owner.host, owner.pid, life_of(owner, engine_is_here=engine_is_here))
    return None
