"""Recipes to images. An image's tag is the hash of all it is made of, so that an image that exists is up to date."""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from queue import Empty, SimpleQueue

from harness.base import base_recipe, ensure_debian
from harness.canonical import canonical
from harness.engine import KEPT, Engine, Exit, Job, Recipe
from harness.errors import BuildError, EngineError, ProtocolError
from harness.events import Event, Watch
from harness.images import weigh
from harness.manifest import Catalog, Source, Target
from harness.model.cases import Failure
from harness.model.journal import Image
from harness.model.manifests import Info, Manifest, Rung, Traits
from harness.protocol import parse_info
from harness.store import Log

BASE = "harness-base"
FINAL = "final"
CHECK = "check"
AT_ONCE = 2
INFO_TIMEOUT_S = 30.0
INFO_MEMORY_BYTES = 2**30


def build(
    engine: Engine,
    base: str,
    targets: Sequence[Target],
    keep: Log,
    watch: Watch,
    *,
    examine: bool = True,
    anew: bool = False,
) -> Iterator[Image]:
    """Build what is missing and yield every image as it is ready, `examine`d: weighed and asked what was built in.

    `anew`, everything is built from nothing but the base, and one at a time, for the time that takes.

    One that fails never costs the others. The builders are daemon threads: an interrupted harness ends at once, and
    the engine then drops their builds.
    """
    waiting: SimpleQueue[Target] = SimpleQueue()
    done: SimpleQueue[Image | BaseException] = SimpleQueue()
    for target in targets:
        waiting.put(target)

    def builder() -> None:
        with suppress(Empty):
            while target := waiting.get_nowait():
                try:
                    image = _build_one(engine, target, base, keep, watch, anew=anew)
                    done.put(_examine(engine, image, target.source.manifest, keep) if examine else image)
                except BaseException as error:  # noqa: BLE001 (raised again in the caller's thread)
                    done.put(error)

    for _ in range(1 if anew else AT_ONCE):
        threading.Thread(target=builder, daemon=True).start()
    for number in range(1, len(targets) + 1):
        outcome = done.get()
        if isinstance(outcome, BaseException):
            raise outcome
        watch(Event("built", _told(outcome), number, len(targets)))
        yield outcome


def build_base(engine: Engine, catalog: Catalog, keep: Log, watch: Watch) -> str:
    """The tag of the base image, built if it is missing. Raises EngineError, naming the log, where it cannot be."""

    def told(line: str) -> None:
        watch(Event("build", f"base: {line}"))

    debian = ensure_debian(engine, told)
    try:
        unnamed = base_recipe(catalog.base, debian, tag="")
        recipe = replace(unnamed, tag=f"{BASE}:{_hash(unnamed, engine.image_digest(debian) or '')}")
        _build_if_missing(engine, recipe, told)
    except OSError as error:
        raise EngineError(f"the base image's {_unread(error)}") from error
    except BuildError as error:
        log = keep("build-base.log", error.log)
        raise EngineError(f"the base image does not build: {error}\nWhat its builder printed: {log}") from error
    return recipe.tag


def recipe_of(source: Source, base: str, target: str = FINAL) -> Recipe:
    """The recipe of one stage of an image, tagged with the hash of its sources, recipe and base."""
    recipe = Recipe(
        tag="",
        dockerfile=source.dockerfile,
        context=source.context,
        target=target,
        arguments={"BASE": base},
        extra_files={},
    )
    suffix = "" if target == FINAL else f"-{target}"
    return replace(recipe, tag=f"harness-{source.manifest.name}{suffix}:{_hash(recipe)}")


def _build_one(engine: Engine, target: Target, base: str, keep: Log, watch: Watch, *, anew: bool) -> Image:
    """Build one image if it is missing. A recipe that fails becomes a failed outcome with its log."""
    name = target.name
    try:
        recipe = recipe_of(target.source, base, target.stage)
    except OSError as error:
        return Image(name=name, failure=Failure(stage="build", reason=f"its {_unread(error)}"))

    def told(line: str) -> None:
        watch(Event("build", f"{name}: {line}"))

    try:
        build_ns = _build_if_missing(engine, recipe, told, ships=True, anew=anew)
    except BuildError as error:
        log = keep(f"build-{name}.log", error.log)
        return Image(name=name, failure=Failure(stage="build", reason=str(error), log=log))
    digest = engine.image_digest(recipe.tag)
    return Image(
        name=name,
        tag=recipe.tag,
        digest=digest,
        canonical=True,
        build_ns=build_ns,
        naive_checked=proves_naive(target.source.dockerfile.read_text(encoding="utf-8")),
    )


