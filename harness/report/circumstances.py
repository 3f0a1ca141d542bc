"""The circumstances of a run: interference on the engine's host, and what was tuned."""

from __future__ import annotations

from collections.abc import Iterable

from harness.model.comparison import Comparison, Overview
from harness.model.journal import UNKNOWN, Reading, Tuned
from harness.report.figures import number, percent
from harness.report.section import Section, Table


def circumstances(comparison: Comparison) -> Iterable[str]:
    """The conditions of the run and its tuning, as points."""
    if comparison.conditions:
        yield f"Conditions: {_conditions(comparison.conditions)}; {_state(comparison.readings)}."
    if comparison.interference:
        excluded = sum(not each.counted for each in comparison.interference)
        yield f"Rounds with interference: {len(comparison.interference)}; {excluded} excluded, the others kept."
    if comparison.machine and "hypervisor" in comparison.machine.features:
        yield (
            "Virtual machine: CPU frequency, placement of CPUs, and neighbours' use of caches and memory bandwidth "
            "cannot be controlled; steal is as reported by the hypervisor."
        )
    if comparison.tuned:
        yield _tuned(comparison.tuned)


def _conditions(seen: Overview) -> str:
    clock = f", {number(seen.mhz_low)} to {number(seen.mhz_high)} MHz" if seen.mhz_low and seen.mhz_high else ""
    throttled = UNKNOWN if seen.throttled is None else f"{seen.throttled} times"
    return (
        f"while {seen.containers} containers ran, other processes used at least {percent(seen.others_share)} of the "
        f"host's CPU time (worst round {percent(seen.others_share_worst)}); steal {percent(seen.steal_share)} "
        f"(worst round {percent(seen.steal_share_worst)}); {seen.swapped_pages} pages swapped; "
        f"CPU throttling: {throttled}{clock}; at least {seen.available_bytes / 2**30:.1f} GiB of memory available"
    )


def _state(readings: Iterable[Reading]) -> str:
    found = list(readings)
    if not found:
        return "state before and after: unknown"
    loads = " and ".join(f"{reading.load_1m:g}" for reading in found)
    turbo = {True: "on", False: "off", None: UNKNOWN}[found[0].turbo]
    return f"load {loads} before and after; clock source: {found[0].clock_source or UNKNOWN}; turbo: {turbo}"


def _tuned(tuned: Tuned) -> str:
    changes = (
        ", ".join(f"{change.path} from {change.before} to {change.after}" for change in tuned.changes) or "nothing"
    )
    refused = f" Not tuned: {'; '.join(tuned.refused)}." if tuned.refused else ""
    return f"Tuned during the run, restored afterwards: {changes}.{refused}"


def interference(comparison: Comparison) -> Section:
    """The rounds with interference, judged by the state of the engine's host and never by their times."""
    rows = [
        [
            each.case.name,
            str(each.case.threads),
            str(each.number),
            each.what,
            "kept (too few clean rounds)" if each.counted else "excluded",
        ]
        for each in comparison.interference
    ]
    headers = ["case", "threads", "round", "interference", "kept or excluded"]
    return Section("Rounds with interference", table=Table(headers, rows) if rows else None)
