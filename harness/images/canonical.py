"""An image in its canonical form: equal files and settings give equal bytes on every builder. Pure.

An engine writes the time of the build into every layer and into the image's configuration, with its own version, the
names of its containers and every step. None of it says what the image does, so the canonical form holds none of it.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import posixpath
import shutil
import tarfile
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Any, BinaryIO, cast

from harness.engine.archives import opened
from harness.files import spool

EPOCH = "1970-01-01T00:00:00Z"
PLATFORM = ("architecture", "os", "variant")
SETTINGS = (
    "Cmd",
    "Entrypoint",
    "Env",
    "ExposedPorts",
    "Healthcheck",
    "Labels",
    "StopSignal",
    "User",
    "Volumes",
    "WorkingDir",
)
"""What decides how a container of the image runs."""

BUILDERS_LABELS = {"io.buildah.version"}
ATTRIBUTE = "SCHILY.xattr."  # what tar archives call a file's extended attribute
GZIPPED = b"\x1f\x8b"


@contextmanager
def canonical(saved: Iterable[bytes]) -> Generator[BinaryIO]:
    """An archive to load, without a tag, given what `docker save` writes of one image.

    The SHA-256 of the image's configuration, which holds those of its layers, stands for all that it is.
    """
    with spool() as file, spool() as written:
        file.writelines(saved)
        file.seek(0)
        with tarfile.open(fileobj=file) as archive, tarfile.open(fileobj=written, mode="w") as result:
            (image,) = json.load(opened(archive, "manifest.json"))
            layers = [_add_layer(result, opened(archive, name)) for name in image["Layers"]]
            settings = _json(_configuration(json.load(opened(archive, image["Config"])), layers))
            digest = hashlib.sha256(settings).hexdigest()
            index = [{"Config": f"{digest}.json", "RepoTags": None, "Layers": [f"{layer}.tar" for layer in layers]}]
            _add(result, f"{digest}.json", io.BytesIO(settings))
            _add(result, "manifest.json", io.BytesIO(_json(index)))
        written.seek(0)
        yield cast("BinaryIO", written)


def _configuration(built: Mapping[str, Any], layers: Sequence[str]) -> dict[str, Any]:
    """What of an image's configuration decides how it runs."""
    settings = {name: built.get("config", {}).get(name) for name in SETTINGS}
    labels = {name: value for name, value in (settings["Labels"] or {}).items() if name not in BUILDERS_LABELS}
    workdir = settings["WorkingDir"] if settings["WorkingDir"] != "/" else None  # which is where none would be
    meant = {**settings, "Labels": labels, "WorkingDir": workdir}
    return {
        **{name: built[name] for name in PLATFORM if built.get(name)},
        "config": {name: value for name, value in meant.items() if value},
        "created": EPOCH,
        "history": [{"created": EPOCH, "created_by": "harness"} for _ in layers],
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer}" for layer in layers]},
    }


def _add_layer(result: tarfile.TarFile, stream: IO[bytes]) -> str:
    """Add a layer, rewritten, to an archive; the SHA-256 of it."""
    with spool() as plain, spool() as rewritten:
        _unpack(stream, plain)
        with tarfile.open(fileobj=plain) as layer, tarfile.open(fileobj=rewritten, mode="w") as archive:
            _rewrite(layer, archive)
        rewritten.seek(0)
        digest = hashlib.file_digest(cast("io.BytesIO", rewritten), "sha256").hexdigest()
        if f"{digest}.tar" not in result.getnames():
            _add(result, f"{digest}.tar", rewritten)
    return digest


def _unpack(layer: IO[bytes], plain: IO[bytes]) -> None:
    """Make a layer one that can be read in any order, without unpacking it again each time."""
    is_packed = layer.read(len(GZIPPED)) == GZIPPED
    layer.seek(0)
    shutil.copyfileobj(gzip.GzipFile(fileobj=layer) if is_packed else layer, plain)
    plain.seek(0)


def _rewrite(layer: tarfile.TarFile, archive: tarfile.TarFile) -> None:
    """Write a layer's members in the order of their names, without times and the names of users."""
    members = {name: member for member in layer if (name := _plain(member.name))}
    first = _first_names(members)
    for name, member in sorted(members.items()):
        origin = members[_plain(member.linkname)] if member.islnk() else member
        entry = tarfile.TarInfo(name)
        entry.mode, entry.uid, entry.gid = origin.mode, origin.uid, origin.gid
        entry.pax_headers = {key: value for key, value in origin.pax_headers.items() if key.startswith(ATTRIBUTE)}
        if first.get(name, name) != name:
            entry.type, entry.linkname = tarfile.LNKTYPE, first[name]
        else:
            entry.type, entry.linkname, entry.size = origin.type, origin.linkname, origin.size
            entry.devmajor, entry.devminor = origin.devmajor, origin.devminor
        archive.addfile(entry, layer.extractfile(origin) if entry.isreg() else None)


def _first_names(members: Mapping[str, tarfile.TarInfo]) -> dict[str, str]:
    """Of every file with several names, and by each of these, the first: the others are links to it."""
    names: dict[str, list[str]] = {}
    for name, member in sorted(members.items()):
        if member.islnk():
            target = _plain(member.linkname)
            names.setdefault(target, [target]).append(name)
    return {name: min(same) for same in names.values() for name in same}


def _plain(name: str) -> str:
    """A path below the root, however a builder wrote it."""
    return posixpath.normpath(f"/{name}").lstrip("/")


def _add(archive: tarfile.TarFile, name: str, stream: IO[bytes]) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    archive.addfile(entry, stream)


def _json(document: object) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
