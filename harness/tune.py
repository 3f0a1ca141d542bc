"""Settings of this machine that `--tune` changes while a run measures, and puts back: also after a run that was killed.

What is changed is written down first, where it lives as long as the settings do: until the machine restarts. Whatever
ends the run without putting them back leaves that file, and the next command that finds it, with its run dead, does.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError

from harness.errors import UsageError
from harness.host import Read, is_here
from harness.model.journal import Change, Tuned

STATE = Path("/run/harness-tuned.json")
ROOT = Path("/")
CPU = "sys/devices/system/cpu"


@dataclass(frozen=True)
class Setting:
    """What is wanted of the files of a pattern; one of several patterns is enough, for drivers differ."""

    name: str
    wanted: str
    patterns: tuple[str, ...]
    missing: str


SETTINGS = (
    Setting(
        "CPU governor",
        "performance",
        (f"{CPU}/cpu[0-9]*/cpufreq/scaling_governor",),
        "not there, as on virtual machines: the hypervisor's host governs the frequency",
    ),
    Setting(
        "turbo",
        "1",
        (f"{CPU}/intel_pstate/no_turbo",),
        "",  # the next one speaks for both
    ),
    Setting(
        "turbo",
        "0",
        (f"{CPU}/cpufreq/boost",),
        "no switch for it there, as on virtual machines: the hypervisor's host decides",
    ),
    Setting(
        "transparent huge pages",
        "always",
        ("sys/kernel/mm/transparent_hugepage/enabled",),
        "not built into this kernel",
    ),
)


class Kept(BaseModel):
    """The state file: who changed what."""

    pid: int
    began: str  # of the process: numbers of processes are used again
    changes: tuple[Change, ...]


@contextmanager
def tuned(
    wanted: bool, read: Read, record: Callable[[Tuned], None], root: Path = ROOT, state: Path = STATE
) -> Iterator[None]:
    """Change the settings if `wanted`, and put them back however the block ends.

    Raises UsageError where the engine's host is another machine than this one, or another run has changed it.
    """
    if not wanted:
        yield
        return
    if not is_here(read()):
        raise UsageError("--tune changes the machine that it runs on, and the engine is on another: run harness there")
    put_back(root, state)
    _check_free(state)
    changes, refused = _planned(root)
    try:
        changes, unwritable = _apply(changes, root, state)
        record(Tuned(changes=tuple(changes), refused=(*refused, *unwritable)))
        yield
    finally:
        put_back(root, state, ours=True)


def _check_free(state: Path) -> None:
    if state.exists():
        raise UsageError(
            f"another run has tuned this machine, and {state} says what it must put back: wait until it has ended, or "
            "run `harness clean` as root"
        )


def _planned(root: Path) -> tuple[list[Change], list[str]]:
    """What would have to be changed, and what cannot be, and why."""
    changes: list[Change] = []
    refused: list[str] = []
    found: set[str] = set()
    for setting in SETTINGS:
        paths = sorted(path for pattern in setting.patterns for path in root.glob(pattern))
        if paths:
            found.add(setting.name)
        elif setting.missing and setting.name not in found:
            refused.append(f"{setting.name}: {setting.missing}")
        changes += [
            Change(path=f"/{path.relative_to(root)}", before=before, after=setting.wanted)
            for path in paths
            if (before := _value(path)) != setting.wanted
        ]
    return changes, refused


def _apply(changes: Sequence[Change], root: Path, state: Path) -> tuple[list[Change], list[str]]:
    """Write down what is to be changed, and change it; what was, and what could not be, and why."""
    if not changes:
        return [], []
    try:
        _keep(Kept(pid=os.getpid(), began=_began(os.getpid()) or "", changes=tuple(changes)), state)
    except OSError as error:
        return [], [f"{change.path}: {error.strerror or error} (it needs root)" for change in changes]
    done: list[Change] = []
    refused: list[str] = []
    for change in changes:
        try:
            _path(root, change).write_text(change.after, encoding="utf-8")
            done.append(change)
        except OSError as error:
            refused.append(f"{change.path}: {error.strerror or error}")
    return done, refused


def _keep(kept: Kept, state: Path) -> None:
    """Whole, and on the disk, before anything is changed. Another run's is never overwritten."""
    draft = state.with_suffix(f".{kept.pid}")
    with draft.open("w", encoding="utf-8") as file:
        file.write(kept.model_dump_json())
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, state)
    except FileExistsError:
        _check_free(state)
        raise
    finally:
        draft.unlink()


def put_back(root: Path = ROOT, state: Path = STATE, *, ours: bool = False) -> list[str]:
    """Put back what a run changed that is dead, or is this one if `ours`; what was done, in words.

    What somebody has changed since is left as it is. What cannot be put back stays written down.
    """
    kept = _kept(state)
    if kept is None or (not ours and _is_alive(kept)) or (ours and kept.pid != os.getpid()):
        return []
    done: list[str] = []
    stuck = False
    for change in kept.changes:
        path = _path(root, change)
        try:
            if _value(path) == change.after:
                path.write_text(change.before, encoding="utf-8")
                done.append(f"put back {change.path}: {change.before}")
        except OSError as error:
            stuck = True
            done.append(f"cannot put back {change.path} to {change.before}: {error.strerror or error} (it needs root)")
    if not stuck:
        state.unlink(missing_ok=True)
    return done


def _kept(state: Path) -> Kept | None:
    try:
        return Kept.model_validate(json.loads(state.read_text(encoding="utf-8")))
    except (FileNotFoundError, PermissionError, ValidationError, ValueError):
        return None


def _is_alive(kept: Kept) -> bool:
    return _began(kept.pid) == kept.began


def _began(pid: int) -> str | None:
    """When a process began, in ticks since the machine did; None where there is none, or only what is left of it."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def _value(path: Path) -> str:
    """What a setting is; of several in a line, the one in brackets."""
    text = path.read_text(encoding="utf-8").strip()
    chosen = text.partition("[")[2].partition("]")[0]
    return chosen or text


def _path(root: Path, change: Change) -> Path:
    return root / change.path.lstrip("/")
