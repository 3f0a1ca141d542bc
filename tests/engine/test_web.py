"""The web server in its image, locked down: it serves its page to whoever shares its loopback, and ends when told."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import docker
import pytest
from docker.models.containers import Container

from harness.engine.docker import DockerEngine
from harness.images.build import build
from harness.images.catalog import Source, load_catalog, root, targets_of
from harness.model.journal import Image
from harness.store import Log
from tests.engine.support import unwatched

pytestmark = [pytest.mark.engine, pytest.mark.beside]

# In bash, whose redirections connect: the server may need a moment until it listens.
ASK = """
until exec 3<>/dev/tcp/127.0.0.1/8080; do [ $SECONDS -lt 20 ] || exit; done 2>/dev/null
printf %s "$1" >&3
cat <&3
"""
CLOSE = "Host: here\r\nConnection: close\r\n\r\n"

Ask = Callable[[str], str]


@pytest.fixture(scope="module")
def source() -> Source:
    return load_catalog(root(), "web").implementations["zig"]


@pytest.fixture(scope="module")
def image(engine: DockerEngine, base: str, source: Source, keep: Log) -> Image:
    (built,) = build(engine, base, targets_of([source]), keep, unwatched)
    return built


@pytest.fixture
def server(client: docker.DockerClient, image: Image, labels: dict[str, str]) -> Iterator[Container]:
    """The server in a network that holds nothing but its own loopback."""
    container = client.containers.run(
        image.tag or "",
        detach=True,
        network_mode="none",
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        pids_limit=16,
        mem_limit="64m",
        labels=labels,
    )
    yield container
    container.remove(force=True)


@pytest.fixture
def ask(client: docker.DockerClient, server: Container, base: str, labels: dict[str, str]) -> Ask:
    """Sends a request, and returns all that is answered until the server hangs up."""

    def ask(request: str) -> str:
        network = f"container:{server.id}"
        command = ["bash", "-c", ASK, "ask", request]
        return client.containers.run(base, command, network_mode=network, labels=labels, remove=True).decode()

    return ask


def test_get_is_answered_with_the_page(ask: Ask, source: Source) -> None:
    head, _, body = ask(f"GET / HTTP/1.1\r\n{CLOSE}").partition("\r\n\r\n")
    status, *fields = head.split("\r\n")
    page = (source.context / "index.html").read_text()
    assert status == "HTTP/1.1 200 OK"
    assert body == page
    assert {"Content-Type: text/html; charset=utf-8", f"Content-Length: {len(page.encode())}"} <= set(fields)


def test_head_is_answered_without_the_page(ask: Ask) -> None:
    head, _, body = ask(f"HEAD / HTTP/1.1\r\n{CLOSE}").partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 200 OK\r\n")
    assert body == ""


def test_a_connection_is_kept_for_the_next_request(ask: Ask) -> None:
    assert ask(f"GET / HTTP/1.1\r\nHost: here\r\n\r\nGET / HTTP/1.1\r\n{CLOSE}").count("HTTP/1.1 200 OK\r\n") == 2


@pytest.mark.parametrize(
    ("request_line", "status"),
    [("GET /nonesuch HTTP/1.1", 404), ("DELETE / HTTP/1.1", 405), ("GET /", 400), ("GET / HTTP/3.0", 505)],
)
def test_other_requests_are_refused(request_line: str, status: int, ask: Ask) -> None:
    assert ask(f"{request_line}\r\n{CLOSE}").startswith(f"HTTP/1.1 {status} ")


def test_it_ends_when_told(server: Container, ask: Ask) -> None:
    ask(f"GET / HTTP/1.1\r\n{CLOSE}")
    server.kill("SIGTERM")
    assert server.wait(timeout=20)["StatusCode"] == 0
