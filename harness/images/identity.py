"""What a result is a result of, as one short hash."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

from harness.model.cases import Case
from harness.model.journal import Image, Machine
from harness.model.manifests import Held

KEY_DIGITS = 16
SHOWS = ("cli", "gallery", "report")  # the packages that neither decide what is measured nor work a figure out


@cache
def code_digest() -> str:
    """Sixteen hexadecimal digits of the SHA-256 of the harness's own code: of all but what only shows results."""
    package = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        name = path.relative_to(package)
        if name.parts[0] not in SHOWS:
            digest.update(f"{name.as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:KEY_DIGITS]


def key_of(case: Case, rung: Held, image: Image, machine: Machine) -> str:
    """Sixteen hexadecimal digits of the SHA-256 of all that a time hangs on: equal keys, samples of the same thing.

    The digest of a canonical image stands for all that is in it, on whichever machine it was built. Of another, which
    earlier versions measured, so does no digest alone: its tag is the hash of what it was made of.
    """
    ingredients = {
        **({} if image.canonical else {"made_of": image.tag}),
        "digest": image.digest,
        "cpu": machine.cpu,
        "features": machine.features,
        "rung": case.rung,
        "n": case.n,
        "threads": case.threads,
        "flags": rung.flags,
    }
    return hashlib.sha256(json.dumps(ingredients, sort_keys=True).encode()).hexdigest()[:KEY_DIGITS]
