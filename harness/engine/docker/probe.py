"""A container that answers, again and again, what it is asked."""

from __future__ import annotations

import re
import time

import requests
from docker.errors import DockerException
from docker.models.containers import Container

SCRIPT = """
answer() {
  number=$((number + 1)); echo "=> $number"
  COMMANDS
  echo "<= $number"
}
trap answer USR1
while :; do sleep 3600 & wait $!; kill $! 2>/dev/null; done
"""
LINES = 2000
AGAIN_S = 0.5
POLL_S = 0.002
ANSWER = re.compile(rb"^=> (\d+)\n(.*?)^<= \1$", re.MULTILINE | re.DOTALL)


class Probe:
    """Asks a container by a signal, and finds the answer between two numbered marks in its log."""

    def __init__(self, container: Container, timeout_s: float) -> None:
        self._container = container
        self._timeout_s = timeout_s
        self._answered = 0

    def ask(self) -> bytes | None:
        """The answer; None where the container is gone or silent. A signal that came too early is sent again."""
        deadline = time.monotonic() + self._timeout_s
        try:
            while time.monotonic() < deadline:
                self._container.kill(signal="SIGUSR1")
                if answer := self._answer(min(deadline, time.monotonic() + AGAIN_S)):
                    return answer
        except (DockerException, requests.RequestException):
            pass
        return None

    def _answer(self, deadline: float) -> bytes | None:
        while time.monotonic() < deadline:
            marks = ANSWER.findall(bytes(self._container.logs(tail=LINES)))
            if marks and int(marks[-1][0]) > self._answered:
                self._answered = int(marks[-1][0])
                return bytes(marks[-1][1])
            time.sleep(POLL_S)
        return None
