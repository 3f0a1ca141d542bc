"""DockerEngine against the real engine: the lock-down, volumes, ends of all kinds, builds, and cleaning up."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import docker
import numpy as np
import pytest

from harness.engine.archives import packed
from harness.engine.docker import DockerEngine, output
from harness.engine.engine import (
    KEPT,
    NOT_STARTED,
    OLD_OWNER_LABEL,
    OLD_RUN_LABEL,
    OWNER_LABEL,
    RUN_LABEL,
    Exit,
    Job,
    Output,
    Recipe,
)
from harness.engine.owners import FIRST_PID_NAMESPACE, owner_of, this_process
from harness.errors import BuildError, EngineError
from harness.images.sources import read_sources
from harness.images.weight import weigh
from harness.machine.machine import read_machine
from tests.engine.support import HARNESS, THIS_PROCESS, is_podman, left_of

pytestmark = pytest.mark.engine

MIB = 2**20
PATH = "/out/c.f64"


Due = Callable[[int], Output]


@pytest.fixture(scope="session")
def due(base: str) -> Due:
    """An output of so many bytes."""
    return lambda size_bytes: Output(PATH, size_bytes, base)


@pytest.fixture(scope="session")
def shell(engine: DockerEngine, base: str) -> Job:
    """A job that runs a shell; its argument is the script."""
    return Job(
        image=base,
        entrypoint=("/bin/sh", "-c"),
        arguments=(":",),
        cpus=engine.cpus()[:1],
        memory_bytes=256 * MIB,
        pids=64,
        timeout_s=60,
    )


Script = Callable[..., Exit]


@pytest.fixture(scope="session")
def run(engine: DockerEngine, shell: Job) -> Script:
    """Runs a script in a container, with a job's fields changed as named."""

    def run(script: str, **changes: object) -> Exit:
        return engine.run(replace(shell, arguments=(script,), **changes))  # type: ignore[arg-type]

    return run


@pytest.fixture(scope="session")
def status(run: Script) -> dict[str, str]:
    """/proc/self/status of a process in a container."""
    lines = run("cat /proc/self/status").stdout.decode().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def test_a_container_is_nobody_without_capabilities_or_a_way_to_get_any(status: dict[str, str]) -> None:
    assert set(status["Uid"].split()) == set(status["Gid"].split()) == {"65534"}
    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert status["NoNewPrivs"] == "1"


def test_a_container_has_no_network(run: Script) -> None:
    (heading,) = run("cat /proc/net/route").stdout.splitlines()  # and no route
    assert heading.startswith(b"Iface")


@pytest.mark.podman
def test_a_containers_root_is_read_only(run: Script) -> None:
    assert b"Read-only file system" in run("touch /tmp/anyone-may-write-here").stderr


@pytest.mark.parametrize("chosen", [slice(0, 1), slice(-1, None), slice(None)], ids=["first", "last", "all"])
def test_a_container_has_exactly_its_cpus(chosen: slice, engine: DockerEngine, run: Script) -> None:
    cpus = engine.cpus()[chosen]
    assert run("nproc", cpus=cpus).stdout.split() == [str(len(cpus)).encode()]
    listed = run("grep Cpus_allowed_list /proc/self/status", cpus=cpus[-1:]).stdout
    assert listed.split()[1] == str(cpus[-1]).encode()


def test_a_container_has_no_more_processes_than_its_limit(run: Script) -> None:
    ten_processes = "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 60 & done; echo all"
    assert run(ten_processes, pids=64).stdout == b"all\n"
    refused = run(ten_processes, pids=8)
    assert refused.stdout == b""
    assert b"Cannot fork" in refused.stderr


@pytest.mark.podman
def test_memory_ends_at_its_limit(run: Script) -> None:
    hold_64_mib = "head -c 64m /dev/zero | tail -c 64m | wc -c"
    assert run(hold_64_mib, memory_bytes=256 * MIB).stdout.split() == [str(64 * MIB).encode()]
    ended = run("exec tail /dev/zero", memory_bytes=32 * MIB)
    assert (ended.out_of_memory, ended.timed_out, ended.code) == (True, False, 137)


