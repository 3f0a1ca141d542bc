"""A package index with a password, that the user's pip is set up for, and the one wheel that it has."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

PLANTED = "pa55-planted"
"""The password, which nothing may show or keep."""


def a_wheel(name: str, version: str) -> bytes:
    """A package of one empty module, as pip takes it."""
    buffer, info = io.BytesIO(), f"{name}-{version}.dist-info"
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"{name}.py", "")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return buffer.getvalue()


WHEEL = a_wheel("planted", "1.0")
NAME = "planted-1.0-py3-none-any.whl"
PIN = f"planted==1.0 --hash=sha256:{hashlib.sha256(WHEEL).hexdigest()}"


class Index(BaseHTTPRequestHandler):
    """A package index that asks for a password."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        wanted = f"Basic {base64.b64encode(f'user:{PLANTED}'.encode()).decode()}"
        if self.headers.get("Authorization") != wanted:
            self._answer(401, b"")
        elif self.path.endswith(".whl"):
            self._answer(200, WHEEL)
        else:
            self._answer(200, f'<a href="/{NAME}">{NAME}</a>'.encode(), "text/html")

    def _answer(self, status: int, body: bytes, kind: str = "application/octet-stream") -> None:
        self.send_response(status)
        self.send_header("WWW-Authenticate", 'Basic realm="index"')
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def private_index(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """An index on this machine, and settings of pip for it in the folder; yields what it is asked for."""
    Index.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Index) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings = folder / "pip.conf"
        settings.write_text(f"[global]\nindex-url = http://user:{PLANTED}@127.0.0.1:{server.server_port}/simple\n")
        for name in [name for name in os.environ if name.startswith("PIP_") or name.lower().endswith("_proxy")]:
            patch.delenv(name)
        patch.setenv("PIP_CONFIG_FILE", str(settings))
        yield Index.asked
        server.shutdown()
