"""Requests that the contract of the web services refuses, or must not refuse, and what it asks for."""

from __future__ import annotations

from dataclasses import dataclass

from tests.web_client import chunked, get, post

MAX_BODY_BYTES = 65_536
LONG_BYTES = 9_000  # more than a head may have


@dataclass(frozen=True)
class Case:
    """A request, the statuses that are right, and whether the connection must be closed after the answer."""

    name: str
    request: bytes
    statuses: frozenset[int]
    closes: bool = False


def refused(name: str, request: bytes, *statuses: int) -> Case:
    """A request whose framing cannot be trusted: the connection ends with the answer."""
    return Case(name, request, frozenset(statuses or {400}), closes=True)


def answered(name: str, request: bytes, status: int) -> Case:
    """A request whose end is known: the connection may go on."""
    return Case(name, request, frozenset({status}))


def with_head(*lines: bytes, target: bytes = b"/", method: bytes = b"GET", version: bytes = b"HTTP/1.1") -> bytes:
    """A request of these lines exactly, with whatever bytes are in them."""
    return b"\r\n".join([b"%s %s %s" % (method, target, version), *lines, b"", b""])


HOST = b"Host: here"
CODED = b"1\r\na\r\n0\r\n\r\n"


def echoed(*lines: bytes, body: bytes = CODED) -> bytes:
    """A request to /echo with these lines."""
    return with_head(HOST, *lines, target=b"/echo", method=b"POST") + body


ROUTING = [
    answered("unknown path", get("/nothing"), 404),
    answered("unknown path below a known one", get("/json/x"), 404),
    answered("POST to the page", post("/", b"x"), 405),
    answered("PUT to json", get("/json", method="PUT"), 405),
    answered("DELETE to healthz", get("/healthz", method="DELETE"), 405),
    answered("GET of echo", get("/echo"), 405),
    answered("HEAD of matmul", get("/matmul", method="HEAD"), 405),
    answered("unknown method", get("/", method="BREW"), 501),
    answered("absolute target", get("http://here/healthz"), 200),
    answered("query that the page does not read", get("/?a=b"), 200),
    answered("HTTP/1.2", with_head(HOST, version=b"HTTP/1.2"), 200),
]

