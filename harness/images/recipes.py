"""Recipes to images. An image's tag is the hash of all it is made of, so that an image that exists is up to date.

The stages that install packages are built first, each as an image of its own and with the network; then the rest from
those images, without it.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from posixpath import normpath

from harness.engine.engine import KEPT, Engine, Recipe
from harness.errors import BuildError, RecipeError
from harness.images import canonical as form
from harness.images.canonical import canonical
from harness.images.catalog import Source
from harness.images.dockerfile import BuildStage, parse
from harness.images.sources import read_file, read_sources, refuse_link
from harness.images.wheels import REQUIREMENTS, read_pins, wheels

BASE = "harness-base"
FINAL = "final"
WHEELS = re.compile(r"(?:[a-z-]+-)?wheels")  # folders that stages may copy, filled as a file beside the recipe says
NO_NETWORK = re.compile(
    r"resolv|network is unreachable|unknown host|no such host|name or service not known|lookup .*:53", re.IGNORECASE
)

FORM = hashlib.sha256(Path(form.__file__).read_bytes()).hexdigest()
"""Of the code that gives images their form: one that an earlier version made, of the same sources, is another."""

OnLine = Callable[[str], None]

_building: dict[str, threading.Lock] = {}  # by tag: images that are built at once share packages


@dataclass(frozen=True)
class Plan:
    """An image to build, after those of the packages that it starts from."""

    image: Recipe
    packages: tuple[Recipe, ...] = ()
    naive_checked: bool = False

    @property
    def tag(self) -> str:
        """The image's name, a hash of what it is made of."""
        return self.image.tag


