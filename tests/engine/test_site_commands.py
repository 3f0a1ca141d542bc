"""`harness web build` and `harness report --serve`, which have the engine to themselves while they build."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import pytest

from tests.documents import REFERENCE
from tests.engine.support import HARNESS
from tests.web.cases import message
from tests.web.talk import HOST, ask

pytestmark = pytest.mark.engine

PAGE = b"<h1>It works</h1>\n" * 100


def test_a_folder_becomes_an_image_of_the_users(client: docker.DockerClient, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_bytes(PAGE)
    (tmp_path / ".env").write_text("secret")
    name = f"a-users-site-{tmp_path.name}:1"
    command: list[str | Path] = [HARNESS, "web", "build", tmp_path, "-t", name, "--no-gzip", "--wait"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    try:
        assert ended.returncode == 0, ended.stderr
        assert re.search(r"1 files +1,800 bytes\n", ended.stdout)
        assert "left out" in ended.stderr
        assert (
            f"--cap-drop ALL --security-opt no-new-privileges --memory 64m --pids-limit 16 -p {HOST}:8080:8080 {name}"
            in ended.stdout
        )
        assert not client.images.get(name).labels
    finally:
        for tag in client.images.get(name).tags:
            client.images.remove(tag)


def test_a_report_serves_itself_and_leaves_nothing(client: docker.DockerClient, tmp_path: Path) -> None:
    run = shutil.copytree(REFERENCE, tmp_path / "run")
    before = tags(client)
    command: list[str | Path] = [HARNESS, "report", run, "--serve"]
    with ended_anyway(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)) as serving:
        assert serving.stdout is not None
        said = serving.stdout.readline()
        found = re.search(rf"http://{HOST}:(\d+)/", said)
        assert found, said + serving.communicate(timeout=60)[1]
        answer = ask(int(found[1]), message("GET / HTTP/1.1", "Host: here"))
        assert answer is not None
        assert answer.body == (run / "report.html").read_bytes()
        assert answer.fields["content-type"] == "text/html; charset=utf-8"
        mine = f"report-{serving.pid}"
        (container,) = (each for each in client.containers.list() if mine in each.labels.values())
        settings = container.attrs["HostConfig"]
        assert settings["ReadonlyRootfs"]
        assert settings["PortBindings"] == {"8080/tcp": [{"HostIp": HOST, "HostPort": found[1]}]}
        serving.send_signal(signal.SIGINT)
        assert serving.wait(timeout=60) == 130
    assert not [each for each in client.containers.list(all=True) if mine in each.labels.values()]
    assert tags(client) == before


@contextmanager
def ended_anyway(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    with process:
        try:
            yield process
        finally:
            process.kill()


def tags(client: docker.DockerClient) -> set[str]:
    """Those of images of sites."""
    return {tag for image in client.images.list() for tag in image.tags if "-site" in tag}
