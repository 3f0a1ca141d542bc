"""Facts of the machine that the kernels run on.

They are read inside a container, through the engine, so that they are the right machine's for a remote engine too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from harness.engine.engine import Engine, Job
from harness.engine.topology import READ as READ_TOPOLOGY
from harness.engine.topology import cores_of, parse_topology, placement
from harness.errors import EngineError
from harness.model.journal import UNKNOWN, Machine

CPU_FOLDER = "/sys/devices/system/cpu/cpu0"
READ = f"""
for file in /proc/cpuinfo /proc/meminfo /proc/loadavg /proc/sys/kernel/osrelease \
    /sys/kernel/mm/transparent_hugepage/enabled {CPU_FOLDER}/cpufreq/scaling_governor \
    {CPU_FOLDER}/cache/index*/level {CPU_FOLDER}/cache/index*/type {CPU_FOLDER}/cache/index*/size; do
  if [ -r "$file" ]; then echo "== $file"; cat "$file"; fi
done
echo "== architecture"; uname -m
echo "== topology"; {READ_TOPOLOGY} || :
"""


def read_machine(engine: Engine, base: str) -> Machine:
    """The facts, through a container of the base image."""
    job = Job(
        image=base,
        arguments=(READ,),
        entrypoint=("/bin/sh", "-c"),
        cpus=engine.cpus(),
        memory_bytes=2**28,
        pids=64,
        timeout_s=30,
    )
    answer = engine.run(job)
    if answer.code:
        raise EngineError(f"the engine cannot run a container of {base}:\n{answer.stderr.decode()}")
    return parse_machine(answer.stdout.decode(), engine.describe(), engine.cpus())


def parse_machine(text: str, engine: str, cpus: Sequence[int]) -> Machine:
    """The facts of a machine whose containers may use these CPUs, out of `== path` headed files; pure."""
    files = {
        heading: body.strip()
        for heading, _, body in (part.partition("\n") for part in text.split("== ") if part.strip())
    }
    cpu = dict(re.findall(r"^([\w ]+?)\s*: (.*)$", files.get("/proc/cpuinfo", ""), re.MULTILINE))
    huge_pages = re.search(r"\[(\w+)\]", files.get("/sys/kernel/mm/transparent_hugepage/enabled", ""))
    memory = re.search(r"MemTotal:\s+(\d+) kB", files.get("/proc/meminfo", ""))
    topology = parse_topology(files.get("topology", ""))
    return Machine(
        cpu=_cpu_name(cpu),
        architecture=files.get("architecture", UNKNOWN),
        features=tuple(sorted((cpu.get("flags") or cpu.get("Features") or "").split())),
        cores=cores_of(cpus, topology),
        cpus=placement(cpus, topology),
        topology=topology,
        caches=_caches(files),
        memory_bytes=int(memory[1]) * 1024 if memory else 0,
        kernel=files.get("/proc/sys/kernel/osrelease", UNKNOWN),
        transparent_huge_pages=huge_pages[1] if huge_pages else UNKNOWN,
        governor=files.get(f"{CPU_FOLDER}/cpufreq/scaling_governor", UNKNOWN),
        load_1m=float(files.get("/proc/loadavg", "0").split()[0]),
        engine=engine,
    )


def _cpu_name(cpu: dict[str, str]) -> str:
    """The model's name with its numbers: clouds print the same name for several generations."""
    name = cpu.get("model name") or f"CPU implementer {cpu.get('CPU implementer', 'not readable')}"
    if "cpu family" not in cpu:
        return name
    return f"{name} (family {cpu['cpu family']}, model {cpu['model']}, stepping {cpu['stepping']})"


def _caches(files: dict[str, str]) -> dict[str, str]:
    """Sizes by name: {"L1 Data": "32K", …}."""
    caches = {}
    for path, level in files.items():
        if path.startswith(CPU_FOLDER) and PurePosixPath(path).name == "level":
            folder = str(PurePosixPath(path).parent)
            kind = files.get(f"{folder}/type", "")
            name = f"L{level}" if kind == "Unified" else f"L{level} {kind}"
            caches[name] = files.get(f"{folder}/size", UNKNOWN)
    return caches
