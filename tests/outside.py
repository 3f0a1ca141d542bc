"""An image's program on this machine itself, without a container: what the container's own cost is measured against.

The image's files are unpacked into a folder which then is the program's root, so that it finds all it needs under the
same names. Its user and its CPUs are those of a container; there is no control group, no filter of system calls, and no
namespace but one of mounts, in which it sees the machine's /proc, /sys and /dev, and which is gone when it ends.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from harness.engine.engine import NOT_STARTED, Exit, Job, Runner
from harness.errors import EngineError

KILLED = 137
USER = 65534
SEEN = ("proc", "sys", "dev")
SHOW = f"""for each in {" ".join(SEEN)}; do mount --rbind "/$each" "$0/$each" || exit; done; exec "$@" """


@dataclass(frozen=True)
class Host:
    """Runs jobs of one unpacked image."""

    root: Path
    entrypoint: tuple[str, ...]
    environment: Mapping[str, str]
    engine: Runner  # is asked what it may use, so that both may use the same

    def cpus(self) -> tuple[int, ...]:
        """See Runner."""
        return self.engine.cpus()

    def cores(self) -> int:
        """See Runner."""
        return self.engine.cores()

    def memory_bytes(self) -> int:
        """See Runner."""
        return self.engine.memory_bytes()

    def run(self, job: Job) -> Exit:
        """See Runner. Limits of memory and processes are the container's, and are not set."""
        output = self.fresh(job.output.path) if job.output else None
        started = time.monotonic_ns()
        try:
            ended = subprocess.run(
                self.command(job), env=self.environment, capture_output=True, timeout=job.timeout_s, check=False
            )
        except subprocess.TimeoutExpired as expired:
            elapsed_ns = time.monotonic_ns() - started
            return Exit(KILLED, expired.stdout or b"", expired.stderr or b"", elapsed_ns, timed_out=True)
        except OSError as error:
            return Exit(NOT_STARTED, b"", str(error).encode(), time.monotonic_ns() - started)
        return Exit(
            code=ended.returncode if ended.returncode >= 0 else 128 - ended.returncode,
            stdout=ended.stdout,
            stderr=ended.stderr,
            elapsed_ns=time.monotonic_ns() - started,
            output=output.read_bytes() if output and ended.returncode == 0 else None,
        )

    def command(self, job: Job) -> list[str]:
        """What runs a job; each program in it replaces itself by the next, so that the process is the job's."""
        cpus = ["taskset", "--cpu-list", ",".join(map(str, job.cpus))]
        is_root = os.geteuid() == 0
        unshared = ["unshare", "--mount", *([] if is_root else ["--map-root-user"])]
        shown = ["sh", "-c", SHOW, str(self.root)]
        changed = ["chroot", *([f"--userspec={USER}:{USER}"] if is_root else []), str(self.root)]
        tools = [each for tool in (cpus, unshared, shown, changed) for each in (_path(tool[0]), *tool[1:])]
        return [*tools, *(job.entrypoint or self.entrypoint), *job.arguments]

    def fresh(self, output: str) -> Path:
        """An empty file that the program may write, where it will look for it."""
        path = self.root / output.lstrip("/")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
        if os.geteuid() == 0:
            os.chown(path, USER, USER)
        return path


def _path(tool: str) -> str:
    """Where a tool is: the program's environment, which names no folders of this machine, is its too."""
    return shutil.which(tool) or tool


@contextmanager
def unpacked(saved: Iterable[bytes], inputs: Mapping[str, memoryview], engine: Runner) -> Generator[Host]:
    """An image, as `docker save` writes it, ready to run with these files in /data; gone again afterwards.

    Raises EngineError where it cannot be unpacked here.
    """
    with tempfile.TemporaryDirectory(prefix="harness-host-") as folder, tempfile.TemporaryFile() as spool:
        root = Path(folder)
        root.chmod(0o755)
        try:
            spool.writelines(saved)
            spool.seek(0)
            settings = _unpack(spool, root)
            for name in (*SEEN, "data"):
                (root / name).mkdir(exist_ok=True)
            for name, data in inputs.items():
                (root / "data" / name).write_bytes(data)
        except (OSError, tarfile.TarError) as error:
            raise EngineError(f"an image could not be unpacked in {tempfile.gettempdir()}: {error}") from error
        environment = dict(setting.split("=", 1) for setting in settings.get("Env") or ())
        yield Host(root, tuple(settings["Entrypoint"]), environment, engine)


def _unpack(saved: IO[bytes], root: Path) -> dict[str, list[str]]:
    """Lay the layers of an image over each other; returns its settings. `FROM scratch` images delete nothing."""
    with tarfile.open(fileobj=saved) as archive:
        (image,) = json.load(_member(archive, "manifest.json"))
        for name in image["Layers"]:
            with tarfile.open(fileobj=_member(archive, name)) as layer:
                layer.extractall(root, filter="tar")
        settings: dict[str, list[str]] = json.load(_member(archive, image["Config"]))["config"]
        return settings


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    stream = archive.extractfile(name)
    if stream is None:
        raise tarfile.TarError(f"a saved image without {name}")
    return stream
