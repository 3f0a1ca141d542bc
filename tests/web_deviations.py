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
    "java": {
        **of(ACCEPTED, "the JDK's server takes a LF for the end of a line", *BARE_LF),
        **of(ACCEPTED, "the JDK's server joins folded lines", "obs-fold"),
        **of(
            SILENT, "the JDK's server has a limit for a head, and no answer", "long field", "many fields", "long target"
        ),
        **of(WAITING, "the JDK's server waits for CRLF after the length of a chunk", "chunk with a bare LF"),
        **of(Outcome(400, closes=True), "the JDK's server knows no trailers", "trailer"),
        **of(
            Outcome(404, closes=True),
            "the JDK's server takes what is between the first two spaces for the target",
            "two spaces",
        ),
        **of(
            Outcome(404, closes=False),
            "the JDK's server takes what is between the first two spaces for the target",
            "space in the target",
        ),
        **of(
            Outcome(413, closes=False),
            "the JDK's server waits for a part of the body before it closes",
            "far too long",
            "far too long, expected",
        ),
    },
    "python": {
        **of(ACCEPTED, "h11 takes a LF for the end of a line", *BARE_LF),
        **of(ACCEPTED, "h11 joins folded lines", "obs-fold"),
        **of(WAITING, "h11 waits for CRLF after the length of a chunk", "chunk with a bare LF"),
        **of(WAITING, "h11 counts without a limit, and waits for the chunk", "chunk of 2^64 + 1"),
        **of(Outcome(200, closes=True), "h11 closes every connection of HTTP/1.0", "HTTP/1.0 kept"),
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


def table() -> str:
    """All of them, for the document."""
    lines = ["| service | request | what happens | why |", "|---|---|---|---|"]
    for name, deviations in sorted(DEVIATIONS.items()):
        cases: dict[Deviation, list[str]] = {}
        for case, deviation in deviations.items():
            cases.setdefault(deviation, []).append(case)
        lines += [f"| {name} | {', '.join(of)} | {_said(it.outcome)} | {it.why} |" for it, of in cases.items()]
    return "\n".join(lines)


def _said(outcome: Outcome) -> str:
    end = "closed" if outcome.closes else "kept"
    if outcome.status:
        return f"{outcome.status}, {end}"
    return "closed without an answer" if outcome.closes else "408 or the end, after the deadline"
