"""The summary for a terminal: at most 25 lines."""

from __future__ import annotations

from collections.abc import Sequence

from tabulate import tabulate

from harness.model.comparison import Comparison, ImageRow
from harness.report import as_text
from harness.report.section import Section
from harness.report.summary import summary


def render(comparison: Comparison) -> str:
    """The headline table, the fastest case of each language, and the warnings."""
    blocks = [_block(section) for section in summary(comparison)]
    key = (
        "[low–high]: 95% confidence interval. †: scaled from some of the rows. ~: not statistically significant.\n"
        f"Full report: harness report {comparison.run} --format text"
    )
    return "\n\n".join([*blocks, key]) + "\n"


def render_images(images: Sequence[ImageRow]) -> str:
    """The images table."""
    return as_text.render_images(images)


def _block(section: Section) -> str:
    lines = [section.heading] if section.heading else []
    if section.table:
        lines.append(tabulate(section.table.rows, section.table.headers, tablefmt="plain", disable_numparse=True))
    return "\n".join([*lines, *(f"- {point}" for point in section.points)])
