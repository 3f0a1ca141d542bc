"""What a container holds in memory, by both versions of control groups."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from harness.engine.memory import held_bytes, statistics_file, watched

CONTAINER = "033e44eec2bd"
V1 = f"9:name=systemd:/docker/{CONTAINER}\n4:memory:/docker/{CONTAINER}\n0::/docker/{CONTAINER}\n"
V2 = f"0::/system.slice/docker-{CONTAINER}.scope\n"
OF_V1 = "cache 900\nrss 30\nmapped_file 4\ntotal_cache 900\ntotal_rss 300\ntotal_mapped_file 40\n"
OF_V2 = "anon 300\nfile 900\nfile_mapped 40\nshmem 20\n"


def a_machine(root: Path, groups: str, statistics: str, folder: str) -> Path:
    """The files of a machine on which process 7 is in these control groups."""
    (root / "proc/7").mkdir(parents=True)
    (root / "proc/7/cgroup").write_text(groups, encoding="utf-8")
    (root / folder).mkdir(parents=True)
    (root / folder / "memory.stat").write_text(statistics, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("groups", "statistics", "folder"),
    [
        (V1, OF_V1, f"sys/fs/cgroup/memory/docker/{CONTAINER}"),
        (V2, OF_V2, f"sys/fs/cgroup/system.slice/docker-{CONTAINER}.scope"),
    ],
    ids=["version 1", "version 2"],
)
def test_processes_are_counted_and_the_page_cache_is_not(
    groups: str, statistics: str, folder: str, tmp_path: Path
) -> None:
    found = statistics_file(7, CONTAINER, a_machine(tmp_path, groups, statistics, folder))
    assert found is not None
    assert held_bytes(found) == 340


def test_another_machines_process_of_the_same_number_is_not_taken_for_the_container(tmp_path: Path) -> None:
    root = a_machine(tmp_path, "0::/user.slice\n", OF_V2, "sys/fs/cgroup/user.slice")
    assert statistics_file(7, CONTAINER, root) is None
    assert statistics_file(8, CONTAINER, root) is None


def test_a_control_group_that_is_gone_or_says_something_else_is_not_known(tmp_path: Path) -> None:
    assert held_bytes(tmp_path / "memory.stat") is None
    (tmp_path / "memory.stat").write_text("pgfault 1\n", encoding="utf-8")
    assert held_bytes(tmp_path / "memory.stat") is None


def test_the_most_is_kept_whatever_comes_after() -> None:
    amounts: list[int | None] = [1, 5, 3, None]
    done = threading.Event()

    def read() -> int | None:
        if len(amounts) == 1:
            done.set()
            return amounts[0]
        return amounts.pop(0)

    with watched(read) as memory:
        assert done.wait(10)
    assert memory.most_bytes == 5


def test_what_cannot_be_read_stays_unknown() -> None:
    with watched(lambda: None) as memory:
        pass
    assert memory.most_bytes is None
