"""The service in Zig among clients that mean no good: it goes on, it stays small, and others are served meanwhile.

`make abuse` has the counts that take hours; otherwise they take seconds.
"""

from __future__ import annotations

import os
import re
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import docker
import docker.types
import pytest

from harness.engine.docker import DockerEngine
from harness.images.catalog import Catalog
from harness.images.recipes import build_if_missing, plan_of
from tests.engine.web.conftest import Service, Start
from tests.web.abuse import PROBE, flood, send_mutated, trickle, witness
from tests.web.cases import page
from tests.web.talk import HOST, Talk

pytestmark = [pytest.mark.engine, pytest.mark.beside]

THOROUGH = bool(os.environ.get("ABUSE"))
MUTATED = 1_000_000 if THOROUGH else 20_000
SLOW = 10_000 if THOROUGH else 1_000
SLOW_SECONDS = 60.0 if THOROUGH else 3.0
SLOWHTTPTEST_SECONDS = 120 if THOROUGH else 11  # it reports every five
FLOODS = 1_000 if THOROUGH else 50
FLOOD_SECONDS = 30.0 if THOROUGH else 2.0
MEMORY = "128m" if THOROUGH else "64m"  # a page for each slow request, and the kernel's share
SEED = 20261127


@pytest.fixture(autouse=True)
def descriptors() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(SLOW + 500, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def service(start: Start) -> Iterator[Service]:
    """A server of its own for each test, in little memory, which is still the same afterwards and ends as it should."""
    service = start("zig", mem_limit=MEMORY)
    yield service
    service.container.reload()
    assert service.container.status == "running"
    assert service.container.attrs["RestartCount"] == 0
    assert service.stop()[0] == 0


def test_damaged_requests_do_no_harm(service: Service) -> None:
    before = service.memory_bytes()
    with witness(service.port) as other:
        answered = send_mutated(service.port, MUTATED, SEED)
    assert answered > MUTATED // 2
    assert other.failures == []
    assert service.memory_bytes() < before + 2 * 1024**2


def test_slow_clients_hold_up_nobody(service: Service) -> None:
    with witness(service.port) as other:
        ended = trickle(service.port, SLOW, SLOW_SECONDS)
    assert other.failures == []
    assert len(other.waits_s) > SLOW_SECONDS
    assert ended == (SLOW if THOROUGH else 0)  # they have ten seconds


@pytest.mark.parametrize(
    ("mode", "path"),
    [(["-H"], "/"), (["-B", "-s", "60000"], "/echo"), (["-R"], "/"), (["-X", "-k", "10"], "/")],
    ids=["headers", "bodies", "ranges", "reading"],
)
def test_slowhttptest_does_not_make_it_unavailable(
    service: Service,
    engine: DockerEngine,
    base: str,
    services: Catalog,
    client: docker.DockerClient,
    labels: dict[str, str],
    mode: list[str],
    path: str,
) -> None:
    plan = plan_of(services.images["load"], base, "slowhttptest")
    build_if_missing(engine, plan, lambda _line: None)
    bounds = ["-c", str(SLOW), "-r", str(SLOW // 4), "-i", "2", "-l", str(SLOWHTTPTEST_SECONDS), "-p", "3"]
    command = [*mode, *bounds, "-u", f"http://{HOST}:{service.port}{path}"]
    sockets = docker.types.Ulimit(name="nofile", soft=SLOW + 500, hard=SLOW + 500)
    with witness(service.port) as other:
        told = client.containers.run(
            plan.tag, command, network_mode="host", labels=labels, ulimits=[sockets], remove=True
        )
    available = re.findall(r"service available: +(\w+)", re.sub(r"\x1b\[[\d;]*m", "", told.decode()))
    assert available, told
    assert set(available) == {"YES"}, told
    assert other.failures == []


def test_floods_that_are_never_read_hold_up_nobody(service: Service) -> None:
    with witness(service.port) as other:
        sent = flood(service.port, FLOODS, FLOOD_SECONDS)
    assert other.failures == []
    assert len(other.waits_s) > FLOOD_SECONDS
    assert sent > FLOODS * 10_000


def test_clients_that_end_their_side_get_every_answer(service: Service) -> None:
    with witness(service.port) as other:
        for _ in range(20):
            with Talk(service.port) as talk:
                talk.send(PROBE * 500)
                talk.end()
                assert sum(talk.answer() is not None for _ in range(500)) == 500
                assert talk.closes()
    assert other.failures == []


def test_clients_that_go_away_at_once_do_no_harm(service: Service) -> None:
    with witness(service.port) as other:
        for _ in range(2000):
            with socket.create_connection((HOST, service.port)) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset
                connection.sendall(page())
    assert other.failures == []


def test_clients_at_rest_give_way_where_descriptors_run_out(start: Start) -> None:
    service = start("zig", ulimits=[docker.types.Ulimit(name="nofile", soft=64, hard=64)])
    with ExitStack() as stack, witness(service.port) as other:
        idle = [stack.enter_context(socket.create_connection((HOST, service.port))) for _ in range(200)]
        time.sleep(1)
        ended = 0
        for connection in idle:
            connection.setblocking(False)
            with suppress(BlockingIOError):
                ended += connection.recv(1) == b""
        assert ended > 100
    assert other.failures == []
    assert service.stop()[0] == 0
