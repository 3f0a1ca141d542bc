"""A folder as an image of its own: read, packed, and put beside the server of static sites."""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.engine.engine import Engine
from harness.errors import BuildError, EngineError, ManifestError, UsageError
from harness.events import Event, Watch
from harness.experiments.web.pack import Packed
from harness.images.catalog import Catalog, Source
from harness.images.recipes import build_if_missing, plan_of
from harness.images.sources import paths_below, read_file, refuse_link
from harness.images.weight import weigh
from harness.model.journal import Weight
from harness.store import Log

STAGE = "site"
PACK = "site"
PORT = 8080
MAX_FILE_BYTES = 64 * 2**20
MAX_SITE_BYTES = 256 * 2**20
SHOWN_THOUGH_HIDDEN = ".well-known"
NAME = re.compile(
    r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*(?::[0-9]+)?/)?"
    r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?",
    re.ASCII,
)
OURS = "harness-"


@dataclass(frozen=True)
class Folder:
    """The files of a folder by their paths, and how many files and folders were left out."""

    files: Mapping[str, bytes]
    left_out: int


def read_folder(folder: Path) -> Folder:
    """Read what a site is made of: all but what is hidden, since `.git` and `.env` are for nobody to see.

    Raises UsageError where there is no such folder or nothing in it, or too much; RecipeError for a link.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder" if folder.exists() else f"no folder {folder}")
    files: dict[str, bytes] = {}
    left_out: list[str] = []
    total_bytes = 0

    def is_left_out(name: str) -> bool:
        if is_hidden := name.startswith(".") and name != SHOWN_THOUGH_HIDDEN:
            left_out.append(name)
        return is_hidden

    try:
        for path in sorted(paths_below(folder, is_left_out)):
            if is_left_out(path.name):
                continue
            total_bytes += _checked_size(path)
            if total_bytes > MAX_SITE_BYTES:
                raise UsageError(f"the files of {folder} are more than {MAX_SITE_BYTES:,} bytes together")
            files[path.relative_to(folder).as_posix()] = read_file(path)
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be read: {error.strerror}") from error
    if not files:
        raise UsageError(f"nothing to serve in {folder}" + (": all in it is hidden" if left_out else ""))
    return Folder(files, len(left_out))


def _checked_size(path: Path) -> int:
    refuse_link(path)
    found = path.lstat()
    if stat.S_ISREG(found.st_mode) and found.st_size > MAX_FILE_BYTES:
        raise UsageError(f"{path} is too large: {found.st_size:,} bytes, and {MAX_FILE_BYTES:,} at most")
    return found.st_size


def checked_name(name: str) -> str:
    """The name of an image as engines write it, with a tag. Raises UsageError where it is none, or one of ours."""
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name for an image: it is written like site, site:1.0 or team/site")
    if name.rpartition("/")[2].startswith(OURS):
        raise UsageError(f"{name}: names that begin with {OURS} are of images that `harness clean --images` removes")
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def budget_bytes(catalog: Catalog) -> int:
    """What the server may weigh at most, without the files."""
    return int(tomllib.loads(read_file(_source(catalog).context / f"{STAGE}.toml").decode())["budget_bytes"])


def _source(catalog: Catalog) -> Source:
    """The implementation whose recipe has a server of static sites."""
    for source in catalog.implementations.values():
        if (source.context / f"{STAGE}.toml").is_file():
            return source
    raise ManifestError(f"no web service here has a {STAGE}.toml, and so a server of static sites")


def build_site(engine: Engine, catalog: Catalog, base: str, packed: Packed, keep: Log, watch: Watch) -> str:
    """The tag of the image that serves what was packed, built if it is missing. Raises EngineError, naming the log."""
    plan = plan_of(_source(catalog), base, STAGE, {PACK: packed.data})
    try:
        build_if_missing(engine, plan, lambda line: watch(Event("build", f"{STAGE}: {line}")), ships=True, named=False)
    except BuildError as error:
        log = keep(f"build-{STAGE}.log", error.log)
        raise EngineError(f"the server of static sites does not build: {error}\nBuild log: {log}") from error
    return plan.tag


def weight_of(engine: Engine, tag: str) -> Weight:
    """What the image weighs; the payload is the program."""
    return weigh(engine.save(tag), ["web"])
