"""Where the bytes of an image are, and what takes more or less of them in another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TypeVar

from harness.model.breakdown import Growth, Kind, Part
from harness.report.figures import size
from harness.report.section import Section, Table

MOST_ROWS = 40
HEADINGS: dict[Kind, str] = {"file": "files", "section": "sections", "symbol": "symbols", "member": "members"}

_AnyPart = TypeVar("_AnyPart", Part, Growth)
Rows = Iterable[tuple[str, Sequence[int]]]


def where(name: str, parts: Sequence[Part]) -> list[Section]:
    """The files of an image, and then the parts of each, the largest first."""
    return [
        _section(name, file, kind, ["bytes"], [(part.name, [part.size_bytes]) for part in some])
        for (file, kind), some in groupby(_files_first(parts), _place)
    ]


def growths(before: str, after: str, grown: Sequence[Growth]) -> list[Section]:
    """What takes more or less in one image than in another: files, and then the parts of each, the most grown first."""
    total_bytes = sum(each.grown_bytes for each in grown if each.kind == "file")
    intro = f"{total_bytes:+,} bytes in all." if grown else "All parts are of the same sizes."
    sections = [
        _section(
            after, file, kind, ["before", "after", "growth"],
            [(each.name, [each.before_bytes, each.after_bytes, each.grown_bytes]) for each in some],
        )
        for (file, kind), some in groupby(_files_first(grown), _place)
    ]  # fmt: skip
    return [Section(f"From {before} to {after}", intro), *sections]


def _files_first(parts: Iterable[_AnyPart]) -> list[_AnyPart]:
    return sorted(parts, key=lambda part: part.kind != "file")


def _place(part: Part | Growth) -> tuple[str, Kind]:
    return ("" if part.kind == "file" else part.file), part.kind


def _section(image: str, file: str, kind: Kind, headers: Sequence[str], rows: Rows) -> Section:
    """A table of the largest by their last figure, and of all that are left out together."""
    ordered = sorted(rows, key=lambda row: (-abs(row[1][-1]), row[0]))
    shown, left = ordered[:MOST_ROWS], ordered[MOST_ROWS:]
    if left:
        shown.append((f"({len(left):,} more)", [sum(column) for column in zip(*(row[1] for row in left), strict=True)]))
    cells = [[name, *map(size, figures)] for name, figures in shown]
    return Section(f"{file or image}: {HEADINGS[kind]}, bytes", table=Table([kind, *headers], cells))
