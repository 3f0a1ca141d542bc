"""An engine of a test's own, without a network, which may be stopped."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

PATIENCE_S = 50

only_with_an_own_engine = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("dockerd"), reason="only root starts a second engine, where there is one"
)


@dataclass
class OwnEngine:
    """A second dockerd beside the one that all other tests share."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"unix://{self.folder}/engine.sock"

    def start(self) -> docker.DockerClient:
        places = {"data-root": "data", "exec-root": "exec", "pidfile": "pid"}
        options = [f"--{option}={self.folder / name}" for option, name in places.items()]
        no_network = ["--bridge=none", "--iptables=false", "--ip-masq=false", "--shutdown-timeout=1"]
        with (self.folder / "log").open("ab") as log:
            # In a network of its own: with --bridge=none it would take the shared engine's bridge away.
            command = ["unshare", "--net", "dockerd", f"--host={self.address}", *options, *no_network]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE_S
        while not self.answers():  # asked so, for the SDK leaves a socket open that it could not connect
            assert self.process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        return docker.DockerClient(base_url=self.address, version="auto")

    def answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            return connection.connect_ex(f"{self.folder}/engine.sock") == 0

    def take_over(self, other: docker.DockerClient, tag: str) -> None:
        """Have an image of another engine, by the tag that is named and no other of its tags."""
        with closing(docker.DockerClient(base_url=self.address, version="auto")) as client:
            client.images.load(b"".join(other.api.get_image(tag)))

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=PATIENCE_S)
