"""A site's image while it serves: its container, published on the loopback, and both removed afterwards."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from harness.engine.engine import Engine, Exit, Job, Published, Service
from harness.errors import EngineError, HarnessError
from harness.experiments.web.site import PORT

LOOPBACK = "127.0.0.1"
MEMORY_BYTES = 64 * 2**20
PIDS = 16
PATIENCE_S = 20.0
POLL_S = 0.05
LOOK_S = 2.0
GRACE_S = 5.0


@dataclass
class Tidy:
    """What is to be put in order when a signal ends the serving: the containers, and then the image."""

    engine: Engine
    image: str | None = None

    def sweep(self) -> None:
        """Remove the containers of this run and the image, whatever else calls it by name."""
        with suppress(HarnessError):
            self.engine.sweep()
        if self.image:
            self.engine.remove_image(self.image)


def run_command(name: str) -> str:
    """How a user serves an image of a site, within the same limits."""
    return (
        "docker run --rm --read-only --cap-drop ALL --security-opt no-new-privileges "
        f"--memory {MEMORY_BYTES >> 20}m --pids-limit {PIDS} -p {LOOPBACK}:{PORT}:{PORT} {name}"
    )


def free_port() -> int:
    """A port of the loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(engine: Engine, image: str, port: int) -> Generator[Service]:
    """The container of a site, on that port of the loopback once it answers. Raises EngineError where it does not."""
    job = Job(
        image=image,
        arguments=(),
        cpus=engine.cpus()[:1],
        memory_bytes=MEMORY_BYTES,
        pids=PIDS,
        timeout_s=GRACE_S,
        published=Published(port, PORT),
    )
    with engine.serve(job) as served:
        if isinstance(served, Exit):
            raise EngineError(f"the engine does not serve on {LOOPBACK}:{port}: {_said(served)}")
        if engine.is_local:
            _await_answer(served, port)
        yield served


def wait_for_end(served: Service) -> str:
    """Wait until a container ends by itself; what it said."""
    while served.is_running():
        time.sleep(LOOK_S)
    return _said(served.stop(0.0))


def _await_answer(served: Service, port: int) -> None:
    end = time.monotonic() + PATIENCE_S
    while not _answers(port):
        if time.monotonic() > end or not served.is_running():
            raise EngineError(f"nothing answers on {LOOPBACK}:{port}: {_said(served.stop(GRACE_S))}")
        time.sleep(POLL_S)


def _answers(port: int) -> bool:
    """Whether somebody does; past any proxy, since it is this machine."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=PATIENCE_S)
    try:
        connection.request("HEAD", "/")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _said(ended: Exit) -> str:
    return ended.stderr.decode(errors="replace").strip() or f"the server ended with {ended.code}"
