"""What an image and its program can do to the engine's host: planted images, and the locked-down container itself."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from harness.engine.docker import DockerEngine, locked, output
from harness.engine.engine import NOT_STARTED, Exit, Job, Output, Recipe
from harness.engine.outputs import SLACK_BYTES
from harness.errors import EngineError
from tests.engine.support import is_podman

pytestmark = pytest.mark.engine

PATH = "/out/c.f64"
MIB = 2**20
HONEST = f"printf 12345678 >{PATH}"


@pytest.fixture(params=["in place", "by archives"])
def any_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How outputs travel: as on a machine whose volumes may be looked into, and as from anywhere else."""
    if request.param == "by archives":
        monkeypatch.setattr(output, "folder_here", lambda *_: None)
    return str(request.param)


Script = Callable[..., Exit]


@pytest.fixture
def run(engine: DockerEngine, base: str) -> Script:
    """Runs a script in a container of an image, with an output of eight bytes."""

    def run(script: str, image: str = base, size_bytes: int = 8) -> Exit:
        due = Output(PATH, size_bytes, base)
        job = Job(image, (script,), engine.cpus()[:1], 256 * MIB, 64, 30, output=due, entrypoint=("/bin/sh", "-c"))
        return engine.run(job)

    return run


@pytest.fixture(scope="module")
def planted(engine: DockerEngine, base: str) -> Iterator[Callable[[str], str]]:
    """Builds an image of more steps on the base image; returns its tag."""
    tags: dict[str, str] = {}

    def build(steps: str) -> str:
        if steps not in tags:
            tag = f"harness-planted:{secrets.token_hex(4)}"
            dockerfile = f"ARG BASE\nFROM ${{BASE}}\n{steps}\n".encode()
            engine.build(Recipe(tag, {"Dockerfile": dockerfile}, None, {"BASE": base}), lambda _line: None)
            tags[steps] = tag
        return tags[steps]

    yield build
    client = docker.from_env()
    for tag in tags.values():
        client.images.remove(tag, force=True)
    client.close()


@pytest.fixture
def host_file() -> Iterator[Path]:
    """A file of this machine that an image aims at, by a path that its links can name."""
    path = Path(f"/var/tmp/harness-test-{secrets.token_hex(4)}")  # noqa: S108 (in the image and here alike)
    path.write_text("root's own")
    path.chmod(0o600)
    yield path
    path.unlink()


@pytest.mark.podman
@pytest.mark.usefixtures("any_way")
def test_a_link_in_an_image_reaches_no_file_of_the_host(
    run: Script, planted: Callable[[str], str], host_file: Path
) -> None:
    before = host_file.stat()
    image = planted(f"RUN mkdir /out && ln -s {host_file} {PATH} && chmod 777 /out")
    assert bytes(run(HONEST, image).output or b"") == b"12345678"
    after = host_file.stat()
    assert (after.st_uid, after.st_mode, after.st_mtime_ns) == (before.st_uid, before.st_mode, before.st_mtime_ns)
    assert host_file.read_text() == "root's own"


PLANTED = {
    "a FIFO": f"mkdir /out && mkfifo -m 666 {PATH}",
    "a folder": f"mkdir -p {PATH} && chmod 777 {PATH}",
    "a device": f"mkdir /out && mknod -m 666 {PATH} c 1 5",
    "a second name": f"mkdir /out && touch /out/other && ln /out/other {PATH} && chmod 666 {PATH}",
    "a sparse file": f"mkdir /out && truncate -s 1G {PATH} && chmod 666 {PATH}",
    "an open folder": "mkdir -m 1777 /out && touch /out/more && chown -R 65534 /out",
}


@pytest.mark.usefixtures("any_way")
@pytest.mark.parametrize("step", PLANTED.values(), ids=PLANTED)
def test_no_volume_takes_anything_from_an_image(step: str, run: Script, planted: Callable[[str], str]) -> None:
    ended = run(f"{HONEST}; ls /out; touch /out/more && echo writable", planted(f"RUN {step}"))
    assert ended.stdout == b"c.f64\n"
    assert ended.code != 0


