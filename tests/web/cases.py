"""What RFC 9110 and RFC 9112 ask of a server, as requests and the answers that are right.

Every requirement of the levels MUST and SHOULD that the public list of Http11Probe has is here under that list's name
for it, put to the service's own paths; further ones have names of ours. Any of the statuses is right by the RFC; the
first is what the service's contract or the more careful reading asks for. 0 is a connection closed without an answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.web.talk import Answer, Talk

HOST = "Host: here"
PROBE = b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n"
REFUSED = (400, 0)
ECHO = "POST /echo HTTP/1.1"
PAGE = "GET / HTTP/1.1"
CHUNKED = "Transfer-Encoding: chunked"
HELLO = b"5\r\nhello\r\n0\r\n\r\n"
SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n"


@dataclass(frozen=True)
class Case:
    """A request, and what is right to do about it."""

    name: str
    section: str
    level: str
    request: bytes
    statuses: tuple[int, ...]
    ends: bool | None = None  # whether the connection must end, or must go on; None where either is right
    body: bytes | None = None
    fields: tuple[str, ...] = ()  # that the answer must have
    without: tuple[str, ...] = ()  # and must not have
    half_closed: bool = False  # the client ends its side after the request


def message(line: str, *fields: str, body: bytes = b"") -> bytes:
    """A request of these lines."""
    return "\r\n".join([line, *fields, "", ""]).encode("latin-1") + body


def page(*fields: str) -> bytes:
    """A request for the page, with a Host."""
    return message(PAGE, HOST, *fields)


def echo(*fields: str, body: bytes = b"") -> bytes:
    """A request to /echo, with a Host."""
    return message(ECHO, HOST, *fields, body=body)


def chunks(body: bytes) -> bytes:
    """A chunked request to /echo, its body as it is framed."""
    return echo(CHUNKED, body=body)


def refused(name: str, section: str, request: bytes, *statuses: int, level: str = "MUST") -> Case:
    """A request that must not be taken for a good one. Its framing is in doubt, so the connection ends."""
    return Case(name, section, level, request, (*statuses, *REFUSED), ends=True)


def accepted(name: str, section: str, request: bytes, body: bytes | None = None, level: str = "MUST") -> Case:
    """A good request, after which the connection goes on."""
    return Case(name, section, level, request, (200,), ends=False, body=body)


HEADERS = [
    refused("RFC9110-5.6.2-SP-BEFORE-COLON", "9112 5.1", page("X-Test : a")),
    refused("RFC9112-5.1-OBS-FOLD", "9112 5.2", page("X-Test: a", " b")),
    refused("RFC9112-7.1-MISSING-HOST", "9112 3.2", message(PAGE)),
    refused("RFC9110-5.4-DUPLICATE-HOST", "9112 3.2", page("Host: there")),
    refused("COMP-DUPLICATE-HOST-SAME", "9112 3.2", page(HOST)),
    refused("RFC9112-3-CR-ONLY-LINE-ENDING", "9112 2.2", b"GET / HTTP/1.1\rHost: here\r\n\r\n"),
    refused("RFC9112-5-EMPTY-HEADER-NAME", "9112 5", page(": a")),
    refused("RFC9112-5-INVALID-HEADER-NAME", "9112 5", page("X[a]: b")),
    refused("RFC9112-5-HEADER-NO-COLON", "9112 5", page("X-Test")),
    refused("COMP-WHITESPACE-BEFORE-HEADERS", "9112 2.2", message(PAGE, " X: a", HOST)),
    refused("COMP-HOST-WITH-USERINFO", "9112 3.2", message(PAGE, "Host: user@here")),
    refused("COMP-HOST-WITH-PATH", "9112 3.2", message(PAGE, "Host: here/path")),
    refused("COMP-HOST-EMPTY-VALUE", "9112 3.2", message(PAGE, "Host:")),
    refused("SMUG-MULTIPLE-HOST-COMMA", "9110 7.2", message(PAGE, "Host: here, there")),
    refused("SMUG-BARE-CR-HEADER-VALUE", "9112 2.2", page("X: a\rb")),
    refused("MAL-CONTROL-CHARS-HEADER", "9110 5.5", page("X: a\x01b\x02c")),
    refused("MAL-NON-ASCII-HEADER-NAME", "9112 5", page("X\xc3\xab: a")),
    refused("MAL-NUL-IN-HEADER-VALUE", "9110 5.5", page("X: a\x00b")),
    refused("NORM-SP-BEFORE-COLON-CL", "9112 5.1", echo("Content-Length : 5", body=b"hello")),
    refused("NORM-TAB-IN-NAME", "9112 5", echo("Content\tLength: 5", body=b"hello")),
    refused("field line of a bare LF", "9112 2.2", b"GET / HTTP/1.1\r\nHost: here\nX: a\r\n\r\n"),
    refused("head ended by a bare LF", "9112 2.2", b"GET / HTTP/1.1\r\nHost: here\r\n\n"),
    accepted("field without a space after its colon", "9112 5", message(PAGE, "Host:here")),
    accepted("field with bytes beyond ASCII", "9110 5.5", page("X: \xff\xfe")),
    accepted("name of a field in capitals", "9110 5.1", message(ECHO, "HOST: here", "CONTENT-LENGTH: 2", body=b"ab"), b"ab"),
    Case("COMP-DUPLICATE-CT", "9110 5.3", "SHOULD", echo("Content-Length: 5", "Content-Type: a/b", "Content-Type: a/c", body=b"hello"), REFUSED),
    Case("MAL-LONG-HEADER-VALUE", "9110 5.4", "SHOULD", page("X: " + "a" * 100_000), (431, 400, 0), ends=True),
    Case("MAL-LONG-HEADER-NAME", "9110 5.4", "SHOULD", page("a" * 100_000 + ": a"), (431, 400, 0), ends=True),
]  # fmt: skip

REQUEST_LINES = [
    refused("RFC9112-3-MISSING-TARGET", "9112 3", message("GET HTTP/1.1", HOST)),
    refused("COMP-ASTERISK-WITH-GET", "9112 3.2.4", message("GET * HTTP/1.1", HOST)),
    refused("COMP-VERSION-MISSING-MINOR", "9112 2.3", message("GET / HTTP/1", HOST)),
    refused("COMP-VERSION-LEADING-ZEROS", "9112 2.3", message("GET / HTTP/01.01", HOST)),
    refused("COMP-VERSION-WHITESPACE", "9112 2.3", message("GET / HTTP/ 1.1", HOST)),
    refused("COMP-VERSION-CASE", "9112 2.3", message("GET / http/1.1", HOST)),
    refused("COMP-SPACE-IN-TARGET", "9112 3.2", message("GET /a b HTTP/1.1", HOST)),
    refused("MAL-NUL-IN-URL", "9112 2.2", message("GET /\x00a HTTP/1.1", HOST)),
    refused("MAL-NON-ASCII-URL", "9112 3", message("GET /caf\xc3\xa9 HTTP/1.1", HOST)),
    refused("MAL-URL-OVERLONG-UTF8", "3629 3", message("GET /\xc0\xaf HTTP/1.1", HOST)),
    refused("RFC9112-3-MULTI-SP-REQUEST-LINE", "9112 3", message("GET  / HTTP/1.1", HOST), level="SHOULD"),
    refused("RFC9112-3.2-FRAGMENT-IN-TARGET", "9112 3.2", message("GET /a#b HTTP/1.1", HOST), level="SHOULD"),
    refused("RFC9112-2.3-HTTP09-REQUEST", "9112 2.3", b"GET /\r\n", level="SHOULD"),
    refused("RFC9112-2.3-INVALID-VERSION", "9112 2.3", message("GET / HTTP/9.9", HOST), 505, level="SHOULD"),
    refused("COMP-REQUEST-LINE-TAB", "9112 3", message("GET\t/\tHTTP/1.1", HOST), level="SHOULD"),
    refused("MAL-BINARY-GARBAGE", "9112 2.2", bytes(range(255, -1, -1)), level="SHOULD"),
    refused("MAL-LONG-URL", "9112 3", message("GET /" + "a" * 100_000 + " HTTP/1.1", HOST), 414, 431, level="SHOULD"),
    refused("MAL-LONG-METHOD", "9112 3", message("A" * 100_000 + " / HTTP/1.1", HOST), 501, level="SHOULD"),
    refused("request line ended by a bare LF", "9112 2.2", b"GET / HTTP/1.1\nHost: here\r\n\r\n"),
    refused("request line with a space at its end", "9112 3", message("GET / HTTP/1.1 ", HOST)),
    refused("method with a byte that no token has", "9110 9.1", message("G(T / HTTP/1.1", HOST)),
    refused("absolute form without an authority", "9112 3.2.2", message("GET http:/// HTTP/1.1", HOST)),
    refused("preface of HTTP/2", "9113 3.4", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    Case("COMP-METHOD-CONNECT", "9110 9.3.6", "SHOULD", message("CONNECT here:443 HTTP/1.1", "Host: here:443"), (400, 405, 501, 0)),
    Case("COMP-METHOD-TRACE", "9110 9.3.8", "SHOULD", message("TRACE / HTTP/1.1", HOST), (405, 501)),
    Case("COMP-TRACE-WITH-BODY", "9110 9.3.8", "SHOULD", message("TRACE / HTTP/1.1", HOST, "Content-Length: 5", body=b"hello"), (405, 400, 0)),
    Case("COMP-UNKNOWN-METHOD", "9110 9.1", "SHOULD", message("FOO / HTTP/1.1", HOST), (501, 405)),
    Case("method in small letters", "9110 9.1", "SHOULD", message("get / HTTP/1.1", HOST), (501, 400, 405)),
    Case("COMP-OPTIONS-STAR", "9112 3.2.4", "MUST", message("OPTIONS * HTTP/1.1", HOST), (204, 200), ends=False),
    Case("COMP-OPTIONS-ALLOW", "9110 9.3.7", "SHOULD", message("OPTIONS / HTTP/1.1", HOST), (204, 200), ends=False, fields=("allow",)),
    Case("COMP-NO-CL-IN-204", "9110 8.6", "MUST", message("OPTIONS / HTTP/1.1", HOST), (204,), without=("content-length",)),
    Case("COMP-405-ALLOW", "9110 15.5.6", "MUST", message("DELETE / HTTP/1.1", HOST), (405,), fields=("allow",)),
    Case("COMP-LONG-URL-OK", "9112 3", "SHOULD", message("GET /" + "a" * 7900 + " HTTP/1.1", HOST), (404,), ends=False),
    Case("COMP-LEADING-CRLF", "9112 2.2", "SHOULD", b"\r\n\r\n" + page(), (200, 400), ends=None),
    accepted("later minor version", "9110 2.5", message("GET / HTTP/1.2", HOST)),
    accepted("COMP-ABSOLUTE-FORM", "9112 3.2.2", message("GET http://here/healthz HTTP/1.1", HOST), b"ok\n"),
    accepted("absolute form without a path", "9112 3.2.2", message("GET HTTP://here:80 HTTP/1.1", HOST)),
    accepted("target with a query", "9112 3.2.1", message("GET /healthz?a=b&c HTTP/1.1", HOST), b"ok\n"),
]  # fmt: skip

LENGTHS = [
    *(
        refused(name, section, echo(f"Content-Length: {length}", body=b"hello"))
        for name, section, length in [
            ("RFC9112-6.1-CL-NON-NUMERIC", "9112 6.3", "abc"),
            ("RFC9112-6.1-CL-PLUS-SIGN", "9112 6.3", "+5"),
            ("SMUG-CL-COMMA-DIFFERENT", "9110 8.6", "5, 10"),
            ("SMUG-CL-NEGATIVE", "9110 8.6", "-1"),
            ("SMUG-CL-NEGATIVE-ZERO", "9110 8.6", "-0"),
            ("SMUG-CL-UNDERSCORE", "9110 8.6", "1_0"),
            ("SMUG-CL-OCTAL", "9110 8.6", "0o5"),
            ("SMUG-CL-HEX-PREFIX", "9110 8.6", "0x5"),
            ("SMUG-CL-INTERNAL-SPACE", "9110 8.6", "1 0"),
            ("MAL-CL-OVERFLOW", "9110 8.6", "99999999999999999999"),
            ("MAL-CL-EMPTY", "9110 8.6", ""),
        ]
    ),
    *(
        refused(name, "9110 8.6", echo(f"Content-Length: {length}", body=b"hello"), level="SHOULD")
        for name, length in [
            ("SMUG-CL-LEADING-ZEROS", "005"),
            ("SMUG-CL-DOUBLE-ZERO", "00"),
            ("SMUG-CL-LEADING-ZEROS-OCTAL", "0200"),
        ]
    ),
    refused("SMUG-DUPLICATE-CL", "9110 8.6", echo("Content-Length: 5", "Content-Length: 10", body=b"helloworld")),
    refused("SMUG-DUPLICATE-CL-SMUGGLED-GET", "9110 8.6", echo("Content-Length: 4", f"Content-Length: {4 + len(SMUGGLED)}", body=b"PING" + SMUGGLED)),
    Case("SMUG-CL-TRAILING-SPACE", "9110 5.5", "SHOULD", echo("Content-Length: 5 ", body=b"hello"), (200, 400), body=b"hello"),
    Case("SMUG-CL-EXTRA-LEADING-SP", "9110 5.5", "SHOULD", echo("Content-Length:  5", body=b"hello"), (200, 400), body=b"hello"),
    accepted("MAL-CL-TAB-BEFORE-VALUE", "9110 5.6.3", echo("Content-Length:\t5", body=b"hello"), b"hello", "MAY"),
    accepted("COMP-POST-CL-BODY", "9112 6.2", echo("Content-Length: 5", body=b"hello"), b"hello"),
    accepted("COMP-POST-CL-ZERO", "9112 6.2", echo("Content-Length: 0"), b""),
    accepted("COMP-POST-NO-CL-NO-TE", "9112 6.3", echo(), b""),
    accepted("COMP-RANGE-POST", "9110 14.2", echo("Range: bytes=0-1", "Content-Length: 5", body=b"hello"), b"hello"),
    accepted("body of a GET is read", "9110 9.3.1", page("Content-Length: 38").replace(b"38", b"%d" % len(SMUGGLED)) + SMUGGLED),
    Case("COMP-POST-CL-UNDERSEND", "9112 6.2", "MUST", echo("Content-Length: 10", body=b"hello"), (0, 400), ends=True, half_closed=True),
    Case("MAL-POST-CL-HUGE-NO-BODY", "9112 6.2", "MUST", echo("Content-Length: 999999999"), (413, 400, 0), ends=True),
    Case("request cut short in its head", "9112 8", "MUST", page()[:-4], (0, 400), ends=True, half_closed=True),
]  # fmt: skip

CODINGS = [
    refused("SMUG-TE-SP-BEFORE-COLON", "9112 5.1", echo("Transfer-Encoding : chunked", "Content-Length: 5", body=b"hello")),
    refused("SMUG-TE-NOT-FINAL-CHUNKED", "9112 6.3", echo("Transfer-Encoding: chunked, gzip", body=HELLO)),
    refused("SMUG-TE-HTTP10", "9112 6.1", message("POST /echo HTTP/1.0", HOST, CHUNKED, body=HELLO)),
    refused("SMUG-TE-EMPTY-VALUE", "9112 6.1", echo("Transfer-Encoding:", "Content-Length: 5", body=b"hello")),
    refused("an empty list of codings alone", "9112 6.1", echo("Transfer-Encoding: ,", body=b"hello")),
    refused("SMUG-TE-DUPLICATE-HEADERS", "9112 6.1", echo(CHUNKED, "Transfer-Encoding: identity", "Content-Length: 5", body=b"hello")),
    refused("SMUG-TE-IDENTITY", "9112 7", echo("Transfer-Encoding: identity", "Content-Length: 5", body=b"hello")),
    refused("SMUG-TE-VTAB", "9112 6.1", echo("Transfer-Encoding: \x0bchunked", "Content-Length: 5", body=b"hello")),
    refused("SMUG-TE-FORMFEED", "9112 6.1", echo("Transfer-Encoding: \x0cchunked", "Content-Length: 5", body=b"hello")),
    refused("SMUG-TE-NULL", "9110 5.5", echo("Transfer-Encoding: chunked\x00", "Content-Length: 5", body=b"hello")),
    refused("SMUG-TE-OBS-FOLD", "9112 5.2", echo("Transfer-Encoding:", " chunked", "Content-Length: 5", body=b"hello")),
    refused("SMUG-OPTIONS-TE-OBS-FOLD", "9112 5.2", message("OPTIONS / HTTP/1.1", HOST, "Transfer-Encoding:", " chunked", "Content-Length: 5", body=b"hello")),
    refused("SMUG-TE-XCHUNKED", "9112 6.1", echo("Transfer-Encoding: xchunked", "Content-Length: 5", body=b"hello")),
    refused("SMUG-TE-TRAILING-SPACE", "9112 6.1", echo("Transfer-Encoding: chunked ", "Content-Length: 5", body=b"hello")),
    refused("SMUG-TE-DOUBLE-CHUNKED", "9112 6.1", echo("Transfer-Encoding: chunked, chunked", "Content-Length: 5", body=b"hello"), level="SHOULD"),
    refused("chunked twice, without a length", "9112 6.1", echo("Transfer-Encoding: chunked, chunked", body=HELLO)),
    refused("chunked twice, in two fields", "9112 6.1", echo(CHUNKED, CHUNKED, body=HELLO)),
    refused("SMUG-TE-CASE-MISMATCH", "9110 7.8", echo("Transfer-Encoding: Chunked", "Content-Length: 5", body=b"hello"), level="SHOULD"),
    refused("SMUG-TE-TRAILING-COMMA", "9110 5.6.1", echo("Transfer-Encoding: chunked,", "Content-Length: 5", body=b"hello"), level="SHOULD"),
    refused("SMUG-TE-LEADING-COMMA", "9110 5.6.1", echo("Transfer-Encoding: , chunked", "Content-Length: 5", body=b"hello"), level="SHOULD"),
    refused("SMUG-CL-TE-BOTH", "9112 6.3", echo("Content-Length: 15", CHUNKED, body=HELLO), level="ought to"),
    refused("COMP-UNKNOWN-TE-501", "9112 6.1", echo("Transfer-Encoding: gzip"), 501),
    refused("an unknown coding before the chunked one", "9112 6.1", echo("Transfer-Encoding: gzip, chunked", body=HELLO), 501),
    accepted("name of the coding in capitals", "9112 7", echo("Transfer-Encoding: CHUNKED", body=HELLO), b"hello"),
    accepted("empty elements in the list of codings", "9110 5.6.1", echo("Transfer-Encoding: , chunked ,", body=HELLO), b"hello"),
    *(
        refused(name, "9112 6.1", echo(*fields, body=body + SMUGGLED))
        for name, fields, body in [
            ("SMUG-CLTE-PIPELINE", ("Content-Length: 4", CHUNKED), b"0\r\n\r\n"),
            ("SMUG-TECL-PIPELINE", (CHUNKED, "Content-Length: 30"), b"0\r\n\r\n"),
            ("SMUG-CLTE-CONN-CLOSE", ("Content-Length: 5", CHUNKED), b"0\r\n\r\n"),
            ("SMUG-TECL-CONN-CLOSE", (CHUNKED, "Content-Length: 5"), b"0\r\n\r\n"),
            ("SMUG-CLTE-DESYNC", ("Content-Length: 6", CHUNKED), b"0\r\n\r\nX"),
            ("SMUG-TECL-DESYNC", (CHUNKED, "Content-Length: 30"), b"0\r\n\r\nX"),
            ("SMUG-CLTE-SMUGGLED-GET", (f"Content-Length: {5 + len(SMUGGLED)}", CHUNKED), b"0\r\n\r\n"),
            ("SMUG-CLTE-SMUGGLED-GET-CL-PLUS", (f"Content-Length: +{5 + len(SMUGGLED)}", CHUNKED), b"0\r\n\r\n"),
            ("SMUG-CLTE-SMUGGLED-GET-CL-NON-NUMERIC", (f"Content-Length: {5 + len(SMUGGLED)}x", CHUNKED), b"0\r\n\r\n"),
            ("SMUG-CLTE-SMUGGLED-GET-TE-OBS-FOLD", ("Transfer-Encoding:", " chunked", f"Content-Length: {5 + len(SMUGGLED)}"), b"0\r\n\r\n"),
            ("SMUG-CLTE-SMUGGLED-GET-TE-TRAILING-SPACE", ("Transfer-Encoding: chunked ", f"Content-Length: {5 + len(SMUGGLED)}"), b"0\r\n\r\n"),
            ("SMUG-CLTE-SMUGGLED-GET-TE-LEADING-COMMA", ("Transfer-Encoding: , chunked", f"Content-Length: {5 + len(SMUGGLED)}"), b"0\r\n\r\n"),
            ("SMUG-CLTE-SMUGGLED-GET-TE-CASE-MISMATCH", ("Transfer-Encoding: Chunked", f"Content-Length: {5 + len(SMUGGLED)}"), b"0\r\n\r\n"),
            ("SMUG-TE-DUPLICATE-HEADERS-SMUGGLED-GET", (CHUNKED, "Transfer-Encoding: identity", f"Content-Length: {5 + len(SMUGGLED)}"), b"0\r\n\r\n"),
            ("SMUG-TECL-SMUGGLED-GET", (CHUNKED, "Content-Length: 4"), b"%x\r\n" % len(SMUGGLED)),
        ]
    ),
    refused("SMUG-CLTE-SMUGGLED-HEAD", "9112 6.1", echo("Content-Length: 44", CHUNKED, body=b"0\r\n\r\n" + SMUGGLED.replace(b"GET", b"HEAD"))),
]  # fmt: skip

CHUNKS = [
    *(
        refused(name, section, chunks(body))
        for name, section, body in [
            ("SMUG-CHUNK-BARE-SEMICOLON", "9112 7.1.1", b"5;\r\nhello\r\n0\r\n\r\n"),
            ("SMUG-CHUNK-HEX-PREFIX", "9112 7.1", b"0x5\r\nhello\r\n0\r\n\r\n"),
            ("SMUG-CHUNK-UNDERSCORE", "9112 7.1", b"1_0\r\nhello\r\n0\r\n\r\n"),
            ("SMUG-CHUNK-LEADING-SP", "9112 7.1", b" 5\r\nhello\r\n0\r\n\r\n"),
            ("SMUG-CHUNK-MISSING-TRAILING-CRLF", "9112 7.1", b"5\r\nhello0\r\n\r\n"),
            ("SMUG-CHUNK-SPILL", "9112 7.1", b"5\r\nhello!!\r\n0\r\n\r\n"),
            ("SMUG-CHUNK-NEGATIVE", "9112 7.1", b"-1\r\nhello\r\n0\r\n\r\n"),
            ("SMUG-CHUNK-EXT-CTRL", "9112 7.1.1", b"5;\x00ext\r\nhello\r\n0\r\n\r\n"),
            ("SMUG-CHUNK-EXT-CR", "9112 2.2", b"5;a\rX\r\nhello\r\n0\r\n\r\n"),
            ("SMUG-CHUNK-BARE-CR-TERM", "9112 2.2", b"5\rhello\r\n0\r\n\r\n"),
            ("SMUG-CHUNK-SIZE-PLUS", "9112 7.1", b"+5\r\nhello\r\n0\r\n\r\n"),
            ("SMUG-CHUNK-SIZE-TRAILING-OWS", "9112 7.1", b"5 \r\nhello\r\n0\r\n\r\n"),
            ("SMUG-CHUNK-EXT-INVALID-TOKEN", "9112 7.1.1", b"5;bad[=x\r\nhello\r\n0\r\n\r\n"),
            ("SMUG-CHUNK-INVALID-SIZE-DESYNC", "9112 7.1", b"+0\r\n\r\nX" + SMUGGLED),
            ("MAL-CHUNK-SIZE-OVERFLOW", "9112 7.1", b"FFFFFFFFFFFFFFFF0\r\nhello\r\n0\r\n\r\n"),
            ("MAL-CHUNK-EXT-64K", "9112 7.1.1", b"5;a=" + b"a" * 65536 + b"\r\nhello\r\n0\r\n\r\n"),
            ("chunk size ended by a bare LF", "9112 2.2", b"5\nhello\r\n0\r\n\r\n"),
            ("chunk ended by a bare LF", "9112 2.2", b"5\r\nhello\n0\r\n\r\n"),
            ("extension ended by a bare LF", "9112 2.2", b"5;a\nhello\r\n0\r\n\r\n"),
            ("trailer ended by a bare LF", "9112 2.2", b"5\r\nhello\r\n0\r\n\n"),
            ("no chunk size", "9112 7.1", b"\r\nhello\r\n0\r\n\r\n"),
            ("trailer without a colon", "9112 7.1.2", b"0\r\nX\r\n\r\n"),
            ("trailer with a space before its colon", "9112 7.1.2", b"0\r\nX : a\r\n\r\n"),
        ]
    ),
    accepted("COMP-CHUNKED-BODY", "9112 7.1", chunks(HELLO), b"hello"),
    accepted("COMP-CHUNKED-MULTI", "9112 7.1", chunks(b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), b"hello world"),
    accepted("COMP-CHUNKED-EMPTY", "9112 7.1", chunks(b"0\r\n\r\n"), b""),
    accepted("COMP-CHUNKED-HEX-UPPERCASE", "9112 7.1", chunks(b"A\r\nhelloworld\r\n0\r\n\r\n"), b"helloworld"),
    accepted("chunk size with zeros before it", "9112 7.1", chunks(b"0005\r\nhello\r\n000\r\n\r\n"), b"hello"),
    accepted("COMP-CHUNKED-TRAILER-VALID", "9112 7.1.2", chunks(b"5\r\nhello\r\n0\r\nX: a\r\n\r\n"), b"hello"),
    accepted("trailer that would frame", "9110 6.5.1", chunks(b"5\r\nhello\r\n0\r\nContent-Length: 9\r\nHost: a\r\n\r\n"), b"hello"),
    accepted("COMP-CHUNKED-EXTENSION", "9112 7.1.1", chunks(b"5;a=b\r\nhello\r\n0\r\n\r\n"), b"hello"),
    accepted("extensions of every form", "9112 7.1.1", chunks(b'5;a ; b = c;d="e;[\\"]"\r\nhello\r\n0;z\r\n\r\n'), b"hello"),
    Case("COMP-CHUNKED-NO-FINAL", "9112 7.1", "MUST", chunks(b"5\r\nhello\r\n"), (0, 400), ends=True, half_closed=True),
]  # fmt: skip

CONNECTIONS = [
    Case("COMP-CONNECTION-CLOSE", "9112 9.6", "MUST", page("Connection: close"), (200,), ends=True),
    Case("close among other options, in capitals", "9110 7.6.1", "MUST", page("Connection: a, CLOSE"), (200,), ends=True),
    Case("COMP-HTTP10-DEFAULT-CLOSE", "9112 9.3", "SHOULD", message("GET / HTTP/1.0", HOST), (200,), ends=True),
    Case("HTTP/1.0 without a Host", "9112 3.2", "MAY", b"GET / HTTP/1.0\r\n\r\n", (200, 400), ends=True),
    Case("HTTP/1.0 kept alive", "9112 9.3", "MAY", message("GET / HTTP/1.0", HOST, "Connection: keep-alive"), (200,)),
    accepted("connection goes on", "9112 9.3", page()),
    accepted("COMP-UPGRADE-HTTP10", "9110 7.8", message("GET /healthz HTTP/1.0", HOST, "Connection: upgrade, keep-alive", "Upgrade: websocket"), b"ok\n"),
    Case("COMP-UPGRADE-POST", "6455 4.1", "MUST", echo("Connection: Upgrade", "Upgrade: websocket", "Content-Length: 0"), (200, 400)),
    accepted("COMP-UPGRADE-MISSING-CONN", "9110 7.8", page("Upgrade: websocket")),
    accepted("COMP-UPGRADE-UNKNOWN", "9110 7.8", page("Connection: Upgrade", "Upgrade: nonesuch/9")),
    Case("COMP-UPGRADE-INVALID-VER", "6455 4.4", "MUST", page("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 99"), (200, 426, 400)),
    Case("COMP-HEAD-NO-BODY", "9110 9.3.2", "MUST", message("HEAD / HTTP/1.1", HOST), (200,), ends=False, fields=("content-length",)),
    Case("COMP-DATE-HEADER", "9110 6.6.1", "MUST", page(), (200,), fields=("date",)),
    Case("date in a refusal", "9110 6.6.1", "MUST", message(PAGE), (400,), fields=("date",)),
    Case("COMP-CONTENT-TYPE", "9110 8.3", "SHOULD", page(), (200,), fields=("content-type",)),
    Case("COMP-NO-1XX-HTTP10", "9110 15.2", "MUST", message("POST /echo HTTP/1.0", HOST, "Expect: 100-continue", "Content-Length: 5", body=b"hello"), (200,), body=b"hello"),
    Case("COMP-EXPECT-UNKNOWN", "9110 10.1.1", "MAY", page("Expect: 200-ok"), (417, 200)),
]  # fmt: skip

CASES = [*HEADERS, *REQUEST_LINES, *LENGTHS, *CODINGS, *CHUNKS, *CONNECTIONS]


def seen(case: Case, port: int) -> tuple[int, Answer | None, bool | None]:
    """The status, the answer, and whether the connection ended, where the case asks for that.

    A connection that is to go on is one on which a further request gets its own answer, and nothing comes between.
    """
    with Talk(port) as talk:
        talk.send(case.request)
        if case.half_closed:
            talk.end()
        answer = talk.answer(to_head=case.request.startswith(b"HEAD "))
        if answer is None:
            return 0, None, True
        if case.ends is None:
            return answer.status, answer, None
        if case.ends:
            return answer.status, answer, talk.closes()
        talk.send(PROBE)
        again = talk.answer()
        return answer.status, answer, again is None or (again.status, again.body) != (200, b"ok\n")


def faults(case: Case, port: int) -> list[str]:
    """What a server does wrong about a case, in words; nothing where it is right."""
    try:
        status, answer, ended = seen(case, port)
    except TimeoutError:
        return ["no answer, or no end of the connection, in time"]
    found = []
    if status not in case.statuses:
        found.append(f"status {status}, not one of {case.statuses}")
    if case.ends is not None and ended != case.ends:
        found.append("the connection went on" if case.ends else "the connection ended")
    if answer is not None and status == 200 and case.body is not None and answer.body != case.body:
        found.append(f"body {answer.body!r}")
    if answer is not None:
        found += [f"no {name}" for name in case.fields if name not in answer.fields]
        found += [f"{name} is there" for name in case.without if name in answer.fields]
    return found
