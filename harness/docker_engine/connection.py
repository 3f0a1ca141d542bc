"""Which engine is meant, and what a user should know when it fails."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager

import requests
from docker.context.config import get_current_context_name
from docker.errors import APIError, DockerException

from harness.errors import DiskFullError, EngineError, EngineRefusedError
from harness.files import temporary_folder

UNREADABLE = (OSError, ValueError, AttributeError, TypeError, KeyError)
"""What the SDK raises for settings of Docker's that it cannot read or that are not what it expects."""


def chosen_engine() -> str | None:
    """The engine that the user points at, by DOCKER_HOST or a Docker context; None for the default socket."""
    if host := os.environ.get("DOCKER_HOST"):
        return host
    context = os.environ.get("DOCKER_CONTEXT") or _current_context()
    return None if context == "default" else f"the Docker context {context}"


def _current_context() -> str:
    """The context of Docker's settings; the default one where those make no sense."""
    try:
        return str(get_current_context_name())
    except UNREADABLE:
        return "default"


def unreachable(error: Exception) -> EngineError:
    """Say which of the usual reasons keeps us from the engine, and what to do about it."""
    where = chosen_engine() or "the default socket"
    if isinstance(error, UNREADABLE) and not isinstance(error, OSError):
        return EngineError(f"Docker's settings make no sense ({error}): mend or remove ~/.docker/config.json")
    if "Permission denied" in str(error):
        return EngineRefusedError(
            f"a container engine runs at {where}, but you may not use it.\n"
            "Add yourself to the group that owns its socket (usually `sudo usermod -aG docker $USER`, "
            "then log in anew), or run as root."
        )
    return EngineError(
        f"no container engine answers at {where}.\n"
        "`harness setup` installs and starts Docker on Debian and Ubuntu; or start your engine, or point "
        f"DOCKER_HOST at one. ({error})"
    )


@contextmanager
def translated() -> Generator[None]:
    """Turn the SDK's errors into ours."""
    try:
        yield
    except APIError as error:  # is a RequestException as well
        raise_if_full(str(error))
        raise EngineError(f"the container engine refused: {error.explanation or error}") from error
    except requests.RequestException as error:
        raise EngineError(
            f"the container engine stopped answering: {error}\nStart it again (`harness setup` does)."
        ) from error
    except DockerException as error:
        raise EngineError(f"the container engine failed: {error}") from error
    except OSError as error:  # our own temporary files; the SDK's are RequestExceptions, caught above
        raise_if_full(f"{temporary_folder()}: {error}")
        raise EngineError(f"the container engine could not be fed: {error}") from error


def raise_if_full(message: str) -> None:
    """Raise DiskFullError where a message says so."""
    if "no space left on device" in message.lower():
        raise DiskFullError(
            f"a disk is full: {message.strip()}\n"
            "Free some space; `harness clean --images` removes what the harness itself has built."
        )
