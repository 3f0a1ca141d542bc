"""Which rounds had interference, by the state of the engine's host, and which are kept. Pure.

A round is judged by the host's counters alone, never by its samples' times, wall or CPU: stalls and idle threads may be
the kernel's own, and picking rounds by their times would be picking the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from harness.model.cases import Case, Conditions
from harness.model.comparison import Interference, Overview
from harness.model.journal import Round

OTHERS = 0.05  # largest share of the host's CPU time that other processes may use
STEAL = 0.02  # largest share of the host's CPU time that may be steal
SWAPPED_PAGES = 256  # a mebibyte
MIN_CLEAN = 3  # clean rounds that are enough to exclude the others


def steal_share(conditions: Conditions) -> float:
    """Steal as a share of the host's CPU time."""
    return conditions.steal_ns / max(1, conditions.wall_ns * conditions.cpus)


def others_share(entry: Round) -> float:
    """A lower bound of the share of the host's CPU time that other processes used during a round.

    What a container uses outside its samples is unknown. The most that it could is assumed: its threads for as long as
    it lived outside its samples, and one more CPU for the engine, which starts and ends it.
    """
    seen = entry.conditions
    if seen is None or seen.wall_ns <= 0:
        return 0.0
    sampled_ns = sum(sample.wall_ns for sample in entry.samples)
    beside_ns = max(0, seen.wall_ns - sampled_ns) * min(seen.cpus, entry.case.threads + 1)
    own_ns = sum(sample.cpu_ns for sample in entry.samples) + beside_ns
    return max(0, seen.busy_ns - own_ns) / (seen.wall_ns * seen.cpus)


def interference(rounds: Iterable[Round]) -> dict[int, str]:
    """The rounds of one case that had interference, by number, and what it was."""
    good = [entry for entry in rounds if entry.samples and not entry.failure]
    found = {entry.number: list(_interference(entry)) for entry in good}
    return {number: ", ".join(reasons) for number, reasons in found.items() if reasons}


def _interference(entry: Round) -> Iterable[str]:
    seen = entry.conditions
    if seen is None:
        return
    if (share := others_share(entry)) > OTHERS:
        yield f"other processes used at least {share:.0%} of the CPU time"
    if (share := steal_share(seen)) > STEAL:
        yield f"steal {share:.0%} of the CPU time"
    if seen.swapped_pages > SWAPPED_PAGES:
        yield f"the host swapped {seen.swapped_pages} pages"
    if seen.throttled:
        yield f"the CPU was throttled {seen.throttled} times"


def clean(rounds: Sequence[Round]) -> list[Round]:
    """The rounds of one case without interference."""
    found = interference(rounds)
    return [entry for entry in rounds if entry.number not in found]


def kept(rounds: Sequence[Round]) -> list[Round]:
    """Without the rounds that had interference, where enough clean ones remain; else all: too few rounds are worse.

    The report lists each round with interference, and whether it was kept or excluded.
    """
    without = clean(rounds)
    return without if len(without) >= MIN_CLEAN else list(rounds)


def rounds_with_interference(rounds: Mapping[Case, Sequence[Round]]) -> tuple[Interference, ...]:
    """Every round with interference, case by case, and whether it is kept."""
    found: list[Interference] = []
    for case, entries in rounds.items():
        counted = {entry.number for entry in kept(entries)}
        found += [
            Interference(case=case, number=number, what=what, counted=number in counted)
            for number, what in interference(entries).items()
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
