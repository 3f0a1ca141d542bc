"""The sections of the page, in their order. A new one is a function here, its line in SECTIONS and its template."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.report import beside
from harness.report.circumstances import interference
from harness.report.overview import what_was_run
from harness.report.page.charts.rounds import MOST
from harness.report.page.drawings import drawings_of
from harness.report.page.matrix import matrix_of
from harness.report.page.shown import Shown
from harness.report.page.sources import kernels_of

Context = Mapping[str, object]


def _climb(shown: Shown) -> Context:
    return {"climb": drawings_of("climb", shown), "climb_per_core": drawings_of("climb-per-core", shown)}


def _matrix(shown: Shown) -> Context:
    return {"matrix": matrix_of(shown.languages, shown.comparison.options.rungs, shown.baseline, shown.reference)}


def _published(_shown: Shown) -> Context:
    return {}


def _variants(shown: Shown) -> Context:
    return {"variants": drawings_of("variants", shown), "compared": shown.compared}


def _size(shown: Shown) -> Context:
    return {
        "sizes": drawings_of("sizes", shown),
        "images": shown.images,
        "peak": shown.peaks[-1] if shown.peaks else None,
        "overhead": beside.overhead(shown.comparison),
        "costs": beside.costs(shown.comparison),
    }


def _scaling(shown: Shown) -> Context:
    return {
        "scaling": drawings_of("scaling", shown),
        "efficient": [case for case in shown.cases if "efficiency" in case.figures],
        "warmed": [case for case in shown.cases if "first_sample_seconds" in case.figures],
    }


def _certainty(shown: Shown) -> Context:
    return {
        "rounds": drawings_of("rounds", shown),
        "most_rounds": MOST,
        "measured": [case for case in shown.cases if case.outcome == "measured"],
        "conditions": drawings_of("conditions", shown),
        "run": what_was_run(shown.comparison),
        "interference": interference(shown.comparison),
    }


def _problems(shown: Shown) -> Context:
    return {"missing": [case for case in shown.cases if case.outcome != "measured"]}


def _cases(shown: Shown) -> Context:
    return {
        "names": {case.id: case.full_name for case in shown.cases},
        "kernels": kernels_of(shown.cases, has_sources=bool(shown.comparison.sources)),
    }


@dataclass(frozen=True)
class PageSection:
    """One section: where links lead and what its template is called, its name in the navigation, what it shows."""

    id: str
    name: str
    context: Callable[[Shown], Context]

    @property
    def template(self) -> str:
        """The template's file."""
        return f"{self.id}.html.j2"


SECTIONS: Sequence[PageSection] = (
    PageSection("climb", "Climb", _climb),
    PageSection("matrix", "Matrix", _matrix),
    PageSection("published", "Published", _published),
    PageSection("variants", "Variants", _variants),
    PageSection("size", "Size", _size),
    PageSection("scaling", "Scaling", _scaling),
    PageSection("certainty", "Certainty", _certainty),
    PageSection("problems", "Problems", _problems),
    PageSection("cases", "Cases", _cases),
)
