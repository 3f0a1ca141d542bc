"""The page from a comparison: what the template is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.model.comparison import Comparison
from harness.report.integrity import chained, verified
from harness.report.page.headline import headline
from harness.report.page.sections import SECTIONS
from harness.report.page.shown import shown_of
from harness.report.page.view import REFERENCE, REFERENCE_NAIVE
from harness.report.section import Section
from harness.report.templates import SINGLE, self_contained


def page(comparison: Comparison) -> str:
    """The whole page: one file, without anything that is fetched."""
    return rendered("page.html.j2", context(comparison))


def section_page(section: Section) -> str:
    """A page of one table."""
    return rendered("section.html.j2", {"section": section})


def rendered(template: str, shown: Mapping[str, object]) -> str:
    """A template here, with the page's script."""
    return self_contained(template, shown, SINGLE / "page.js")


def context(comparison: Comparison) -> dict[str, Any]:
    """What the template shows: what all sections share, and what each adds."""
    shown = shown_of(comparison)
    return {
        "comparison": comparison,
        "sections": SECTIONS,
        "baseline": shown.baseline,
        "reference": shown.reference,
        "reference_key": REFERENCE,
        "reference_naive_key": REFERENCE_NAIVE,
        "headline": headline(shown),
        "alarms": list(alarms(comparison)),
        "cases": shown.cases,
        "languages": shown.languages,
        "published": shown.published,
        **{name: it for section in SECTIONS for name, it in section.context(shown).items()},
    }


def alarms(comparison: Comparison) -> Iterator[str]:
    """What a reader must know before anything else."""
    failed = [row.name for row in comparison.everything if row.outcome == "failed"]
    if comparison.verification and comparison.verification.problems:
        yield verified(comparison.verification)
    if comparison.chain and comparison.chain.breaks:
        yield f"Journal: {chained(comparison.chain)}."
    if comparison.finished is None:
        yield "This run did not finish: what follows is what it had measured."
    if failed:
        yield f"{len(failed)} of {len(comparison.everything)} cases failed: {', '.join(failed)}."
