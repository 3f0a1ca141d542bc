"""Files to what the server of a static site reads: one file, a table of paths and what they lead to. Pure.

The server maps it to ADDRESS, and the addresses in it are such. The numbers are little-endian, of four bytes: how many
entries there are; the entries, in the order of their paths; and then everything else. An entry is a path and two forms
of a file, the second one compressed. A form is a head, how much of its beginning an answer 304 has as well, and a body.
A redirect has nothing for 304. `implementations/web/zig/site.zig` has the other side.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from harness.errors import UsageError
from harness.experiments.web.media import is_compressible, media_type

ADDRESS = 0x1000_0000
INDEX = "index.html"
ENTRY = struct.Struct("<12I")
COUNT = struct.Struct("<I")
MAX_PATH_BYTES = 2000  # as it stands in a head, for which the server has 3 KiB
WORTHWHILE = 0.9  # of its size, to which compression must bring a file

Span = tuple[int, int]
Form = tuple[Span, int, Span]
NO_FORM: Form = ((0, 0), 0, (0, 0))


@dataclass(frozen=True)
class Packed:
    """A pack, and what went into it."""

    data: bytes
    files: int
    content_bytes: int  # of the files, each content counted once, as it is there once
    compressed: int  # files with a compressed form
    compressed_bytes: int  # of the compressed forms that are not files themselves

    @property
    def table_bytes(self) -> int:
        """What is neither a file nor a compressed form: paths and heads."""
        return len(self.data) - self.content_bytes - self.compressed_bytes


@dataclass
class _Pool:
    """Bytes behind the table, each text there once."""

    at: int
    parts: list[bytes] = field(default_factory=list)
    known: dict[bytes, Span] = field(default_factory=dict)

    def span(self, text: bytes) -> Span:
        if text not in self.known:
            self.known[text] = (self.at, len(text))
            self.parts.append(text)
            self.at += len(text)
        return self.known[text]


def pack(files: Mapping[str, bytes], *, compress: bool = True) -> Packed:
    """Pack files, by their paths below the folder. With `compress`, what becomes smaller has a compressed form too.

    Raises UsageError where a path is too long.
    """
    compressed = {name: form for name, data in files.items() if (form := _compressed(files, name, data, compress))}
    places = dict(sorted(_places(files)))
    pool = _Pool(ADDRESS + COUNT.size + ENTRY.size * len(places))
    table = [COUNT.pack(len(places))]
    for place, name in places.items():
        forms = _forms(pool, name, files[name], compressed.get(name)) if name else _redirect(pool, place)
        table.append(ENTRY.pack(*pool.span(place), *(number for form in forms for number in _flat(form))))
    return Packed(
        data=b"".join([*table, *pool.parts]),
        files=len(files),
        content_bytes=sum(map(len, set(files.values()))),
        compressed=len(compressed),
        compressed_bytes=sum(map(len, set(compressed.values()) - set(files.values()))),
    )


def _flat(form: Form) -> tuple[int, ...]:
    head, shared, body = form
    return (*head, shared, *body)


def _places(files: Mapping[str, bytes]) -> Iterator[tuple[bytes, str]]:
    """Every path that leads somewhere, and to which file; to none where to the same path with a slash behind it."""
    for name in files:
        place = b"/" + os.fsencode(name)
        if len(quote(place)) > MAX_PATH_BYTES:
            raise UsageError(f"{name}: its path is longer than {MAX_PATH_BYTES} bytes as it stands in a request")
        yield place, name
        folder, _, last = name.rpartition("/")
        if last == INDEX:
            yield place.removesuffix(INDEX.encode()), name
            if folder:
                yield b"/" + os.fsencode(folder), ""


def _redirect(pool: _Pool, place: bytes) -> tuple[Form, Form]:
    return (pool.span(f"Location: {quote(place)}/\r\n".encode()), 0, (0, 0)), NO_FORM


def _forms(pool: _Pool, name: str, data: bytes, compressed: bytes | None) -> tuple[Form, Form]:
    varies = "Vary: Accept-Encoding\r\n" if compressed else ""
    described = f"Content-Type: {media_type(name)}\r\nAccept-Ranges: bytes\r\n"
    plain = _form(pool, data, varies, described)
    if not compressed:
        return plain, NO_FORM
    return plain, _form(pool, compressed, varies, f"Content-Encoding: gzip\r\n{described}")


def _form(pool: _Pool, body: bytes, varies: str, described: str) -> Form:
    """The tag comes first, where the server looks for it."""
    shared = f'ETag: "{hashlib.sha256(body).hexdigest()[:16]}"\r\n{varies}'
    return pool.span(f"{shared}{described}".encode()), len(shared), pool.span(body)


def _compressed(files: Mapping[str, bytes], name: str, data: bytes, compress: bool) -> bytes | None:
    """The file beside it that is the same compressed, or one that is made and worth while, or None."""
    beside = files.get(f"{name}.gz")
    if beside and _is_compressed(beside, data):
        return beside
    if not (compress and is_compressible(name)):
        return None
    made = gzip.compress(data, mtime=0)
    return made if len(made) <= WORTHWHILE * len(data) else None


def _is_compressed(packed: bytes, data: bytes) -> bool:
    """Whether it is these data compressed. Nothing beyond their length is unpacked."""
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        unpacked = unpacking.decompress(packed, len(data) + 1)
    except zlib.error:
        return False
    return unpacked == data and unpacking.eof and not unpacking.unused_data
