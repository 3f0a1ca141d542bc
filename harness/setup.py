"""A container engine and a Debian image, on a machine that has neither. Only this module changes the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.base import ensure_debian
from harness.docker_engine import DockerEngine
from harness.errors import EngineError

NO_INSTALL = "HARNESS_NO_INSTALL"
ENGINE_PACKAGE = "docker.io"
DEBIAN_PACKAGES = ("mmdebstrap", "debian-archive-keyring")
SYSTEMD = Path("/run/systemd/system")
SOCKET = Path("/var/run/docker.sock")
DAEMON_LOG = Path("/var/log/harness-dockerd.log")
START_S = 60

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
    """The engine that answers; else Docker from the distribution, installed if missing, and started."""
    try:
        return DockerEngine("setup")
    except EngineError:
        if os.environ.get("DOCKER_HOST") or "you may not use it" in _complaint():
            raise
    if not shutil.which("dockerd", path=_search_path()):
        _install((ENGINE_PACKAGE,), notify)
    _start(notify)
    return DockerEngine("setup")


def _complaint() -> str:
    try:
        DockerEngine("setup")
    except EngineError as error:
        return str(error)
    return ""


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
    _as_root(["apt-get", "update", "-qq"])
    _as_root(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages])


def _start(notify: Notify) -> None:
    _refuse_if_told("the container engine must be started", "sudo systemctl start docker, or sudo dockerd")
    if SYSTEMD.is_dir():
        notify("starting the container engine (systemctl start docker)")
        _as_root(["systemctl", "start", "docker"])
    else:
        notify(f"starting the container engine (dockerd in the background, log in {DAEMON_LOG})")
        command = f"nohup dockerd >>{DAEMON_LOG} 2>&1 </dev/null &"
        _as_root(["env", f"PATH={_search_path()}", "setsid", "sh", "-c", command])
    _wait_for_socket()


def _wait_for_socket() -> None:
    """Wait until the engine answers, and let the user who set it up use it until it is started anew."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        complaint = _complaint()
        if not complaint:
            return
        if "you may not use it" in complaint:
            _as_root(["chgrp", str(os.getgid()), str(SOCKET)])
        time.sleep(0.3)
    raise EngineError(f"the container engine did not start within {START_S} s: see {DAEMON_LOG}\n{_complaint()}")


def _as_root(command: Sequence[str]) -> None:
    """Run a command as root, through sudo where we are not. Raises EngineError where it fails."""
    prefix = [] if os.geteuid() == 0 else ["sudo"]
    if prefix and not shutil.which("sudo"):
        raise EngineError(f"root is needed for `{' '.join(command)}`, and there is no sudo: run it as root")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run([*prefix, *command], env=environment, stdin=None, capture_output=True, text=True, check=False)
    if done.returncode:
        raise EngineError(f"`{' '.join(command)}` failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
