"""Which process made a thing in the engine, and whether that process still runs.

A host name and a process id can be mistaken: machines share names, containers share ids, and ids are used again. A
boot id names one running kernel, a pid namespace the processes that an id counts among, and the start time of a process
tells it from its successors. What these do not settle is unknown, and left to the user.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from enum import Enum
from functools import cache
from pathlib import Path

FIRST_PID_NAMESPACE = 0xEFFFFFFC
"""The inode of the pid namespace that the kernel starts with, in which every process can be seen."""

PROC = Path("/proc")
MACHINE_ID = Path("/etc/machine-id")
OLD_LABEL = re.compile(r"(?P<host>.+):(?P<pid>\d{1,9})")


class Life(Enum):
    """Whether an owner still runs, as far as is known here."""

    ALIVE = "still running"
    DEAD = "has ended"
    ELSEWHERE = "unknown: it runs on another machine, or ran on this one before a restart"
    CONTAINED = "unknown: it is in another container or pid namespace of this machine"
    OLDER = "unknown: it was started by an older version of harness"

    @property
    def is_known(self) -> bool:
        """Whether there is any doubt."""
        return self in {Life.ALIVE, Life.DEAD}


@dataclass(frozen=True)
class Owner:
    """A process, so described that it is not taken for another one. What could not be read is empty or 0."""

    host: str  # for people
    machine: str  # a hash of the machine's id, which is private
    boot: str
    pid_namespace: int
    pid: int
    start_ticks: int  # since the kernel started
    start_s: int  # since 1970

    def label(self) -> str:
        """As it stands in a label."""
        return json.dumps(asdict(self), sort_keys=True)


@dataclass(frozen=True)
class OldOwner:
    """What labels of harness 0.2.0 and older say."""

    host: str
    pid: int


def this_process() -> Owner:
    """The owner of what this process makes: the same one always, though the clock is set meanwhile."""
    return _process(os.getpid())


@cache
def _process(pid: int) -> Owner:
    return owner_of("self", pid)


def owner_of(entry: str, pid: int) -> Owner:
    """The process of an entry of /proc that calls itself `pid`."""
    start_ticks = _start_ticks(PROC / entry) or 0
    return Owner(
        host=socket.gethostname(),
        machine=_machine(),
        boot=_text(PROC / "sys/kernel/random/boot_id"),
        pid_namespace=_pid_namespace(entry),
        pid=pid,
        start_ticks=start_ticks,
        start_s=_boot_s() + start_ticks // os.sysconf("SC_CLK_TCK"),
    )


def parse_owner(label: str) -> Owner | OldOwner | None:
    """The owner that a label names; None where it is none of ours."""
    if old := OLD_LABEL.fullmatch(label):
        return OldOwner(old["host"], int(old["pid"]))
    try:
        said = json.loads(label)
    except (ValueError, RecursionError):
        return None
    texts, numbers = ("host", "machine", "boot"), ("pid_namespace", "pid", "start_ticks", "start_s")
    if not isinstance(said, dict) or not (
        all(isinstance(said.get(name), str) for name in texts) and all(type(said.get(name)) is int for name in numbers)
    ):
        return None
    return Owner(**{field.name: said[field.name] for field in fields(Owner)})  # a later harness may say more


def life_of(owner: Owner | OldOwner, *, engine_is_here: bool) -> Life:
    """Whether an owner still runs.

    `engine_is_here`: the engine is this machine's own. Only then does an earlier boot of this machine count as ended:
    machines that were copied from one image share their id and name.
    """
    mine = this_process()
    if isinstance(owner, OldOwner):
        return _life_of_old(owner, mine, engine_is_here=engine_is_here)
    if not owner.boot or owner.boot != mine.boot:
        restarted = (
            engine_is_here
            and owner.machine == mine.machine != ""
            and owner.host == mine.host
            and owner.boot != ""
            and owner.start_s < _boot_s()
        )
        return Life.DEAD if restarted else Life.ELSEWHERE
    if any((pid, ticks) == (owner.pid, owner.start_ticks) for pid, ticks in _processes()):
        return Life.ALIVE
    in_sight = mine.pid_namespace in {owner.pid_namespace, FIRST_PID_NAMESPACE}
    return Life.DEAD if in_sight and _sees_others() else Life.CONTAINED


def _life_of_old(owner: OldOwner, mine: Owner, *, engine_is_here: bool) -> Life:
    """Ended where no process of this machine, in whatever namespace, has its number."""
    if not engine_is_here or owner.host != mine.host or mine.pid_namespace != FIRST_PID_NAMESPACE:
        return Life.OLDER
    is_gone = _sees_others() and all(pid != owner.pid for pid, _ in _processes())
    return Life.DEAD if is_gone else Life.OLDER


def _processes() -> Iterator[tuple[int, int]]:
    """Every process in sight: its id in its own pid namespace, and its start in ticks since the kernel's."""
    for entry in PROC.glob("[0-9]*"):
        ticks = _start_ticks(entry)
        own_ids = re.search(r"^NSpid:.*?(\d+)$", _text(entry / "status"), re.MULTILINE)
        if ticks is not None:
            yield int(own_ids[1] if own_ids else entry.name), ticks


def _start_ticks(entry: Path) -> int | None:
    """None where there is no such process, or only what is left of it until its parent has asked how it ended."""
    fields = _text(entry / "stat").rpartition(")")[2].split()
    return int(fields[19]) if fields and fields[0] not in {"Z", "X"} else None


def _sees_others() -> bool:
    """Whether /proc shows other users' processes: it can be mounted so that it does not (hidepid)."""
    return bool(_text(PROC / "1/stat")) and bool(_text(PROC / "self/stat"))


def _pid_namespace(entry: str) -> int:
    try:
        return (PROC / entry / "ns/pid").stat().st_ino
    except OSError:
        return 0


def _machine() -> str:
    identity = _text(MACHINE_ID)
    return hashlib.sha256(f"harness {identity}".encode()).hexdigest()[:16] if len(identity) == 32 else ""


def _boot_s() -> int:
    """When the kernel started, in seconds since 1970; 0 where that cannot be read."""
    found = re.search(r"^btime (\d+)$", _text(PROC / "stat"), re.MULTILINE)
    return int(found[1]) if found else 0


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
