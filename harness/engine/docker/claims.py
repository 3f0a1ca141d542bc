"""One harness at a time on an engine: each announces itself by a volume of its own, then looks for others.

Whoever announces before it looks is seen by all that look later, so that of two at least one sees the other, from
whatever machine. Two that see each other both withdraw, and try again after pauses of different length. No volume is
ever anybody else's to remove, and one that a killed run left behind does not count: its owner is dead.
"""

from __future__ import annotations

import random
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress

import requests
from docker import DockerClient
from docker.errors import DockerException

from harness.engine.docker.connection import translated
from harness.engine.docker.leftovers import claims
from harness.engine.engine import Spared
from harness.engine.owners import Life
from harness.errors import EngineBusyError

CLAIM_LABEL = "io.github.harness.claim"
"""On the volume of a claim, with what its run does."""

ATTEMPTS = 8
PAUSE_S = (0.05, 0.8)


@contextmanager
def claimed(client: DockerClient, labels: Mapping[str, str], what: str, *, engine_is_here: bool) -> Generator[None]:
    """Have the engine alone, to do `what`. Raises EngineBusyError, naming the run that has it."""
    with translated():
        volume = _claim(client, {**labels, CLAIM_LABEL: what}, engine_is_here)
    try:
        yield
    finally:
        with suppress(DockerException, requests.RequestException):
            client.volumes.get(volume).remove(force=True)


def _claim(client: DockerClient, labels: Mapping[str, str], engine_is_here: bool) -> str:
    """The name of the volume that is our claim."""

    def check_free(own: str) -> None:
        found = claims(client, CLAIM_LABEL, engine_is_here=engine_is_here)
        if rivals := [maker for name, maker in found.items() if name != own]:
            raise EngineBusyError(_described(rivals[0]))

    for _ in range(ATTEMPTS - 1):
        check_free("")
        volume = client.volumes.create(labels=dict(labels))
        try:
            check_free(str(volume.name))
        except EngineBusyError:
            volume.remove(force=True)
            time.sleep(random.uniform(*PAUSE_S))  # noqa: S311 (no secret)
        else:
            return str(volume.name)
    raise EngineBusyError("another harness is trying to use this engine at the same time: try again")


def _described(rival: Spared) -> str:
    who = f"run {rival.run} (process {rival.pid} on {rival.host})"
    if rival.life is Life.ALIVE:
        return (
            f"{who} is using this container engine, and two at once would distort each other's times.\n"
            "Wait until it has finished (--wait), or stop it."
        )
    return (
        f"{who} may still be using this container engine, and two at once would distort each other's times "
        f"({rival.life.value}).\n"
        "Wait until it has finished (--wait) or, if you know that it has ended, remove its leftovers with "
        f"`harness clean --run {rival.run}`."
    )
