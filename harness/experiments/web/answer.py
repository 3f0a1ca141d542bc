"""A whole answer of HTTP/1.1, as it came from a connection of its own. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.errors import ProtocolError

STATUS = re.compile(rb"HTTP/1\.1 (\d{3})(?: [^\r\n]*)?")


@dataclass(frozen=True)
class Answer:
    """Its status, and its body without the coding."""

    status: int
    body: bytes


def parse_answer(taken: bytes) -> Answer:
    """The answer in all that a connection brought. Raises ProtocolError where it is not one, or more than one."""
    head, end, rest = taken.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    if not end or (status := STATUS.fullmatch(lines[0])) is None:
        raise ProtocolError(f"an answer begins with {taken[:60]!r}")
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines[1:])}
    if fields.get(b"transfer-encoding", b"").lower() == b"chunked":
        return Answer(int(status[1]), _unchunked(rest))
    try:
        length = int(fields[b"content-length"])
    except (KeyError, ValueError):
        raise ProtocolError("an answer has neither a Content-Length nor chunks") from None
    if length != len(rest):
        raise ProtocolError(f"an answer has {len(rest)} bytes, and says {length}")
    return Answer(int(status[1]), rest)


def _unchunked(rest: bytes) -> bytes:
    body = bytearray()
    while True:
        line, _, rest = rest.partition(b"\r\n")
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError:
            raise ProtocolError(f"a chunk begins with {line[:40]!r}") from None
        if size == 0:
            return bytes(body)
        body += rest[:size]
        if rest[size : size + 2] != b"\r\n":
            raise ProtocolError("a chunk is shorter than it says")
        rest = rest[size + 2 :]
