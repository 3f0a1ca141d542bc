"""Web services in containers, locked down, on the loopback of this machine."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import docker
from docker.models.containers import Container

from tests.web_client import Client, get

START_S = 30.0
ARGUMENTS_S = 30


@dataclass(frozen=True)
class Server:
    """A server that listens on 127.0.0.1, or will."""

    container: Container
    port: int

    def once_it_answers(self) -> Server:
        """Wait until it does."""
        until = time.monotonic() + START_S
        while True:
            try:
                with Client(self.port) as client:
                    client.send(get("/"))
                    assert client.answer().status == 200
                    return self
            except ConnectionError:
                assert time.monotonic() < until, self.container.logs()
                time.sleep(0.02)


@contextmanager
def free_port() -> Iterator[int]:
    """A port that nothing else listens on, held as long as the context lasts."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        yield int(held.getsockname()[1])


def started(
    client: docker.DockerClient, tag: str, labels: Mapping[str, str], threads: int, port: int | None = None
) -> Server:
    """A server as the harness would start it, on a port that was just free."""
    if port is None:
        with free_port() as free:
            port = free
    container = client.containers.run(
        tag,
        [str(port), str(threads), "127.0.0.1"],
        detach=True,
        network_mode="host",
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        pids_limit=64,
        mem_limit="256m",
        labels=dict(labels),
    )
    return Server(container, port)
