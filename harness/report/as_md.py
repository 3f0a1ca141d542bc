"""The report in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from tabulate import tabulate

from harness.model.comparison import Comparison, ImageRow
from harness.report import file_of
from harness.report.document import sections
from harness.report.image_sizes import image_sizes
from harness.report.page.services import points_of
from harness.report.section import Section

CLIMB = "The climb: how far each step takes each language"


def render(comparison: Comparison) -> str:
    """One document; its title is the run's own section, its picture the one beside it in the run's folder."""
    first, *rest = sections(comparison)
    title = points_of(comparison)[0] if comparison.metrics else CLIMB
    picture = f"![{title}]({file_of('svg')})"
    parts = [render_section(first, level=1), picture, *(render_section(section) for section in rest)]
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