@pytest.mark.usefixtures("any_way")
@pytest.mark.parametrize(
    "step",
    ["touch /out", "ln -s /etc /out", "ln -s /proc/1 /out", "ln -s ../../../../var /out", "mkfifo /out"],
    ids=["a file", "a link", "a link to a process", "a link upwards", "a FIFO"],
)
def test_an_image_whose_output_folder_is_none_costs_only_itself(
    step: str, run: Script, planted: Callable[[str], str]
) -> None:
    ended = run(f"touch /out/more; {HONEST}", planted(f"RUN {step}"))
    if ended.output is None:
        assert ended.code != 0 or "its output folder holds" in ended.output_fault
    else:  # mounted where the link leads, in the container
        assert bytes(ended.output) == b"12345678"


def test_inputs_hold_nothing_of_an_image(engine: DockerEngine, base: str, planted: Callable[[str], str]) -> None:
    image = planted("RUN mkdir -m 777 /data && ln -s /etc/passwd /data/a.f64 && touch /data/more")
    inputs = engine.fill_volume(base, {"a.f64": memoryview(b"12345678")})
    try:
        script = "ls /data; cat /data/a.f64; touch /data/x"
        job = Job(image, (script,), engine.cpus()[:1], 256 * MIB, 64, 30, inputs, entrypoint=("/bin/sh", "-c"))
        ended = engine.run(job)
    finally:
        engine.remove_volume(inputs)
    assert ended.stdout == b"a.f64\n12345678"
    assert b"Read-only file system" in ended.stderr


def test_a_volume_is_filled_with_nothing_of_the_image_that_lends(
    engine: DockerEngine, planted: Callable[[str], str]
) -> None:
    lender = planted("RUN mkdir /data && echo planted >/data/a.f64 && touch /data/more")
    inputs = engine.fill_volume(lender, {"b.f64": memoryview(b"12345678")})
    try:
        job = Job(lender, ("ls /data",), engine.cpus()[:1], 64 * MIB, 64, 30, inputs, entrypoint=("/bin/sh", "-c"))
        assert engine.run(job).stdout == b"b.f64\n"
    finally:
        engine.remove_volume(inputs)


REPLACED = {
    "a link": f"rm {PATH}; ln -s /etc/passwd {PATH}",
    "a FIFO": f"rm {PATH}; mkfifo {PATH}",
    "a second name": f"ln {PATH} /out/other; printf 12345678 >{PATH}",
    "another file": f"printf 12345678 >/out/new && mv /out/new {PATH}",
}


@pytest.mark.usefixtures("any_way")
@pytest.mark.parametrize("script", REPLACED.values(), ids=REPLACED)
def test_a_program_cannot_put_anything_else_in_the_place_of_its_output(script: str, run: Script) -> None:
    ended = run(f"({script}) 2>/dev/null; ls -l /out >&2; true")
    assert ended.stderr.count(b"nobody") == 1
    assert b"\n-rw-------" in ended.stderr


@pytest.mark.usefixtures("any_way")
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (":", "wrote 0 bytes of c.f64, expected 8"),
        (f"printf 1234 >{PATH}", "wrote 4 bytes of c.f64, expected 8"),
        (f"printf 123456789 >{PATH}", "wrote 9 bytes of c.f64, expected 8"),
        (f"truncate -s 60000 {PATH}", "wrote 60000 bytes of c.f64, expected 8"),
    ],
)
def test_an_output_of_another_size_is_refused(script: str, reason: str, run: Script) -> None:
    ended = run(script)
    assert (ended.code, ended.output, ended.output_fault) == (0, None, reason)


