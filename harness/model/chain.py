"""A chain of hashes over the lines of a journal, so that an edit or a loss shows. Pure.

Each line ends in a link: the SHA-256 of the link before it and of its own entry. Whoever changes, removes, inserts or
moves lines without updating the links breaks the chain there. It proves no more: anybody can recompute a chain.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from harness.model.integrity import Chain

LINK = re.compile(rb',"chain":"([0-9a-f]{64})"\}\Z')


def linked(entry: bytes, before: str) -> tuple[bytes, str]:
    """The line of an entry (a JSON object) that follows on a link (an empty one at first), and its own link."""
    link = _link(entry, before)
    return entry[:-1] + f',"chain":"{link}"}}'.encode(), link


def parted(line: bytes) -> tuple[bytes, str]:
    """The entry and the link of a line; the link is empty where it has none."""
    found = LINK.search(line)
    return (line[: found.start()] + b"}", found[1].decode()) if found else (line, "")


def checked(lines: Iterable[bytes], *, chained: bool) -> Chain:
    """The chain of a journal's lines, which `chained` says should have one."""
    breaks, before, count = [], "", 0
    for count, line in enumerate(lines, start=1):
        entry, link = parted(line)
        if link != _link(entry, before):
            breaks.append(count)
        before = link
    has_none = not chained and len(breaks) == count and not before
    return Chain(entries=count, head=before or None, breaks=() if has_none else tuple(breaks))


def _link(entry: bytes, before: str) -> str:
    return hashlib.sha256(before.encode() + entry).hexdigest()
