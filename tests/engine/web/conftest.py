"""Web services in their containers, each on a port of this machine's loopback."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import docker
import pytest
from docker.models.containers import Container

from harness.engine.docker import DockerEngine
from harness.images.build import build
from harness.images.catalog import Catalog, Target, load_catalog, root
from harness.images.recipes import build_if_missing, plan_of
from harness.model.journal import Image
from harness.store import Log
from tests.engine.support import unwatched
from tests.web.talk import HOST

WEB = "web"
LOCKED_DOWN: dict[str, Any] = {
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "pids_limit": 16,
    "mem_limit": "64m",
}


@dataclass(frozen=True)
class Service:
    """A service that answers."""

    container: Container
    port: int

    def memory_bytes(self) -> int:
        """What the kernel accounts to the container, its own share included."""
        stats = self.container.stats(stream=False)
        assert isinstance(stats, dict)
        return int(stats["memory_stats"]["usage"])

    def resident_bytes(self) -> int:
        """What of the program is in memory."""
        found = self.container.top(ps_args="-o pid,rss")
        return 1024 * sum(int(row[found["Titles"].index("RSS")]) for row in found["Processes"])

    def stop(self) -> tuple[int, float]:
        """Its exit code after SIGTERM, and the seconds until then."""
        began = time.monotonic()
        self.container.kill("SIGTERM")
        code = int(self.container.wait(timeout=20)["StatusCode"])
        return code, time.monotonic() - began


Start = Callable[..., Service]


@pytest.fixture(scope="session")
def services() -> Catalog:
    return load_catalog(root(), WEB)


@pytest.fixture(scope="session")
def image_of(engine: DockerEngine, base: str, services: Catalog, keep: Log) -> Callable[[str], Image]:
    """The final image of a language's service, built when it is first asked for."""
    built: dict[str, Image] = {}

    def image_of(language: str) -> Image:
        if language not in built:
            (built[language],) = build(engine, base, [Target(services.images[language])], keep, unwatched)
        assert built[language].failure is None
        return built[language]

    return image_of


@pytest.fixture(scope="session")
def stage_of(engine: DockerEngine, base: str, services: Catalog) -> Callable[[str, str], str]:
    """The tag of another stage of a service's recipe, built."""

    def stage_of(language: str, stage: str) -> str:
        plan = plan_of(services.images[language], base, stage)
        build_if_missing(engine, plan, lambda _line: None, ships=True)
        return plan.tag

    return stage_of


@pytest.fixture(scope="session")
def start(client: docker.DockerClient, labels: dict[str, str], image_of: Callable[[str], Image]) -> Iterator[Start]:
    """Starts a language's service, on one thread unless told otherwise, and waits until it answers."""
    started: list[Container] = []

    def start(language: str, threads: int = 1, address: str = HOST, tag: str | None = None, **options: Any) -> Service:
        port = free_port()
        container = client.containers.run(
            tag or image_of(language).tag or "",
            [str(port), str(threads), address],
            detach=True,
            network_mode="host",
            labels=labels,
            **{**LOCKED_DOWN, **options},
        )
        started.append(container)
        until_it_listens(container, port)
        return Service(container, port)

    yield start
    for container in started:
        container.remove(force=True)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def until_it_listens(container: Container, port: int, patience_s: float = 20.0) -> None:
    """Wait for a service. Fails with its log where it ends or takes too long."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    pytest.fail(f"does not listen: {container.logs().decode()}")
