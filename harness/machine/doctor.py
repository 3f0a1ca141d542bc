"""What on a machine distorts measurements, how to fix it, and what cannot be controlled on a virtual machine. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from harness.machine.conditions import between
from harness.machine.interference import OTHERS, STEAL, steal_share
from harness.model.cases import Conditions
from harness.model.journal import Machine, Reading

STEADY_CLOCKS = {"tsc", "kvm-clock", "arch_sys_counter", "xen", "hyperv_clocksource_tsc_page", "timebase", "tod"}
ENOUGH_BYTES = 4 * 2**30  # for boxed numbers in nested lists at n = 4096, with room for the rest
BUSY_LOAD = 0.5  # of every CPU

Severity = Literal["problem", "note", "uncontrolled", "ok"]
HEADINGS: dict[Severity, str] = {
    "problem": "Problems",
    "note": "Notes",
    "uncontrolled": "Cannot be controlled on a virtual machine",
    "ok": "OK",
}


@dataclass(frozen=True)
class Finding:
    """One thing that was checked, and what to do about it."""

    severity: Severity
    what: str
    fix: str = ""


def examine(machine: Machine, before: Reading, after: Reading) -> list[Finding]:
    """The findings, worst first, from two readings between which the harness was idle."""
    found = [
        *_load(before, after),
        *standing(machine, after),
        *_memory(after),
        *_cpus(machine, after),
        *(_beyond() if is_virtual(machine) else ()),
    ]
    order = list(HEADINGS)
    return sorted(found, key=lambda finding: order.index(finding.severity))


def has_problems(findings: Iterable[Finding]) -> bool:
    """Whether there is a problem among the findings."""
    return any(finding.severity == "problem" for finding in findings)


def is_virtual(machine: Machine) -> bool:
    """Whether the CPU says that it is a hypervisor's guest; x86 CPUs do, others do not."""
    return "hypervisor" in machine.features


def standing(machine: Machine, reading: Reading) -> list[Finding]:
    """The findings that last until a setting is changed: those of frequency and clock."""
    return [*_frequency(machine, reading), *_clock(reading)]


def _load(before: Reading, after: Reading) -> Iterator[Finding]:
    seen = between([before, after])
    if seen is None or seen.wall_ns <= 0:
        return
    share = seen.busy_ns / (seen.wall_ns * seen.cpus)
    text = f"other processes use {share:.1%} of the CPU time now"
    if share > OTHERS:
        yield Finding("problem", f"{text}, more than {OTHERS:.0%}", "stop the processes that `top` lists first")
    else:
        yield Finding("ok", text)
    if after.load_1m > BUSY_LOAD * after.cpus:
        yield Finding(
            "note", f"load {after.load_1m:g} on {after.cpus} CPUs in the last minute", "wait until it is idle"
        )
    yield from _steal(seen)
    if seen.swapped_pages:
        yield Finding("problem", f"swapping: {seen.swapped_pages} pages in {seen.wall_ns / 1e9:.1f} s", "free memory")
    if seen.throttled:
        yield Finding(
            "problem",
            f"the CPU was throttled {seen.throttled} times just now",
            "improve its cooling, or raise its power limit",
        )


def _steal(seen: Conditions) -> Iterator[Finding]:
    text = f"steal {steal_share(seen):.1%} of the CPU time"
    if steal_share(seen) > STEAL:
        yield Finding("problem", text, "use a machine with dedicated CPUs, or measure when its neighbours are idle")
    else:
        yield Finding("ok", text)


def _frequency(machine: Machine, after: Reading) -> Iterator[Finding]:
    if after.governor == "performance":
        yield Finding("ok", "CPU governor performance")
    elif after.governor is not None:
        yield Finding(
            "problem",
            f"CPU governor {after.governor}: the frequency follows the load",
            "`harness compare --tune`, or `cpupower frequency-set -g performance`",
        )
    elif not is_virtual(machine):
        yield Finding("note", "no CPU governor to be read: whether the frequency is steady is not known")
    if after.turbo:
        yield Finding(
            "note",
            "turbo is on: the frequency depends on temperature and on how many cores are busy",
            "`harness compare --tune`",
        )
    if after.throttled:
        yield Finding("note", f"the CPU was throttled {after.throttled} times since it started", "check its cooling")
    if after.mains is False:
        yield Finding("problem", "on battery: the frequency is limited", "plug it in")


def _memory(after: Reading) -> Iterator[Finding]:
    free = f"{after.available_bytes / 2**30:.1f} GiB of memory available"
    if after.available_bytes < ENOUGH_BYTES:
        yield Finding(
            "problem", f"{free}; n = 4096 needs {ENOUGH_BYTES / 2**30:.0f}", "free some, or choose a smaller --n"
        )
    else:
        yield Finding("ok", free)
    if after.swap_used_bytes:
        used = f"{after.swap_used_bytes / 2**20:.0f} MiB are swapped out"
        yield Finding("note", f"{used}: containers do not swap, but their host can", "`swapoff -a` while measuring")
    if after.huge_pages not in {None, "always"}:
        yield Finding(
            "note",
            f"transparent huge pages {after.huge_pages}: programs that do not request huge pages use 4 KiB pages",
            "`harness compare --tune`; the report states the setting",
        )


def _clock(after: Reading) -> Iterator[Finding]:
    if after.clock_source is None:
        yield Finding("note", "the kernel's clock source is unknown")
    elif after.clock_source in STEADY_CLOCKS:
        yield Finding("ok", f"clock source {after.clock_source}")
    else:
        yield Finding(
            "problem",
            f"clock source {after.clock_source}: slow to read, coarse, or both",
            "switch to tsc where the kernel accepts it, or use another machine",
        )


def _cpus(machine: Machine, after: Reading) -> Iterator[Finding]:
    if machine.cpu_count == 1:
        yield Finding("note", "one CPU: the engine shares it with the measurements", "add a second one")
    if machine.cpu_count < after.cpus:
        yield Finding("note", f"{machine.cpu_count} of {after.cpus} CPUs are used: other processes may use the rest")
    if after.smt:
        yield Finding(
            "note",
            "hyper-threading is on: two threads of a core share its execution units",
            "use at most one thread per core (--threads), or switch it off",
        )


def _beyond() -> Iterator[Finding]:
    yield Finding(
        "uncontrolled",
        "frequency, turbo and throttling: the hypervisor's host controls them and does not report them",
    )
    yield Finding(
        "uncontrolled", "neighbours on the same socket share its caches and memory bandwidth; no counter shows it"
    )
    yield Finding("uncontrolled", "which physical cores, or hardware threads, the CPUs run on, and when they move")
    yield Finding("uncontrolled", "the page size that the hypervisor backs this memory with")
    yield Finding("uncontrolled", "steal: only as reported by the hypervisor")


def as_text(findings: Sequence[Finding]) -> str:
    """For people: worst first, with the fixes."""
    parts = []
    for severity, heading in HEADINGS.items():
        lines = [
            f"- {finding.what}" + (f"\n  fix: {finding.fix}" if finding.fix else "")
            for finding in findings
            if finding.severity == severity
        ]
        if lines:
            parts.append("\n".join([heading, "─" * len(heading), *lines]))
    return "\n\n".join(parts)


def as_json(findings: Sequence[Finding]) -> str:
    """For programs: an array of severity, what, fix."""
    return json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False)
