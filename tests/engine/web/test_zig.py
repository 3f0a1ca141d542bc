"""The service in Zig: what it weighs, what it holds in memory, and how it starts and ends."""

from __future__ import annotations

import json
import os
import resource
import socket
import struct
import time
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime

import docker
import pytest

from harness.engine.docker import DockerEngine
from harness.images.build import check_image
from harness.images.catalog import Catalog
from harness.model.journal import Image
from tests.engine.support import unwatched
from tests.engine.test_final_images import PT_INTERP, elf_segments, saved_files
from tests.engine.web.conftest import LOCKED_DOWN, Service, Start
from tests.web.cases import chunks, echo, message
from tests.web.talk import HOST, Talk, ask

pytestmark = [pytest.mark.engine, pytest.mark.beside]

LANGUAGE = "zig"
GET = b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n"
IDLE_BYTES = 400 * 1024
MANY = 10_000


@pytest.fixture(scope="module")
def service(start: Start) -> Service:
    return start(LANGUAGE)


@pytest.fixture
def descriptors() -> Iterator[None]:
    """Leave for as many connections as these tests hold."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MANY + 500
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.fail(f"these tests hold {MANY} connections: raise the hard limit of open files, {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_its_sources_pass_zigs_own_checks(engine: DockerEngine, services: Catalog, base: str) -> None:
    check_image(engine, services.images[LANGUAGE], base, unwatched)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("path", "media"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/json", "application/json"),
        ("/healthz", "text/plain; charset=utf-8"),
    ],
)
def test_get_is_answered_with_content_and_head_with_its_length(
    method: str, path: str, media: str, services: Catalog, service: Service
) -> None:
    answer = ask(service.port, message(f"{method} {path} HTTP/1.1", "Host: here"))
    assert answer is not None
    page = (services.images[LANGUAGE].context / "index.html").read_bytes()
    date = answer.fields["date"]
    body = {
        "/": page,
        "/json": json.dumps({"message": "Hello, World!", "date": date}, separators=(",", ":")).encode(),
        "/healthz": b"ok\n",
    }[path]
    assert (answer.status, answer.fields["content-type"]) == (200, media)
    assert answer.fields["content-length"] == str(len(body))
    assert answer.body == (b"" if method == "HEAD" else body)
    assert abs(parsedate_to_datetime(date).timestamp() - time.time()) < 3


@pytest.mark.parametrize("length", [0, 1, 8191, 65536])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_echo_gives_a_body_back(length: int, is_chunked: bool, service: Service) -> None:
    body = os.urandom(length)
    framed = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts_of(body, 1000)) + b"0\r\n\r\n"
    answer = ask(service.port, chunks(framed) if is_chunked else echo(f"Content-Length: {length}", body=body))
    assert answer is not None
    assert (answer.status, answer.body) == (200, body)
    assert answer.fields["content-type"] == "application/octet-stream"


def parts_of(body: bytes, length: int) -> Iterator[bytes]:
    return (body[begin : begin + length] for begin in range(0, len(body), length))


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_over_the_limit_is_refused(is_chunked: bool, service: Service) -> None:
    body = b"a" * 65_537
    answer = ask(service.port, chunks(b"10001\r\n" + body) if is_chunked else echo("Content-Length: 65537", body=body))
    assert answer is not None
    assert (answer.status, answer.fields["connection"]) == (413, "close")


def test_a_chunked_body_may_come_a_byte_at_a_time(service: Service) -> None:
    body = os.urandom(300)
    with Talk(service.port) as talk:
        for byte in chunks(b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\nX: a\r\n\r\n"):
            talk.send(bytes([byte]))
        answer = talk.answer()
        assert answer is not None
        assert answer.body == body


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 31, 64])
def test_a_product_is_right_bit_for_bit(n: int, service: Service) -> None:
    numbers = [float.fromhex(f"0x1.{os.urandom(6).hex()}p{exponent % 40 - 20}") for exponent in range(2 * n * n)]
    a, b = numbers[: n * n], numbers[n * n :]
    product = []
    for i in range(n):
        for j in range(n):
            total = 0.0
            for k in range(n):
                total += a[i * n + k] * b[k * n + j]
            product.append(total)
    body = struct.pack(f"<{2 * n * n}d", *numbers)
    fields = ("Host: here", f"Content-Length: {len(body)}")
    answer = ask(service.port, message(f"POST /matmul?n={n} HTTP/1.1", *fields, body=body))
    assert answer is not None
    assert (answer.status, answer.body) == (200, struct.pack(f"<{n * n}d", *product))


@pytest.mark.parametrize("query", ["", "?", "?n=", "?n=0", "?n=65", "?n=-1", "?n=2.0", "?n=1e1", "?m=2", "?n=3"])
def test_a_product_of_another_size_than_the_body_is_refused(query: str, service: Service) -> None:
    line = f"POST /matmul{query} HTTP/1.1"
    answer = ask(service.port, message(line, "Host: here", "Content-Length: 64", body=bytes(64)))
    assert answer is not None
    assert answer.status == 400


def test_leave_to_send_a_body_is_given_where_the_body_is_wanted(service: Service) -> None:
    with Talk(service.port) as talk:
        talk.send(echo("Content-Length: 5", "Expect: 100-continue"))
        assert talk.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        talk.send(b"hello")
        answer = talk.answer()
        assert answer is not None
        assert answer.body == b"hello"
    with Talk(service.port) as talk:
        talk.send(message("POST /nonesuch HTTP/1.1", "Host: here", "Content-Length: 5", "Expect: 100-continue"))
        assert talk.socket.recv(100).startswith(b"HTTP/1.1 404 ")


def test_pipelined_requests_are_answered_in_their_order(service: Service) -> None:
    with Talk(service.port) as talk:
        talk.send(b"".join(echo("Content-Length: 4", body=b"%04d" % i) for i in range(1000)))
        talk.end()
        for i in range(1000):
            answer = talk.answer()
            assert answer is not None
            assert answer.body == b"%04d" % i
        assert talk.closes()


def test_one_who_says_nothing_more_has_ten_seconds(service: Service) -> None:
    began = time.monotonic()
    with Talk(service.port, patience_s=15) as begun, Talk(service.port, patience_s=0.1) as idle:
        begun.send(b"GET / HT")
        answer = begun.answer()
        assert answer is not None
        assert answer.status == 408
        assert begun.closes()
        assert time.monotonic() - began > 9.5
        with pytest.raises(TimeoutError):  # a connection at rest has a minute
            idle.closes()


@pytest.mark.usefixtures("descriptors")
def test_it_holds_little_memory_at_rest_and_with_ten_thousand_connections(start: Start) -> None:
    service = start(LANGUAGE)
    assert 0 < service.resident_bytes() <= IDLE_BYTES
    open_ones = [socket.create_connection((HOST, service.port)) for _ in range(MANY)]  # 64 MB is the container's limit
    try:
        for connection in open_ones:
            connection.sendall(GET)
        assert all(connection.recv(1000).startswith(b"HTTP/1.1 200 ") for connection in open_ones)
        assert service.memory_bytes() <= 64 * 1024**2
    finally:
        for connection in open_ones:
            connection.close()


def test_its_threads_share_the_port_and_end_together(start: Start) -> None:
    service = start(LANGUAGE, threads=4)
    assert len(service.container.top()["Processes"]) == 1
    for _ in range(64):
        answer = ask(service.port, GET)
        assert answer is not None
        assert answer.status == 200
    assert service.stop()[0] == 0


def test_it_serves_both_families(start: Start) -> None:
    service = start(LANGUAGE, address="::")
    for host in (HOST, "::1"):
        with Talk(service.port, host=host) as talk:
            talk.send(GET)
            assert talk.answer() is not None


def test_it_answers_what_is_under_way_and_ends_within_a_second(start: Start) -> None:
    service = start(LANGUAGE)
    with Talk(service.port) as idle, Talk(service.port) as begun:
        idle.send(GET)
        assert idle.answer() is not None
        begun.send(echo("Content-Length: 5", body=b"he"))
        time.sleep(0.1)
        service.container.kill("SIGTERM")
        assert idle.closes()
        begun.send(b"llo")
        answer = begun.answer()
        assert answer is not None
        assert (answer.body, answer.fields["connection"]) == (b"hello", "close")
        assert begun.closes()
    assert service.container.wait(timeout=5)["StatusCode"] == 0


def test_who_never_finishes_does_not_hold_up_the_end(start: Start) -> None:
    service = start(LANGUAGE, threads=2)
    with Talk(service.port) as begun:
        begun.send(b"GET / HT")
        time.sleep(0.1)
        code, seconds = service.stop()
        assert code == 0
        assert seconds < 5  # it takes 0.8 s, and the engine its own time


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["0"], 2),
        (["65536"], 2),
        (["a"], 2),
        (["8080", "0"], 2),
        (["8080", "65"], 2),
        (["8080", "1", "localhost"], 2),
        (["8080", "1", HOST, "more"], 2),
        (["1", "1", "192.0.2.1"], 1),
    ],
)
def test_a_start_that_fails_says_why(
    arguments: list[str], code: int, client: docker.DockerClient, labels: dict[str, str], service: Service
) -> None:
    image = service.container.image
    assert image is not None
    container = client.containers.run(image, arguments, detach=True, network_mode="host", labels=labels)
    try:
        assert container.wait(timeout=20)["StatusCode"] == code
        assert container.logs(stdout=True, stderr=False) == b""
        assert container.logs(stdout=False, stderr=True).startswith(b"usage: " if code == 2 else b"web: ")
    finally:
        container.remove(force=True)


def test_a_port_in_use_is_an_error(service: Service, client: docker.DockerClient, labels: dict[str, str]) -> None:
    image = service.container.image
    assert image is not None
    command = [str(service.port), "1", HOST]
    container = client.containers.run(image, command, detach=True, network_mode="host", labels=labels)
    try:
        assert container.wait(timeout=20)["StatusCode"] == 1
        assert b"cannot listen" in container.logs(stdout=False)
    finally:
        container.remove(force=True)


@pytest.mark.parametrize(("stage", "bytes_"), [("final", 11_530), ("small", 9_060), ("tiny", 512)])
def test_its_images_are_one_small_static_executable(
    stage: str, bytes_: int, stage_of: Callable[[str, str], str], engine: DockerEngine, client: docker.DockerClient
) -> None:
    tag = stage_of(LANGUAGE, stage)
    ((member, program),) = saved_files(engine, Image(name=LANGUAGE, tag=tag))
    assert member.name == ("tiny" if stage == "tiny" else "web")
    assert PT_INTERP not in elf_segments(program)
    assert len(program) <= bytes_
    assert client.images.get(tag).attrs["Config"]["User"] == "65534:65534"


def test_the_tiniest_answers_200(
    stage_of: Callable[[str, str], str], client: docker.DockerClient, labels: dict[str, str], base: str
) -> None:
    container = client.containers.run(
        stage_of(LANGUAGE, "tiny"), detach=True, network_mode="none", labels=labels, **LOCKED_DOWN
    )
    try:
        script = "until exec 3<>/dev/tcp/127.0.0.1/8080; do [ $SECONDS -lt 20 ] || exit; done; echo >&3; cat <&3"
        said = client.containers.run(
            base, ["bash", "-c", script], network_mode=f"container:{container.id}", labels=labels, remove=True
        )
        assert said == b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"
    finally:
        container.remove(force=True)
