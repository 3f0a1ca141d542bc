"""An image that cannot be pulled: why is told, for a limit or a full disk calls for more than another registry."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness.engine.docker import DockerEngine
from harness.errors import DiskFullError

pytestmark = pytest.mark.engine


class Limited(BaseHTTPRequestHandler):
    """A registry for which everybody has pulled too much."""

    def do_GET(self) -> None:
        said = b'{"errors": [{"code": "TOOMANYREQUESTS", "message": "You have reached your pull rate limit"}]}'
        known = self.path == "/v2/"
        self.send_response(200 if known else 429)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(0 if known else len(said)))
        self.end_headers()
        self.wfile.write(b"" if known else said)

    do_HEAD = do_GET  # noqa: N815 (the server's own names)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def limited() -> Iterator[str]:
    """The address of a registry on this machine, where engines need no encryption."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Limited) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_rate_limit_is_told(engine: DockerEngine, limited: str) -> None:
    assert "toomanyrequests" in (engine.pull(f"{limited}/debian:x") or "").lower()


def test_a_registry_that_is_not_there_is_told(engine: DockerEngine) -> None:
    assert "refused" in (engine.pull("127.0.0.1:9/debian:x") or "")


def test_a_full_disk_ends_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    full = {"error": "failed to register layer: write /usr/lib: no space left on device"}
    with closing(DockerEngine("test")) as engine:
        monkeypatch.setattr(engine._client.api, "pull", lambda *_, **__: iter([{"status": "Extracting"}, full]))
        with pytest.raises(DiskFullError, match="a disk is full"):
            engine.pull("debian:x")
