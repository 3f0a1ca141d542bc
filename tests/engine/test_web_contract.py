"""The contract of the web services, against each of them in its image, locked down and on this machine's loopback."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection
from typing import Any

import docker
import numpy as np
import pytest
from docker.models.containers import Container

from harness.engine.docker import DockerEngine
from harness.images.catalog import load_catalog, root
from harness.images.recipes import build_if_missing, plan_of
from tests.web_cases import CASES, MAX_BODY_BYTES
from tests.web_client import Answer, Client, chunked, get, outcome, post
from tests.web_deviations import DEVIATIONS, Outcome
from tests.web_servers import ARGUMENTS_S, Server, free_port, started

pytestmark = [pytest.mark.engine, pytest.mark.beside]

FOLDER = root() / "implementations" / "web"
SERVERS = load_catalog(root(), "web").implementations
SERVICES = [name for name, source in SERVERS.items() if "json" in source.manifest.scenarios]
PAGE = (FOLDER / "index.html").read_bytes()
DEADLINE_S = 10
AT_ONCE = 2
DATE = r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"

every_service = pytest.mark.parametrize("name", SERVICES)
every_server = pytest.mark.parametrize("name", SERVERS)


@pytest.fixture(scope="module")
def tags(engine: DockerEngine, base: str) -> dict[str, str]:
    """The image of every server."""

    def build(name: str) -> str:
        plan = plan_of(SERVERS[name], base)
        build_if_missing(engine, plan, lambda _line: None, ships=True)
        return plan.tag

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(SERVERS, pool.map(build, SERVERS), strict=True))


Start = Callable[..., Server]


@pytest.fixture(scope="module")
def start(client: docker.DockerClient, tags: dict[str, str], labels: dict[str, str]) -> Iterator[Start]:
    """Starts a server; all that were started are removed at the end."""
    containers: list[Container] = []

    def start(name: str, threads: int = 1) -> Server:
        server = started(client, tags[name], labels, threads)
        containers.append(server.container)
        return server.once_it_answers()

    yield start
    for container in containers:
        container.remove(force=True)


@pytest.fixture(scope="module")
def servers(start: Start) -> Iterator[dict[str, Future[Server]]]:
    """Every server, on one thread."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {name: pool.submit(start, name) for name in SERVERS}


@pytest.fixture
def port(name: str, servers: dict[str, Future[Server]]) -> int:
    return servers[name].result().port


def asked(port: int, *requests: bytes) -> list[Answer]:
    """The answers to requests that are sent at once on one connection."""
    with Client(port) as client:
        client.send(b"".join(requests))
        return [client.answer(to_head=request.startswith(b"HEAD ")) for request in requests]


# --- what is answered --------------------------------------------------------------------------------------------


@every_server
def test_the_page(port: int) -> None:
    (answer,) = asked(port, get("/"))
    assert (answer.status, answer.body) == (200, PAGE)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


@every_service
def test_json_is_made_for_each_request(port: int) -> None:
    (answer,) = asked(port, get("/json"))
    assert answer.headers["content-type"] == "application/json"
    found = re.fullmatch(f'{{"message":"Hello, World!","date":"({DATE})"}}', answer.body.decode())
    assert found
    date, in_head = parsedate_to_datetime(found[1]), parsedate_to_datetime(answer.headers["date"])
    assert abs((date - in_head).total_seconds()) <= 1
    assert abs(time.time() - date.timestamp()) <= 60


@every_service
def test_healthz(port: int) -> None:
    (answer,) = asked(port, get("/healthz"))
    assert (answer.status, answer.body) == (200, b"ok\n")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("length_bytes", [0, 1, 1024, MAX_BODY_BYTES])
