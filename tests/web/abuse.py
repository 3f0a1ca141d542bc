"""Clients that mean no good, bounded in count and time, each beside one that is to be served all the while."""

from __future__ import annotations

import random
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

import numpy as np

from tests.web.cases import HELLO, chunks, echo, message, page
from tests.web.talk import HOST, Talk

PROBE = b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n"
GOOD = [
    page(),
    page("Connection: close"),
    message("HEAD /json?a=b HTTP/1.1", "Host: here", "X-Test: a, b"),
    message("GET http://here:80/json HTTP/1.0", "Host: [::1]:80", "Connection: keep-alive"),
    echo("Content-Length: 5", "Expect: 100-continue", body=b"hello"),
    chunks(b"3;a=b\r\nabc\r\n" + HELLO),
    echo("Transfer-Encoding: chunked", body=b"0\r\nX: a\r\n\r\n") + page(),
    message("POST /matmul?n=1 HTTP/1.1", "Host: here", "Content-Length: 16", body=bytes(16)),
    message("OPTIONS * HTTP/1.1", "Host: here", "Content-Length: 0"),
]
BYTES = b'\x00\t\n\r ,-/:;?=0123456789abcdefABCDEFx*"\\\x7f\x80\xff'


@dataclass
class Witness:
    """A client on connections of its own, and what it waited for each answer."""

    port: int
    waits_s: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        """Ask ten times a second until told to stop."""
        while not self._over.wait(0.1):
            began = time.monotonic()
            try:
                with Talk(self.port, patience_s=5) as talk:
                    talk.send(PROBE)
                    answer = talk.answer()
                if answer is None or answer.status != 200:
                    self.failures.append(str(answer))
            except (OSError, AssertionError) as error:
                self.failures.append(repr(error))
            self.waits_s.append(time.monotonic() - began)

    def stop(self) -> None:
        """End after the answer that is awaited."""
        self._over.set()


@contextmanager
def witness(port: int) -> Iterator[Witness]:
    """Another client beside what happens in the block, which is to be served throughout; `make abuse` prints its waits.

    They are upper bounds: the client shares an interpreter with those that mean no good.
    """
    seen = Witness(port)
    thread = threading.Thread(target=seen.look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        seen.stop()
        thread.join(10)
        waits_ms = np.quantile(seen.waits_s or [np.nan], [0.5, 0.99, 1]) * 1000
        print(f"{len(seen.waits_s)} requests of another client: p50, p99, longest: {waits_ms.round(1)} ms")


def mutated(generator: random.Random) -> bytes:
    """A good request, damaged in one to four places, or two of them cut and joined."""
    data = bytearray(generator.choice(GOOD))
    if generator.random() < 0.1:
        other = generator.choice(GOOD)
        data = data[: generator.randrange(len(data))] + other[generator.randrange(len(other)) :]
    for _ in range(generator.randint(1, 4)):
        at = generator.randrange(len(data)) if data else 0
        match generator.randrange(5):
            case 0:
                data[at : at + 1] = bytes([generator.choice(BYTES)])
            case 1:
                data[at:at] = bytes([generator.choice(BYTES)])
            case 2:
                del data[at : at + generator.randint(1, 8)]
            case 3:
                data[at:at] = data[at : at + generator.randint(1, 64)]
            case _:
                data[at:at] = bytes([generator.choice(BYTES)]) * generator.randint(1, 300)
    return bytes(data)


def send_mutated(port: int, count: int, seed: int, *, at_once: int = 32) -> int:
    """Send damaged requests, each on a connection of its own that is then half-closed. Returns how many were answered.

    Raises AssertionError where what comes back is not a row of HTTP answers, or a connection is not ended.
    """
    generator = random.Random(seed)  # noqa: S311
    answered = 0
    for _ in range(0, count, at_once):
        requests = [mutated(generator) for _ in range(min(at_once, count))]
        with ExitStack() as stack:
            talks = [stack.enter_context(Talk(port, patience_s=15)) for _ in requests]
            for talk, request in zip(talks, requests, strict=True):
                talk.send(request)
                half_close(talk.socket)
            for talk, request in zip(talks, requests, strict=True):
                came = everything(talk.socket)
                assert came == b"" or came.startswith(b"HTTP/1.1 "), (request, came)
                answered += came != b""
    return answered


def half_close(connection: socket.socket) -> None:
    """End this side, if the other has not ended both."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_WR)


def everything(connection: socket.socket) -> bytes:
    """All that comes until the other side ends."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def trickle(port: int, count: int, seconds: float) -> int:
    """Hold connections on which a byte of a request comes now and then. Returns how many the server ended."""
    request = page("X: " + "a" * 1000)
    with ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection((HOST, port), timeout=10)) for _ in range(count)]
        for connection in slow:
            connection.setblocking(False)
        end = time.monotonic() + seconds
        sent, ended = 0, set[int]()
        while time.monotonic() < end and sent < len(request):
            for place, connection in enumerate(slow):
                if place in ended:
                    continue
                try:
                    connection.send(request[sent : sent + 1])
                except OSError:
                    ended.add(place)
            sent += 1
            time.sleep(0.2)
        return len(ended)


def flood(port: int, count: int, seconds: float) -> int:
    """Send requests on connections whose answers nobody reads, as fast as the server takes them. Returns the bytes."""
    data = page() * 200
    sent = 0
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        for _ in range(count):
            connection = stack.enter_context(socket.create_connection((HOST, port), timeout=10))
            connection.setblocking(False)
            selector.register(connection, selectors.EVENT_WRITE)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for key, _ in selector.select(timeout=0.1):
                try:
                    assert isinstance(key.fileobj, socket.socket)
                    sent += key.fileobj.send(data)
                except BlockingIOError:
                    pass
                except OSError:
                    selector.unregister(key.fileobj)
    return sent