@pytest.mark.podman
def test_a_kill_is_not_taken_for_a_want_of_memory(run: Script) -> None:
    ended = run("sh -c 'kill -9 $$'; exit $?")
    assert (ended.out_of_memory, ended.timed_out, ended.code) == (False, False, 137)


def test_a_container_past_its_time_is_killed_and_heard(run: Script) -> None:
    ended = run("echo before; echo complaint >&2; sleep 3600", timeout_s=1)
    assert ended.timed_out
    assert not ended.out_of_memory
    assert (ended.stdout, ended.stderr) == (b"before\n", b"complaint\n")
    assert ended.elapsed_ns >= 1e9


def test_what_cannot_be_started_is_an_end_with_a_reason(run: Script, due: Due) -> None:
    ended = run("", entrypoint=("nonesuch",), output=due(0))
    assert (ended.code, ended.output) == (NOT_STARTED, None)
    assert b"nonesuch" in ended.stderr


def test_an_exit_code_and_both_outputs_come_back(run: Script) -> None:
    ended = run("echo out; echo err >&2; exit 3")
    assert (ended.code, ended.stdout, ended.stderr, ended.output) == (3, b"out\n", b"err\n", None)


@pytest.fixture(params=["in place", "by archives"])
def any_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How outputs travel: as on a machine whose volumes may be looked into, and as from anywhere else."""
    if request.param == "by archives":
        monkeypatch.setattr(output, "folder_here", lambda *_: None)
    return str(request.param)


@pytest.mark.podman
@pytest.mark.usefixtures("any_way")
def test_output_is_read_back_bit_for_bit(run: Script, due: Due) -> None:
    every_byte = "".join(f"\\{byte:03o}" for byte in range(256))
    assert bytes(run(f"printf '{every_byte}' >{PATH}", output=due(256)).output or b"") == bytes(range(256))


@pytest.mark.usefixtures("any_way")
def test_output_is_empty_before_and_alone_in_its_folder(run: Script, due: Due) -> None:
    ended = run("ls /out; touch /out/more", output=due(0))
    assert ended.stdout == b"c.f64\n"
    assert b"Permission denied" in ended.stderr
    assert run(":", output=due(0)).output == b""


def test_output_of_a_failure_is_not_read(run: Script, due: Due) -> None:
    assert run(f"echo half >{PATH}; exit 1", output=due(5)).output is None


@pytest.mark.podman
def test_inputs_arrive_whole_and_cannot_be_changed(engine: DockerEngine, base: str, run: Script, due: Due) -> None:
    a = np.arange(40_000, dtype="<f8").reshape(200, 200)
    volume = engine.fill_volume(base, {"a.f64": a.data, "b.f64": a[:2].data})
    try:
        read = run(f"ls /data; cat /data/a.f64 >{PATH}", inputs=volume, output=due(a.nbytes))
        assert read.stdout == b"a.f64\nb.f64\n"
        assert bytes(read.output or b"") == a.tobytes()
        mounted = run("grep ' /data ' /proc/mounts", inputs=volume).stdout.decode().split()
        assert "ro" in mounted[3].split(",")
    finally:
        engine.remove_volume(volume)
    engine.remove_volume(volume)  # silently


@pytest.mark.podman
def test_nothing_is_left_of_a_job_however_it_ended(
    engine: DockerEngine, labels: dict[str, str], client: docker.DockerClient, shell: Job, due: Due
) -> None:
    for script, timeout_s in ((":", 60), ("exit 9", 60), ("sleep 60", 0.5)):
        engine.run(replace(shell, arguments=(script,), timeout_s=timeout_s, output=due(0)))
    engine.run(replace(shell, entrypoint=("nonesuch",), output=due(0)))
    with pytest.raises(EngineError, match="the container engine refused"):
        engine.run(replace(shell, image="harness-nonesuch:0", output=due(0)))
    with pytest.raises(EngineError, match="the container engine refused"):
        engine.fill_volume("harness-nonesuch:0", {})
    assert left_of(client, labels) == []


def test_a_running_job_and_its_volume_are_labelled(
    engine: DockerEngine, labels: dict[str, str], client: docker.DockerClient, shell: Job, due: Due
) -> None:
    filters: dict[str, str | list[str] | bool] = {"label": f"{OWNER_LABEL}={THIS_PROCESS}"}
    with (
        ThreadPoolExecutor() as aside,
        closing(client.events(filters={**filters, "event": "start"}, decode=True)) as started,
    ):
        running = aside.submit(engine.run, replace(shell, arguments=("sleep 60",), output=due(0)))
        container = client.containers.get(next(started)["id"])
        (volume,) = client.volumes.list(filters=filters)
        assert container.labels.items() >= labels.items()
        assert volume.attrs["Labels"].items() >= labels.items()  # newer engines add one of their own
        container.kill()
        assert running.result().code == 137


@pytest.fixture
def dead_owner() -> str:
    """A process of this host that has ended, as OWNER_LABEL writes it."""
    with subprocess.Popen([HARNESS, "--help"], stdout=subprocess.DEVNULL) as process:
        return owner_of(str(process.pid), process.pid).label()


@pytest.fixture
def leave(client: docker.DockerClient, base: str) -> Iterator[Callable[..., str]]:
    """Leaves a running container with its volume behind in the name of an owner; returns the run's id."""
    runs = []

    def leave(owner: str, names: tuple[str, str] = (RUN_LABEL, OWNER_LABEL)) -> str:
        run_id = f"test-{secrets.token_hex(4)}"
        labels = dict(zip(names, (run_id, owner), strict=True))
        volume = client.volumes.create(labels=labels)
        client.containers.run(
            base, ["sleep", "3600"], labels=labels, detach=True, network_mode="none", volumes=[f"{volume.name}:/out"]
        )
        runs.append((names[0], run_id))
        return run_id

    yield leave
    for name, run_id in runs:
        filters: dict[str, str | list[str] | bool] = {"label": f"{name}={run_id}"}
        for container in client.containers.list(all=True, filters=filters):
            container.remove(force=True)
        for volume in client.volumes.list(filters=filters):
            volume.remove()


