"""Images as the page shows them: what they weigh and cost, and the fastest case that each holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.model.comparison import ImageRow
from harness.report.figures import NONE, number
from harness.report.page.view import CaseView

UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


@dataclass(frozen=True)
class ImageView:
    """One image."""

    name: str
    place: int  # its language's, for the colour
    best: CaseView | None
    unpacked_bytes: int | None
    compressed_bytes: int | None
    budget_bytes: int | None
    within_budget: bool
    conventional: str
    conventional_bytes: int | None
    startup_seconds: float | None
    build_seconds: float | None
    failure: str

    @property
    def said_sizes(self) -> str:
        """What it weighs."""
        return f"{said_bytes(self.unpacked_bytes)} unpacked, {said_bytes(self.compressed_bytes)} compressed"

    @property
    def said_costs(self) -> str:
        """What it costs beside bytes, as far as that was measured."""
        memory = self.best.figures.get("resident_bytes") if self.best else None
        parts = [
            f"starts in {number(self.startup_seconds)} s" if self.startup_seconds else "",
            f"builds in {number(self.build_seconds)} s" if self.build_seconds else "",
            f"{self.best.rung} holds {memory.text} of memory" if self.best and memory else "",
        ]
        return ", ".join(part for part in parts if part)

    @property
    def budget(self) -> str:
        """Whether it keeps its budget."""
        if self.unpacked_bytes is None:
            return "not built"
        if self.budget_bytes is None:
            return NONE
        return f"{'within' if self.within_budget else 'OVER'} {said_bytes(self.budget_bytes)}"


def images_of(rows: Sequence[ImageRow], cases: Sequence[CaseView]) -> list[ImageView]:
    """Every image, with the fastest case that it holds."""
    languages = list(dict.fromkeys(case.implementation for case in cases))
    return [_image(row, cases, languages) for row in rows]


def _image(row: ImageRow, cases: Sequence[CaseView], languages: Sequence[str]) -> ImageView:
    held = [case for case in cases if "gflops" in case.figures and case.image == row.name]
    best = max(held, key=lambda case: case.figures["gflops"].value, default=None)
    other = row.conventional
    return ImageView(
        name=row.name,
        place=languages.index(best.implementation) if best else 0,
        best=best,
        unpacked_bytes=row.unpacked_bytes,
        compressed_bytes=row.compressed_bytes,
        budget_bytes=row.budget_bytes,
        within_budget=row.within_budget,
        conventional=other.image if other else "",
        conventional_bytes=(other.unpacked_bytes or other.compressed_bytes) if other else None,
        startup_seconds=row.startup_seconds,
        build_seconds=row.build_seconds,
        failure=row.failure or "",
    )


def said_bytes(count: float | None) -> str:
    """Bytes to three digits: 49.1 kB."""
    if count is None:
        return NONE
    for unit, name in UNITS:
        if count >= unit:
            return f"{number(count / unit)} {name}"
    return f"{count:.0f} B"
