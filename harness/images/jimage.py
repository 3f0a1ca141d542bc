"""What a Java runtime's file of modules is made of: its classes and resources, with what each takes, packed or not."""

from __future__ import annotations

import struct
from collections import Counter

MAGIC = 0xCAFEDADA
HEADER = struct.Struct("<7I")  # magic, version, flags, resources, entries of the tables, bytes of places and of strings
MODULE, PARENT, BASE, EXTENSION, _OFFSET, PACKED_BYTES, BYTES = range(1, 8)  # what a place may say


def is_jimage(data: bytes) -> bool:
    """Whether this is such a file."""
    return len(data) >= HEADER.size and HEADER.unpack_from(data)[0] == MAGIC


def members(data: bytes) -> Counter[str]:
    """The bytes that each class or resource takes in the file, by /module/package/name."""
    _, _, _, _, entries, places_bytes, strings_bytes = HEADER.unpack_from(data)
    offsets = struct.unpack_from(f"<{entries}I", data, HEADER.size + 4 * entries)
    places_at = HEADER.size + 8 * entries
    strings = data[places_at + places_bytes : places_at + places_bytes + strings_bytes]
    sizes: Counter[str] = Counter()
    for offset in offsets:
        said = _said(data, places_at + offset)
        sizes[_name(said, strings)] += said.get(PACKED_BYTES) or said.get(BYTES, 0)
    return +sizes


def _said(data: bytes, at: int) -> dict[int, int]:
    """What a place says, by kind: each begins with a byte of its kind and its length, up to one of kind 0."""
    said = {}
    while kind := data[at] >> 3:
        end = at + 2 + (data[at] & 7)
        said[kind] = int.from_bytes(data[at + 1 : end])
        at = end
    return said


def _name(said: dict[int, int], strings: bytes) -> str:
    def text(kind: int) -> str:
        start = said.get(kind, 0)
        return strings[start : strings.index(0, start)].decode("utf-8", "replace")

    folder = "".join(f"/{part}" for part in (text(MODULE), text(PARENT)) if part)
    return f"{folder}/{text(BASE)}" + (f".{text(EXTENSION)}" if text(EXTENSION) else "")
