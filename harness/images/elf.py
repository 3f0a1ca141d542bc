"""What a binary is made of, read with pyelftools."""

from __future__ import annotations

import io
from collections import Counter

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import Section, SymbolTableSection

MAGIC = b"\x7fELF"


def is_elf(data: bytes) -> bool:
    """Whether this is a binary."""
    return data.startswith(MAGIC)


def is_twin(other: bytes, data: bytes) -> bool:
    """Whether another binary's sections of code are in this one, at the same addresses, whatever else either holds."""
    if not is_elf(other):
        return False
    code = [each for each in _read(other).iter_sections() if each["sh_flags"] & SH_FLAGS.SHF_EXECINSTR]
    return bool(code) and all(_loaded(data, each["sh_addr"], each["sh_size"]) == each.data() for each in code)


def _loaded(data: bytes, address: int, size: int) -> bytes:
    """What a binary has at an address once it is loaded from its file; nothing where that is not in it."""
    for segment in _read(data).iter_segments("PT_LOAD"):
        start = address - segment["p_vaddr"]
        if 0 <= start < segment["p_filesz"]:
            return segment.data()[start : start + size]
    return b""


def sections(data: bytes, *, loaded: bool) -> Counter[str]:
    """The bytes that each section takes in the file, by name; of those alone that are `loaded`, or of all."""
    sizes: Counter[str] = Counter()
    for section in _read(data).iter_sections():
        if _is_stored(section) if loaded else section["sh_type"] != "SHT_NOBITS":
            sizes[section.name] += section["sh_size"]
    return +sizes


def symbols(data: bytes) -> Counter[str]:
    """The bytes of each symbol in the file, by name, and of what no symbol names of a section; none where none are."""
    binary = _read(data)
    table = binary.get_section_by_name(".symtab")
    if not isinstance(table, SymbolTableSection):
        return Counter()
    stored = {at: section for at, section in enumerate(binary.iter_sections()) if _is_stored(section)}
    sizes: Counter[str] = Counter({_rest(section): section["sh_size"] for section in stored.values()})
    reached = dict.fromkeys(stored, 0)
    for at, start, minus_size, name in sorted(
        (symbol["st_shndx"], symbol["st_value"], -symbol["st_size"], symbol.name)  # of several at a place the longest
        for symbol in table.iter_symbols()
        if symbol["st_shndx"] in stored
    ):
        end = start - minus_size
        new_bytes = max(0, end - max(start, reached[at]))  # some have several names, or lie within others
        reached[at] = max(reached[at], end)
        sizes[name] += new_bytes
        sizes[_rest(stored[at])] -= new_bytes
    return +sizes


def _is_stored(section: Section) -> bool:
    return bool(section["sh_flags"] & SH_FLAGS.SHF_ALLOC) and section["sh_type"] != "SHT_NOBITS"


def _rest(section: Section) -> str:
    return f"({section.name}, no symbol)"


def _read(data: bytes) -> ELFFile:
    return ELFFile(io.BytesIO(data))
