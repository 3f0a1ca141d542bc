"""Colours: Okabe and Ito's, which the colour-blind tell apart; never alone, for every mark has its label or shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    """What a chart is drawn in: colours, or the names by which a page's style sheet gives them."""

    ink: str
    soft: str  # of what is said in passing
    grid: str
    paper: str
    warn: str
    series: Sequence[str]

    def of(self, place: int) -> str:
        """The colour of a series; after the last one, the first again."""
        return self.series[place % len(self.series)]


LIGHT = Palette(
    ink="#1a1a1a",
    soft="#595959",
    grid="#dddddd",
    paper="#ffffff",
    warn="#b34700",
    series=("#0072b2", "#d55e00", "#009e73", "#a8578b", "#b07a00", "#3a8fc4"),
)
"""For a picture that stands alone: on white, wherever it is shown."""

PAGE = Palette(
    ink="var(--ink)",
    soft="var(--soft)",
    grid="var(--grid)",
    paper="var(--paper)",
    warn="var(--warn)",
    series=tuple(f"var(--series-{place})" for place in range(6)),
)
"""For the page, whose style sheet knows light and dark."""
