"""What a report says of the circumstances: what the engine's host did meanwhile, and what was tuned."""

from __future__ import annotations

from collections.abc import Iterable

from harness.model.comparison import Comparison, Overview
from harness.model.journal import Reading, Tuned
from harness.report.figures import number, percent
from harness.report.section import Section, Table

UNKNOWN = "not readable"


def circumstances(comparison: Comparison) -> Iterable[str]:
    """The conditions of the run and what was tuned for it, as points."""
    if comparison.conditions:
        yield f"Conditions: {_conditions(comparison.conditions)}; {_state(comparison.readings)}."
    if comparison.disturbed:
        aside = sum(not each.counted for each in comparison.disturbed)
        yield f"Disturbed rounds: {len(comparison.disturbed)}, of which {aside} are set aside and the others count."
    if comparison.machine and "hypervisor" in comparison.machine.features:
        yield (
            "A virtual machine: its frequency, its neighbours' use of caches and memory bandwidth, and where its CPUs "
            "run are beyond control; steal is what the hypervisor owns up to."
        )
    if comparison.tuned:
        yield _tuned(comparison.tuned)


def _conditions(seen: Overview) -> str:
    clock = f", {number(seen.mhz_low)} to {number(seen.mhz_high)} MHz" if seen.mhz_low and seen.mhz_high else ""
    throttled = UNKNOWN if seen.throttled is None else f"{seen.throttled} times"
    return (
        f"while {seen.containers} containers ran, others used at the least {percent(seen.others_share)} of the host's "
        f"CPU time (worst round {percent(seen.others_share_worst)}), its hypervisor kept {percent(seen.steal_share)} "
        f"(worst {percent(seen.steal_share_worst)}); {seen.swapped_pages} pages swapped; throttling {throttled}{clock}"
        f"; {seen.available_bytes / 2**30:.1f} GiB of memory available at the least"
    )


def _state(readings: Iterable[Reading]) -> str:
    found = list(readings)
    if not found:
        return "its state before and after is not known"
    loads = " and ".join(f"{reading.load_1m:g}" for reading in found)
    turbo = {True: "on", False: "off", None: UNKNOWN}[found[0].turbo]
    return f"load {loads} before and after; clock source {found[0].clock_source or UNKNOWN}; turbo {turbo}"


def _tuned(tuned: Tuned) -> str:
    changes = (
        ", ".join(f"{change.path} from {change.before} to {change.after}" for change in tuned.changes) or "nothing"
    )
    refused = f" Not tuned: {'; '.join(tuned.refused)}." if tuned.refused else ""
    return f"Tuned while it measured, and put back: {changes}.{refused}"


def disturbed(comparison: Comparison) -> Section:
    """The rounds that something disturbed, judged by what the engine's host did and never by their times."""
    rows = [
        [
            each.case.name,
            str(each.case.threads),
            str(each.number),
            each.what,
            "yes, for want of others" if each.counted else "no, set aside",
        ]
        for each in comparison.disturbed
    ]
    headers = ["case", "threads", "round", "what disturbed it", "counts"]
    return Section("Disturbed rounds", table=Table(headers, rows) if rows else None)
