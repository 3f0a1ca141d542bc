"""The account of a running container, out of the files of its control group on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.engine.memory import GROUPS, groups_of, held_bytes, statistics_file

USAGE = ("cpu.stat", "cpuacct.usage")  # as versions 2 and 1 of control groups count CPU time


@dataclass(frozen=True)
class Group:
    """The files of a control group that count its CPU time and its memory."""

    cpu: Path
    memory: Path

    def cpu_ns(self) -> int | None:
        """The CPU time of all processes that were ever in it; None when it is gone."""
        with suppress(OSError, ValueError, KeyError):
            text = self.cpu.read_text(encoding="ascii")
            if self.cpu.name == USAGE[0]:
                return int(dict(line.split() for line in text.splitlines())["usage_usec"]) * 1000
            return int(text)
        return None

    def held_bytes(self) -> int | None:
        """What its processes hold in memory; None when it is gone."""
        return held_bytes(self.memory)


def group_of(pid: int, container: str, root: Path = Path("/")) -> Group | None:
    """The control group of a process on this machine; None where that is not in the container of that id."""
    memory = statistics_file(pid, container, root)
    cpu = next((path for path in _usages(pid, container, root) if path.is_file()), None)
    return Group(cpu, memory) if cpu and memory else None


def _usages(pid: int, container: str, root: Path) -> Iterator[Path]:
    """Where the account of CPU time may be: in the one hierarchy of version 2, or in one of version 1."""
    for controllers, group in groups_of(pid, container, root):
        if not controllers:
            yield root / GROUPS / group / USAGE[0]
        elif "cpuacct" in controllers.split(","):
            yield from (root / GROUPS / name / group / USAGE[1] for name in (controllers, "cpuacct"))
