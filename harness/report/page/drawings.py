"""The page's charts, each at the widths that its style sheet chooses from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.model.comparison import RoundRow
from harness.report.page.charts import climb, conditions, rounds, scaling, sizes, weights
from harness.report.page.charts.palette import LIGHT, PAGE, Palette
from harness.report.page.charts.vega import Chart, svg
from harness.report.page.images import ImageView
from harness.report.page.view import CaseView, Language, Peak, Published

WIDTHS = {"wide": 1080, "middle": 700, "narrow": 340}  # pixels
ALONE = 1080


@dataclass(frozen=True)
class Drawing:
    """One chart at one width."""

    size: str
    markup: Markup


def _at_all_widths(draw: Callable[[int, Palette], Chart], *names: str) -> list[Drawing]:
    return [
        Drawing(name, Markup(svg(draw(WIDTHS[name], PAGE), PAGE, tooltips=name != "narrow")))  # noqa: S704 (written by an XML library)
        for name in names or WIDTHS
    ]


def climb_drawings(
    languages: Sequence[Language],
    published: Sequence[Published],
    peaks: Sequence[Peak],
    baseline: str,
    *,
    per_core: bool,
) -> list[Drawing]:
    """The climb, in all or for each core; none where nothing was measured beside the baseline."""
    if not any("ratio" in case.figures for language in languages for case in language.cases):
        return []
    return _at_all_widths(
        lambda width, palette: _climb(languages, published, peaks, baseline, width, palette, per_core=per_core)
    )


def climb_alone(
    languages: Sequence[Language], published: Sequence[Published], peaks: Sequence[Peak], baseline: str
) -> str:
    """The climb as a picture of its own."""
    return svg(_climb(languages, published, peaks, baseline, ALONE, LIGHT, per_core=False), LIGHT, alone=True)


def _climb(
    languages: Sequence[Language],
    published: Sequence[Published],
    peaks: Sequence[Peak],
    baseline: str,
    width: int,
    palette: Palette,
    *,
    per_core: bool,
) -> Chart:
    found = climb.lanes(languages, published, per_core=per_core, intervals=width >= climb.NARROW)
    peak = (peaks[-1].per_core if per_core else peaks[-1].ratio) if peaks else None
    unit = f"times faster than {baseline}{', per core' if per_core else ''}"
    return climb.climb(found, peak, unit, width, palette)


def round_drawings(cases: Sequence[CaseView]) -> list[Drawing]:
    """The rounds of every case."""
    found = rounds.drawable(cases)
    return (
        _at_all_widths(lambda width, palette: rounds.rounds(found, width, palette), "wide", "narrow") if found else []
    )


def condition_drawings(found: Sequence[RoundRow]) -> list[Drawing]:
    """The conditions over the run."""
    series = conditions.series_of(found)
    if not series:
        return []
    return _at_all_widths(lambda width, palette: conditions.conditions(series, width, palette), "wide", "narrow")


def size_drawings(images: Sequence[ImageView], peaks: Sequence[Peak]) -> list[Drawing]:
    """Speed against size."""
    found = sizes.plotted(images)
    peak = peaks[-1].gflops if peaks else None
    return (
        _at_all_widths(lambda width, palette: sizes.sizes(found, peak, width, palette), "wide", "narrow")
        if found
        else []
    )


def scaling_drawings(lines: Sequence[scaling.ScalingLine]) -> list[Drawing]:
    """Threads against speedup, where several were measured."""
    if not lines:
        return []
    return _at_all_widths(lambda width, palette: scaling.scaling(lines, width, palette), "middle", "narrow")


def weights_alone(images: Sequence[ImageView]) -> str:
    """What images weigh, as a picture of its own."""
    return svg(weights.weights(images, ALONE, LIGHT), LIGHT, alone=True)
