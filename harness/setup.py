"""A container engine and a Debian image, on a machine that has neither. Only this module changes the machine."""

from __future__ import annotations

import getpass
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.base import ensure_debian
from harness.docker_engine import DockerEngine
from harness.docker_engine.connection import chosen_engine
from harness.errors import EngineError, EngineRefusedError

NO_INSTALL = "HARNESS_NO_INSTALL"
ENGINE_PACKAGE = "docker.io"
CLIENT_PACKAGE = "docker-cli"  # from Debian 13 on the command is in a package of its own
DEBIAN_PACKAGES = ("mmdebstrap", "debian-archive-keyring", "uidmap")
SYSTEMD = Path("/run/systemd/system")
SOCKET = Path("/var/run/docker.sock")
DAEMON_LOG = Path("/var/log/harness-dockerd.log")
START_S = 60
POLL_S = 0.3
APT_GET = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq")

Notify = Callable[[str], None]


def set_up(notify: Notify) -> None:
    """Leave an engine that answers and has a Debian image. Raises EngineError with what to do by hand."""
    engine = ensure_engine(notify)
    try:
        ensure_debian(engine, notify)
    except EngineError:
        if not shutil.which("mmdebstrap"):
            _install(DEBIAN_PACKAGES, notify)
        ensure_debian(engine, notify)


def ensure_engine(notify: Notify) -> DockerEngine:
    """The engine that answers; else Docker from the distribution, installed if missing, and started.

    An engine that the user points at, or may not use, is the user's to mend.
    """
    try:
        return DockerEngine("setup")
    except EngineRefusedError:
        raise
    except EngineError:
        if chosen_engine():
            raise
    if not shutil.which("dockerd", path=_search_path()):
        _install((ENGINE_PACKAGE,), notify)
        if not shutil.which("docker"):
            _install((CLIENT_PACKAGE,), notify)
    _start(notify)
    return _answering_engine(notify)


def _search_path() -> str:
    """Dockerd is in /usr/sbin, which users' paths may lack."""
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def _refuse_if_told(what: str, by_hand: str) -> None:
    if os.environ.get(NO_INSTALL) == "1":
        raise EngineError(f"{what}, and {NO_INSTALL}=1 forbids doing it.\nBy hand: {by_hand}")


def _install(packages: Sequence[str], notify: Notify) -> None:
    names = " ".join(packages)
    by_hand = f"sudo apt-get install --no-install-recommends {names}"
    _refuse_if_told(f"{names} must be installed", by_hand)
    if not shutil.which("apt-get"):
        raise EngineError(f"{names} must be installed, and there is no apt-get here: install a container engine")
    notify(f"installing {names} from the distribution's packages ({by_hand})")
    _as_root([*APT_GET, "update"])
    _as_root([*APT_GET, "install", "--yes", "--no-install-recommends", *packages])


def _start(notify: Notify) -> None:
    _refuse_if_told("the container engine must be started", "sudo systemctl start docker, or sudo dockerd")
    if SYSTEMD.is_dir():
        notify("starting the container engine (systemctl start docker)")
        _as_root(["systemctl", "start", "docker"])
    else:
        notify(f"starting the container engine (dockerd in the background, log in {DAEMON_LOG})")
        again = "for attempt in 1 2 3 4 5; do dockerd && break; sleep 2; done"  # a predecessor may still be ending
        command = f"nohup sh -c '{again}' >>{DAEMON_LOG} 2>&1 </dev/null &"
        _as_root(["env", f"PATH={_search_path()}", "setsid", "sh", "-c", command])


def _answering_engine(notify: Notify) -> DockerEngine:
    """Wait until the engine that was just started answers, and see to it that this user may use it."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            return DockerEngine("setup")
        except EngineRefusedError:
            user = getpass.getuser()
            notify(f"adding {user} to the group docker, whose members may use the engine (and so act as root)")
            _as_root(["usermod", "--append", "--groups", "docker", user])
            _as_root(["chgrp", str(os.getgid()), str(SOCKET)])  # until the next login, which is when groups count
        except EngineError:
            pass
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
