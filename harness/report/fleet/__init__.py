"""What a fleet's report looks like: text, JSON for programs, and one page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.model.many import FleetComparison


def _text(comparison: FleetComparison) -> str:
    from harness.report.as_text import render_section
    from harness.report.fleet.sections import sections

    return "\n\n".join(render_section(section) for section in sections(comparison)) + "\n"


def _json(comparison: FleetComparison) -> str:
    return comparison.model_dump_json(indent=1) + "\n"


def _html(comparison: FleetComparison) -> str:
    from harness.report.fleet.page import page

    return page(comparison)


FORMATS: Mapping[str, tuple[str, Callable[[FleetComparison], str]]] = {
    "text": ("txt", _text),
    "json": ("json", _json),
    "html": ("html", _html),
}
"""Of each format, its files' suffix and what writes it."""
