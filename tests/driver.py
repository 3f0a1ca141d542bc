"""`harness` in a process of its own, in whatever surroundings a test wants, with a scripted engine or the real one.

A server forks for each command, so that nothing is imported twice: a line of JSON in, a line of JSON out.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import struct
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

READ_LATE = ("harness.engine.docker", "harness.cli.results", "harness.measure.compare", "harness.report.as_text")
CAPSET = {"x86_64": 126, "aarch64": 91}
CAPABILITIES_V3 = 0x20080522


@dataclass(frozen=True)
class Asked:
    """A command and its surroundings."""

    arguments: tuple[str, ...]
    folder: str
    environment: dict[str, str] = field(default_factory=dict)
    stdout: str | None = "out"  # a path; None: closed
    stderr: str | None = "err"
    hangs_up: bool = False  # whether nobody reads standard output
    encoding: str = "utf-8"
    file_bytes: int | None = None  # the limit on the size of a file
    is_unprivileged: bool = False
    is_scripted: bool = True  # whether the engine is
    unbuildable: tuple[str, ...] = ()
    temporary: str | None = None  # the one folder for temporary files, whether it can be used or not


class Driver:
    """The server's other end."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.driver"]
        root = Path(__file__).parent.parent
        self._server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root)

    def code_of(self, asked: Asked) -> int:
        """Run a command to its end; its exit code, or less than 0 where a signal ended it."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(asdict(asked)).encode() + b"\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline())

    def close(self) -> None:
        """End the server."""
        for pipe in (self._server.stdin, self._server.stdout):
            assert pipe is not None
            pipe.close()
        self._server.wait()


def _serve() -> None:
    for name in READ_LATE:
        __import__(name)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _become(Asked(**json.loads(line)))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.write(f"{status}\n")
        sys.stdout.flush()


def _become(asked: Asked) -> None:
    """Run the command as the process that was asked for; never returns."""
    os.chdir(asked.folder)
    os.environ.update(asked.environment)
    _redirect(asked)
    if asked.temporary is not None:
        tempfile.tempdir = asked.temporary
    if asked.is_unprivileged:
        _drop_capabilities()
    if asked.file_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (asked.file_bytes, asked.file_bytes))
    if asked.is_scripted:
        _script_the_engine(asked)
    from harness.cli import main

    sys.argv = ["harness", *asked.arguments]
    code: object = 99
    try:
        main()
    except SystemExit as stop:
        code = stop.code or 0
    finally:
        with suppress(Exception):
            sys.stdout.flush()
        os._exit(code if isinstance(code, int) else 98)


def _redirect(asked: Asked) -> None:
    for descriptor, path in ((1, asked.stdout), (2, asked.stderr)):
        if path is None:
            os.close(descriptor)
        else:
            opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            os.dup2(opened, descriptor)
            os.close(opened)
    if asked.hangs_up:
        reader, writer = os.pipe()
        os.dup2(writer, 1)
        os.close(reader)
        os.close(writer)
    sys.stdout = sys.__stdout__ = _stream(1, asked)  # type: ignore[misc, assignment]
    sys.stderr = sys.__stderr__ = _stream(2, asked)  # type: ignore[misc, assignment]


def _stream(descriptor: int, asked: Asked) -> IO[str] | None:
    """As the interpreter makes it when it starts."""
    try:
        os.fstat(descriptor)
    except OSError:
        return None
    return os.fdopen(descriptor, "w", encoding=asked.encoding, closefd=False)


def _drop_capabilities() -> None:
    """What root may, because it is root, it may no more: files without their bits are closed to it as to any owner."""
    header = ctypes.create_string_buffer(struct.pack("=Ii", CAPABILITIES_V3, 0))
    none = ctypes.create_string_buffer(struct.pack("=6I", 0, 0, 0, 0, 0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(CAPSET[os.uname().machine], header, none):
        raise OSError(ctypes.get_errno(), "capset")


def _script_the_engine(asked: Asked) -> None:
    import harness.cli.upkeep
    import harness.engine.docker
    import harness.images.setup
    from harness.experiments import matmul
    from harness.images import recipes
    from harness.images.catalog import load_catalog
    from tests.fake_engine import FakeEngine

    manifests = [
        each.manifest for each in load_catalog(Path(__file__).parent.parent, matmul.NAME).implementations.values()
    ]
    row_s = {f"{manifest.name}/{rung.name}": 1e-3 for manifest in manifests for rung in manifest.rungs}
    engine = FakeEngine(manifests, row_s, unbuildable=frozenset(asked.unbuildable))
    for module, name, value in (
        (recipes, "wheels", lambda *_: {}),
        (harness.engine.docker, "DockerEngine", lambda _: engine),
        (harness.images.setup, "DockerEngine", lambda _: engine),
        (harness.cli.upkeep, "LOOK_S", 0),
    ):
        setattr(module, name, value)


if __name__ == "__main__":
    _serve()
