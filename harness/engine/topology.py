"""Which CPUs share what, and so which ones the threads of a kernel are given.

Linux tells it in files of one number each, which `grep` prints with their names; what a machine does not tell is the
same for all of its CPUs.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from harness.model.journal import Cpu

FOLDER = "/sys/devices/system/cpu"
FACTS = {  # the last part of a file's name to the field it fills
    "topology/physical_package_id": "package",
    "topology/core_id": "core",
    "cache/index3/id": "cache",
    "cpu_capacity": "capacity",
    "cpufreq/cpuinfo_max_freq": "max_khz",
}
FILES = (*(f"{FOLDER}/cpu[0-9]*/{fact}" for fact in FACTS), "/sys/devices/system/node/node[0-9]*/cpulist")
READ = f"grep -sH '' {' '.join(FILES)}"
LINE = re.compile(rf"^{FOLDER}/cpu(\d+)/({'|'.join(FACTS)}):(\d+)$", re.MULTILINE)
NODE = re.compile(r"^/sys/devices/system/node/node(\d+)/cpulist:(.*)$", re.MULTILINE)
KINDS = 10  # speeds within a tenth of the fastest are of one kind: favoured cores are no kind of their own


def parse_topology(text: str) -> tuple[Cpu, ...]:
    """The CPUs of a machine in their order, from what READ prints; none where it says nothing."""
    found: dict[int, dict[str, int]] = {}
    for number, fact, value in LINE.findall(text):
        found.setdefault(int(number), {})[FACTS[fact]] = int(value)
    nodes = {number: int(node) for node, listed in NODE.findall(text) for number in _listed(listed)}
    return tuple(
        Cpu(number=number, node=nodes.get(number, 0), **facts)
        for number, facts in sorted(found.items())
        if "core" in facts
    )


def own_cpus() -> tuple[int, ...]:
    """The CPUs that this process may use."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    return tuple(sorted(allowed))


def own_memory_bytes() -> int:
    """The memory of the machine that this process runs on."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def own_topology(root: Path = Path("/")) -> tuple[Cpu, ...]:
    """The CPUs of the machine that this process runs on, from its files below `root`."""
    paths = [path for pattern in FILES for path in root.glob(pattern.lstrip("/"))]
    lines = [f"/{path.relative_to(root)}:{path.read_text(encoding='ascii').strip()}" for path in paths]
    return parse_topology("\n".join(lines))


def _listed(text: str) -> Iterable[int]:
    """The numbers in a list such as `0-3,8`."""
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def placement(allowed: Sequence[int], topology: Iterable[Cpu]) -> tuple[int, ...]:
    """The CPUs that threads may have, best first: t threads get the first t.

    Each thread has a core of its own while there are any, of the fastest kind while there are any; neighbours share a
    node, a package and a cache. Where nothing is known of the CPUs, they come in their order.
    """
    known = {cpu.number: cpu for cpu in topology}
    if not set(allowed) <= known.keys():
        return tuple(allowed)
    cpus = [known[number] for number in allowed]
    fastest = max(_speed(cpu) for cpu in cpus)
    slowness = {cpu.number: KINDS - round(KINDS * _speed(cpu) / fastest) for cpu in cpus}
    cpus.sort(key=lambda cpu: (slowness[cpu.number], cpu.node, cpu.package, cpu.cache, cpu.core, cpu.number))
    taken: Counter[tuple[int, int]] = Counter()
    sibling = {}
    for cpu in cpus:
        sibling[cpu.number] = taken[cpu.package, cpu.core]
        taken[cpu.package, cpu.core] += 1
    return tuple(cpu.number for cpu in sorted(cpus, key=lambda cpu: sibling[cpu.number]))


def cores_of(allowed: Sequence[int], topology: Iterable[Cpu]) -> int:
    """How many cores these CPUs are; as many as there are CPUs where nothing is known of them."""
    cores = {cpu.number: (cpu.package, cpu.core) for cpu in topology}
    return len({cores.get(number, (-1, number)) for number in allowed})


def _speed(cpu: Cpu) -> int:
    """What the machine says of a CPU's speed; capacities are of unlike cores, frequencies of like ones too."""
    return cpu.capacity or cpu.max_khz or 1