@pytest.mark.podman
def test_clean_removes_what_the_dead_left_and_spares_the_living(
    client: docker.DockerClient, leave: Callable[..., str], dead_owner: str
) -> None:
    dead, alive = leave(dead_owner), leave(THIS_PROCESS)
    said = subprocess.run([HARNESS, "clean"], check=True, capture_output=True, text=True).stdout
    assert left_of(client, {RUN_LABEL: dead}) == []
    assert len(left_of(client, {RUN_LABEL: alive})) == 2
    assert re.search(r"^removed [1-9]\d* containers, [1-9]\d* volumes and 0 images$", said, re.MULTILINE)
    assert f"kept: {alive} (process {os.getpid()} on {socket.gethostname()}): still running\n" in said


def test_clean_leaves_alone_what_it_cannot_judge_until_it_is_named(
    client: docker.DockerClient, leave: Callable[..., str]
) -> None:
    elsewhere = replace(this_process(), boot="another", start_s=2**40).label()
    doubtful, other = leave(elsewhere), leave(elsewhere)
    said = subprocess.run([HARNESS, "clean"], check=True, capture_output=True, text=True).stdout
    assert re.search(rf"kept: {doubtful} .*: unknown: it runs on another machine", said)
    assert f"if it has ended, `harness clean --run {doubtful}` removes it" in said
    subprocess.run([HARNESS, "clean", "--run", doubtful], check=True, capture_output=True)
    assert left_of(client, {RUN_LABEL: doubtful}) == []
    assert len(left_of(client, {RUN_LABEL: other})) == 2


