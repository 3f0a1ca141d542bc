"""What takes the bytes of an image: its files, and what these are made of.

Final binaries are stripped. A recipe's stage `symbols`, where there is one, holds them as they were before, at the same
paths: their twins, whose symbols say what is where.
"""

from __future__ import annotations

import io
import posixpath
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from harness.engine.archives import opened, saved_layers
from harness.engine.engine import Engine
from harness.errors import EngineError, RecipeError, UsageError
from harness.events import Event, Watch
from harness.images import elf, jimage
from harness.images.catalog import Source
from harness.images.recipes import build_if_missing, plan_of
from harness.model.breakdown import Growth, Kind, Part
from harness.model.journal import Image

SYMBOLS = "symbols"
FRAMING = "(headers and padding)"


def parts_of_image(engine: Engine, source: Source, base: str, image: Image, watch: Watch) -> list[Part]:
    """What takes the bytes of an image that was built, with the symbols that its recipe offers.

    Raises EngineError where it, or the stage of its symbols, did not build.
    """
    if image.failure or not image.tag:
        raise EngineError(f"{image.name} did not build: {image.failure.reason if image.failure else 'no tag'}")
    twins: dict[str, bytes] = {}
    with suppress(RecipeError):
        plan = plan_of(source, base, SYMBOLS)
        build_if_missing(engine, plan, lambda line: watch(Event("build", f"{image.name}: {line}")))
        twins = files_of(engine.save(plan.tag))
    return parts_of(files_of(engine.save(image.tag)), twins)


def parts_of_tag(engine: Engine, tag: str) -> list[Part]:
    """What takes the bytes of an image that the engine has. Raises UsageError where it has none of that tag."""
    if engine.image_digest(tag) is None:
        raise UsageError(f"the engine has no image {tag}, and there is no such folder either")
    return parts_of(files_of(engine.save(tag)), {})


def files_of(saved: Iterable[bytes]) -> dict[str, bytes]:
    """The regular files of an image by their paths, given what `docker save` writes."""
    files = {}
    with saved_layers(saved) as (archive, names):
        for name in names:
            with tarfile.open(fileobj=opened(archive, name)) as layer:
                for member in layer:
                    if member.isfile():
                        files[posixpath.normpath(f"/{member.name}")] = opened(layer, member.name).read()
    return files


def parts_of(files: Mapping[str, bytes], twins: Mapping[str, bytes]) -> list[Part]:
    """Every file and what it is made of, given the twins with symbols that there are, by path."""
    return [part for path in sorted(files) for part in _parts_of_file(path, files[path], twins.get(path, b""))]


def _parts_of_file(path: str, data: bytes, twin: bytes) -> Iterator[Part]:
    yield Part(file=path, kind="file", name=path, size_bytes=len(data))
    if elf.is_elf(data):
        known = twin if elf.is_twin(twin, data) else data
        sections = elf.sections(data, loaded=False) or elf.sections(known, loaded=True)
        yield from _listed(path, "section", sections, len(data))
        yield from _listed(path, "symbol", elf.symbols(known))
    elif jimage.is_jimage(data):
        yield from _listed(path, "member", jimage.members(data), len(data))
    elif zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = Counter({member.filename: member.compress_size for member in archive.infolist()})
        yield from _listed(path, "member", members, len(data))


def _listed(path: str, kind: Kind, sizes: Mapping[str, int], whole_bytes: int | None = None) -> Iterator[Part]:
    """A part for each name, and one for what they leave of the whole."""
    rest = {} if whole_bytes is None or not sizes else {FRAMING: whole_bytes - sum(sizes.values())}
    for name, size_bytes in {**sizes, **rest}.items():
        yield Part(file=path, kind=kind, name=name, size_bytes=size_bytes)


def growth(before: Sequence[Part], after: Sequence[Part]) -> list[Growth]:
    """What takes more or less in one image than in another, by file, kind and name, without what is equal in both."""
    old, new = ({(part.file, part.kind, part.name): part.size_bytes for part in parts} for parts in (before, after))
    return [
        Growth(file=file, kind=kind, name=name, before_bytes=was, after_bytes=now)
        for file, kind, name in {**old, **new}
        if (was := old.get((file, kind, name), 0)) != (now := new.get((file, kind, name), 0))
    ]
