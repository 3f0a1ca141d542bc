"""The group whose members may use the engine. Who joins it has its rights from the next login on, or through sg."""

from __future__ import annotations

import grp
import os
import pwd
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

AGAIN = "HARNESS_AS_MEMBER"
"""Set for a command that was started again, so that it is not started a third time."""


def group_of(socket: Path) -> str | None:
    """The name of the group that owns a socket; None where it is root's, has no name, or there is no socket."""
    try:
        gid = socket.stat().st_gid
        return grp.getgrgid(gid).gr_name if gid else None
    except (OSError, KeyError):
        return None


def has_joined(group: str) -> bool:
    """Whether this user is listed as a member of a group, in effect already or not."""
    try:
        return user() in grp.getgrnam(group).gr_mem
    except KeyError:
        return False


def is_in_effect(group: str) -> bool:
    """Whether this process belongs to a group."""
    return grp.getgrnam(group).gr_gid in {os.getegid(), *os.getgroups()}


def user() -> str:
    """The name of the user whose rights this process has."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def command_as_member(command: Sequence[str], socket: Path | None) -> list[str] | None:
    """A command so that the group of a socket counts at once; None where that would change nothing.

    The primary group stays what it was, so that files are made with the same group as ever.
    """
    group = group_of(socket) if socket else None
    if not group or not has_joined(group) or is_in_effect(group) or not shutil.which("sg") or AGAIN in os.environ:
        return None
    inner = shlex.join(["env", f"{AGAIN}=1", *command])
    try:
        primary = grp.getgrgid(os.getegid()).gr_name
    except KeyError:
        return ["sg", group, "-c", f"exec {inner}"]
    return ["sg", group, "-c", f"exec {shlex.join(['sg', primary, '-c', f'exec {inner}'])}"]
