"""Which CPUs threads are given, on machines of several kinds."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.engine.topology import cores_of, own_cpus, own_topology, parse_topology, placement
from harness.model.journal import Cpu

CPU = "/sys/devices/system/cpu"


def smt(cores: int, nodes: int = 1) -> list[Cpu]:
    """Two threads a core, the second ones numbered after all first ones, as Linux does on bare metal."""
    return [
        Cpu(
            number=number,
            core=number % cores,
            package=number % cores * nodes // cores,
            node=number % cores * nodes // cores,
        )
        for number in range(2 * cores)
    ]


ADJACENT = [Cpu(number=number, core=number // 2) for number in range(8)]  # as clouds number them
HYBRID = [  # two fast cores of two threads, then four slow ones of one
    *(Cpu(number=number, core=number // 2 * 4, capacity=1024, max_khz=5_000_000) for number in range(4)),
    *(Cpu(number=4 + number, core=16 + number, capacity=614, max_khz=3_600_000) for number in range(4)),
]


@pytest.mark.parametrize(
    ("topology", "expected"),
    [
        (smt(4), (0, 1, 2, 3, 4, 5, 6, 7)),
        (ADJACENT, (0, 2, 4, 6, 1, 3, 5, 7)),
        (HYBRID, (0, 2, 4, 5, 6, 7, 1, 3)),
        ([cpu.model_copy(update={"core": 7 - cpu.number}) for cpu in smt(8)[:8]], (7, 6, 5, 4, 3, 2, 1, 0)),
    ],
    ids=["siblings last", "siblings adjacent", "unlike cores", "by core"],
)
def test_every_thread_has_a_core_of_its_own_while_there_are_any(topology: list[Cpu], expected: tuple[int, ...]) -> None:
    assert placement([cpu.number for cpu in topology], topology) == expected


def test_one_thread_runs_on_the_fastest_kind() -> None:
    slow_first = [cpu.model_copy(update={"number": 7 - cpu.number}) for cpu in HYBRID]
    assert placement(range(8), slow_first)[0] in {7, 6, 5, 4}


def test_a_favoured_core_is_no_kind_of_its_own() -> None:
    topology = [Cpu(number=number, core=number, max_khz=5_000_000 + 100_000 * (number == 3)) for number in range(4)]
    assert placement(range(4), topology) == (0, 1, 2, 3)


def test_threads_stay_on_one_node_while_it_has_cores() -> None:
    interleaved = [Cpu(number=number, core=number // 2, package=number % 2, node=number % 2) for number in range(8)]
    assert placement(range(8), interleaved) == (0, 2, 4, 6, 1, 3, 5, 7)


def test_only_allowed_cpus_are_given() -> None:
    assert placement((1, 2, 3, 5), ADJACENT) == (1, 2, 5, 3)
    assert cores_of((1, 2, 3, 5), ADJACENT) == 3


@pytest.mark.parametrize("topology", [[], ADJACENT[:2]], ids=["nothing known", "too little known"])
def test_unknown_cpus_come_in_their_order_as_a_core_each(topology: list[Cpu]) -> None:
    assert placement((3, 0, 9), topology) == (3, 0, 9)
    assert cores_of((3, 5, 9), topology) == 3


def test_the_files_are_read_as_grep_prints_them() -> None:
    text = "\n".join(
        [
            f"{CPU}/cpu0/topology/core_id:0",
            f"{CPU}/cpu0/topology/physical_package_id:0",
            f"{CPU}/cpu0/cpu_capacity:1024",
            f"{CPU}/cpu10/topology/core_id:5",
            f"{CPU}/cpu10/topology/physical_package_id:1",
            f"{CPU}/cpu10/cache/index3/id:7",
            f"{CPU}/cpu10/cpufreq/cpuinfo_max_freq:3000000",
            f"{CPU}/cpu11/cpufreq/cpuinfo_max_freq:3000000",  # switched off: no core
            "/sys/devices/system/node/node0/cpulist:0-3,8",
            "/sys/devices/system/node/node1/cpulist:9-11",
            "/sys/devices/system/node/node2/cpulist:",
        ]
    )
    assert parse_topology(text) == (
        Cpu(number=0, core=0, capacity=1024),
        Cpu(number=10, core=5, package=1, node=1, cache=7, max_khz=3_000_000),
    )


def test_this_machine_s_files_say_the_same_by_themselves(tmp_path: Path) -> None:
    folder = tmp_path / "sys/devices/system/cpu/cpu0/topology"
    folder.mkdir(parents=True)
    (folder / "core_id").write_text("4\n")
    assert own_topology(tmp_path) == (Cpu(number=0, core=4),)
    assert 1 <= cores_of(own_cpus(), own_topology()) <= len(own_cpus())
