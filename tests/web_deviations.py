"""What a language's library does otherwise than the contract of the web services asks, by its nature.

Each is asserted exactly: one that a new version mends has to leave this table, and the one in
implementations/web/README.md, which a test compares with it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """The status of the answer (0: none), and whether the connection was closed after it."""

    status: int
    closes: bool


@dataclass(frozen=True)
class Deviation:
    """What happens instead, and why."""

    outcome: Outcome
    why: str


ACCEPTED = Outcome(200, closes=False)
SILENT = Outcome(0, closes=True)  # closed without an answer
WAITING = Outcome(0, closes=False)  # for more, until the deadline


def of(outcome: Outcome, why: str, *cases: str) -> dict[str, Deviation]:
    """The same deviation in several cases."""
    return dict.fromkeys(cases, Deviation(outcome, why))


BARE_LF = ("bare LF", "bare LF after a field")

DEVIATIONS: dict[str, dict[str, Deviation]] = {
    "c": of(ACCEPTED, "llhttp takes several spaces before a target", "two spaces"),
    "go": {
        **of(ACCEPTED, "net/http takes a LF for the end of a line", *BARE_LF),
        **of(ACCEPTED, "net/http joins folded lines", "obs-fold"),
        **of(ACCEPTED, "net/http lets the coding win, and hides the length", "length and coding", "coding and length"),
        **of(Outcome(431, closes=True), "net/http has one limit for all of a head", "long target"),
    },
    "java": {},
    "python": {
        **of(ACCEPTED, "h11 takes a LF for the end of a line", *BARE_LF),
        **of(ACCEPTED, "h11 joins folded lines", "obs-fold"),
        **of(WAITING, "h11 waits for CRLF after the length of a chunk", "chunk with a bare LF"),
        **of(WAITING, "h11 counts without a limit, and waits for the chunk", "chunk of 2^64 + 1"),
        **of(ACCEPTED, "h11 closes every connection of HTTP/1.0", "HTTP/1.0 kept"),
    },
    "rust": {
        **of(ACCEPTED, "httparse takes a LF for the end of a line", *BARE_LF),
        **of(
            Outcome(200, closes=True),
            "hyper lets the coding win, and hides the length",
            "length and coding",
            "coding and length",
        ),
        **of(Outcome(431, closes=True), "hyper has one limit for all of a head", "long target"),
        **of(Outcome(400, closes=True), "httparse knows HTTP/1.0 and 1.1 only", "HTTP/1.2", "version 2"),
    },
}

LATER: dict[str, float] = {}
"""Seconds that a service gives slow clients beyond the deadline."""