def proves_naive(recipe: str) -> bool:
    """Whether a recipe checks the machine code of its naive loops, and that the check bites (see assert-naive)."""
    calls = {rejects == "--rejects" for rejects in re.findall(r"\bassert-naive\s+(--rejects)?", recipe)}
    return calls == {False, True}


def _unread(error: OSError) -> str:
    return f"recipe cannot be read: {error.filename}: {error.strerror}"


def _examine(engine: Engine, image: Image, manifest: Manifest, keep: Log) -> Image:
    """Weigh a built image and ask what was built into it; what is no implementation has nothing to answer."""
    if image.failure or image.tag is None:
        return image
    weighed = image.model_copy(update={"weight": weigh(engine.save(image.tag), manifest.payload)})
    if not manifest.rungs:
        return weighed
    answer = _ask(engine, image.tag)
    log = keep(f"info-{image.name}.log", answer.stderr)
    try:
        return weighed.model_copy(update={"info": _info(answer)})
    except ProtocolError as error:
        failure = Failure(stage="info", reason=str(error), log=log)
        return weighed.model_copy(update={"failure": failure})


def _told(image: Image) -> str:
    if image.failure:
        log = f" (log: {image.failure.log})" if image.failure.log else ""
        return f"{image.name}: failed at {image.failure.stage}: {image.failure.reason}{log}"
    return f"{image.name}: {image.weight.unpacked_bytes:,} bytes" if image.weight else f"{image.name}: up to date"


def _ask(engine: Engine, tag: str) -> Exit:
    job = Job(
        image=tag,
        arguments=("info",),
        cpus=engine.cpus()[:1],
        memory_bytes=INFO_MEMORY_BYTES,
        pids=64,
        timeout_s=INFO_TIMEOUT_S,
    )
    return engine.run(job)


def _info(answer: Exit) -> Info:
    if answer.code:
        said = answer.stderr.decode("utf-8", errors="replace").strip()[:200]
        raise ProtocolError(f"`matmul info` ended with exit code {answer.code}: {said}")
    return parse_info(answer.stdout)


def mismatches(rung: Rung, info: Info) -> list[str]:
    """Where a manifest and what was really built differ, in words."""
    built = info.rungs.get(rung.name)
    if built is None:
        return [f"the image holds no rung {rung.name}"]
    return [
        f"{field}: the manifest says {declared!r}, the image was built with {really!r}"
        for field in Traits.model_fields
        if (declared := getattr(rung, field)) != (really := getattr(built, field))
    ]


def check_image(engine: Engine, source: Source, base: str, watch: Watch) -> None:
    """Build the stage that runs a language's own formatter and linter. Raises BuildError where they complain."""
    recipe = recipe_of(source, base, CHECK)
    _build_if_missing(engine, recipe, lambda line: watch(Event("build", line)))


def _build_if_missing(
    engine: Engine, recipe: Recipe, on_line: Callable[[str], None], *, ships: bool = False, anew: bool = False
) -> int | None:
    """The nanoseconds that it took; None where there was nothing to build, or a step of it was kept from before.

    The image that gets the recipe's tag is, of what ships, the canonical form.
    """
    if engine.image_digest(recipe.tag) is not None and not anew:
        return None
    kept: list[str] = []

    def told(line: str) -> None:
        if line == KEPT:
            kept.append(line)
        on_line(line)

    built = replace(recipe, tag=f"{recipe.tag}-{secrets.token_hex(4)}") if ships else recipe
    began_ns = time.monotonic_ns()
    engine.build(built, told, anew=anew)
    build_ns = time.monotonic_ns() - began_ns
    if ships:
        _replace_by_canonical(engine, built.tag, recipe.tag)
    engine.tag(recipe.tag, f"{recipe.tag.partition(':')[0]}:latest")  # the name for people
    return None if kept else build_ns


def _replace_by_canonical(engine: Engine, built: str, tag: str) -> None:
    """Give a tag to the canonical form of an image, and remove the image as it was built."""
    try:
        with canonical(engine.save(built)) as archive:
            engine.load(archive, tag)
    finally:
        engine.remove_image(built)


def _hash(recipe: Recipe, *more: str) -> str:
    """Twelve hexadecimal digits of the SHA-256 of all that an image is made of."""
    digest = hashlib.sha256()
    for name, data in sorted(recipe.files().items()):
        digest.update(f"{name}\0{len(data)}\0".encode() + data)
    digest.update(repr((sorted(recipe.arguments.items()), recipe.target, more)).encode())
    return digest.hexdigest()[:12]
