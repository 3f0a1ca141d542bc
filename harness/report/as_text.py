"""The report for a terminal."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence

from tabulate import tabulate

from harness.model.comparison import Comparison, ImageRow
from harness.report.document import sections
from harness.report.image_sizes import image_sizes
from harness.report.section import Section

MIN_WIDTH = 100
CELL_WIDTH = 30
HEADER_WIDTH = 12


def render(comparison: Comparison) -> str:
    """Headings underlined, tables in columns, points wrapped."""
    return "\n\n".join(render_section(section) for section in sections(comparison)) + "\n"


def render_images(images: Sequence[ImageRow]) -> str:
    """The images table."""
    return render_section(image_sizes(images)) + "\n"


def render_section(section: Section) -> str:
    """One section, its heading underlined."""
    width = max(MIN_WIDTH, shutil.get_terminal_size().columns)
    parts = [f"{section.heading}\n{'─' * len(section.heading)}"]
    if section.intro:
        parts.append(textwrap.fill(section.intro, width))
    if section.table:
        rows = [[textwrap.fill(cell, CELL_WIDTH) for cell in row] for row in section.table.rows]
        headers = [textwrap.fill(header, HEADER_WIDTH) for header in section.table.headers]
        parts.append(tabulate(rows, headers, tablefmt="simple", disable_numparse=True))
    parts += [_point(point, width) for point in section.points]
    return "\n".join(parts)


def _point(text: str, width: int) -> str:
    """Wrapped at blanks only, so that the path of a log can be copied."""
    return textwrap.fill(
        text, width, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False, break_long_words=False
    )
