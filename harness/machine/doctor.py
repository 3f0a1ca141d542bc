"""What on a machine would spoil a measurement, how to mend it, and what nobody on a virtual machine can. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from harness.machine.conditions import between
from harness.machine.disturbance import OTHERS, STEAL, steal_share
from harness.model.cases import Conditions
from harness.model.journal import Machine, Reading

STEADY_CLOCKS = {"tsc", "kvm-clock", "arch_sys_counter", "xen", "hyperv_clocksource_tsc_page", "timebase", "tod"}
ENOUGH_BYTES = 4 * 2**30  # for boxed numbers in nested lists at n = 4096, with room for the rest
BUSY_LOAD = 0.5  # of every CPU

Severity = Literal["serious", "note", "beyond", "good"]
HEADINGS: dict[Severity, str] = {
    "serious": "Would spoil a measurement",
    "note": "Worth knowing",
    "beyond": "Beyond control on a virtual machine",
    "good": "In order",
}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, and what to do about it."""

    severity: Severity
    what: str
    mend: str = ""


def examine(machine: Machine, before: Reading, after: Reading) -> list[Finding]:
    """The findings, worst first, from two readings between which the harness did nothing."""
    found = [
        *_load(before, after),
        *standing(machine, after),
        *_memory(after),
        *_cpus(machine, after),
        *(_beyond() if is_virtual(machine) else ()),
    ]
    order = list(HEADINGS)
    return sorted(found, key=lambda finding: order.index(finding.severity))


def is_serious(findings: Iterable[Finding]) -> bool:
    """Whether anything there would spoil a measurement."""
    return any(finding.severity == "serious" for finding in findings)


def is_virtual(machine: Machine) -> bool:
    """Whether the CPU says that it is a hypervisor's guest; x86 does, others do not tell."""
    return "hypervisor" in machine.features


def standing(machine: Machine, reading: Reading) -> list[Finding]:
    """The findings that hold for as long as nobody changes a setting: those of frequency and clock."""
    return [*_frequency(machine, reading), *_clock(reading)]


def _load(before: Reading, after: Reading) -> Iterator[Finding]:
    seen = between([before, after])
    if seen is None or seen.wall_ns <= 0:
        return
    share = seen.busy_ns / (seen.wall_ns * seen.cpus)
    text = f"others use {share:.1%} of the CPU time now"
    if share > OTHERS:
        yield Finding(
            "serious", f"{text}, more than {OTHERS:.0%}", "stop what `top` shows at its head, and wait for it"
        )
    else:
        yield Finding("good", text)
    if after.load_1m > BUSY_LOAD * after.cpus:
        yield Finding(
            "note", f"load {after.load_1m:g} on {after.cpus} CPUs in the last minute", "wait until it is idle"
        )
    yield from _steal(seen)
    if seen.swapped_pages:
        yield Finding("serious", f"swapping: {seen.swapped_pages} pages in {seen.wall_ns / 1e9:.1f} s", "free memory")
    if seen.throttled:
        yield Finding(
            "serious", f"the CPU was throttled {seen.throttled} times just now", "cool it, or its power limit"
        )


def _steal(seen: Conditions) -> Iterator[Finding]:
    text = f"the hypervisor keeps {steal_share(seen):.1%} of the CPU time (steal)"
    if steal_share(seen) > STEAL:
        yield Finding("serious", text, "take a machine with CPUs of its own, or measure when its neighbours rest")
    else:
        yield Finding("good", text)


def _frequency(machine: Machine, after: Reading) -> Iterator[Finding]:
    if after.governor == "performance":
        yield Finding("good", "CPU governor performance")
    elif after.governor is not None:
        yield Finding(
            "serious",
            f"CPU governor {after.governor}: the frequency follows the load",
            "`harness compare --tune`, or `cpupower frequency-set -g performance`",
        )
    elif not is_virtual(machine):
        yield Finding("note", "no CPU governor to be read: whether the frequency is steady is not known")
    if after.turbo:
        yield Finding(
            "note", "turbo is on: the frequency depends on heat and on how many cores work", "`harness compare --tune`"
        )
    if after.throttled:
        yield Finding("note", f"the CPU was throttled {after.throttled} times since it started", "look at its cooling")
    if after.mains is False:
        yield Finding("serious", "on battery: the frequency is held down", "plug it in")


def _memory(after: Reading) -> Iterator[Finding]:
    free = f"{after.available_bytes / 2**30:.1f} GiB of memory available"
    if after.available_bytes < ENOUGH_BYTES:
        yield Finding(
            "serious", f"{free}; n = 4096 needs {ENOUGH_BYTES / 2**30:.0f}", "free some, or choose a smaller --n"
        )
    else:
        yield Finding("good", free)
    if after.swap_used_bytes:
        used = f"{after.swap_used_bytes / 2**20:.0f} MiB are swapped out"
        yield Finding("note", f"{used}: containers may not swap, their host may", "`swapoff -a` while measuring")
    if after.huge_pages not in {None, "always"}:
        yield Finding(
            "note",
            f"transparent huge pages {after.huge_pages}: who does not ask gets small pages, and misses the TLB more",
            "`harness compare --tune`; whichever it is stands in the report",
        )


def _clock(after: Reading) -> Iterator[Finding]:
    if after.clock_source is None:
        yield Finding("note", "which clock the kernel reads is not known")
    elif after.clock_source in STEADY_CLOCKS:
        yield Finding("good", f"clock source {after.clock_source}")
    else:
        yield Finding(
            "serious",
            f"clock source {after.clock_source}: slow to read, coarse, or both",
            "choose tsc, if current_clocksource takes it; else another machine",
        )


def _cpus(machine: Machine, after: Reading) -> Iterator[Finding]:
    if machine.cpu_count == 1:
        yield Finding("note", "one CPU: the engine's own work has no other to go to", "give it a second one")
    if machine.cpu_count < after.cpus:
        yield Finding("note", f"{machine.cpu_count} of {after.cpus} CPUs are used: others may use the rest of them")
    if after.smt:
        yield Finding(
            "note",
            "hyper-threading is on: two threads of one core share its units",
            "`--threads` no more than there are cores, or switch it off",
        )


def _beyond() -> Iterator[Finding]:
    yield Finding("beyond", "frequency, turbo and throttling: the hypervisor's host governs them and does not say")
    yield Finding("beyond", "neighbours on the same socket use its caches and memory bandwidth, which shows nowhere")
    yield Finding("beyond", "which physical cores, or halves of a core, the CPUs are, and when they move")
    yield Finding(
        "beyond", "the pages that the hypervisor backs this memory with, large or small, at first touch or before"
    )
    yield Finding("beyond", "steal is only what the hypervisor owns up to")


def as_text(findings: Sequence[Finding]) -> str:
    """For people: worst first, with what to do."""
    parts = []
    for severity, heading in HEADINGS.items():
        lines = [
            f"- {finding.what}" + (f"\n  mend: {finding.mend}" if finding.mend else "")
            for finding in findings
            if finding.severity == severity
        ]
        if lines:
            parts.append("\n".join([heading, "─" * len(heading), *lines]))
    return "\n\n".join(parts)


def as_json(findings: Sequence[Finding]) -> str:
    """For programs: an array of severity, what, mend."""
    return json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False)