@pytest.mark.parametrize("label", ["", "{", "somebody", '{"pid": 1}'])
def test_a_label_that_is_not_ours_is_ignored(
    label: str, client: docker.DockerClient, leave: Callable[..., str]
) -> None:
    foreign = leave(label)
    said = subprocess.run([HARNESS, "clean", "--run", foreign], check=True, capture_output=True, text=True).stdout
    assert foreign not in said
    assert len(left_of(client, {RUN_LABEL: foreign})) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a pid namespace and keeps the right to the engine")
def test_clean_from_another_pid_namespace_spares_the_living(
    client: docker.DockerClient, leave: Callable[..., str]
) -> None:
    """In which their processes cannot be seen, or others have their numbers."""
    alive = leave(THIS_PROCESS)
    clean = ["unshare", "--pid", "--fork", "--mount-proc", str(HARNESS), "clean"]
    said = subprocess.run(clean, check=True, capture_output=True, text=True).stdout
    assert re.search(rf"kept: {alive} .*: unknown: it is in another container", said)
    assert len(left_of(client, {RUN_LABEL: alive})) == 2


def test_what_a_run_left_is_removed_alone(
    client: docker.DockerClient, leave: Callable[..., str], dead_owner: str, engine: DockerEngine
) -> None:
    mine, others = leave(dead_owner), leave(dead_owner)
    left = engine.clean(images=False, run=mine)
    assert (left.containers, left.volumes) == (1, 1)
    assert left_of(client, {RUN_LABEL: mine}) == []
    assert len(left_of(client, {RUN_LABEL: others})) == 2


def test_clean_knows_what_earlier_versions_left(
    client: docker.DockerClient, leave: Callable[..., str], dead_owner: str
) -> None:
    old, host = (OLD_RUN_LABEL, OLD_OWNER_LABEL), socket.gethostname()
    dead = leave(f"{host}:{json.loads(dead_owner)['pid']}", old)
    alive = leave(f"{host}:{os.getpid()}", old)
    said = subprocess.run([HARNESS, "clean"], check=True, capture_output=True, text=True).stdout
    # They did not note their pid namespace: what is not seen from another than the first may yet be in that one.
    is_judged = this_process().pid_namespace == FIRST_PID_NAMESPACE
    assert len(left_of(client, {OLD_RUN_LABEL: dead})) == (0 if is_judged else 2)
    assert len(left_of(client, {OLD_RUN_LABEL: alive})) == 2
    assert f"kept: {alive} (process {os.getpid()} on {host}): unknown" in said


def test_sweep_removes_its_own_run_alone(client: docker.DockerClient, leave: Callable[..., str]) -> None:
    mine, other = leave(THIS_PROCESS), leave(THIS_PROCESS)
    with closing(DockerEngine(mine)) as engine:
        engine.sweep()
    assert left_of(client, {RUN_LABEL: mine}) == []
    assert len(left_of(client, {RUN_LABEL: other})) == 2


def test_a_users_own_container_of_a_built_image_is_spared(
    base: str, client: docker.DockerClient, tmp_path: Path
) -> None:
    """It would inherit what the image is labelled with."""
    built = recipe(tmp_path, base, "CMD sleep 3600")
    with closing(DockerEngine(f"test-{secrets.token_hex(4)}")) as engine:
        engine.build(built, lambda _line: None)
        container = client.containers.run(built.tag, detach=True)
        assert {RUN_LABEL, OWNER_LABEL}.isdisjoint(container.labels)
        try:
            engine.sweep()
            subprocess.run([HARNESS, "clean"], check=True, capture_output=True)
            container.reload()
            assert container.status == "running"
        finally:
            container.remove(force=True)
            engine.remove_image(built.tag)


def recipe(folder: Path, base: str, steps: str) -> Recipe:
    files = read_sources(folder) | {"Dockerfile": f"ARG BASE\nFROM ${{BASE}}\n{steps}\n".encode()}
    return Recipe(f"harness-test:{secrets.token_hex(4)}", files, target=None, arguments={"BASE": base})


