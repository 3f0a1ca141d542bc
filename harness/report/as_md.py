"""The report in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from tabulate import tabulate

from harness.model.comparison import Comparison, ImageRow
from harness.report import file_of
from harness.report.document import sections
from harness.report.image_sizes import image_sizes
from harness.report.section import Section

CLIMB = f"![The climb: how far each step takes each language]({file_of('svg')})"


def render(comparison: Comparison) -> str:
    """One document; the run's own section is its title, the climb beside it in the run's folder its picture."""
    first, *rest = sections(comparison)
    parts = [render_section(first, level=1), CLIMB, *(render_section(section) for section in rest)]
    return "\n\n".join(parts) + "\n"


def render_images(images: Sequence[ImageRow]) -> str:
    """The images table."""
    return render_section(image_sizes(images)) + "\n"


def render_section(section: Section, level: int = 2) -> str:
    """One section below a heading of that level."""
    parts = [f"{'#' * level} {section.heading}"]
    if section.intro:
        parts.append(section.intro)
    if section.table:
        rows = [[cell.replace("|", "\\|") for cell in row] for row in section.table.rows]
        parts.append(tabulate(rows, headers=section.table.headers, tablefmt="pipe", disable_numparse=True))
    if section.points:
        parts.append("\n".join(f"- {point}" for point in section.points))
    return "\n\n".join(parts)
