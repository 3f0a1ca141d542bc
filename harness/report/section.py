"""What a report is made of, for the formats that people read: headings, paragraphs and tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Table:
    """A table whose first column names its rows."""

    headers: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Section:
    """A heading with what stands below it."""

    heading: str
    intro: str = ""
    table: Table | None = None
    points: Sequence[str] = field(default_factory=tuple)
