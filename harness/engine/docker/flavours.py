"""What the engines that speak Docker's API differ in. Nothing else asks which one answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from requests import PreparedRequest


@dataclass(frozen=True)
class Flavour:
    """An engine's own ways.

    `writable_anyway` are the folders of a read-only container that it makes writable, unless something else is mounted
    there. `volume_options` keep a volume root's, which it would else give to the user of its first container.
    `limits` are for it to be told of: its own are more than some machines let it set, which then start no container.
    `tells_memory` is whether it says that a container ran out of memory.
    `keeps_parents` is whether an image that others were made of stays without a name, and goes with the last of them.
    `keeps_id` is whether its id is the same whenever it is asked for.
    `no_network` is how it is asked for a build without network, and `network_options` what else that takes.
    """

    name: str
    writable_anyway: tuple[str, ...] = ()
    volume_options: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    tells_memory: bool = True
    keeps_parents: bool = True
    keeps_id: bool = True
    no_network: str = "none"
    network_options: Mapping[str, str] = field(default_factory=dict)

    def covered(self) -> dict[str, str]:
        """The mounts, as options by folder, that leave a read-only container nothing to write to."""
        return dict.fromkeys(self.writable_anyway, "ro")

    def lasting(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """What it tells of itself, without an id that it makes up for each answer."""
        return {name: fact for name, fact in facts.items() if self.keeps_id or name != "ID"}

    def complete(self, request: PreparedRequest) -> PreparedRequest:
        """Add to a build without network what the SDK has no argument for."""
        if self.network_options and f"networkmode={self.no_network}" in str(request.url):
            request.url = f"{request.url}&{urlencode(self.network_options)}"
        return request


DOCKER = Flavour("Docker Engine")
CONTAINERD = Flavour("Docker Engine", keeps_parents=False)  # with images in containerd's store
PODMAN = Flavour(
    "Podman",
    writable_anyway=("/run", "/tmp", "/var/tmp"),  # noqa: S108 (folders of a container)
    volume_options={"o": "uid=0"},
    limits={"nofile": 1024, "nproc": 16384},  # open files; processes of one user, of which a container has far fewer
    tells_memory=False,  # 4.3 looks for conmon's word in one folder, and conmon writes it to another
    keeps_parents=False,
    keeps_id=False,
    no_network="NetworkDisabled",  # "none" says nothing to it, and steps have the host's network unless told
    network_options={"nsoptions": json.dumps([{"Name": "network", "Host": False}])},
)


def flavour_of(version: Mapping[str, Any], info: Mapping[str, Any]) -> Flavour:
    """Which engine it is, by its answers about its version and itself."""
    components = {component["Name"] for component in version.get("Components") or ()}
    if "Podman Engine" in components:
        return PODMAN
    return CONTAINERD if "io.containerd.snapshotter" in str(info.get("DriverStatus")) else DOCKER


def memory_kills(root: Path = Path("/")) -> int:
    """How many processes this machine's kernel has ended for lack of memory since it started; 0 if unknown."""
    try:
        lines = (root / "proc/vmstat").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    counters = dict(line.split() for line in lines)
    return int(counters.get("oom_kill", 0))
