"""Which engine is meant, and what a user should know when it fails."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import requests
from docker.context.config import get_current_context_name
from docker.errors import APIError, DockerException

from harness.engine.membership import group_of, has_joined
from harness.errors import DiskFullError, EngineError, EngineRefusedError
from harness.files import temporary_folder

SOCKET = Path("/var/run/docker.sock")
UNIX = "unix://"
UNREADABLE = (OSError, ValueError, AttributeError, TypeError, KeyError)
"""What the SDK raises for settings of Docker's that it cannot read or that are not what it expects."""


def chosen_engine() -> str | None:
    """The engine that the user points at, by DOCKER_HOST or a Docker context; None for the default socket."""
    if host := os.environ.get("DOCKER_HOST"):
        return host
    context = os.environ.get("DOCKER_CONTEXT") or _current_context()
    return None if context == "default" else f"the Docker context {context}"


def socket_path() -> Path | None:
    """The socket of this machine that leads to the engine, where one is known to."""
    chosen = chosen_engine()
    if chosen is None:
        return SOCKET
    return Path(chosen.removeprefix(UNIX)) if chosen.startswith(UNIX) else None


def _current_context() -> str:
    """The context of Docker's settings; the default one where those make no sense."""
    try:
        return str(get_current_context_name())
    except UNREADABLE:
        return "default"


def unreachable(error: Exception) -> EngineError:
    """Say which of the usual reasons keeps us from the engine, and what to do about it."""
    if isinstance(error, UNREADABLE) and not isinstance(error, OSError):
        return EngineError(f"invalid Docker settings ({error}): fix or remove ~/.docker/config.json")
    socket = socket_path()
    if socket and "Permission denied" in str(error):
        return EngineRefusedError(f"a container engine runs at {socket}, but you may not use it.\n{_right(socket)}")
    if chosen := chosen_engine():
        return EngineError(f"no container engine answers at {chosen}: {_reason(error)}.\n{_other_choice()}")
    return EngineError(
        f"no container engine answers at the default socket, {SOCKET}: {_reason(error)}.\n"
        "Start yours, or point DOCKER_HOST at it. Where there is none, `harness setup` installs and starts Docker on "
        "Debian and Ubuntu."
    )


def _reason(error: BaseException) -> str:
    """What the system said, where the SDK's exception was caused by that or holds it; else the exception's words."""
    if isinstance(error, OSError) and isinstance(error.strerror, str):
        return error.strerror
    inner = (error.__cause__, error.__context__, *error.args, getattr(error, "reason", None))
    found = (_reason(each) for each in inner if isinstance(each, BaseException))
    return next(found, str(error))


def _right(socket: Path) -> str:
    """How a user gets the right to use a socket."""
    group = group_of(socket)
    if group is None:
        return "Its socket belongs to root: run this as root."
    if has_joined(group):
        return f"You joined its group {group} after you logged in: log in again, or run `newgrp {group}`."
    return (
        f"Members of the group {group} may, and can act as root through it: `sudo usermod -aG {group} $USER`, then log "
        "in again; or run this as root."
    )


def _other_choice() -> str:
    """What to do about an engine that the user has chosen and that does not answer; setting one up is not it."""
    if os.environ.get("DOCKER_HOST"):
        return "DOCKER_HOST names it: start it, or unset DOCKER_HOST to use the default socket."
    if os.environ.get("DOCKER_CONTEXT"):
        return "DOCKER_CONTEXT names it: start it, or unset DOCKER_CONTEXT to use the default socket."
    return "It is the current Docker context: start it, or `docker context use default` to use the default socket."


@contextmanager
def translated() -> Generator[None]:
    """Turn the SDK's errors into ours."""
    try:
        yield
    except APIError as error:  # is a RequestException as well
        raise_if_full(str(error))
        raise EngineError(f"the container engine refused the request: {error.explanation or error}") from error
    except requests.RequestException as error:
        advice = "Start it again." if chosen_engine() else "Start it again (`harness setup` does)."
        raise EngineError(f"the container engine stopped answering: {_reason(error)}.\n{advice}") from error
    except DockerException as error:
        raise EngineError(f"the container engine failed: {error}") from error
    except OSError as error:  # our own temporary files; the SDK's are RequestExceptions, caught above
        raise_if_full(f"{temporary_folder()}: {error}")
        raise EngineError(f"cannot send data to the container engine: {error}") from error


def raise_if_full(message: str) -> None:
    """Raise DiskFullError where a message says so."""
    if "no space left on device" in message.lower():
        raise DiskFullError(
            f"a disk is full: {message.strip()}\n"
            "Free some space; `harness clean --images` removes the images that harness built."
        )
