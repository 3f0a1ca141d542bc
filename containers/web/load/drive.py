"""Loads the service on this loopback with h2load, and asks it on connections of its own meanwhile.

drive.py JSON: see harness/experiments/web/load.py, which makes it. Prints a line of JSON for whatever happened, with
moments of the monotonic clock, and judges nothing: the harness does.
"""

from __future__ import annotations

import base64
import json
import math
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

ADDRESS = "127.0.0.1"
LOG = Path("/dev/shm/requests")  # noqa: S108 (the one place of its container that can be written to)
READY_S = 30.0  # within which a service must answer
PAUSE_S = 0.35  # between phases: the account of the service is read in it
ASK_S = 0.2  # between two whole answers that are taken while the load is on
LARGEST = 2**20
POLL_S = 0.001


def main() -> None:
    """Wait until the service answers, warm it up, load it fully, and then at a fixed rate."""
    asked = json.loads(sys.argv[1])
    say(ready_ns=ready(asked))
    time.sleep(PAUSE_S)
    warm = phase("warm", asked, ["-D", f"{round(1000 * asked['warm_s'])}ms"], asked["connections"], asked["warm_s"])
    rate = float(found[1]) if (found := re.search(r"([\d.]+) req/s", warm)) else 0.0
    count = rounded(rate * asked["seconds"], asked["connections"])
    phase("full", asked, ["-n", str(count)], asked["connections"], asked["seconds"])
    if asked["rate"]:
        at_rate(asked)


def at_rate(asked: dict[str, Any]) -> None:
    """A fixed rate: connections that begin one after the other, so that their requests do not come in bursts."""
    connections = min(asked["connections"], max(1, round(asked["rate"] * asked["rate_s"] / 4)))
    each = asked["rate"] / connections
    count = rounded(asked["rate"] * asked["rate_s"], connections)
    words = ["-n", str(count), "--rps", f"{each:.6f}", "--log-file", str(LOG)]
    words += ["-r", "1", "--rate-period", "1ms"] if connections > 1 else []
    phase("rate", {**asked, "depth": 1}, words, connections, asked["rate_s"])
    with suppress(OSError):
        lines = [line.split("\t") for line in LOG.read_text(encoding="ascii").splitlines()]
        taken = Counter(int(microseconds) for _, status, microseconds in lines if status.startswith("2"))
        say(latencies_us=sorted(taken.items()), interval_us=1e6 / each)


def rounded(count: float, connections: int) -> int:
    """As many requests for each connection."""
    return max(1, math.ceil(count / connections)) * connections


def phase(name: str, asked: dict[str, Any], words: Sequence[str], connections: int, seconds: float) -> str:
    """One run of h2load with whole answers taken in between; what it printed."""
    body = ["-d", asked["body"]] if asked["body"] else []
    fields = [word for field in fields_of(asked) for word in ("-H", field)]
    threads = str(min(asked["threads"], connections))
    command = ["h2load", "--h1", "-t", threads, "-c", str(connections), "-m", str(asked["depth"])]
    command += [*words, *body, *fields, f"http://{ADDRESS}:{asked['port']}{asked['target']}"]
    began_ns = time.monotonic_ns()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as load:
        deadline = time.monotonic() + 10 + 10 * seconds
        answers, killed = 0, False
        while load.poll() is None:
            if time.monotonic() > deadline:
                load.kill()
                killed = True
                break
            if name != "warm":
                say(phase=name, **answer(asked))
                answers += 1
            with suppress(subprocess.TimeoutExpired):
                load.wait(ASK_S)
        text = load.communicate()[0]
    ended_ns = time.monotonic_ns()
    say(phase=name, began_ns=began_ns, ended_ns=ended_ns, answers=answers, killed=killed, printed=text)
    time.sleep(PAUSE_S)
    return text


def fields_of(asked: dict[str, Any]) -> Iterator[str]:
    """Header fields beside those that every request has."""
    if asked["close"]:
        yield "connection: close"
    if asked["body"]:
        yield "content-type: application/octet-stream"


def ready(asked: dict[str, Any]) -> int | None:
    """When the first answer of all was there; None where none came in time."""
    deadline = time.monotonic() + READY_S
    request = f"GET / HTTP/1.1\r\nHost: {ADDRESS}\r\nConnection: close\r\n\r\n".encode()
    while time.monotonic() < deadline:
        with suppress(OSError):
            if exchange(asked["port"], request).startswith(b"HTTP/1.1 200"):
                return time.monotonic_ns()
        time.sleep(POLL_S)
    return None


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """A whole answer, as it came, on a connection of its own."""
    body = Path(asked["body"]).read_bytes() if asked["body"] else b""
    length = f"Content-Length: {len(body)}\r\n" if asked["body"] else ""
    head = f"{'POST' if asked['body'] else 'GET'} {asked['target']} HTTP/1.1\r\nHost: {ADDRESS}\r\n{length}"
    at_s = time.time()
    try:
        taken = exchange(asked["port"], head.encode() + b"Connection: close\r\n\r\n" + body)
    except OSError as error:
        return {"at_s": at_s, "error": str(error)}
    return {"at_s": at_s, "answer": base64.b64encode(taken).decode()}


def exchange(port: int, request: bytes) -> bytes:
    """Send a request, and read until an answer is whole, too long, or the service hangs up."""
    taken = bytearray()
    with socket.create_connection((ADDRESS, port), timeout=10) as connection:
        connection.sendall(request)
        while len(taken) < LARGEST and not is_whole(taken) and (more := connection.recv(65536)):
            taken += more
    return bytes(taken)


def is_whole(taken: bytes) -> bool:
    """Whether an answer that says how long it is is there; of others only their end says so."""
    head, end, body = taken.partition(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    return bool(end) and length is not None and len(body) >= int(length[1])


def say(**what: Any) -> None:
    """Print a line of JSON."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
