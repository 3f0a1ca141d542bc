"""Python packages for builds: pinned wheels, fetched by this machine's own pip with the user's own settings.

So a private index, its password and its certificate stay with pip here, and no build ever sees them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from harness.engine.redaction import redacted
from harness.errors import RecipeError

REQUIREMENTS = "requirements.txt"
PYTHON = "3.13"  # Debian trixie's
GLIBC_MINOR = 41
PIN = re.compile(r"[A-Za-z0-9][\w.-]*==[\w.!+-]+(\s+--hash=sha256:[0-9a-f]{64})+")


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


def wheels(pins: list[str], architecture: str) -> dict[str, bytes]:
    """The wheels of pinned packages for an architecture, by name. Raises RecipeError where pip cannot fetch them.

    pip runs nothing of them, and takes none whose hash is not pinned. What it keeps in its own cache is not kept twice.
    """
    try:
        with tempfile.TemporaryDirectory() as folder:
            listed, fetched = Path(folder, REQUIREMENTS), Path(folder, "wheels")
            listed.write_text("\n".join([*pins, ""]), encoding="utf-8")
            _download(listed, architecture, fetched)
            return {path.name: path.read_bytes() for path in sorted(fetched.iterdir())}
    except OSError as error:
        raise RecipeError(f"its wheels cannot be fetched: {error}") from error


def _download(listed: Path, architecture: str, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--require-hashes", "--implementation=cp"]
    command += [f"--platform={platform}" for platform in _platforms(architecture)]
    command += [f"--dest={folder}", f"--requirement={listed}"]
    environment = {**os.environ, "PIP_PYTHON_VERSION": PYTHON}
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = redacted(done.stderr).strip().splitlines() or ["it said nothing"]
        raise RecipeError(f"pip cannot fetch what {REQUIREMENTS} of its recipe lists: {said[-1]}")


def _platforms(architecture: str) -> list[str]:
    """What pip calls the wheels that run on Debian's C library, the newest first."""
    names = [f"manylinux_2_{minor}" for minor in range(GLIBC_MINOR, 4, -1)] + ["manylinux2014", "manylinux2010"]
    return [f"{name}_{architecture}" for name in names]
