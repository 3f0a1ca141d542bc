"""Settings of this machine that `--tune` changes during a run and restores, also after a run was killed.

What is changed is written down first, where it lives as long as the settings do: until the machine restarts. A run
that ends without restoring them leaves that file, and the next command that finds it, with its run dead, restores them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import BaseModel, Field

from harness.engine.owners import Life, Owner, life_of, parse_owner, this_process
from harness.errors import UsageError
from harness.machine.host import Read, is_here
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
        "not available on this machine: on virtual machines the hypervisor's host controls the frequency",
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
        "not available on this machine: on virtual machines the hypervisor's host controls it",
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
    began: str = Field(pattern=r"^\d*$")  # of the process: numbers of processes are used again
    changes: tuple[Change, ...]
    owner: str = ""  # as labels name it; harness 0.2.0 did not say


@contextmanager
def tuned(
    wanted: bool, read: Read, record: Callable[[Tuned], None], root: Path = ROOT, state: Path = STATE
) -> Iterator[None]:
    """Change the settings if `wanted`, and restore them however the block ends.

    Raises UsageError where the engine's host is another machine than this one, or another run has changed it.
    """
    if not wanted:
        yield
        return
    if not is_here(read()):
        raise UsageError("--tune changes the machine that it runs on, but the engine is on another: run harness there")
    restore(root, state)
    _check_free(state)
    changes, refused = _planned(root)
    try:
        changes, unwritable = _apply(changes, root, state)
        record(Tuned(changes=tuple(changes), refused=(*refused, *unwritable)))
        yield
    finally:
        restore(root, state, ours=True)


def _check_free(state: Path) -> None:
    if state.exists():
        raise UsageError(
            f"another run has tuned this machine and must restore it ({state}): wait until it has ended or, if it "
            "has, run `harness clean` as root and outside containers"
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
        me = this_process()
        _keep(Kept(pid=me.pid, began=str(me.start_ticks), changes=tuple(changes), owner=me.label()), state)
    except OSError as error:
        return [], [f"{change.path}: {error.strerror or error} (needs root)" for change in changes]
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


def restore(root: Path = ROOT, state: Path = STATE, *, ours: bool = False) -> list[str]:
    """Restore what a dead run changed, or this one if `ours`; what was done, in words.

    What somebody has changed since is left as it is. What cannot be restored stays in the state file.
    """
    try:
        kept = _kept(state)
    except ValueError as error:
        return [_out_of_the_way(state, error)]
    if kept is None or (not ours and _may_live(kept)) or (ours and not _is_ours(kept)):
        return []
    done: list[str] = []
    stuck = False
    for change in kept.changes:
        path = _path(root, change)
        try:
            if _value(path) == change.after:
                path.write_text(change.before, encoding="utf-8")
                done.append(f"restored {change.path}: {change.before}")
        except OSError as error:
            stuck = True
            done.append(f"cannot restore {change.path} to {change.before}: {error.strerror or error} (needs root)")
    if not stuck:
        state.unlink(missing_ok=True)
    return done


def _kept(state: Path) -> Kept | None:
    """None where nothing is kept, or not for this user to read. Raises ValueError where it makes no sense."""
    try:
        return Kept.model_validate(json.loads(state.read_bytes()))
    except (FileNotFoundError, PermissionError):
        return None


def _out_of_the_way(state: Path, error: ValueError) -> str:
    """Move an unreadable state file out of the way, and say what the user can do."""
    aside = state.with_suffix(".unreadable")
    why = str(error).partition("\n")[0]
    try:
        state.rename(aside)
    except OSError as refusal:
        return f"{state} can neither be read ({why}) nor moved ({refusal.strerror}): run `harness clean` as root"
    return (
        f"what it changed is unknown: {state} could not be read ({why}) and is now {aside}; `harness doctor` "
        "shows governor, turbo and huge pages, and a restart restores them"
    )


def _may_live(kept: Kept) -> bool:
    return life_of(_owner(kept), engine_is_here=True) is not Life.DEAD


def _is_ours(kept: Kept) -> bool:
    me = this_process()
    return (kept.pid, kept.began) == (me.pid, str(me.start_ticks))


def _owner(kept: Kept) -> Owner:
    named = parse_owner(kept.owner)
    if isinstance(named, Owner):
        return named
    return replace(this_process(), pid=kept.pid, start_ticks=int(kept.began or 0))


def _value(path: Path) -> str:
    """What a setting is; of several in a line, the one in brackets."""
    text = path.read_text(encoding="utf-8").strip()
    chosen = text.partition("[")[2].partition("]")[0]
    return chosen or text


def _path(root: Path, change: Change) -> Path:
    return root / change.path.lstrip("/")
