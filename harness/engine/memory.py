"""How much memory a container holds, read from its control group while it runs.

Read, and not asked of the engine: older engines answer once a second, later than many containers live, and a control
group is gone when its container has ended. A reading takes some 60 microseconds, and they become rarer the longer a
container runs, without interfering with the measurement. What the page cache keeps of files is not counted: the program
does not need it, and the process that read a file first is charged for it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.engine.repeating import repeated

FIRST_PAUSE_S = 0.005
LONGEST_PAUSE_S = 0.1
GROWTH = 1.3
GROUPS = "sys/fs/cgroup"
COUNTED = (("anon", "file_mapped"), ("total_rss", "total_mapped_file"))  # as versions 2 and 1 of control groups say


@dataclass
class Watched:
    """The most that was seen so far; None where nothing could be read."""

    most_bytes: int | None = None

    def look(self, read: Callable[[], int | None]) -> None:
        """Read once more."""
        if (now_bytes := read()) is not None:
            self.most_bytes = max(now_bytes, self.most_bytes or 0)


@contextmanager
def watched(read: Callable[[], int | None]) -> Generator[Watched]:
    """Look now and then, from a thread, for as long as the block lasts."""
    seen = Watched()
    with repeated(lambda: seen.look(read), _pauses_s()):
        yield seen


def _pauses_s() -> Iterator[float]:
    pause_s = FIRST_PAUSE_S
    while True:
        yield pause_s
        pause_s = min(LONGEST_PAUSE_S, GROWTH * pause_s)


def statistics_file(pid: int, container: str, root: Path = Path("/")) -> Path | None:
    """The memory statistics of the control group of a process on this machine.

    None where they are not there, or the process is not in the container of that id: then it is another machine's.
    """
    for controllers, group in groups_of(pid, container, root):
        folder = GROUPS if not controllers else f"{GROUPS}/memory"
        path = root / folder / group / "memory.stat"
        if controllers in {"", "memory"} and path.is_file():
            return path
    return None


def groups_of(pid: int, container: str, root: Path = Path("/")) -> list[tuple[str, str]]:
    """The controllers (none of version 2) and the paths of the groups of a process in a container of that id."""
    try:
        lines = (root / f"proc/{pid}/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    found = (line.split(":", 2) for line in lines)
    return [(controllers, group.lstrip("/")) for _, controllers, group in found if container in group]


def held_bytes(statistics: Path) -> int | None:
    """What a control group's processes hold in memory, shared pages once; None when it is gone."""
    try:
        lines = statistics.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    amounts = {name: int(amount) for name, amount in (line.split() for line in lines)}
    return next((sum(amounts[name] for name in names) for names in COUNTED if names[0] in amounts), None)
