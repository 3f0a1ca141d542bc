"""A container engine and a Debian image, on a machine that has neither. Only this module changes the machine.

docs/SETUP.md says what it installs and changes, and how to undo it: change both together.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from harness.engine.docker import DockerEngine
from harness.engine.docker.connection import chosen_engine
from harness.engine.membership import has_joined, user
from harness.errors import EngineError, EngineRefusedError
from harness.images.base import ensure_debian, has_debian

NO_INSTALL = "HARNESS_NO_INSTALL"
ENGINE_PACKAGE = "docker.io"
ENGINE_GROUP = "docker"  # which the package makes, and gives the socket to
CLIENT_PACKAGE = "docker-cli"  # from Debian 13 on the command is in a package of its own
DEBIAN_PACKAGES = ("mmdebstrap", "debian-archive-keyring", "uidmap")
SYSTEMD = Path("/run/systemd/system")
DAEMON_LOG = Path("/var/log/harness-dockerd.log")
START_S = 60
POLL_S = 0.3
APT_GET = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq")

Notify = Callable[[str], None]


def set_up(notify: Notify) -> None:
    """Leave an engine that answers and has a Debian image. Raises EngineError with what to do by hand."""
    engine = _present_engine()
    _announce(list(_steps(engine)), notify)
    if engine is None:
        _provide_engine(notify)
        engine = _answering_engine(notify)
    try:
        ensure_debian(engine, notify)
    except EngineError:
        if not shutil.which("mmdebstrap"):
            _install(DEBIAN_PACKAGES, notify)
        ensure_debian(engine, notify)


def _present_engine() -> DockerEngine | None:
    """The engine that answers; None where the distribution's is to be installed or started.

    An engine that the user points at, or may not use, is the user's to fix.
    """
    try:
        return DockerEngine("setup")
    except EngineRefusedError:
        raise
    except EngineError:
        if chosen_engine():
            raise
    return None


def _steps(engine: DockerEngine | None) -> Iterator[str]:
    """All that may have to be changed on this machine, in words."""
    if engine is None:
        if not _has_dockerd():
            yield f"install {ENGINE_PACKAGE} (on Debian 13 also {CLIENT_PACKAGE}) from the distribution's packages"
        yield f"start the container engine ({_way_to_start()})"
        if _must_join():
            yield f"add {user()} to the group {ENGINE_GROUP}, whose members can use the engine and so act as root"
    if not shutil.which("mmdebstrap") and not (engine and has_debian(engine)):
        yield f"where Debian's image cannot be pulled, install {' '.join(DEBIAN_PACKAGES)}, to make it from packages"


def _announce(steps: Sequence[str], notify: Notify) -> None:
    """Everything that is to be changed, before anything is."""
    if steps and os.environ.get(NO_INSTALL) != "1":
        rights = "as root" if os.geteuid() == 0 else "through sudo"
        lines = [f"harness sets up this machine, {rights}:", *(f"  - {step}" for step in steps)]
        notify("\n".join([*lines, f"docs/SETUP.md says how to undo each; {NO_INSTALL}=1 refuses them all."]))


def _provide_engine(notify: Notify) -> None:
    if not _has_dockerd():
        _install((ENGINE_PACKAGE,), notify)
        if not shutil.which("docker"):
            _install((CLIENT_PACKAGE,), notify)
    _start(notify)


def _has_dockerd() -> bool:
    return bool(shutil.which("dockerd", path=_search_path()))


def _search_path() -> str:
    """Dockerd is in /usr/sbin, which users' paths may lack."""
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def _must_join() -> bool:
    return os.geteuid() != 0 and not has_joined(ENGINE_GROUP)


def _refuse_if_told(what: str, by_hand: str) -> None:
    if os.environ.get(NO_INSTALL) == "1":
        raise EngineError(f"{what}, and {NO_INSTALL}=1 forbids doing it.\nBy hand: {by_hand}")


def _install(packages: Sequence[str], notify: Notify) -> None:
    names = " ".join(packages)
    by_hand = f"sudo apt-get install --no-install-recommends {names}"
    _refuse_if_told(f"{names} must be installed", by_hand)
    if not shutil.which("apt-get"):
        raise EngineError(f"{names} must be installed, and there is no apt-get here: install a container engine")
    notify(f"installing {names} ({by_hand})")
    _as_root([*APT_GET, "update"])
    _as_root([*APT_GET, "install", "--yes", "--no-install-recommends", *packages])


def _way_to_start() -> str:
    return "systemctl start docker" if SYSTEMD.is_dir() else f"dockerd in the background, log in {DAEMON_LOG}"


def _start(notify: Notify) -> None:
    _refuse_if_told("the container engine must be started", "sudo systemctl start docker, or sudo dockerd")
    notify(f"starting the container engine ({_way_to_start()})")
    if SYSTEMD.is_dir():
        _as_root(["systemctl", "start", "docker"])
    else:
        again = "for attempt in 1 2 3 4 5; do dockerd && break; sleep 2; done"  # a predecessor may still be ending
        command = f"nohup sh -c '{again}' >>{DAEMON_LOG} 2>&1 </dev/null &"
        _as_root(["env", f"PATH={_search_path()}", "setsid", "sh", "-c", command])


def _answering_engine(notify: Notify) -> DockerEngine:
    """Wait until the engine that was just started answers.

    Raises EngineRefusedError where this user may use it only with a group that this process does not have yet.
    """
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            return DockerEngine("setup")
        except EngineRefusedError as error:
            if _must_join():
                notify(f"adding {user()} to the group {ENGINE_GROUP}")
                _as_root(["usermod", "--append", "--groups", ENGINE_GROUP, user()])
            raise EngineRefusedError(
                f"the container engine runs, and {user()} is a member of the group {ENGINE_GROUP}, whose members may "
                f"use it, from your next login on.\nLog in again, or run `newgrp {ENGINE_GROUP}`; then run this again."
            ) from error
        except EngineError:
            time.sleep(POLL_S)
    raise EngineError(f"the container engine did not start in {START_S} s: see {DAEMON_LOG}")


def _as_root(command: Sequence[str]) -> None:
    """Run a command as root, through sudo where we are not. Raises EngineError where it fails."""
    prefix = [] if os.geteuid() == 0 else ["sudo"]
    if prefix and not shutil.which("sudo"):
        raise EngineError(f"root is needed for `{shlex.join(command)}`, and there is no sudo: run it as root")
    done = subprocess.run([*prefix, *command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise EngineError(f"`{shlex.join(command)}` failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
