"""The control group that containers are below, by both versions, and the lives of containers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.engine.docker.account import Parent, parent_of
from harness.engine.docker.waiting import life_ns
from harness.engine.groups import group_of

FACTS = {"ID": "AB:CD", "DockerRootDir": "/var/lib/docker", "CgroupDriver": "cgroupfs", "SecurityOptions": []}
OF_V1 = ("sys/fs/cgroup/cpu,cpuacct", "cpuacct.usage", "1234567890\n")
OF_V2 = ("sys/fs/cgroup", "cpu.stat", "usage_usec 1234567\nuser_usec 1000000\nsystem_usec 234567\n")
BOTH = pytest.mark.parametrize("version", [OF_V1, OF_V2], ids=["version 1", "version 2"])
Version = tuple[str, str, str]


def a_parent(root: Path, **facts: object) -> Parent:
    parent = parent_of(FACTS | facts, root)
    assert parent is not None
    return parent


def group(root: Path, version: Version, parent: Parent) -> Path:
    """The parent's folder on a machine with this version of control groups, and a container's below it."""
    hierarchy, account, text = version
    (root / hierarchy).mkdir(parents=True)
    (root / hierarchy / ("cgroup.controllers" if version == OF_V2 else account)).touch()
    folder = root / hierarchy / parent.path
    (folder / "c0ffee").mkdir(parents=True)
    (folder / account).write_text(text, encoding="ascii")
    (folder / "cgroup.procs").touch()
    (folder / "c0ffee" / "cgroup.procs").touch()
    return folder


@BOTH
@pytest.mark.parametrize("driver", ["cgroupfs", "systemd"])
def test_the_account_is_read_in_nanoseconds(driver: str, version: Version, tmp_path: Path) -> None:
    parent = a_parent(tmp_path, CgroupDriver=driver)
    group(tmp_path, version, parent)
    assert round(parent.used_ns() or 0, -3) == (1234568000 if version == OF_V1 else 1234567000)


@BOTH
def test_before_the_first_container_nothing_was_used(version: Version, tmp_path: Path) -> None:
    parent = a_parent(tmp_path)
    group(tmp_path, version, a_parent(tmp_path, DockerRootDir="/elsewhere"))
    assert parent.used_ns() == 0
    assert parent.is_empty()


def test_without_control_groups_there_is_no_account(tmp_path: Path) -> None:
    assert a_parent(tmp_path).used_ns() is None


@BOTH
def test_an_account_that_makes_no_sense_is_none(version: Version, tmp_path: Path) -> None:
    folder = group(tmp_path, version, parent := a_parent(tmp_path))
    (folder / version[1]).write_text("?\n", encoding="ascii")
    assert parent.used_ns() is None


@BOTH
def test_what_runs_in_it_or_in_one_of_its_containers_is_seen(version: Version, tmp_path: Path) -> None:
    folder = group(tmp_path, version, parent := a_parent(tmp_path))
    assert parent.is_empty()
    (folder / "c0ffee" / "cgroup.procs").write_text("77\n", encoding="ascii")
    assert not parent.is_empty()


def test_engines_have_groups_of_their_own_as_their_driver_names_them(tmp_path: Path) -> None:
    one, other = a_parent(tmp_path), a_parent(tmp_path, DockerRootDir="/elsewhere")
    assert one.name != other.name
    assert one.name == f"/{one.path}" == f"/harness/{one.path[-12:]}"
    of_systemd = a_parent(tmp_path, CgroupDriver="systemd")
    assert of_systemd.name == f"harness-{one.path[-12:]}.slice"
    assert of_systemd.path == f"harness.slice/{of_systemd.name}"


@pytest.mark.parametrize(
    "facts",
    [{"CgroupDriver": "none"}, {"CgroupDriver": None}, {"SecurityOptions": ["name=rootless"]}, {"DockerRootDir": ""}],
)
def test_where_it_could_not_be_read_there_is_none(facts: dict[str, object], tmp_path: Path) -> None:
    assert parent_of(FACTS | facts, tmp_path) is None


def test_it_is_removed_in_every_hierarchy_where_nothing_runs_in_it(tmp_path: Path) -> None:
    parent = a_parent(tmp_path)
    folders = [tmp_path / "sys/fs/cgroup" / name / parent.path for name in ("cpuacct", "memory", "unified")]
    for folder in folders:
        folder.mkdir(parents=True)
    (tmp_path / "sys/fs/cgroup/cpuacct/cpuacct.usage").touch()
    processes = folders[0] / "c0ffee" / "cgroup.procs"
    processes.parent.mkdir()
    processes.write_text("77\n", encoding="ascii")
    parent.remove()
    assert all(folder.is_dir() for folder in folders)
    processes.unlink()  # the folder stays, as Podman's of its monitors does
    parent.remove()
    assert not any(folder.exists() or folder.parent.exists() for folder in folders)


def test_a_slice_is_stopped_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "systemctl").write_text('#!/bin/sh\necho "$@" >"$0.asked"\nexit 1\n', encoding="ascii")
    (tmp_path / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    parent = a_parent(tmp_path, CgroupDriver="systemd")
    parent.remove()
    assert (tmp_path / "systemctl.asked").read_text(encoding="ascii") == f"stop {parent.name}\n"


@pytest.mark.parametrize(
    ("began", "ended", "lived_ns"),
    [
        ("2026-11-27T12:00:00.000000001Z", "2026-11-27T12:00:01.5Z", 1_499_999_999),
        ("2026-11-27T12:00:00.9Z", "2026-11-27T12:00:01Z", 100_000_000),
        ("2026-11-27T13:00:00.5+01:00", "2026-11-27T12:00:01.25Z", 750_000_000),
        ("2026-11-27T12:00:00Z", "2026-11-27T12:00:09Z", 5_000_000_000),  # its clock was set meanwhile
        ("2026-11-27T12:00:02Z", "2026-11-27T12:00:01Z", 5_000_000_000),
        ("0001-01-01T00:00:00Z", "?", 5_000_000_000),
    ],
)
def test_a_life_is_by_the_engines_clock_and_never_longer_than_by_ours(began: str, ended: str, lived_ns: int) -> None:
    assert life_ns({"StartedAt": began, "FinishedAt": ended}, 5_000_000_000) == lived_ns
    assert life_ns({}, 5) == 5


# --- of a container that still runs ----------------------------------------------------------------------------


@BOTH
def test_the_account_of_a_running_container_is_read_from_its_group(version: Version, tmp_path: Path) -> None:
    hierarchy, account, text = version
    is_second = version == OF_V2
    places = {hierarchy: (account, text)} if is_second else {"sys/fs/cgroup/cpuacct": (account, text)}
    memory = "anon 4096\nfile_mapped 1024\n" if is_second else "total_rss 4096\ntotal_mapped_file 1024\n"
    places_of_memory = hierarchy if is_second else "sys/fs/cgroup/memory"
    for place, (name, content) in {**places, places_of_memory + "/": ("memory.stat", memory)}.items():
        folder = tmp_path / place.rstrip("/") / "docker" / "c0ffee"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="ascii")
    (tmp_path / "proc" / "7").mkdir(parents=True)
    lines = "0::/docker/c0ffee\n" if is_second else "4:cpu,cpuacct:/docker/c0ffee\n3:memory:/docker/c0ffee\n"
    (tmp_path / "proc" / "7" / "cgroup").write_text(lines, encoding="ascii")
    group = group_of(7, "c0ffee", tmp_path)
    assert group is not None
    assert (group.cpu_ns(), group.held_bytes()) == (1_234_567_000 if is_second else 1_234_567_890, 5120)
    assert group_of(7, "another", tmp_path) is None
    assert group_of(8, "c0ffee", tmp_path) is None
    group.cpu.unlink()
    group.memory.unlink()
    assert (group.cpu_ns(), group.held_bytes()) == (None, None)
