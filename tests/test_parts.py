"""Where the bytes of an image are: read from binaries that the compiler of this machine, or nobody, made."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping

import pytest

from harness.images import elf
from harness.images.parts import FRAMING, files_of, growth, parts_of
from harness.model.breakdown import Growth, Part
from harness.report.as_text import render_section
from harness.report.image_parts import MOST_ROWS, growths, where
from tests.factories import saved_image

TEXT_AT = 0x1000
CODE = bytes(range(100))


def a_binary(
    *, sections: bool = True, symbols: Mapping[str, tuple[int, int]] | None = None, code: bytes = CODE
) -> bytes:
    """A 64-bit ELF file: one executable segment, and sections .text and .bss, with the symbols (offset, size) given."""
    names = b"\0.text\0.bss\0.symtab\0.strtab\0"
    strings, entries = b"\0", bytes(24)
    for name, (offset, size) in (symbols or {}).items():
        entries += struct.pack("<IBBHQQ", len(strings), 2, 0, 1, TEXT_AT + offset, size)
        strings += name.encode() + b"\0"
    code_at = 64 + 56
    symbols_at, strings_at = code_at + len(code), code_at + len(code) + len(entries)
    names_at = strings_at + len(strings)
    headers_at = names_at + len(names)

    def header(name: bytes, kind: int, flags: int, at: int, size: int, link: int = 0, entry: int = 0) -> bytes:
        address = TEXT_AT if flags else 0
        return struct.pack("<IIQQQQIIQQ", names.index(name), kind, flags, address, at, size, link, 0, 1, entry)

    table = [bytes(64), header(b".text", 1, 6, code_at, len(code)), header(b".bss", 8, 3, symbols_at, 5000)]
    if symbols is not None:
        table.append(header(b".symtab", 2, 0, symbols_at, len(entries), 4, 24))
        table.append(header(b".strtab", 3, 0, strings_at, len(strings)))
    table.append(header(b".strtab", 3, 0, names_at, len(names)))
    counts = (64, 56, 1, 64, len(table), len(table) - 1) if sections else (64, 56, 1, 64, 0, 0)
    start = b"\x7fELF\x02\x01\x01" + bytes(9)
    start += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, TEXT_AT, 64, headers_at if sections else 0, 0, *counts)
    segment = struct.pack("<IIQQQQQQ", 1, 5, code_at, TEXT_AT, TEXT_AT, len(code), len(code), 4096)
    if not sections:
        return start + segment + code
    return start + segment + code + entries + strings + names + b"".join(table)


TWIN = a_binary(symbols={"multiply": (10, 50), "alias": (10, 50), "within": (20, 10), "main": (70, 20)})


def of(kind: str, parts: list[Part]) -> dict[str, int]:
    return {part.name: part.size_bytes for part in parts if part.kind == kind}


def test_files_are_those_of_all_layers() -> None:
    saved = saved_image({"matmul": b"old", "lib/a.so": b"12345"}, {"./matmul": b"newer"}, gzipped=True)
    assert files_of([saved[:1000], saved[1000:]]) == {"/matmul": b"newer", "/lib/a.so": b"12345"}


def test_a_stripped_binary_is_explained_by_its_twin() -> None:
    parts = parts_of({"/matmul": a_binary(sections=False)}, {"/matmul": TWIN})
    assert of("file", parts) == {"/matmul": 220}
    assert of("section", parts) == {".text": 100, FRAMING: 120}
    assert of("symbol", parts) == {"alias": 50, "main": 20, "(.text, no symbol)": 30}


def test_sections_and_what_is_around_them_add_up_to_the_file() -> None:
    data = a_binary(symbols={"main": (0, 100)})
    sections = of("section", parts_of({"/matmul": data}, {}))
    assert sum(sections.values()) == len(data)
    assert ".bss" not in sections


@pytest.mark.parametrize(
    "other",
    [b"", b"no binary", a_binary(symbols={"main": (0, 100)}, code=bytes(100))],
    ids=["none", "text", "other code"],
)
def test_what_is_no_twin_explains_nothing(other: bytes) -> None:
    parts = parts_of({"/matmul": a_binary(sections=False)}, {"/matmul": other})
    assert [part.kind for part in parts] == ["file"]


def test_only_equal_code_makes_a_twin() -> None:
    assert elf.is_twin(TWIN, a_binary(sections=False))
    assert not elf.is_twin(TWIN, a_binary(code=CODE[::-1]))


def a_zip(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_an_archive_is_made_of_its_members() -> None:
    data = a_zip({"enum.pyc": b"e" * 300, "re/__init__.pyc": b"r" * 40})
    members = of("member", parts_of({"/lib.zip": data}, {}))
    assert members == {"enum.pyc": 300, "re/__init__.pyc": 40, FRAMING: len(data) - 340}


def a_jimage(members: Mapping[tuple[str, str, str, str], tuple[int, int]]) -> bytes:
    """A file of modules: packed (0: not packed) and whole sizes of members by module, package, name and extension."""
    strings = bytearray(b"\0")

    def said(kind: int, number: int) -> bytes:
        data = number.to_bytes(max(1, (number.bit_length() + 7) // 8))
        return bytes([kind << 3 | len(data) - 1]) + data

    def text(kind: int, word: str) -> bytes:
        strings.extend(word.encode() + b"\0")
        return said(kind, len(strings) - len(word) - 1)

    places, offsets = bytearray(), []
    for words, (packed_bytes, whole_bytes) in members.items():
        offsets.append(len(places))
        for kind, word in zip((1, 2, 3, 4), words, strict=True):
            places += text(kind, word) if word else b""
        places += said(6, packed_bytes) + said(7, whole_bytes) + b"\0"
    count = len(members)
    head = struct.pack("<7I", 0xCAFEDADA, 1 << 16, 0, count, count, len(places), len(strings))
    tables = struct.pack(f"<{2 * count}I", *range(count), *offsets)
    contents = bytes(sum(packed or whole for packed, whole in members.values()))
    return head + tables + bytes(places) + bytes(strings) + contents


def test_a_runtime_is_made_of_its_classes() -> None:
    data = a_jimage(
        {
            ("java.base", "java/lang", "Object", "class"): (0, 300),
            ("java.base", "java/lang", "uniName", "dat"): (1000, 70_000),
            ("java.base", "", "module-info", "class"): (90, 200),
        }
    )
    assert of("member", parts_of({"/modules": data}, {})) == {
        "/java.base/java/lang/Object.class": 300,
        "/java.base/java/lang/uniName.dat": 1000,
        "/java.base/module-info.class": 90,
        FRAMING: len(data) - 1390,
    }


def test_growth_is_by_file_kind_and_name() -> None:
    before = parts_of({"/a": b"123", "/same": b"1", "/lib.zip": a_zip({"gone": b"123", "kept": b"1"})}, {})
    after = parts_of({"/a": b"12345", "/same": b"1", "/lib.zip": a_zip({"kept": b"1", "new!": b"12345"})}, {})
    assert growth(before, before) == []
    assert [(it.kind, it.name, it.before_bytes, it.after_bytes, it.grown_bytes) for it in growth(before, after)] == [
        ("file", "/a", 3, 5, 2),
        ("file", "/lib.zip", 194, 196, 2),
        ("member", "gone", 3, 0, -3),
        ("member", "new!", 0, 5, 5),
    ]


def test_the_largest_parts_come_first_and_the_rest_together() -> None:
    names = [f"s{number:02}" for number in range(MOST_ROWS + 3)]
    parts = [Part(file="/m", kind="file", name="/m", size_bytes=9999)]
    parts += [Part(file="/m", kind="symbol", name=name, size_bytes=int(name[1:])) for name in names]
    files, symbols = where("c", parts)
    assert (files.heading, symbols.heading) == ("c: files, bytes", "/m: symbols, bytes")
    assert symbols.table
    assert [row[0] for row in symbols.table.rows[:2]] == ["s42", "s41"]
    assert list(symbols.table.rows[-1]) == ["(3 more)", "3"]
    assert "9,999" in render_section(files)


def test_a_difference_says_what_it_comes_to() -> None:
    grown = [
        Growth(file="/m", kind="symbol", name="main", before_bytes=10, after_bytes=4),
        Growth(file="/m", kind="file", name="/m", before_bytes=100, after_bytes=90),
    ]
    whole, files, symbols = growths("old", "new", grown)
    assert (whole.heading, whole.intro) == ("From old to new", "-10 bytes in all.")
    assert files.table
    assert symbols.table
    assert [list(row) for row in (*files.table.rows, *symbols.table.rows)] == [
        ["/m", "100", "90", "-10"],
        ["main", "10", "4", "-6"],
    ]
    assert growths("old", "new", [])[0].intro == "All parts are of the same sizes."
