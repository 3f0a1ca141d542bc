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
from harness.report import beside
from harness.report.circumstances import interference
from harness.report.integrity import chained, verified
from harness.report.overview import what_was_run
from harness.report.page import drawings
from harness.report.page.charts.rounds import MOST
from harness.report.page.charts.scaling import scaling_lines
from harness.report.page.headline import headline
from harness.report.page.images import images_of, said_bytes
from harness.report.page.matrix import matrix_of
from harness.report.page.sources import kernels_of
from harness.report.page.view import (
    REFERENCE,
    REFERENCE_NAIVE,
    CaseView,
    cases_of,
    languages_of,
    peaks_of,
    published_of,
)
from harness.report.section import Section

HERE = Path(__file__).parent


def page(comparison: Comparison) -> str:
    """The whole page: one file, without anything that is fetched."""
    return rendered("page.html.j2", context(comparison))


def section_page(section: Section) -> str:
    """A page of one table."""
    return rendered("section.html.j2", {"section": section})


def rendered(template: str, shown: Mapping[str, object]) -> str:
    """A template with the style sheet, the script and its hash, by which a browser runs this script and no other."""
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
    """What the template shows."""
    options, machine = comparison.options, comparison.machine
    cases = cases_of(comparison)
    languages, published, peaks = languages_of(cases), published_of(comparison), peaks_of(comparison)
    labels = {language.name: language.label for language in languages}
    reference = options.reference
    images = images_of(comparison.images, cases)
    climb = (languages, published, peaks, options.baseline)
    lines = scaling_lines(cases)
    return {
        "comparison": comparison,
        "baseline": options.baseline,
        "reference": labels.get(reference, reference),
        "reference_key": REFERENCE,
        "reference_naive_key": REFERENCE_NAIVE,
        "headline": headline(
            cases,
            published,
            baseline=options.baseline,
            reference=reference,
            machine=machine.cpu if machine else "",
            cores=max(options.threads),
        ),
        "alarms": list(_alarms(comparison, cases)),
        "cases": cases,
        "measured": [case for case in cases if case.outcome == "measured"],
        "missing": [case for case in cases if case.outcome != "measured"],
        "languages": languages,
        "published": published,
        "names": {case.id: case.full_name for case in cases},
        "climb": drawings.climb_drawings(*climb, per_core=False),
        "climb_per_core": drawings.climb_drawings(*climb, per_core=True) if max(options.threads) > 1 else [],
        "matrix": matrix_of(languages, options.rungs, options.baseline, labels.get(reference, reference)),
        "sizes": drawings.size_drawings(images, peaks),
        "images": images,
        "peak": peaks[-1] if peaks else None,
        "scaling": drawings.scaling_drawings(lines),
        "scaling_lines": lines,
        "efficient": [case for case in cases if "efficiency" in case.figures],
        "warmed": [case for case in cases if "first_sample_seconds" in case.figures],
        "rounds": drawings.round_drawings(cases),
        "most_rounds": MOST,
        "conditions": drawings.condition_drawings(comparison.rounds),
        "run": what_was_run(comparison),
        "interference": interference(comparison),
        "overhead": beside.overhead(comparison),
        "costs": beside.costs(comparison),
        "kernels": kernels_of(cases, has_sources=bool(comparison.sources)),
    }


def _alarms(comparison: Comparison, cases: list[CaseView]) -> Iterator[str]:
    """What a reader must know before anything else."""
    failed = [case.name for case in cases if case.outcome == "failed"]
    if comparison.verification and comparison.verification.problems:
        yield verified(comparison.verification)
    if comparison.chain and comparison.chain.breaks:
        yield f"Journal: {chained(comparison.chain)}."
    if comparison.finished is None:
        yield "This run did not finish: what follows is what it had measured."
    if failed:
        yield f"{len(failed)} of {len(cases)} cases failed: {', '.join(failed)}."
