"""One image, built by the engine, and why it could not be."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager

from docker import DockerClient
from docker.errors import APIError

from harness.engine.archives import packed
from harness.engine.docker.connection import raise_if_full, translated
from harness.engine.docker.flavours import Flavour
from harness.engine.docker.marks import StepMarks, mark
from harness.engine.docker.words import is_kept, is_lost_race, reason_of
from harness.engine.engine import KEPT, Recipe
from harness.engine.redaction import redacted
from harness.errors import BuildError

TRIES = 3
STYLE = re.compile(r"\x1b\[[\d;]*m")  # builders print standard error in red


def build(
    client: DockerClient, flavour: Flavour, recipe: Recipe, on_line: Callable[[str], None], *, rebuild: bool
) -> None:
    """Build a recipe's image. Raises BuildError with the log, EngineError, DiskFullError."""
    for left in reversed(range(TRIES)):
        try:
            _build(client, flavour, recipe, on_line, rebuild=rebuild)
        except BuildError as error:
            if not (left and is_lost_race(str(error))):
                raise
        else:
            return


def _build(
    client: DockerClient, flavour: Flavour, recipe: Recipe, on_line: Callable[[str], None], *, rebuild: bool
) -> None:
    log: list[str] = []
    files = {name: memoryview(data) for name, data in recipe.files.items()}
    with packed(files) as context, translated(), _recipe_refused():
        sources = (*recipe.arguments.values(), *recipe.packages)
        marks = StepMarks(client, sources, keeps_parents=flavour.keeps_parents)
        for event in client.api.build(
            fileobj=context,
            custom_context=True,
            dockerfile="Dockerfile",
            target=recipe.target,
            tag=recipe.tag,
            buildargs={**(_proxies() if recipe.network else {}), **recipe.arguments},
            network_mode=None if recipe.network else flavour.no_network,
            rm=True,
            forcerm=True,
            nocache=rebuild,
            decode=True,
        ):
            line = redacted(STYLE.sub("", str(event.get("stream") or event.get("error") or "")))
            raise_if_full(line)
            log.append(line)
            if line.strip():
                marks.heard(line.strip())
                on_line(KEPT if is_kept(line) else line.strip())
            if "error" in event:
                raise BuildError(reason_of(log), redacted("".join(log)))
        mark(client, str(client.images.get(recipe.tag).id))


@contextmanager
def _recipe_refused() -> Generator[None]:
    """A recipe that the builder cannot even read is refused before anything is printed."""
    try:
        yield
    except APIError as error:
        raise BuildError(redacted(str(error.explanation)), redacted(str(error))) from error


def _proxies() -> dict[str, str]:
    """The machine's proxies, which builders take as predefined build arguments."""
    names = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY")
    both = (*names, *(name.lower() for name in names))
    return {name: os.environ[name] for name in both if name in os.environ}
