"""`harness images` and `harness build`: images without measuring."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.arguments import ALL, SOME_CASE_FAILED, Experiment, Format, Langs, Wait, keep_log
from harness.report import any_renderer

if TYPE_CHECKING:
    from harness.engine.engine import Engine
    from harness.images.catalog import Target
    from harness.model.breakdown import Part
    from harness.model.comparison import ImageRow
    from harness.model.journal import Image
    from harness.progress import Progress

ANY_IMAGE = "a name, FOLDER:NAME for another clone's, or a tag that the engine has"


def images(
    langs: Langs = ALL,
    experiment: Experiment = "matmul",
    format_: Format = "text",
    check: Annotated[bool, typer.Option("--check", help="Exit with 3 if an image exceeds its size budget.")] = False,
    wait: Wait = False,
    why: Annotated[
        str | None, typer.Option("--why", metavar="IMAGE", help="Show where this image's bytes are.")
    ] = None,
    diff: Annotated[
        tuple[str, str] | None, typer.Option("--diff", metavar="A B", help=f"Show what grew from A to B: {ANY_IMAGE}.")
    ] = None,
) -> None:
    """Build missing images, and report every image's size beside its budget."""
    if why or diff:
        _explain(why, diff, experiment, wait=wait)
        return
    from harness.images.weight import check_budgets

    render = any_renderer(format_).render_images
    rows = _weighed(langs, experiment, wait=wait)
    typer.echo(render(rows), nl=False)
    if check:
        check_budgets(rows)


def _explain(why: str | None, diff: tuple[str, str] | None, experiment: str, *, wait: bool) -> None:
    """Where the bytes of an image are, or what grew between two: files, and of binaries the sections and symbols."""
    from harness.images.parts import growth
    from harness.report.as_text import render_section
    from harness.report.image_parts import growths, where

    sections = where(why, _parts(why, experiment, wait=wait)) if why else []
    if diff:
        before, after = (_parts(image, experiment, wait=wait) for image in diff)
        sections += growths(*diff, growth(before, after))
    typer.echo("\n\n".join(map(render_section, sections)))


def _parts(image: str, experiment: str, *, wait: bool) -> list[Part]:
    """What an image is made of, by its name here, its name in another clone, or its tag."""
    from harness.experiments import named
    from harness.images.build import build as build_images
    from harness.images.build import build_base
    from harness.images.catalog import known, load_catalog, root, targets_of
    from harness.images.parts import parts_of_image, parts_of_tag

    folder, _, name = image.rpartition(":")
    with engine_for_builds(wait=wait) as (engine, progress):
        if folder and not Path(folder).is_dir():
            return parts_of_tag(engine, image)
        catalog = load_catalog(Path(folder) if folder else root(), named(experiment).name)
        targets = {target.name: target for target in targets_of(catalog.images.values(), variants=True)}
        target = targets[known(name, targets, "image")]
        base = build_base(engine, catalog, keep_log, progress)
        (built,) = build_images(engine, base, [target], keep_log, progress, examine=False)
        return parts_of_image(engine, target.source, base, built, progress)


def _weighed(langs: str, experiment: str, *, wait: bool) -> list[ImageRow]:
    from harness.images.weight import image_row

    built = _built(langs, experiment, examine=True, wait=wait)
    return [image_row(target.source.manifest, target.stage, image) for target, image in built]


def build(langs: Langs = ALL, experiment: Experiment = "matmul", wait: Wait = False) -> None:
    """Build the images that are missing or out of date."""
    failed = [image for _, image in _built(langs, experiment, examine=False, wait=wait) if image.failure]
    if failed:
        raise typer.Exit(SOME_CASE_FAILED)


def _built(langs: str, experiment: str, *, examine: bool, wait: bool) -> list[tuple[Target, Image]]:
    """The chosen images, of implementations and others, built and, if requested, weighed; with their targets."""
    from harness.experiments import named
    from harness.images.build import build as build_images
    from harness.images.build import build_base
    from harness.images.catalog import load_catalog, root, targets_of
    from harness.measure.options import chosen

    catalog = load_catalog(root(), named(experiment).name)
    targets = targets_of(catalog.images[name] for name in chosen(langs, catalog.images, "image"))
    with engine_for_builds(wait=wait) as (engine, progress):
        base = build_base(engine, catalog, keep_log, progress)
        built = build_images(engine, base, targets, keep_log, progress, examine=examine)
        images = {image.name: image for image in built}
    return [(target, images[target.name]) for target in targets]


@contextmanager
def engine_for_builds(*, wait: bool) -> Generator[tuple[Engine, Progress]]:
    """The container engine, when it is our turn to use it."""
    from harness.engine.docker import DockerEngine
    from harness.engine.interrupts import swept
    from harness.measure.turn import turn
    from harness.progress import Progress

    engine = DockerEngine(f"build-{os.getpid()}")
    with Progress() as progress, swept(engine), turn(engine, "building images", progress, wait=wait):
        yield engine, progress
