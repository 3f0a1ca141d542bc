"""Images: built where they are missing, weighed, and asked what was built into them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue

from harness.engine.engine import Engine
from harness.errors import BuildError, EngineError, ProtocolError, RecipeError
from harness.events import Event, Watch
from harness.images.base import base_files, ensure_debian
from harness.images.catalog import Catalog, Source, Target
from harness.images.info import ask, info_of
from harness.images.recipes import base_plan, build_if_missing, plan_of
from harness.images.weight import weigh
from harness.model.cases import Failure
from harness.model.journal import Image
from harness.model.manifests import Manifest
from harness.store import Log

CHECK = "check"
AT_ONCE = 2


def build(
    engine: Engine,
    base: str,
    targets: Sequence[Target],
    keep: Log,
    watch: Watch,
    *,
    examine: bool = True,
    rebuild: bool = False,
) -> Iterator[Image]:
    """Build what is missing and yield every image as it is ready, `examine`d: weighed and asked what was built in.

    With `rebuild`, everything is built from the base alone, one at a time, to time it.

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
                    image = _build_one(engine, target, base, keep, watch, rebuild=rebuild)
                    done.put(_examine(engine, image, target.source.manifest, keep) if examine else image)
                except BaseException as error:  # noqa: BLE001 (raised again in the caller's thread)
                    done.put(error)

    for _ in range(1 if rebuild else AT_ONCE):
        threading.Thread(target=builder, daemon=True).start()
    for number in range(1, len(targets) + 1):
        outcome = done.get()
        if isinstance(outcome, BaseException):
            raise outcome
        watch(Event("built", _described(outcome), number, len(targets)))
        yield outcome


def build_base(engine: Engine, catalog: Catalog, keep: Log, watch: Watch) -> str:
    """The tag of the base image, built if it is missing. Raises EngineError, naming the log, where it cannot be."""

    def on_line(line: str) -> None:
        watch(Event("build", f"base: {line}"))

    debian = ensure_debian(engine, on_line)
    try:
        plan = base_plan(base_files(catalog.base), debian, engine.image_digest(debian) or "")
        build_if_missing(engine, plan, on_line)
    except OSError as error:
        raise EngineError(f"the base image's recipe cannot be read: {error.filename}: {error.strerror}") from error
    except BuildError as error:
        log = keep("build-base.log", error.log)
        raise EngineError(f"the base image does not build: {error}\nBuild log: {log}") from error
    return plan.tag


def _build_one(engine: Engine, target: Target, base: str, keep: Log, watch: Watch, *, rebuild: bool) -> Image:
    """Build one image if it is missing. A recipe that fails becomes a failed outcome with its log."""
    name = target.name

    def on_line(line: str) -> None:
        watch(Event("build", f"{name}: {line}"))

    try:
        plan = plan_of(target.source, base, target.stage)
        build_ns = build_if_missing(engine, plan, on_line, ships=True, rebuild=rebuild)
    except BuildError as error:
        log = keep(f"build-{name}.log", error.log)
        return Image(name=name, failure=Failure(stage="build", reason=str(error), log=log))
    except RecipeError as error:
        return Image(name=name, failure=Failure(stage="build", reason=str(error)))
    return Image(
        name=name,
        tag=plan.tag,
        digest=engine.image_digest(plan.tag),
        canonical=True,
        build_ns=build_ns,
        naive_checked=plan.naive_checked,
    )


def _examine(engine: Engine, image: Image, manifest: Manifest, keep: Log) -> Image:
    """Weigh a built image and ask what was built into it; what is no implementation has nothing to answer."""
    if image.failure or image.tag is None:
        return image
    weighed = image.model_copy(update={"weight": weigh(engine.save(image.tag), manifest.payload)})
    if not manifest.rungs:
        return weighed
    answer = ask(engine, image.tag)
    log = keep(f"info-{image.name}.log", answer.stderr)
    try:
        return weighed.model_copy(update={"info": info_of(answer)})
    except ProtocolError as error:
        failure = Failure(stage="info", reason=str(error), log=log)
        return weighed.model_copy(update={"failure": failure})


def _described(image: Image) -> str:
    if image.failure:
        log = f" (log: {image.failure.log})" if image.failure.log else ""
        return f"{image.name}: failed at {image.failure.stage}: {image.failure.reason}{log}"
    return f"{image.name}: {image.weight.unpacked_bytes:,} bytes" if image.weight else f"{image.name}: up to date"


def check_image(engine: Engine, source: Source, base: str, watch: Watch) -> None:
    """Build the stage that runs a language's own formatter and linter. Raises BuildError where they complain."""
    build_if_missing(engine, plan_of(source, base, CHECK), lambda line: watch(Event("build", line)))
