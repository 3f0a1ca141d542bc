"""The group whose members may use the engine. Who joins it has its rights from the next login on, or by sg or sudo."""

from __future__ import annotations

import grp
import os
import pwd
import shlex
import subprocess
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
    """A command so that the group of a socket counts at once; None where nothing here can do that.

    The primary group stays what it was, so that files are made with the same group as ever. Whether a way works is
    tried: sg of Debian 13 forgets the group when it puts back the primary one, and sudo may want a password.
    """
    group = group_of(socket) if socket else None
    if not socket or not group or not has_joined(group) or is_in_effect(group) or AGAIN in os.environ:
        return None
    again = ["env", f"{AGAIN}=1", *command]
    trial = ["test", "-w", str(socket)]
    return next((way(group, again) for way in (_by_sg, _by_sudo) if _succeeds(way(group, trial))), None)


def _by_sg(group: str, command: Sequence[str]) -> list[str]:
    inner = shlex.join(command)
    try:
        primary = grp.getgrgid(os.getegid()).gr_name
    except KeyError:
        return ["sg", group, "-c", f"exec {inner}"]
    return ["sg", group, "-c", f"exec {shlex.join(['sg', primary, '-c', f'exec {inner}'])}"]


def _by_sudo(_group: str, command: Sequence[str]) -> list[str]:
    """As the same user with all groups, in the same environment, of which sudo changes some even so."""
    kept = [f"{name}={os.environ[name]}" for name in ("HOME", "LOGNAME", "MAIL", "PATH", "USER") if name in os.environ]
    same = ["setpriv", f"--reuid={os.geteuid()}", f"--regid={os.getegid()}", "--init-groups"]
    return ["sudo", "--non-interactive", "--preserve-env", *same, "env", *kept, *command]


def _succeeds(command: Sequence[str]) -> bool:
    nothing = subprocess.DEVNULL
    try:
        return subprocess.run(command, stdin=nothing, stdout=nothing, stderr=nothing, check=False).returncode == 0
    except OSError:
        return False