@every_service
def test_echo_gives_the_body_back(length_bytes: int, port: int) -> None:
    body = np.random.default_rng(length_bytes).bytes(length_bytes)
    halves = [half for half in (body[: length_bytes // 2], body[length_bytes // 2 :]) if half]
    answers = asked(port, post("/echo", body), chunked("/echo", halves))
    assert [(answer.status, answer.body) for answer in answers] == [(200, body)] * 2
    assert answers[0].headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize("n", [1, 2, 17, 64])
@every_service
def test_matmul_is_right_bit_for_bit(n: int, port: int) -> None:
    random = np.random.default_rng(n)
    a, b = random.standard_normal((2, n, n)) * 10.0 ** random.integers(-8, 8, (2, n, n))
    product = np.zeros((n, n))
    for k in range(n):
        product += a[:, k, None] * b[k]
    (answer,) = asked(port, post(f"/matmul?n={n}", a.tobytes() + b.tobytes()))
    assert (answer.status, answer.headers["content-type"]) == (200, "application/octet-stream")
    assert answer.body == product.tobytes()


@pytest.mark.parametrize("path", ["/", "/json", "/healthz"])
@every_service
def test_head_is_get_without_the_body(path: str, port: int) -> None:
    to_head, to_get = asked(port, get(path, method="HEAD"), get(path))
    assert to_head.status == 200
    for field in ("content-type", "content-length"):
        assert to_head.headers[field] == to_get.headers[field]


@every_service
def test_a_method_that_is_not_allowed_is_told_those_that_are(port: int) -> None:
    for path, method, allowed in [("/", "DELETE", {"GET", "HEAD"}), ("/echo", "PUT", {"POST"})]:
        (answer,) = asked(port, get(path, method=method))
        assert answer.status == 405
        assert set(re.split(r",\s*", answer.headers["allow"])) == allowed


@every_server
def test_answers_have_a_date(port: int) -> None:
    for answer in asked(port, get("/"), get("/nothing")):
        assert re.fullmatch(DATE, answer.headers["date"])


# --- connections ---------------------------------------------------------------------------------------------------


@every_server
def test_a_connection_is_kept(port: int) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    connection.connect()
    kept = connection.sock
    for _ in range(3):
        connection.request("GET", "/")
        assert connection.getresponse().read() == PAGE
        assert connection.sock is kept
    connection.close()


@every_server
def test_pipelined_requests_are_answered_in_order(port: int) -> None:
    answers = asked(port, *[get("/") for _ in range(16)])
    assert [answer.body for answer in answers] == [PAGE] * 16


@every_service
def test_pipelined_bodies_are_answered_in_order(port: int) -> None:
    bodies = [b"%d" % i * i for i in range(1, 17)]
    requests = [post("/echo", body) if i % 2 else chunked("/echo", [body, body]) for i, body in enumerate(bodies)]
    answers = asked(port, *requests, get("/healthz"))
    assert [answer.body for answer in answers] == [*(b if i % 2 else b + b for i, b in enumerate(bodies)), b"ok\n"]


@every_service
def test_a_request_may_come_byte_by_byte(port: int) -> None:
    with Client(port) as client:
        for byte in chunked("/echo", [b"in", b"pieces"]):
            client.send(bytes([byte]))
        assert client.answer().body == b"inpieces"


@every_service
def test_a_client_that_has_said_all_gets_all_answers(port: int) -> None:
    with Client(port) as client:
        client.send(get("/healthz") * 3)
        client.socket.shutdown(1)
        assert [client.answer().body for _ in range(3)] == [b"ok\n"] * 3
        assert client.is_closed()


@every_service
def test_a_body_that_nobody_wants_is_not_taken_for_a_request(port: int) -> None:
    with Client(port) as client:
        client.send(get("/", f"Content-Length: {len(get('/healthz'))}") + get("/healthz") + get("/json"))
        assert client.answer().body == PAGE
        with suppress(ConnectionError):  # it may close instead
            assert client.answer().headers["content-type"] == "application/json"


@every_service
def test_a_connection_ends_when_the_client_asks(port: int) -> None:
    with Client(port) as client:
        client.send(get("/", "Connection: close"))
        assert client.answer().headers["connection"].lower() == "close"
        assert client.is_closed()


@every_service
def test_http_1_0_ends_a_connection(port: int) -> None:
    with Client(port) as client:
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        assert client.answer().body == PAGE
        assert client.is_closed()


@every_service
def test_http_1_0_may_keep_a_connection(name: str, port: int) -> None:
    with Client(port) as client:
        client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        answer = client.answer()
        assert answer.body == PAGE
        keeps = answer.headers.get("connection", "").lower() == "keep-alive"
        assert keeps is (("HTTP/1.0 kept" in DEVIATIONS.get(name, {})) is False)
        if keeps:
            client.send(get("/healthz"))
            assert client.answer().body == b"ok\n"


@every_service
def test_an_expectation_is_answered_before_the_body(port: int) -> None:
    with Client(port) as client:
        client.send(get("/echo", "Content-Length: 2", "Expect: 100-continue", method="POST"))
        assert client.file.readline().startswith(b"HTTP/1.1 100 ")
        while client.file.readline() != b"\r\n":
            pass
        client.send(b"ab")
        assert client.answer().body == b"ab"


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
@every_service
def test_a_request_gets_what_the_contract_says(name: str, case: str, port: int) -> None:
    """Or exactly what the table of deviations says: one that is gone has to leave it."""
    wanted = CASES[case]
    deviation = DEVIATIONS.get(name, {}).get(case)
    found = Outcome(*outcome(port, wanted.request, to_the_end=wanted.closes or deviation is not None))
    keeps_contract = found.status in wanted.statuses and (found.closes or not wanted.closes)
    if deviation:
        assert found == deviation.outcome
        assert not keeps_contract
    else:
        assert keeps_contract, found


@every_service
def test_a_refused_request_is_the_last_one(name: str, port: int) -> None:
    smuggled = chunked("/echo", [b"x"], "Content-Length: 5") + get("/healthz")
    with Client(port) as client:
        client.send(smuggled)
        first = client.answer()
        if "length and coding" in DEVIATIONS.get(name, {}):
            return  # its outcome is asserted above
        assert first.status == 400
        assert client.is_closed()


# --- slow clients ----------------------------------------------------------------------------------------------------

SLOW = {
    "head": (b"GET / HTTP/1.1\r\nX: ", b"x"),
    "field after field": (b"GET / HTTP/1.1\r\n", b"X: y\r\n"),
    "body": (get("/echo", "Content-Length: 1000", method="POST"), b"x"),
    "chunk after chunk": (get("/echo", "Transfer-Encoding: chunked", method="POST"), b"1\r\nx\r\n"),
}


def trickle(port: int, first: bytes, then: bytes) -> tuple[float, int]:
    """Seconds until the server gave up on a client that sends a bit a second, and the status (0: none) it got."""
    began = time.monotonic()
    with Client(port, patience_s=1.0) as client:
        client.send(first)
        while time.monotonic() - began < 3 * DEADLINE_S:
            try:
                client.send(then)
                status = client.answer().status
                break
            except TimeoutError:
                client.file = client.socket.makefile("rb")
            except ConnectionError:
                status = 0
                break
    return time.monotonic() - began, status


@pytest.fixture(scope="module", autouse=True)
def slow(servers: dict[str, Future[Server]]) -> Iterator[dict[tuple[str, str], Future[tuple[float, int]]]]:
    """All slow clients of all services at once, from the first test on: they are no reason to keep others waiting."""
    with ThreadPoolExecutor(len(SERVICES) * len(SLOW)) as pool:
        yield {
            (name, part): pool.submit(trickle, servers[name].result().port, *sent)
            for name in SERVICES
            for part, sent in SLOW.items()
        }


@pytest.mark.parametrize("part", SLOW)
@every_service
def test_a_slow_client_is_given_up(
    name: str, part: str, slow: dict[tuple[str, str], Future[tuple[float, int]]]
) -> None:
    lasted_s, status = slow[name, part].result()
    assert DEADLINE_S - 1 <= lasted_s <= DEADLINE_S + 5  # some for a busy machine
    assert status in {0, 408}


# --- start and end ---------------------------------------------------------------------------------------------------


@every_service
def test_a_service_that_is_told_to_end_answers_what_is_under_way(name: str, start: Start) -> None:
    server = start(name, threads=2)
    with Client(server.port) as idle, Client(server.port) as busy, Client(server.port) as stuck:
        for client in (idle, busy, stuck):
            client.send(get("/healthz"))
            client.answer()
        busy.send(post("/echo", b"whole")[:-3])
        stuck.send(post("/echo", b"whole")[:-3])
        time.sleep(0.2)  # until it has read them
        told = time.monotonic()
        server.container.kill("SIGTERM")
        assert refuses_soon(server.port)
        busy.send(b"ole")
        assert busy.answer().body == b"whole"
        assert idle.is_closed()
        assert stuck.is_closed()
        assert time.monotonic() - told < 2.0  # a second, and one for a busy machine
    assert server.container.wait()["StatusCode"] == 0
    assert server.container.logs(stderr=False) == b""


def refuses_soon(port: int) -> bool:
    """Whether a port takes no more connections, or none in a moment: several threads may listen on it."""
    for _ in range(10):
        try:
            Client(port).close()
        except ConnectionError:
            return True
        time.sleep(0.02)
    return False


@every_service
def test_wrong_arguments_are_a_usage_error(
    name: str, client: docker.DockerClient, tags: dict[str, str], labels: dict[str, str]
) -> None:
    wrong = ["8080", "1", "here"]
    container = client.containers.run(tags[name], wrong, detach=True, network_mode="none", labels=labels)
    try:
        assert container.wait(timeout=ARGUMENTS_S)["StatusCode"] == 2
        assert b"usage: web" in container.logs(stdout=False)
        assert container.logs(stderr=False) == b""
    finally:
        container.remove(force=True)


@every_service
def test_a_start_that_fails_says_why(
    name: str, client: docker.DockerClient, tags: dict[str, str], labels: dict[str, str]
) -> None:
    with free_port() as taken:
        server = started(client, tags[name], labels, 1, port=taken)
        try:
            assert server.container.wait(timeout=ARGUMENTS_S)["StatusCode"] == 1
            assert server.container.logs(stdout=False).startswith(b"web: ")
        finally:
            server.container.remove(force=True)


# In bash, whose redirections connect: the service may need a moment until it listens.
ASK = r"""
for at in 127.0.0.1 ::1; do
  [ $at = ::1 ] && [ ! -s /proc/net/if_inet6 ] && continue
  until exec 3<>/dev/tcp/$at/8080; do [ $SECONDS -lt 20 ] || exit; done 2>/dev/null
  printf 'GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n' >&3
  cat <&3
done
"""


@every_service
def test_without_arguments_it_listens_on_8080_of_both_families(
    name: str, client: docker.DockerClient, tags: dict[str, str], base: str, labels: dict[str, str]
) -> None:
    options: dict[str, Any] = {"labels": labels, "read_only": True, "cap_drop": ["ALL"]}
    service = client.containers.run(tags[name], detach=True, network_mode="none", **options)
    try:
        asking = {"network_mode": f"container:{service.id}", "remove": True, **options}
        heard = client.containers.run(base, ["bash", "-c", ASK], **asking)
        assert heard.count(b"HTTP/1.1 200") in {1, 2}
    finally:
        service.remove(force=True)