def plan_of(source: Source, base: str, target: str = FINAL, added: Mapping[str, bytes] | None = None) -> Plan:
    """How one stage of a recipe is built, each image tagged with the hash of its sources, recipe and base.

    What is `added`, by name, stands beside the sources.
    Raises RecipeError where the sources or the recipe cannot be read, or are such that no builder is given them.
    """
    try:
        return _planned(source, base, target, added or {})
    except OSError as error:
        raise RecipeError(f"its recipe cannot be read: {error.filename}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RecipeError(f"its recipe is not a text file: {error}") from error


def _planned(source: Source, base: str, target: str, added: Mapping[str, bytes]) -> Plan:
    for folder in (source.context.parent, source.dockerfile.parent.parent, source.dockerfile.parent):
        refuse_link(folder)
    sources = {**read_sources(source.context), **added}
    text = read_file(source.dockerfile).decode()
    dockerfile = parse(text)
    stages = dockerfile.towards(target)
    packages: dict[str, Recipe] = {}

    def recipe(name: str, stages: Sequence[BuildStage], sent: Mapping[str, bytes], *, network: bool) -> Recipe:
        starts = {stage: made.tag for stage, made in packages.items()}
        files = {**sent, "Dockerfile": dockerfile.of(stages, starts).encode()}
        return Recipe("", files, name, {"BASE": base}, tuple(starts.values()), network)

    for stage in stages:
        if stage.installs:
            sent = _packages_sources(source, sources, stage)
            packages[stage.name] = _tagged(source, recipe(stage.name, [stage], sent, network=True))
    rest = [stage for stage in stages if not stage.installs]
    image = _tagged(source, recipe(target, rest, sources, network=False), FORM)
    return Plan(image, tuple(packages.values()), proves_naive(text))


def proves_naive(recipe: str) -> bool:
    """Whether a recipe checks the machine code of its naive loops, and that the check bites (see assert-naive)."""
    calls = {rejects == "--rejects" for rejects in re.findall(r"\bassert-naive\s+(--rejects)?", recipe)}
    return calls == {False, True}


def base_plan(files: Mapping[str, bytes], debian: str, digest: str) -> Plan:
    """How the base is made from a Debian image of that digest."""
    recipe = Recipe("", files, None, {"DEBIAN": debian})
    return Plan(replace(recipe, tag=f"{BASE}:{_hash(recipe, digest)}"))


def build_if_missing(
    engine: Engine, plan: Plan, on_line: OnLine, *, ships: bool = False, rebuild: bool = False, named: bool = True
) -> int | None:
    """The nanoseconds that it took; None where there was nothing to build, or a part of it was kept from before.

    The image that gets the plan's tag is, of what ships, the canonical form. If `named`, it has a name for people too.
    Raises BuildError, with the whole log, where a step fails; RecipeError where its wheels cannot be fetched.
    """
    if engine.image_digest(plan.tag) is not None and not rebuild:
        return None
    kept: list[str] = []

    def heard(line: str) -> None:
        if line == KEPT:
            kept.append(line)
        on_line(line)

    began_ns = time.monotonic_ns()
    for recipe in plan.packages:
        with _building.setdefault(recipe.tag, threading.Lock()):
            if rebuild or engine.image_digest(recipe.tag) is None:
                engine.build(_with_wheels(engine, recipe), heard, rebuild=rebuild)
                _named_for_people(engine, recipe.tag)
            else:
                kept.append(recipe.tag)
    built = replace(plan.image, tag=f"{plan.tag}-{secrets.token_hex(4)}") if ships else plan.image
    _build_without_network(engine, built, heard, rebuild=rebuild)
    build_ns = time.monotonic_ns() - began_ns
    if ships:
        _replace_by_canonical(engine, built.tag, plan.tag)
    if named:
        _named_for_people(engine, plan.tag)
    return None if kept else build_ns


def _build_without_network(engine: Engine, recipe: Recipe, on_line: OnLine, *, rebuild: bool) -> None:
    try:
        engine.build(recipe, on_line, rebuild=rebuild)
    except BuildError as error:
        if not NO_NETWORK.search(error.log):
            raise
        raise BuildError(f"{error}; builds have no network outside stages named …-packages", error.log) from error


def _replace_by_canonical(engine: Engine, built: str, tag: str) -> None:
    """Give a tag to the canonical form of an image, and remove the image as it was built."""
    try:
        with canonical(engine.save(built)) as archive:
            engine.load(archive, tag)
    finally:
        engine.remove_image(built)


def _named_for_people(engine: Engine, tag: str) -> None:
    engine.tag(tag, f"{tag.partition(':')[0]}:latest")


def _packages_sources(source: Source, sources: Mapping[str, bytes], stage: BuildStage) -> dict[str, bytes]:
    """What a stage that installs packages copies from the context, by name, and nothing else of it."""
    wanted = [normpath(name.lstrip("/")) for name in stage.copied]
    for folder in filter(WHEELS.fullmatch, wanted):
        pinned = folder.removesuffix("wheels") + REQUIREMENTS
        pins = read_pins(read_file(source.dockerfile.with_name(pinned)).decode())
        sources = {**sources, f"{folder}/{REQUIREMENTS}": "\n".join(pins).encode()}
    return {
        name: data
        for name, data in sources.items()
        if any(want in {".", name} or name.startswith(f"{want}/") or fnmatch(name, want) for want in wanted)
    }


def _with_wheels(engine: Engine, recipe: Recipe) -> Recipe:
    """The recipe with the wheels that it asks for. Its tag, made of their hashes, has not needed them."""
    files = dict(recipe.files)
    for name, pins in recipe.files.items():
        folder, _, file = name.rpartition("/")
        if WHEELS.fullmatch(folder) and file == REQUIREMENTS:
            fetched = wheels(pins.decode().splitlines(), engine.architecture())
            files |= {f"{folder}/{wheel}": data for wheel, data in fetched.items()}
    return replace(recipe, files=files)


def _tagged(source: Source, recipe: Recipe, *more: str) -> Recipe:
    suffix = "" if recipe.target == FINAL else f"-{recipe.target}"
    return replace(recipe, tag=f"harness-{source.family}{source.manifest.name}{suffix}:{_hash(recipe, *more)}")


def _hash(recipe: Recipe, *more: str) -> str:
    """Twelve hexadecimal digits of the SHA-256 of all that an image is made of."""
    digest = hashlib.sha256()
    for name, data in sorted(recipe.files.items()):
        digest.update(f"{name}\0{len(data)}\0".encode() + data)
    digest.update(repr((sorted(recipe.arguments.items()), recipe.target, recipe.network, more)).encode())
    return digest.hexdigest()[:12]
