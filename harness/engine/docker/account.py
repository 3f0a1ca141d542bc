"""The CPU time of an engine's containers by the kernel's count: what a program claims is checked against it.

The control group of a container is gone when the container has ended, and many live shorter than a reading takes. So
all of them are put below one parent, whose account keeps what its children used. It is read before a container starts
and after it ended: one harness at a time has an engine, and so the difference is that container's, all of its processes
included.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "harness"
GROUPS = "sys/fs/cgroup"
ACCOUNTS = ("cpuacct", "cpu,cpuacct", "cpuacct,cpu")  # hierarchies of version 1 that count CPU time
STOPPING_S = 30.0


@dataclass(frozen=True)
class Parent:
    """A control group that containers are put below; `name` is what the engine is told."""

    name: str
    path: str  # in every hierarchy
    is_systemds: bool
    root: Path = Path("/")

    def used_ns(self) -> int | None:
        """The CPU time of everything below, gone or not; None where that cannot be read."""
        if not (hierarchy := self._hierarchy()):
            return None
        group = hierarchy / self.path
        if not group.is_dir():
            return 0  # no container was ever there
        with suppress(OSError, ValueError):
            if _is_second(hierarchy):
                lines = (group / "cpu.stat").read_text(encoding="ascii").splitlines()
                return int(dict(line.split() for line in lines)["usage_usec"]) * 1000
            return int((group / "cpuacct.usage").read_text(encoding="ascii"))
        return None

    def is_empty(self) -> bool:
        """Whether nothing runs below it."""
        hierarchy = self._hierarchy()
        return not hierarchy or not any(_runs(path) for path in (hierarchy / self.path).rglob("cgroup.procs"))

    def remove(self) -> None:
        """Remove it, where nothing runs below it and this user may."""
        if not self.is_empty():
            return
        if self.is_systemds:
            with suppress(OSError, subprocess.SubprocessError):
                subprocess.run(["systemctl", "stop", self.name], timeout=STOPPING_S, check=False, capture_output=True)
            return
        for folder in self._folders():
            monitors = sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True)  # Podman's
            for path in (*monitors, folder, folder.parent):  # the last is refused as long as another engine's is there
                with suppress(OSError):
                    path.rmdir()

    def _hierarchy(self) -> Path | None:
        """Where the account is kept."""
        groups = self.root / GROUPS
        if _is_second(groups):
            return groups
        return next((groups / name for name in ACCOUNTS if (groups / name / "cpuacct.usage").is_file()), None)

    def _folders(self) -> Iterator[Path]:
        """The group in every hierarchy of this machine."""
        groups = self.root / GROUPS
        for hierarchy in (groups, *groups.glob("*")):
            if not hierarchy.is_symlink() and (folder := hierarchy / self.path).is_dir():
                yield folder


def parent_of(facts: Mapping[str, Any], root: Path = Path("/")) -> Parent | None:
    """The parent for the containers of an engine on this machine; None where it can have none that we could read.

    Each engine has its own: several on one machine do not add to each other's account.
    """
    rootless = any("name=rootless" in option for option in facts.get("SecurityOptions") or ())
    if rootless or not facts.get("DockerRootDir"):
        return None
    which = f"{facts.get('ID')} {facts['DockerRootDir']}"  # engines of one machine may have one and the same id
    token = hashlib.sha256(which.encode()).hexdigest()[:12]
    match facts.get("CgroupDriver"):
        case "cgroupfs":
            return Parent(f"/{NAME}/{token}", f"{NAME}/{token}", is_systemds=False, root=root)
        case "systemd":  # a dash in a slice's name makes it the child of what is before the dash
            slice_name = f"{NAME}-{token}.slice"
            return Parent(slice_name, f"{NAME}.slice/{slice_name}", is_systemds=True, root=root)
        case _:
            return None


def _is_second(hierarchy: Path) -> bool:
    """Whether a hierarchy is of version 2 of control groups."""
    return (hierarchy / "cgroup.controllers").is_file()


def _runs(processes: Path) -> bool:
    try:
        return bool(processes.read_text(encoding="ascii").strip())
    except OSError:
        return False
