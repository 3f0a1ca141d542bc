"""What of one run the page shows: the views that its sections and charts are made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.model.comparison import Comparison
from harness.report.page.cases import cases_of
from harness.report.page.images import ImageView, images_of
from harness.report.page.ladder import compared_of, languages_of, peaks_of, published_of
from harness.report.page.view import CaseView, Compared, Language, Peak, Published


@dataclass(frozen=True)
class Shown:
    """A comparison and its views."""

    comparison: Comparison
    cases: Sequence[CaseView]
    languages: Sequence[Language]
    published: Sequence[Published]
    peaks: Sequence[Peak]
    images: Sequence[ImageView]
    compared: Sequence[Compared]

    @property
    def baseline(self) -> str:
        """The case that speedups are over."""
        return self.comparison.options.baseline

    @property
    def reference(self) -> str:
        """The label of the reference implementation."""
        name = self.comparison.options.reference
        return next((language.label for language in self.languages if language.name == name), name)


def shown_of(comparison: Comparison) -> Shown:
    """The views of a comparison."""
    cases = cases_of(comparison)
    published = published_of(comparison)
    return Shown(
        comparison=comparison,
        cases=cases,
        languages=languages_of(cases),
        published=published,
        peaks=peaks_of(comparison),
        images=images_of(comparison.images, cases),
        compared=compared_of(published, cases),
    )
