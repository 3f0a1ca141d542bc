"""The web service on asyncio with h11, the parser below uvicorn and httpx.

uvicorn itself has no deadline for the head of a request, and would bring a command line that nothing here needs. The
contract is in implementations/web/README.md.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from http import HTTPStatus
from ipaddress import ip_address

import h11

MAX_HEAD_BYTES = 8 << 10
MAX_BODY_BYTES = 64 << 10
MAX_N = 64
DEADLINE_S = 10  # of a request, from its first byte
IDLE_S = 60
LINGER_S = 1  # for what a refused client still sends
GRACE_S = 0.8  # for what is under way when the service is told to end
BACKLOG = 1024
CHUNK_BYTES = 64 << 10

USAGE = "usage: web [PORT [THREADS [ADDRESS]]]"
KNOWN = {b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT"}
HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(:\d*)?")
with open(os.path.join(os.path.dirname(__file__), "index.html"), "rb") as file:  # without pathlib, which loads much
    PAGE = file.read()
BYTES = "application/octet-stream"
TEXT = "text/plain; charset=utf-8"


class RefusedError(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, allow: str = "") -> None:
        super().__init__(status)
        self.status = HTTPStatus(status)
        self.allow = allow


# --- the answers -----------------------------------------------------------------------------------------------------


def page(_query: bytes, _body: bytes, _date: str) -> tuple[str, bytes]:
    """The page, read once."""
    return "text/html; charset=utf-8", PAGE


def greeting(_query: bytes, _body: bytes, date: str) -> tuple[str, bytes]:
    """A small object, made for each request: as text, for a string without quotes needs no library."""
    return "application/json", f'{{"message":"Hello, World!","date":"{date}"}}'.encode()


def healthz(_query: bytes, _body: bytes, _date: str) -> tuple[str, bytes]:
    """A sign of life."""
    return TEXT, b"ok\n"


def echo(_query: bytes, body: bytes, _date: str) -> tuple[str, bytes]:
    """The body of the request."""
    return BYTES, body


def matmul(query: bytes, body: bytes, _date: str) -> tuple[str, bytes]:
    """The product of the two n x n matrices of float64 in the body."""
    n = int(found[1]) if (found := re.fullmatch(rb"n=(\d{1,2})", query)) else 0
    if not 1 <= n <= MAX_N or len(body) != 2 * 8 * n * n:
        raise RefusedError(400)
    numbers = struct.unpack(f"<{2 * n * n}d", body)
    rows = [numbers[start : start + n] for start in range(0, 2 * n * n, n)]
    product: list[float] = []
    for a_row in rows[:n]:
        sums = [0.0] * n
        for a, b_row in zip(a_row, rows[n:], strict=True):
            sums = [c + a * b for c, b in zip(sums, b_row, strict=True)]  # sum() would round otherwise
        product += sums
    return BYTES, struct.pack(f"<{n * n}d", *product)


READ = "GET, HEAD"
ROUTES = {
    b"/": (READ, page),
    b"/json": (READ, greeting),
    b"/healthz": (READ, healthz),
    b"/echo": ("POST", echo),
    b"/matmul": ("POST", matmul),
}


def split(target: bytes) -> tuple[bytes, bytes]:
    """Path and query of a target, which may be an absolute one, too."""
    path, _, query = re.sub(rb"^https?://[^/?]*", b"", target).partition(b"?")
    return path or b"/", query


def answer(request: h11.Request, body: bytes, date: str) -> tuple[str, bytes]:
    """Content type and content. Raises RefusedError."""
    path, query = split(request.target)
    if path not in ROUTES:
        raise RefusedError(404)
    allow, content = ROUTES[path]
    if request.method.decode() not in allow.split(", "):
        raise RefusedError(405, allow)
    return content(query, body, date)


def refuse_bad_head(request: h11.Request) -> None:
    """Raise RefusedError for what h11 leaves to its user: versions, methods, the host, and two lengths of one body."""
    names = [name for name, _ in request.headers]
    if not request.http_version.startswith(b"1."):
        raise RefusedError(505)
    if request.method not in KNOWN:
        raise RefusedError(501)
    if not all(HOST.fullmatch(value) for name, value in request.headers if name == b"host"):
        raise RefusedError(400)
    if b"transfer-encoding" in names and b"content-length" in names:
        raise RefusedError(400)
    if any(int(value) > MAX_BODY_BYTES for name, value in request.headers if name == b"content-length"):
        raise RefusedError(413)


def http_date() -> str:
    """The time, as the Date header has it."""
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())  # of the locale C, which nothing changes


# --- a connection ----------------------------------------------------------------------------------------------------


class Connection:
    """A client: its requests one after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, service: Service) -> None:
        self.reader, self.writer, self.service = reader, writer, service
        self.http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
        self.received_bytes = 0  # of the request that is being read
        self.is_head = False

    async def run(self) -> None:
        """Answer until either side closes the connection."""
        try:
            while await self.is_begun():
                await self.one()
                if self.service.ending or self.http.our_state is not h11.DONE or self.http.their_state is not h11.DONE:
                    break
                self.http.start_next_cycle()
            if self.http.their_state not in {h11.DONE, h11.IDLE, h11.CLOSED, h11.MUST_CLOSE}:
                await self.linger()
        except ConnectionError:
            pass  # the client is gone
        finally:
            self.writer.close()

    async def is_begun(self) -> bool:
        """Wait for the first byte of a request; False where none comes."""
        self.received_bytes = len(self.http.trailing_data[0])
        if self.received_bytes:
            return True
        self.service.idle.add(asyncio.current_task())
        try:
            async with asyncio.timeout(IDLE_S):
                return await self.receive()
        except TimeoutError:
            return False
        finally:
            self.service.idle.discard(asyncio.current_task())

    async def receive(self) -> bool:
        """Hand what the client sends next to h11; False at its end."""
        data = await self.reader.read(CHUNK_BYTES)
        self.received_bytes += len(data)
        self.http.receive_data(data)
        return bool(data)

    async def one(self) -> None:
        """Read a request and answer it."""
        self.is_head = False
        try:
            async with asyncio.timeout(DEADLINE_S):
                request = await self.head()
                self.is_head = request.method == b"HEAD"
                refuse_bad_head(request)
                body = await self.body()
            date = http_date()
            content_type, content = answer(request, body, date)
            await self.send(HTTPStatus.OK, content_type, content, date)
        except RefusedError as refusal:
            await self.refuse(refusal)
        except TimeoutError:
            await self.refuse(RefusedError(408))
        except h11.RemoteProtocolError as error:
            await self.refuse(RefusedError(self.status_of(error)))

    async def head(self) -> h11.Request:
        """The head of a request."""
        event = await self.event()
        if not isinstance(event, h11.Request):
            raise ConnectionAbortedError  # it ended instead
        if self.received_bytes - len(self.http.trailing_data[0]) > MAX_HEAD_BYTES:
            raise RefusedError(414 if len(event.target) > MAX_HEAD_BYTES else 431)
        return event

    async def body(self) -> bytes:
        """The body of a request."""
        parts: list[bytes] = []
        length_bytes = 0
        while isinstance(event := await self.event(), h11.Data):
            parts.append(bytes(event.data))
            length_bytes += len(event.data)
            if length_bytes > MAX_BODY_BYTES:
                raise RefusedError(413)
        return b"".join(parts)

    async def event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """The next part of a request."""
        while True:
            event = self.http.next_event()
            if event is not h11.NEED_DATA:
                return event
            if self.http.they_are_waiting_for_100_continue:
                self.writer.write(self.http.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            await self.receive()

    def status_of(self, error: h11.RemoteProtocolError) -> int:
        """The status for what h11 refuses; a head without the end of its first line is all target."""
        if error.error_status_hint == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE and (
            b"\n" not in self.http.trailing_data[0]
        ):
            return HTTPStatus.REQUEST_URI_TOO_LONG
        return error.error_status_hint

    async def refuse(self, refusal: RefusedError) -> None:
        """Answer with an error; where the rest of the request is unread, the last answer."""
        if self.http.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            return
        more = [("Allow", refusal.allow)] if refusal.allow else []
        if self.http.their_state is not h11.DONE:
            more.append(("Connection", "close"))
        content = f"{refusal.status} {refusal.status.phrase}\n".encode()
        await self.send(refusal.status, TEXT, content, http_date(), more)

    async def send(
        self, status: HTTPStatus, content_type: str, content: bytes, date: str, more: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Send an answer, in one piece."""
        closing = [("Connection", "close")] if self.service.ending else []
        headers = [("Date", date), ("Content-Type", content_type), ("Content-Length", str(len(content)))]
        sent = self.http.send(
            h11.Response(status_code=status, headers=[*headers, *more, *closing], reason=status.phrase.encode())
        )
        if not self.is_head:
            sent += self.http.send(h11.Data(data=content))
        sent += self.http.send(h11.EndOfMessage()) or b""
        self.writer.write(sent)
        await self.writer.drain()

    async def linger(self) -> None:
        """Read on for a moment: a connection that is closed over unread data may take the answer with it."""
        self.writer.write_eof()
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                while await self.reader.read(CHUNK_BYTES):
                    pass


# --- the service -----------------------------------------------------------------------------------------------------


class Service:
    """All connections of a process."""

    def __init__(self, children: list[int]) -> None:
        self.children = children  # processes that end with this one
        self.ending = False
        self.open: set[asyncio.Task[None] | None] = set()
        self.idle: set[asyncio.Task[None] | None] = set()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a client."""
        self.open.add(asyncio.current_task())
        try:
            await Connection(reader, writer, self).run()
        finally:
            self.open.discard(asyncio.current_task())

    async def run(self, listening: socket.socket) -> None:
        """Answer until the process is told to end, and then what is under way."""
        told = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
        server = await asyncio.start_server(self.connected, sock=listening, backlog=BACKLOG)
        await told.wait()
        self.ending = True
        for child in self.children:
            os.kill(child, signal.SIGTERM)
        server.close()
        for task in filter(None, [*self.idle]):
            task.cancel()
        if under_way := [task for task in self.open if task]:
            await asyncio.wait(under_way, timeout=GRACE_S)


def listen(address: str, port: int, *, shared: bool) -> socket.socket:
    """A socket that listens; `::` takes both families, where the machine has both."""
    if address == "::" and not socket.has_dualstack_ipv6():
        address = "0.0.0.0"  # noqa: S104 - what the service is for
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.create_server(
        (address, port), family=family, backlog=BACKLOG, reuse_port=shared, dualstack_ipv6=address == "::"
    )


def serve(address: str, port: int, processes: int) -> None:
    """Run as many processes: one interpreter computes on one thread at a time."""
    listening = listen(address, port, shared=processes > 1)
    children: list[int] = []
    for _ in range(processes - 1):
        if not (child := os.fork()):
            children, listening = [], listen(address, port, shared=True)
            break
        children.append(child)
    asyncio.run(Service(children).run(listening))
    for child in children:
        os.waitpid(child, 0)


def number(text: str, most: int) -> int:
    """A number from 1. Raises ValueError."""
    if not re.fullmatch("[0-9]{1,5}", text) or not 1 <= int(text) <= most:
        raise ValueError(f"no number from 1 to {most}: {text}")
    return int(text)


def main(arguments: list[str]) -> int:
    """Run `web [PORT [THREADS [ADDRESS]]]`."""
    try:
        if len(arguments) > 3:
            raise ValueError("too many arguments")
        port, threads, address = [*arguments, *("8080", "1", "::")[len(arguments) :]]
        chosen = str(ip_address(address)), number(port, 65535), number(threads, 1024)
    except ValueError as error:
        print(f"web: {error}\n{USAGE}", file=sys.stderr)
        return 2
    try:
        serve(*chosen)
    except OSError as error:
        print(f"web: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
