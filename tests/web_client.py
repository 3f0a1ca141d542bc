"""A client that sends what it is told, byte for byte, and reads HTTP/1.1 answers one after the other."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from http.client import parse_headers
from types import TracebackType
from typing import Self

PATIENCE_S = 5.0
HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Answer:
    """An answer of a server, with its body."""

    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes


class Client:
    """A connection to a server on this machine."""

    def __init__(self, port: int, *, patience_s: float = PATIENCE_S) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=patience_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self.file.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)

    def answer(self, *, to_head: bool = False) -> Answer:
        """The next answer. Raises ConnectionError where there is none, TimeoutError where it takes too long."""
        while True:
            line = self.file.readline()
            if not line.endswith(b"\r\n"):
                raise ConnectionResetError("closed without an answer")
            version, status = line.split()[:2]
            assert version in {b"HTTP/1.1", b"HTTP/1.0"}
            headers = {name.lower(): value for name, value in parse_headers(self.file).items()}
            if int(status) >= 200:
                break
        if to_head:
            return Answer(int(status), headers, b"")
        length = headers.get("content-length")
        body = self.file.read(None if length is None else int(length))  # to the end, where it has no length
        assert length is None or len(body) == int(length)
        return Answer(int(status), headers, body)

    def is_closed(self) -> bool:
        """Whether the server has closed the connection, or does within the time for an answer, and sent no more."""
        try:
            return self.file.read(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False


def get(path: str, *lines: str, method: str = "GET") -> bytes:
    """A request without a body."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: here", *lines, "", ""]).encode()


def post(path: str, body: bytes, *lines: str) -> bytes:
    """A request with a body of known length."""
    return get(path, f"Content-Length: {len(body)}", *lines, method="POST") + body


def chunked(path: str, chunks: Iterable[bytes], *lines: str) -> bytes:
    """A request with a body in chunks."""
    parts = [b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks]
    return get(path, "Transfer-Encoding: chunked", *lines, method="POST") + b"".join(parts) + b"0\r\n\r\n"


def outcome(port: int, request: bytes, *, to_the_end: bool) -> tuple[int, bool]:
    """The status that a request gets (0: none) and whether the connection is closed after it, if that is asked."""
    with Client(port, patience_s=1.5) as client:
        try:
            client.send(request)
            status = client.answer(to_head=request.startswith(b"HEAD ")).status
        except ConnectionError:
            return 0, True
        except TimeoutError:
            return 0, False
        client.socket.settimeout(0.5)
        return status, to_the_end and client.is_closed()
