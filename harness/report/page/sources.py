"""Kernels with highlighting, and what each changed of the one that it was made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from markupsafe import Markup, escape

from harness.model.comparison import SourceFile
from harness.model.record import printable
from harness.report.page.view import CaseView

MOST_BYTES_IN_ALL = 150_000  # of sources: their markup is about three times as long
MOST_BYTES = 40_000  # of a kernel that is shown: a page of contributed code stays a page
TAB = 4
KINDS = {"Comment": "com", "Keyword": "key", "Number": "num", "String": "str"}  # no others: a page has many tokens


@dataclass(frozen=True)
class Line:
    """One line: its markup, and whether the kernel before has none like it."""

    markup: Markup
    is_new: bool


@dataclass(frozen=True)
class Shown:
    """One file of a kernel."""

    path: str
    lines: Sequence[Line]
    gone: Sequence[int]  # the lines of the kernel before, counted over all its files from 0, that this one has not


@dataclass(frozen=True)
class Kernel:
    """What a case shows of its kernel: its files, the case that shows them, or why there are none."""

    files: Sequence[Shown] = ()
    shown_by: str | None = None
    remark: str = ""


def kernels_of(cases: Sequence[CaseView], *, has_sources: bool) -> dict[str, Kernel]:
    """The kernel of every case, by the case's id. On several numbers of threads it is shown once, with the last."""
    by_id = {case.id: case for case in cases}
    shows = {case.name: case.id for case in cases}
    found: dict[str, Kernel] = {}
    left = MOST_BYTES_IN_ALL
    for case in cases:
        before = by_id[case.previous].files if case.previous in by_id else ()
        size = sum(len(file.text) for file in case.files)
        if case.outcome != "measured" or not case.files:
            found[case.id] = Kernel(remark=_why_none(case, has_sources=has_sources))
        elif shows[case.name] != case.id:
            found[case.id] = Kernel(shown_by=shows[case.name])
        elif size > left:
            found[case.id] = Kernel(
                remark="Its kernel is in the run's folder, in sources/: the page would be too large."
            )
        else:
            left -= size
            found[case.id] = Kernel(shown(case.files, before))
    return found


def _why_none(case: CaseView, *, has_sources: bool) -> str:
    if case.outcome != "measured":
        return ""
    if not has_sources:
        return "This run's folder keeps no sources: an earlier version measured it."
    return "The run's folder keeps no file that is called as this rung is."


def shown(files: Sequence[SourceFile], before: Sequence[SourceFile]) -> list[Shown]:
    """The files of a kernel; `before` are those of the one that it was made from, if any."""
    earlier = [line for file in before for line in _lines(file)]
    return [_shown(file, earlier) for file in files]


def _shown(file: SourceFile, earlier: Sequence[str]) -> Shown:
    lines = _lines(file)
    same = SequenceMatcher(a=earlier, b=lines, autojunk=False).get_matching_blocks()
    kept = {block.b + place for block in same for place in range(block.size)}
    held = {block.a + place for block in same for place in range(block.size)}
    markup = _highlighted(file.path, lines)
    return Shown(
        path=printable(file.path),
        lines=[Line(each, bool(earlier) and place not in kept) for place, each in enumerate(markup)],
        gone=[place for place in range(len(earlier)) if place not in held],
    )


def _lines(file: SourceFile) -> list[str]:
    text = file.text
    if len(text) > MOST_BYTES:
        text = text[:MOST_BYTES] + "\n[cut off: the run's folder has the rest]"
    return [printable(line.expandtabs(TAB)).rstrip() for line in text.splitlines()]


def _highlighted(path: str, lines: Sequence[str]) -> list[Markup]:
    """The lines as markup, every token escaped; as plain text where Pygments knows no language of that name."""
    from pygments.lexers import TextLexer, get_lexer_for_filename
    from pygments.util import ClassNotFound

    text = "\n".join(lines)
    try:
        lexer = get_lexer_for_filename(path, text, stripnl=False, ensurenl=False)
    except ClassNotFound:
        lexer = TextLexer(stripnl=False, ensurenl=False)
    found = [Markup()]
    for token, words in lexer.get_tokens(text):
        kind = next((KINDS[part] for part in token if part in KINDS), None)
        for place, piece in enumerate(words.split("\n")):
            if place:
                found.append(Markup())
            marked = kind and piece.strip()
            found[-1] += Markup('<span class="{}">{}</span>').format(kind, piece) if marked else escape(piece)
    return found
