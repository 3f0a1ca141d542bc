"""Cases put together: the languages with their ladders, the published rows, the peaks, and variants of rungs."""

from __future__ import annotations

from collections.abc import Sequence

from harness.model.comparison import Comparison, on_most_threads
from harness.report.page.view import CaseView, Compared, Language, Peak, Published, case_id


def languages_of(cases: Sequence[CaseView]) -> list[Language]:
    """The implementations, in the order of the comparison, without the variants of their rungs."""
    cases = [case for case in cases if case.variant_of is None]
    most = on_most_threads(cases)
    labels = {case.implementation: case.language for case in cases}
    return [
        Language(name, label, place, [case for case in most if case.implementation == name])
        for place, (name, label) in enumerate(labels.items())
    ]


def published_of(comparison: Comparison) -> list[Published]:
    """The published rows."""
    return [
        Published(
            version=row.version,
            ratio=row.ratio,
            per_core=row.ratio / row.cores,
            seconds=row.seconds,
            cores=row.cores,
            flags=row.flags,
            toolchain=row.toolchain,
            here=case_id(row.here.implementation, row.here.rung, row.here.threads) if row.here else None,
            differences=row.differences,
        )
        for row in comparison.published
    ]


def peaks_of(comparison: Comparison) -> list[Peak]:
    """The measured peaks, on the fewest threads first."""
    rows = [row for row in comparison.rows if row.name == comparison.options.baseline and row.gflops]
    baseline = max(rows, key=lambda row: row.threads, default=None)
    own = baseline.gflops if baseline else None
    return [
        Peak(peak.threads, peak.gflops, peak.gflops / own if own else None)
        for peak in sorted(comparison.peaks, key=lambda each: each.threads)
    ]


def compared_of(published: Sequence[Published], cases: Sequence[CaseView]) -> list[Compared]:
    """The rungs that have variants, and the published ones made from such a rung: beside their published rows.

    None where no variant was measured.
    """
    ladder = [case for case in cases if case.variant_of is None]
    by_id = {case.id: case for case in ladder}
    variants: dict[str, list[CaseView]] = {}
    for case in cases:
        if case.variant_of is not None:
            variants.setdefault(f"{case.implementation}/{case.variant_of}", []).append(case)
    found = []
    for row in published:
        here = by_id.get(row.here or "")
        made_from = by_id.get(here.previous or "") if here else None
        if here and (here.name in variants or (made_from and made_from.name in variants)):
            found.append(Compared(here, here.name, row, variants.get(here.name, ())))
    held = {each.name for each in found}
    by_name = {case.name: case for case in ladder}
    return found + [Compared(by_name.get(name), name, None, own) for name, own in variants.items() if name not in held]
