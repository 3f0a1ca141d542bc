"""A client that sends bytes as they are, and takes HTTP/1.1 answers apart."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
PATIENCE_S = 5.0


@dataclass(frozen=True)
class Answer:
    """A final answer. The names of fields are in small letters."""

    status: int
    fields: dict[str, str]
    body: bytes


class Talk:
    """A connection to the server on a port of this machine."""

    def __init__(self, port: int, *, patience_s: float = PATIENCE_S, host: str = HOST) -> None:
        self.socket = socket.create_connection((host, port), timeout=patience_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._came = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Send all of it, or as much as a server takes that has answered and closed meanwhile."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendall(data)

    def end(self) -> None:
        """End this side of the connection."""
        self.socket.shutdown(socket.SHUT_WR)

    def answer(self, *, to_head: bool = False) -> Answer | None:
        """The next final answer, or None where the server closes without one. Raises TimeoutError."""
        while True:
            head = self._until(b"\r\n\r\n")
            if head is None:
                return None
            line, *lines = head.decode("latin-1").split("\r\n")
            version, status = line.split(" ", 2)[:2]
            assert version == "HTTP/1.1"
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            assert len(fields) == len(lines), "a field is there twice"
            if int(status) >= 200:
                break
        length = 0 if to_head else int(fields.get("content-length", 0))
        while len(self._came) < length:
            if not self._read():
                return None
        body, self._came = self._came[:length], self._came[length:]
        return Answer(int(status), fields, body)

    def closes(self) -> bool:
        """Whether the server ends the connection and sends no more. Raises TimeoutError where it does neither."""
        return not self._came and not self._read()

    def _until(self, mark: bytes) -> bytes | None:
        while mark not in self._came:
            if not self._read():
                return None
        head, _, self._came = self._came.partition(mark)
        return head

    def _read(self) -> bool:
        try:
            more = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        self._came += more
        return more != b""


def ask(port: int, request: bytes) -> Answer | None:
    """The answer to one request on a connection of its own."""
    with Talk(port) as talk:
        talk.send(request)
        return talk.answer(to_head=request.startswith(b"HEAD "))
