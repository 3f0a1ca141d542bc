"""In what two saved images differ, file by file: what is left to make reproducible."""

from __future__ import annotations

import hashlib
import json
import tarfile
import tempfile
from collections.abc import Iterable

from harness.engine.archives import opened
from harness.images.canonical import canonical

SETTINGS = "(its configuration)"


def differences(one: Iterable[bytes], other: Iterable[bytes]) -> list[str]:
    """The names of the files, in order, that the canonical forms of two images do not share."""
    first, second = contents(one), contents(other)
    return sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))


def contents(saved: Iterable[bytes]) -> dict[str, str]:
    """What every file of an image's canonical form is, as one word, by its name; of the top layer that has it."""
    found = {}
    with canonical(saved) as written, tarfile.open(fileobj=written) as archive:
        (image,) = json.load(opened(archive, "manifest.json"))
        settings = json.load(opened(archive, image["Config"]))
        found[SETTINGS] = json.dumps([settings["architecture"], settings["config"]], sort_keys=True)
        for name in image["Layers"]:
            with tempfile.TemporaryFile() as spool:
                spool.write(opened(archive, name).read())
                spool.seek(0)
                with tarfile.open(fileobj=spool) as layer:
                    for member in layer:
                        data = opened(layer, member.name).read() if member.isreg() else b""
                        digest = hashlib.sha256(data).hexdigest()
                        found[member.name] = f"{member.type!r} {member.mode:o} {member.linkname} {digest}"
    return found
