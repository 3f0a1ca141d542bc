"""The base image of all build stages: Debian, pulled where a registry answers, else made from packages."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

from harness.engine.engine import Engine
from harness.engine.redaction import redacted
from harness.errors import EngineError
from harness.files import spool
from harness.images.sources import read_sources

SUITE = "trixie"
DEBIAN = f"debian:{SUITE}-slim"
MADE_HERE = f"harness-debian:{SUITE}"

Notify = Callable[[str], None]


def ensure_debian(engine: Engine, notify: Notify) -> str:
    """The tag of a Debian image that the engine has; pulled or made if it has none.

    Raises EngineError, with what to do, where it can be neither pulled nor made.
    """
    for tag in (DEBIAN, MADE_HERE):
        if engine.image_digest(tag):
            return tag
    notify(f"pulling {DEBIAN}")
    failure = engine.pull(DEBIAN)
    if failure is None:
        return DEBIAN
    if not shutil.which("mmdebstrap"):
        raise EngineError(
            f"{DEBIAN} could not be pulled, and mmdebstrap, which makes it from Debian's packages, is not installed: "
            f"{failure}\nRun `harness setup`, or install mmdebstrap (on Ubuntu also debian-archive-keyring)."
        )
    notify(f"pulling failed: {failure}\nmaking Debian {SUITE} from its packages instead")
    _bootstrap(engine, notify)
    return MADE_HERE


def has_debian(engine: Engine) -> bool:
    """Whether the engine has a Debian image, so that it needs neither be pulled nor made."""
    return any(engine.image_digest(tag) for tag in (DEBIAN, MADE_HERE))


def _bootstrap(engine: Engine, notify: Notify) -> None:
    """Make it whole before it is imported: half a Debian must never get the name of one."""
    mirrors = _mirrors()
    if any(redacted(mirror) != mirror for mirror in mirrors):
        notify("apt's mirror needs a password, which every image would contain: using mmdebstrap's instead")
        mirrors = []
    command = ["mmdebstrap", "--quiet", "--variant=minbase", "--format=tar", SUITE, "-", *mirrors]
    with spool() as file:
        made = subprocess.run(command, stdout=file, stderr=subprocess.PIPE, text=True, check=False)
        if made.returncode:
            raise EngineError(f"mmdebstrap could not make Debian {SUITE}:\n{redacted(made.stderr)}")
        file.seek(0)
        engine.import_image(cast("BinaryIO", file), MADE_HERE)


def _mirrors() -> list[str]:
    """Sources on the mirrors that a Debian host itself uses; none elsewhere, which means mmdebstrap's own."""
    if not shutil.which("apt-get"):
        return []
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(LABEL)|$(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    found = dict(line.split("|", 1) for line in sorted(listed, reverse=True))
    suites = {"Debian": (SUITE, f"{SUITE}-updates"), "Debian-Security": (f"{SUITE}-security",)}
    if "Debian" not in found:
        return []
    return [f"deb {found[label]} {name} main" for label in suites if label in found for name in suites[label]]


def base_files(folder: Path) -> dict[str, bytes]:
    """What the base is made of: its recipe, and the certificate authorities that this machine trusts."""
    return {**read_sources(folder), "machine-ca.crt": _authorities()}


def _authorities() -> bytes:
    """The bundle of certificate authorities that this machine trusts, its own ones among them."""
    paths = ssl.get_default_verify_paths()
    candidates = [os.environ.get("SSL_CERT_FILE"), paths.cafile, "/etc/ssl/certs/ca-certificates.crt"]
    found = next((Path(path) for path in candidates if path and Path(path).is_file()), None)
    return found.read_bytes() if found else b""
