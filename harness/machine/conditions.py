"""The state of the engine's host, out of its files: what `interference` and `doctor` judge by.

Inside a container, /proc and /sys show the host's CPUs, memory and load as well, so that the same files,
read here or through the engine, give the same reading.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.model.cases import Conditions
from harness.model.journal import Reading

CPU = "/sys/devices/system/cpu"
HUGE_PAGES = "/sys/kernel/mm/transparent_hugepage/enabled"
BOOT_ID = "/proc/sys/kernel/random/boot_id"
CLOCK_SOURCE = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
FILES: Mapping[str, str] = {  # with the lines that are wanted of each, as a regular expression of grep and of Python
    "/proc/stat": "^cpu",
    "/proc/uptime": "",
    "/proc/loadavg": "",
    "/proc/meminfo": "^(MemAvailable|SwapTotal|SwapFree):",
    "/proc/vmstat": "^pswp(in|out) ",
    BOOT_ID: "",
    HUGE_PAGES: "",
    CLOCK_SOURCE: "",
    f"{CPU}/smt/active": "",
    f"{CPU}/intel_pstate/no_turbo": "",
    f"{CPU}/cpufreq/boost": "",
    f"{CPU}/cpu0/cpufreq/scaling_governor": "",
    f"{CPU}/cpu[0-9]/cpufreq/scaling_cur_freq": "",
    f"{CPU}/cpu[0-9]*/thermal_throttle/core_throttle_count": "",
    "/sys/class/power_supply/A*/online": "",
}
TICK_NS = 10_000_000  # what /proc/stat counts in: USER_HZ is 100 wherever Linux runs


def reading_script() -> str:
    """The shell commands that print the wanted lines of every file, each file under a heading."""
    reads = [
        f'for file in {path}; do if [ -r "$file" ]; then echo "== $file"; grep -E "{wanted}" "$file"; fi; done'
        for path, wanted in FILES.items()
    ]
    return "\n".join(reads)


def gather(root: Path = Path("/")) -> str:
    """The same text as the shell's, from this machine's own files below `root`."""
    parts = []
    for pattern, wanted in FILES.items():
        for path in sorted(root.glob(pattern.lstrip("/"))):
            try:
                lines = path.read_text(encoding="utf-8").splitlines()
            except OSError:
                continue  # not every file that is there can be read
            parts += [f"== /{path.relative_to(root)}", *(line for line in lines if re.search(wanted, line))]
    return "\n".join(parts) + "\n"


def parse_reading(text: str) -> Reading:
    """A reading out of headed files; what was not there is None."""
    files = {
        heading: body.strip()
        for heading, _, body in (part.partition("\n") for part in text.split("== ") if part.strip())
    }
    counters = dict(re.findall(r"^(\w+):?\s+(\d+)", f"{files.get('/proc/meminfo')}\n{files.get('/proc/vmstat')}", re.M))
    cpu_lines = [line.split() for line in files.get("/proc/stat", "").splitlines()]
    user, nice, system, _idle, _iowait, irq, softirq, steal = (
        [int(field) for field in cpu_lines[0][1:9]] if cpu_lines else [0] * 8
    )
    huge_pages = re.search(r"\[(\w+)\]", files.get(HUGE_PAGES, ""))
    return Reading(
        boot_id=files.get(BOOT_ID),
        uptime_ns=round(float(files.get("/proc/uptime", "0").split()[0]) * 1e9),
        cpus=max(1, len(cpu_lines) - 1),
        busy_ns=(user + nice + system + irq + softirq) * TICK_NS,
        steal_ns=steal * TICK_NS,
        load_1m=float(files.get("/proc/loadavg", "0").split()[0]),
        available_bytes=int(counters.get("MemAvailable", 0)) * 1024,
        swap_bytes=int(counters.get("SwapTotal", 0)) * 1024,
        swap_used_bytes=(int(counters.get("SwapTotal", 0)) - int(counters.get("SwapFree", 0))) * 1024,
        swapped_pages=int(counters.get("pswpin", 0)) + int(counters.get("pswpout", 0)),
        huge_pages=huge_pages[1] if huge_pages else None,
        clock_source=files.get(CLOCK_SOURCE),
        governor=files.get(f"{CPU}/cpu0/cpufreq/scaling_governor"),
        turbo=_turbo(files),
        smt=_flag(files.get(f"{CPU}/smt/active")),
        mains=_flag(next(iter(_all(files, "/online")), None)),
        mhz=_mean([int(khz) / 1000 for khz in _all(files, "/scaling_cur_freq")]),
        throttled=_sum(_all(files, "/core_throttle_count")),
    )


def _turbo(files: Mapping[str, str]) -> bool | None:
    """One driver says whether it is forbidden, the others whether it is allowed."""
    forbidden = _flag(files.get(f"{CPU}/intel_pstate/no_turbo"))
    return _flag(files.get(f"{CPU}/cpufreq/boost")) if forbidden is None else not forbidden


def _all(files: Mapping[str, str], ending: str) -> list[str]:
    return [text for path, text in files.items() if path.endswith(ending)]


def _flag(text: str | None) -> bool | None:
    return None if text is None else text == "1"


def _sum(texts: Sequence[str]) -> int | None:
    return sum(map(int, texts)) if texts else None


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def between(readings: Sequence[Reading | None]) -> Conditions | None:
    """The conditions between two readings; None where one of them is missing."""
    if len(readings) != 2 or readings[0] is None or readings[1] is None:
        return None
    before, after = readings[0], readings[1]
    throttled = None if after.throttled is None else after.throttled - (before.throttled or 0)
    return Conditions(
        wall_ns=after.uptime_ns - before.uptime_ns,
        cpus=after.cpus,
        busy_ns=after.busy_ns - before.busy_ns,
        steal_ns=after.steal_ns - before.steal_ns,
        swapped_pages=after.swapped_pages - before.swapped_pages,
        throttled=throttled,
        available_bytes=min(before.available_bytes, after.available_bytes),
        mhz=after.mhz,
    )
