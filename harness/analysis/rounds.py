"""The rounds of a run one by one, in their order, for charts and tables of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.analysis.evidence import Evidence
from harness.machine.interference import others_share, steal_share
from harness.model.comparison import RoundRow
from harness.model.journal import Round


def round_rows(evidence: Evidence) -> Iterable[RoundRow]:
    """Every round that could count, in the order in which they were made; failed ones and mere pilots are left out."""
    made = {id(entry) for entries in evidence.candidates.values() for entry in entries if entry.samples}
    kept = {id(entry) for entries in evidence.counted.values() for entry in entries}
    interference = {(each.case, each.number): each.what for each in evidence.interference}
    began_s = _beginnings_s(evidence.in_order)
    for order, entry in enumerate(evidence.in_order, start=1):
        if id(entry) not in made:
            continue
        seen = entry.conditions
        yield RoundRow(
            case=entry.case,
            number=entry.number,
            order=order,
            seconds=evidence.experiment.timing([entry]).mean,
            began_s=began_s[order - 1],
            counted=id(entry) in kept,
            interference=interference.get((entry.case, entry.number)),
            others_share=others_share(entry) if seen else None,
            steal_share=steal_share(seen) if seen else None,
            available_bytes=seen.available_bytes if seen else None,
            mhz=seen.mhz if seen else None,
        )


def _beginnings_s(rounds: Sequence[Round]) -> list[float]:
    """When each began, as if a run that was resumed had never been interrupted."""
    found: list[float] = []
    end_s = 0.0
    for entry in rounds:
        clock_s = None if entry.began_ns is None else entry.began_ns / 1e9
        began_s = max(end_s, clock_s or 0.0)
        found.append(began_s)
        end_s = began_s + entry.container_ns / 1e9
    first_s = found[0] if found else 0.0
    return [each - first_s for each in found]