HEADS = [
    refused("no request", b"GARBAGE\r\n\r\n"),
    refused("binary", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n"),
    refused("no version", b"GET /\r\n\r\n"),
    refused("version in lower case", with_head(HOST, version=b"http/1.1")),
    refused("two spaces", b"GET  / HTTP/1.1\r\nHost: here\r\n\r\n"),
    refused("space in the target", b"GET /a b HTTP/1.1\r\nHost: here\r\n\r\n"),
    refused("version 2", with_head(HOST, version=b"HTTP/2.0"), 505),
    refused("no host", with_head()),
    refused("two hosts", with_head(HOST, HOST)),
    refused("host with a space", with_head(b"Host: a b")),
    refused("host with a path", with_head(b"Host: a/b")),
    refused("host with a user", with_head(b"Host: a@b")),
    refused("line without a colon", with_head(HOST, b"nonsense")),
    refused("space before a colon", with_head(HOST, b"X : y")),
    refused("space in a name", with_head(HOST, b"X y: z")),
    refused("no name", with_head(HOST, b": y")),
    refused("NUL in a value", with_head(HOST, b"X: a\0b")),
    refused("NUL in a name", with_head(HOST, b"X\0: a")),
    refused("bare CR in a value", with_head(HOST, b"X: a\rb")),
    refused("bare LF", b"GET / HTTP/1.1\nHost: here\n\n"),
    refused("bare LF after a field", b"GET / HTTP/1.1\r\nHost: here\nX: y\r\n\r\n"),
    refused("obs-fold", with_head(HOST, b"X: a", b" b")),
    refused("space before the first field", with_head(b" X: y", HOST)),
    refused("long field", with_head(HOST, b"X: " + b"x" * LONG_BYTES), 431),
    refused("many fields", with_head(HOST, *[b"X%d: x" % i for i in range(LONG_BYTES // 8)]), 431),
    refused("long target", with_head(HOST, target=b"/" + b"x" * LONG_BYTES), 414),
]

BODIES = [
    refused("length and coding", echoed(b"Content-Length: 11", b"Transfer-Encoding: chunked")),
    refused("coding and length", echoed(b"Transfer-Encoding: chunked", b"Content-Length: 11")),
    refused("two lengths", echoed(b"Content-Length: 1", b"Content-Length: 2", body=b"ab")),
    refused("list of lengths", echoed(b"Content-Length: 1, 2", body=b"ab")),
    refused("signed length", echoed(b"Content-Length: +1", body=b"a")),
    refused("negative length", echoed(b"Content-Length: -1", body=b"a")),
    refused("length that is no number", echoed(b"Content-Length: x", body=b"a")),
    refused("length of 2^64 + 1", echoed(b"Content-Length: 18446744073709551617", body=b"a"), 400, 413),
    refused("coding that is not chunked", echoed(b"Transfer-Encoding: gzip"), 400, 501),
    refused("chunked, and then another", echoed(b"Transfer-Encoding: chunked, gzip"), 400, 501),
    refused("another, and then chunked", echoed(b"Transfer-Encoding: gzip, chunked"), 400, 501),
    refused("unknown coding", echoed(b"Transfer-Encoding: xchunked"), 400, 501),
    refused("chunked twice", echoed(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), 400, 501),
    refused("chunk of no number", echoed(b"Transfer-Encoding: chunked", body=b"x\r\na\r\n0\r\n\r\n")),
    refused("chunk of a signed number", echoed(b"Transfer-Encoding: chunked", body=b"+1\r\na\r\n0\r\n\r\n")),
    refused("chunk of 0x1", echoed(b"Transfer-Encoding: chunked", body=b"0x1\r\na\r\n0\r\n\r\n")),
    refused("chunk that is too long", echoed(b"Transfer-Encoding: chunked", body=b"1\r\nab\r\n0\r\n\r\n")),
    refused("chunk with a bare LF", echoed(b"Transfer-Encoding: chunked", body=b"1\na\n0\n\n")),
    refused("chunk of 2^64 + 1", echoed(b"Transfer-Encoding: chunked", body=b"10000000000000001\r\na\r\n"), 400, 413),
    refused("too long by its length", post("/echo", b"x" * (MAX_BODY_BYTES + 1)), 413),
    refused("too long in chunks", chunked("/echo", [b"x" * MAX_BODY_BYTES, b"x"]), 413),
    refused("far too long", get("/echo", "Content-Length: 1000000000", method="POST"), 413),
    refused(
        "far too long, expected", get("/echo", "Content-Length: 99999999", "Expect: 100-continue", method="POST"), 413
    ),
    answered("no body", get("/echo", method="POST"), 200),
    answered("chunk extension", echoed(b"Transfer-Encoding: chunked", body=b"1;a=b\r\na\r\n0\r\n\r\n"), 200),
    answered("trailer", echoed(b"Transfer-Encoding: chunked", body=b"1\r\na\r\n0\r\nHost: other\r\n\r\n"), 200),
    answered("coding in capitals", echoed(b"Transfer-Encoding: CHUNKED"), 200),
]

MATRICES = [
    answered("n of 0", post("/matmul?n=0", b""), 400),
    answered("n of 65", post("/matmul?n=65", b"\0" * MAX_BODY_BYTES), 400),
    answered("n of -1", post("/matmul?n=-1", b"\0" * 16), 400),
    answered("n that is no number", post("/matmul?n=x", b"\0" * 16), 400),
    answered("no n", post("/matmul", b"\0" * 16), 400),
    answered("one matrix", post("/matmul?n=1", b"\0" * 8), 400),
    answered("a byte too many", post("/matmul?n=1", b"\0" * 17), 400),
    answered("no matrices", post("/matmul?n=1", b""), 400),
]

CASES = {case.name: case for case in [*ROUTING, *HEADS, *BODIES, *MATRICES]}