@pytest.mark.parametrize("script", ["cat /dev/zero >{}", "truncate -s 1G {}", "fallocate -l 1G {}"])
def test_an_output_has_an_end(script: str, run: Script) -> None:
    size_bytes = 2**20
    counted = f"{script.format(PATH)}; test $(stat -c %s {PATH}) -le {size_bytes + locked.SLACK_BYTES} && exit 9"
    ended = run(counted, size_bytes=size_bytes)
    assert (ended.code, ended.output) == (9, None)
    assert b"large" in ended.stderr or b"exceeded" in ended.stderr


def test_a_program_that_reserves_the_disk_is_killed(run: Script) -> None:
    """Blocks beyond the end of a file are under no limit of its size."""
    ended = run(f"fallocate -n -l {4 * SLACK_BYTES} {PATH} && sleep 25; {HONEST}")
    assert (ended.code, ended.timed_out, ended.output) == (137, False, None)


@pytest.mark.podman
def test_nothing_but_its_output_can_be_written_to_a_disk(run: Script) -> None:
    """What is left is memory, and counted as the container's."""
    find = "find / -xdev -writable ! -type l 2>/dev/null; for m in $(cut -d' ' -f2 /proc/mounts); do "
    find += "case $m in /proc*|/) ;; *) find $m -xdev -writable ! -type l ! -type c 2>/dev/null;; esac; done"
    found = set(run(f"{find} | sort -u").stdout.decode().split())
    assert found == {PATH, "/dev/shm", "/dev/mqueue"}  # noqa: S108 (of the container)


@pytest.mark.parametrize("volume", ["/scratch", "/out/more", "/data"])
def test_an_image_that_declares_a_volume_is_not_started(
    volume: str, run: Script, planted: Callable[[str], str], client: docker.DockerClient
) -> None:
    before = len(client.volumes.list())
    ended = run(HONEST, planted(f"RUN mkdir -p -m 777 {volume}\nVOLUME {volume}"))
    assert (ended.code, ended.output) == (NOT_STARTED, None)
    assert f"its image declares a VOLUME, which programs could fill without limit: {volume}" in str(ended.stderr)
    assert len(client.volumes.list()) == before


def test_an_image_that_the_engine_makes_no_container_of_is_an_answer_and_leaves_nothing(
    run: Script, planted: Callable[[str], str], client: docker.DockerClient
) -> None:
    before = len(client.volumes.list())
    ended = run(HONEST, planted("VOLUME /file\nCOPY Dockerfile /file"))
    assert (ended.code, ended.output) == (NOT_STARTED, None)
    assert b"/file" in ended.stderr
    assert len(client.volumes.list()) == before


def test_an_image_that_is_gone_is_the_engines_fault_and_no_images(run: Script, client: docker.DockerClient) -> None:
    podmans = "no such image: docker.io/library/harness-nonesuch:1"
    with pytest.raises(EngineError, match=podmans if is_podman(client) else "No such image: harness-nonesuch:1"):
        run(HONEST, "harness-nonesuch:1")


def test_an_image_starts_no_health_checks(run: Script, planted: Callable[[str], str]) -> None:
    image = planted("HEALTHCHECK --interval=100ms CMD echo 0 >/dev/shm/healthy")
    assert run(f"sleep 1; ls /dev/shm; {HONEST}", image).stdout == b""


def test_a_crash_leaves_no_core(run: Script) -> None:
    assert run("ulimit -c; ulimit -H -c").stdout == b"0\n0\n"


def test_what_a_container_prints_is_not_read_without_end(run: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locked, "LOG_BYTES", 2**17)
    ended = run("head -c 1m /dev/zero | tr '\\0' x")
    assert 2**16 <= len(ended.stdout) <= 2**17


@pytest.mark.podman
def test_the_folder_of_an_output_stays_roots(run: Script) -> None:
    ended = run("stat -c '%u %g %a' /out; touch /out/more; chmod 777 /out; rm /out/c.f64; exit 1")
    assert ended.stdout == b"0 0 755\n"
    assert ended.stderr.count(b"not permitted") + ended.stderr.count(b"denied") == 3
