"""The page from a comparison: what the template is given."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.model.comparison import Comparison
from harness.report.integrity import chained, verified
from harness.report.page.headline import headline
from harness.report.page.images import said_bytes
from harness.report.page.sections import SECTIONS
from harness.report.page.shown import Shown, shown_of
from harness.report.page.view import REFERENCE, REFERENCE_NAIVE
from harness.report.section import Section

HERE = Path(__file__).parent


def page(comparison: Comparison) -> str:
    """The whole page: one file, without anything that is fetched."""
    return rendered("page.html.j2", context(comparison))


def section_page(section: Section) -> str:
    """A page of one table."""
    return rendered("section.html.j2", {"section": section})


def rendered(template: str, shown: Mapping[str, object]) -> str:
    """A template here with the style sheet, and the script with its hash, by which a browser runs it and no other."""
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["bytes"] = said_bytes
    script = _file("page.js")
    static = {
        "style": Markup(_file("page.css")),  # noqa: S704 (our own files)
        "script": Markup(script),  # noqa: S704
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    }
    return environment.get_template(template).render(**static, **shown) + "\n"


@cache
def _file(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


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
        "alarms": list(alarms(shown)),
        "cases": shown.cases,
        "languages": shown.languages,
        "published": shown.published,
        **{name: it for section in SECTIONS for name, it in section.context(shown).items()},
    }


def alarms(shown: Shown) -> Iterator[str]:
    """What a reader must know before anything else."""
    comparison = shown.comparison
    failed = [case.name for case in shown.cases if case.outcome == "failed"]
    if comparison.verification and comparison.verification.problems:
        yield verified(comparison.verification)
    if comparison.chain and comparison.chain.breaks:
        yield f"Journal: {chained(comparison.chain)}."
    if comparison.finished is None:
        yield "This run did not finish: what follows is what it had measured."
    if failed:
        yield f"{len(failed)} of {len(shown.cases)} cases failed: {', '.join(failed)}."
