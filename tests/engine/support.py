"""What several tests of the real engine need."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import docker
import pytest

from harness.engine.engine import OWNER_LABEL
from harness.engine.owners import Owner, parse_owner, this_process
from harness.events import Event

HARNESS = Path(sys.executable).with_name("harness")
"""The command as it was installed."""

THIS_PROCESS = this_process().label()
"""As OWNER_LABEL writes it."""


def unwatched(_event: Event) -> None:
    """Progress that nobody looks at."""


def is_podman(client: docker.DockerClient) -> bool:
    """Whether the engine of these tests is Podman, of which a few things are otherwise."""
    return any(component["Name"] == "Podman Engine" for component in client.version()["Components"])


def skip_on_podman(client: docker.DockerClient) -> None:
    """Skip a test that starts Docker's engine itself, and fills it from the one under test."""
    if is_podman(client):
        pytest.skip("a second Docker engine is no test of Podman")


def left_of(client: docker.DockerClient, labels: Mapping[str, str]) -> list[str]:
    """The containers and volumes with all of these labels."""
    return [name for name, _ in _labelled(client, [f"{name}={value}" for name, value in labels.items()])]


def left_by(client: docker.DockerClient, pid: int) -> list[str]:
    """The containers and volumes that a process made and did not remove."""
    return [name for name, labels in _labelled(client, [OWNER_LABEL]) if is_by(pid, labels)]


def is_by(pid: int, labels: Mapping[str, str]) -> bool:
    """Whether a process made what has these labels. Its own label, worked out anew, differs where the clock was set."""
    owner = parse_owner(labels.get(OWNER_LABEL, ""))
    return isinstance(owner, Owner) and owner.pid == pid


def _labelled(client: docker.DockerClient, wanted: list[str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The names and labels of the containers and volumes that have what is wanted."""
    filters: dict[str, str | list[str] | bool] = {"label": wanted}
    for container in client.containers.list(all=True, filters=filters):
        yield str(container.name), container.labels
    for volume in client.volumes.list(filters=filters):
        yield str(volume.name), volume.attrs["Labels"]
