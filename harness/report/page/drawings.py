"""The charts by their names, each at the widths that the page's style sheet chooses from, or alone as a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.errors import ResultsError
from harness.report.page.charts import climb, conditions, rounds, scaling, sizes, variants, weights
from harness.report.page.charts.palette import LIGHT, PAGE, Palette
from harness.report.page.charts.vega import Chart, svg
from harness.report.page.images import ImageView
from harness.report.page.shown import Shown

WIDTHS = {"wide": 1080, "middle": 700, "narrow": 340}  # pixels
ALONE = 1080
CLIMB = "climb"

Draw = Callable[[int, Palette], Chart]
"""A chart so many pixels wide, in these colours."""


@dataclass(frozen=True)
class Drawing:
    """One chart at one width."""

    size: str
    markup: Markup


def _climb_drawn(shown: Shown, *, per_core: bool = False) -> Draw:
    peak = (shown.peaks[-1].per_core if per_core else shown.peaks[-1].ratio) if shown.peaks else None
    unit = f"times faster than {shown.baseline}{', per core' if per_core else ''}"

    def draw(width: int, palette: Palette) -> Chart:
        found = climb.lanes(shown.languages, shown.published, per_core=per_core, intervals=width >= climb.NARROW)
        return climb.climb(found, peak, unit, width, palette)

    return draw


def _climb(shown: Shown) -> Draw | None:
    has_steps = any("ratio" in case.figures for language in shown.languages for case in language.cases)
    return _climb_drawn(shown) if has_steps else None


def _climb_per_core(shown: Shown) -> Draw | None:
    has_more = max(shown.comparison.options.threads) > 1
    return _climb_drawn(shown, per_core=True) if has_more and _climb(shown) else None


def _variants(shown: Shown) -> Draw | None:
    found = [each for each in shown.compared if variants.is_drawable(each)]
    places = {language.name: language.place for language in shown.languages}
    baseline = shown.baseline
    return (lambda width, palette: variants.variants(found, places, baseline, width, palette)) if found else None


def _sizes(shown: Shown) -> Draw | None:
    found = sizes.plotted(shown.images)
    peak = shown.peaks[-1].gflops if shown.peaks else None
    return (lambda width, palette: sizes.sizes(found, peak, width, palette)) if found else None


def _scaling(shown: Shown) -> Draw | None:
    lines = scaling.scaling_lines(shown.cases)
    return (lambda width, palette: scaling.scaling(lines, width, palette)) if lines else None


def _rounds(shown: Shown) -> Draw | None:
    found = rounds.drawable(shown.cases)
    return (lambda width, palette: rounds.rounds(found, width, palette)) if found else None


def _conditions(shown: Shown) -> Draw | None:
    series = conditions.series_of(shown.comparison.rounds)
    return (lambda width, palette: conditions.conditions(series, width, palette)) if series else None


CHARTS: Mapping[str, tuple[Callable[[Shown], Draw | None], Sequence[str]]] = {
    CLIMB: (_climb, ("wide", "middle", "narrow")),
    "climb-per-core": (_climb_per_core, ("wide", "middle", "narrow")),
    "variants": (_variants, ("middle", "narrow")),
    "sizes": (_sizes, ("wide", "narrow")),
    "scaling": (_scaling, ("middle", "narrow")),
    "rounds": (_rounds, ("wide", "narrow")),
    "conditions": (_conditions, ("wide", "narrow")),
}
"""How each chart is drawn, where a run has what it shows, and at which widths the page has it."""


def drawings_of(name: str, shown: Shown, widths: Sequence[str] = (), *, links: bool = True) -> list[Drawing]:
    """A chart for the page, at its own widths or these; none where the run has nothing to show in it.

    With `links` its marks lead to the cases that they stand for.
    """
    make, usual = CHARTS[name]
    draw = make(shown)
    if draw is None:
        return []
    return [
        Drawing(width, Markup(svg(draw(WIDTHS[width], PAGE), PAGE, tooltips=width != "narrow", links=links)))  # noqa: S704 (written by an XML library)
        for width in widths or usual
    ]


def alone(name: str, shown: Shown) -> str:
    """A chart as a picture of its own, SVG. There is always a climb: where nothing was measured, the published one.

    Raises ResultsError where the run has nothing to show in any other.
    """
    make, widths = CHARTS[name]
    draw = make(shown) or (_climb_drawn(shown) if name == CLIMB else None)
    if draw is None:
        raise ResultsError(f"run {shown.comparison.run} measured nothing that the chart {name} shows")
    return svg(draw(WIDTHS[widths[0]], LIGHT), LIGHT, alone=True, links=False)


def weights_alone(images: Sequence[ImageView]) -> str:
    """What images weigh, as a picture of its own."""
    return svg(weights.weights(images, ALONE, LIGHT), LIGHT, alone=True)