@pytest.mark.podman
@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ("RUN echo fine\nRUN (echo first; echo 'the last words') >&2; exit 7", r"^the last words \(exit code 7\)$"),
        ("RUN echo fine\nRUN exit 7", r"exit 7\W.* (code:|status) 7$"),
        ("COPY nonesuch /", "nonesuch"),
    ],
    ids=["talking", "silent", "copying"],
)
def test_a_failed_build_says_why(steps: str, reason: str, engine: DockerEngine, base: str, tmp_path: Path) -> None:
    lines: list[str] = []
    failing = recipe(tmp_path, base, steps)
    with pytest.raises(BuildError) as failed:
        engine.build(failing, lines.append)
    assert re.search(reason, str(failed.value))
    assert "\n" not in str(failed.value)
    first_step = re.compile("step 1", re.IGNORECASE)
    assert first_step.search(failed.value.log)
    assert any(first_step.search(line) for line in lines)
    assert "\x1b" not in failed.value.log
    assert engine.image_digest(failing.tag) is None


@pytest.mark.podman
def test_a_step_that_was_kept_is_told(engine: DockerEngine, base: str, tmp_path: Path) -> None:
    built = recipe(tmp_path, base, f"RUN echo {secrets.token_hex(4)} >/layer")
    first, again = list[str](), list[str]()
    engine.build(built, first.append)
    engine.build(built, again.append)
    engine.remove_image(built.tag)
    assert (first.count(KEPT), again.count(KEPT)) == (0, 1)


@pytest.mark.podman
def test_files_with_other_modes_and_times_are_not_built_anew(
    engine: DockerEngine, base: str, tmp_path: Path, client: docker.DockerClient
) -> None:
    tags, layers = [], set()
    for mode, time_s in ((0o644, 1), (0o600, 2)):
        (tmp_path / "data").write_text("the same")
        (tmp_path / "data").chmod(mode)
        os.utime(tmp_path / "data", (time_s, time_s))
        built = recipe(tmp_path, base, "COPY data /data\nRUN date +%N >/layer")
        engine.build(built, lambda _line: None)
        tags.append(built.tag)
        layers.add(tuple(client.images.get(built.tag).attrs["RootFS"]["Layers"]))
    for tag in tags:
        engine.remove_image(tag)
    assert len(layers) == 1


@pytest.mark.podman
def test_the_machine_is_described(engine: DockerEngine, base: str, client: docker.DockerClient) -> None:
    machine = read_machine(engine, base)
    assert machine.cores == len(engine.cpus()) > 0
    assert machine.memory_bytes > 2**28
    assert machine.architecture == os.uname().machine
    assert machine.kernel == os.uname().release
    assert machine.features
    name = "Podman" if is_podman(client) else "Docker Engine"
    assert f"{name} {client.version()['Version']}, " in machine.engine


def test_no_engine_is_said_with_what_to_do(tmp_path: Path) -> None:
    nowhere = f"unix://{tmp_path}/nonesuch.sock"
    environment = {**os.environ, "DOCKER_HOST": nowhere}
    ended = subprocess.run([HARNESS, "clean"], env=environment, check=False, capture_output=True, text=True)
    assert ended.returncode == 2
    assert ended.stderr == (
        f"harness: no container engine answers at {nowhere}: No such file or directory.\n"
        "DOCKER_HOST names it: start it, or unset DOCKER_HOST to use the default socket.\n"
    )


@pytest.mark.podman
def test_an_imported_root_file_system_is_an_image_that_builds_can_start_from(engine: DockerEngine) -> None:
    tag = "harness-imported:test"
    with packed({"etc/planted": memoryview(b"planted")}) as archive:
        engine.import_image(archive, tag)
    try:
        assert weigh(engine.save(tag), ["etc/planted"]).payload_bytes == len(b"planted")
    finally:
        engine.remove_image(tag)
