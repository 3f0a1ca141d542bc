"""Which rounds something disturbed, by what the engine's host did meanwhile, and what becomes of them. Pure.

A round is judged by the host's counters alone, never by its samples' times, wall or CPU: stalls and idle threads may be
the kernel's own, and picking rounds by their times would be picking the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from harness.model.cases import Case, Conditions
from harness.model.comparison import Disturbed, Overview
from harness.model.journal import Round

OTHERS = 0.05  # share of the host's CPU time, that others may use at the most
STEAL = 0.02  # share of the host's CPU time, that a hypervisor may keep
SWAPPED_PAGES = 256  # a mebibyte
UNDISTURBED = 3  # so many undisturbed rounds are enough to set the disturbed ones aside


def steal_share(conditions: Conditions) -> float:
    """The share of the host's CPU time that its hypervisor gave to others."""
    return conditions.steal_ns / max(1, conditions.wall_ns * conditions.cpus)


def others_share(entry: Round) -> float:
    """The share of the host's CPU time that others used during a round, at the least.

    What a container uses outside its samples is not known. It is taken to be all that it could: its threads for as
    long as it lived beside its samples, and one CPU more for the engine, which starts and ends it.
    """
    seen = entry.conditions
    if seen is None or seen.wall_ns <= 0:
        return 0.0
    sampled_ns = sum(sample.wall_ns for sample in entry.samples)
    beside_ns = max(0, seen.wall_ns - sampled_ns) * min(seen.cpus, entry.case.threads + 1)
    own_ns = sum(sample.cpu_ns for sample in entry.samples) + beside_ns
    return max(0, seen.busy_ns - own_ns) / (seen.wall_ns * seen.cpus)


def disturbances(rounds: Iterable[Round]) -> dict[int, str]:
    """The disturbed rounds of one case, by their number, and what disturbed each."""
    good = [entry for entry in rounds if entry.samples and not entry.failure]
    found = {entry.number: list(_disturbances(entry)) for entry in good}
    return {number: ", ".join(reasons) for number, reasons in found.items() if reasons}


def _disturbances(entry: Round) -> Iterable[str]:
    seen = entry.conditions
    if seen is None:
        return
    if (share := others_share(entry)) > OTHERS:
        yield f"others used {share:.0%} of the CPU time"
    if (share := steal_share(seen)) > STEAL:
        yield f"the hypervisor kept {share:.0%} of the CPU time"
    if seen.swapped_pages > SWAPPED_PAGES:
        yield f"the host swapped {seen.swapped_pages} pages"
    if seen.throttled:
        yield f"the CPU was throttled {seen.throttled} times"


def undisturbed(rounds: Sequence[Round]) -> list[Round]:
    """The rounds of one case that nothing disturbed."""
    disturbed = disturbances(rounds)
    return [entry for entry in rounds if entry.number not in disturbed]


def set_aside(rounds: Sequence[Round]) -> list[Round]:
    """Without the disturbed rounds, where enough others remain; else all, for few rounds tell less than disturbed ones.

    Which of the two it was stands in the report, with the number of each disturbed round and what disturbed it.
    """
    calm = undisturbed(rounds)
    return calm if len(calm) >= UNDISTURBED else list(rounds)


def disturbed_rounds(rounds: Mapping[Case, Sequence[Round]]) -> tuple[Disturbed, ...]:
    """Every disturbed round that would count, case by case, and whether it counts nevertheless."""
    found: list[Disturbed] = []
    for case, entries in rounds.items():
        counted = {entry.number for entry in set_aside(entries)}
        found += [
            Disturbed(case=case, number=number, what=what, counted=number in counted)
            for number, what in disturbances(entries).items()
        ]
    return tuple(found)


def overview(rounds: Iterable[Round]) -> Overview | None:
    """The conditions of a whole run; None where none could be read."""
    seen = [(entry, entry.conditions) for entry in rounds if entry.conditions and entry.samples]
    if not seen:
        return None
    whole_ns = sum(conditions.wall_ns for _, conditions in seen)
    throttled = [conditions.throttled for _, conditions in seen if conditions.throttled is not None]
    clocks = [conditions.mhz for _, conditions in seen if conditions.mhz is not None]
    return Overview(
        containers=len(seen),
        others_share=sum(others_share(entry) * conditions.wall_ns for entry, conditions in seen) / max(1, whole_ns),
        others_share_worst=max(others_share(entry) for entry, _ in seen),
        steal_share=sum(steal_share(conditions) * conditions.wall_ns for _, conditions in seen) / max(1, whole_ns),
        steal_share_worst=max(steal_share(conditions) for _, conditions in seen),
        swapped_pages=sum(conditions.swapped_pages for _, conditions in seen),
        throttled=sum(throttled) if throttled else None,
        available_bytes=min(conditions.available_bytes for _, conditions in seen),
        mhz_low=min(clocks, default=None),
        mhz_high=max(clocks, default=None),
    )
