"""Python packages for builds: pinned wheels, fetched by this machine's own pip with the user's own settings.

So a private index, its password and its certificate stay with pip here, and no build ever sees them.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from harness.errors import RecipeError
from harness.redaction import redacted

REQUIREMENTS = "requirements.txt"
PYTHON = "3.13"  # Debian trixie's
GLIBC_MINOR = 41
PIN = re.compile(r"[A-Za-z0-9][\w.-]*==[\w.!+-]+(\s+--hash=sha256:[0-9a-f]{64})+")
HASH = re.compile(r"sha256:([0-9a-f]{64})")

_fetching = threading.Lock()  # images that are built at once share wheels


def read_pins(text: str) -> list[str]:
    """The pinned packages of a requirements file, each with its hashes. Raises RecipeError for anything else in it.

    pip would follow addresses, other files and environment variables in it; a recipe names none.
    """
    lines = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)).splitlines()
    pins = [line.strip() for line in lines if line.strip()]
    for pin in pins:
        if not PIN.fullmatch(pin):
            raise RecipeError(f"{REQUIREMENTS} of its recipe: {pin!r} is not of the form name==version --hash=sha256:…")
    return pins


def wheels(pins: list[str], architecture: str, *, anew: bool = False) -> dict[str, mmap.mmap]:
    """The wheels of pinned packages for an architecture, by name, each with a pinned hash.

    They are kept in the user's cache; `anew`, they are fetched again. Raises RecipeError where pip cannot fetch them.
    """
    key = hashlib.sha256("\n".join([architecture, PYTHON, *pins]).encode()).hexdigest()
    folder = _cache() / key[:16]
    try:
        with _fetching:
            found = {} if anew else _kept(folder, pins)
            if len(found) < len(pins):
                _fetch(pins, architecture, folder)
                found = _kept(folder, pins)
    except OSError as error:
        raise RecipeError(f"its wheels cannot be kept in {folder}: {error.strerror}") from error
    if len(found) < len(pins):
        raise RecipeError(f"pip fetched other wheels than {REQUIREMENTS} of its recipe lists")
    return found


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "harness" / "wheels"


def _kept(folder: Path, pins: list[str]) -> dict[str, mmap.mmap]:
    """The wheels in a folder whose hashes are pinned."""
    pinned = {found for pin in pins for found in HASH.findall(pin)}
    kept: dict[str, mmap.mmap] = {}
    for path in sorted(folder.glob("*.whl")):
        with path.open("rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if hashlib.sha256(data).hexdigest() in pinned:
            kept[path.name] = data
    return kept


def _fetch(pins: list[str], architecture: str, folder: Path) -> None:
    """Have pip download wheels, run nothing of them, and put them into the folder whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        listed, fetched = Path(scratch, REQUIREMENTS), Path(scratch, "wheels")
        listed.write_text("\n".join([*pins, ""]), encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--require-hashes", "--implementation=cp"]
        command += [f"--platform={platform}" for platform in _platforms(architecture)]
        command += [f"--dest={fetched}", f"--requirement={listed}"]
        environment = {**os.environ, "PIP_PYTHON_VERSION": PYTHON}
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode:
            said = redacted(done.stderr).strip().splitlines() or ["it said nothing"]
            raise RecipeError(f"pip cannot fetch what {REQUIREMENTS} of its recipe lists: {said[-1]}")
        shutil.rmtree(folder, ignore_errors=True)
        fetched.rename(folder)


def _platforms(architecture: str) -> list[str]:
    """What pip calls the wheels that run on Debian's C library, the newest first."""
    names = [f"manylinux_2_{minor}" for minor in range(GLIBC_MINOR, 4, -1)] + ["manylinux2014", "manylinux2010"]
    return [f"{name}_{architecture}" for name in names]
