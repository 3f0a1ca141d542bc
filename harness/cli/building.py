"""`harness images` and `harness build`: images without measuring."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.arguments import ALL, SOME_CASE_FAILED, Experiment, Format, Langs, Wait, chosen_renderer, keep_log

if TYPE_CHECKING:
    from harness.images.catalog import Target
    from harness.model.comparison import ImageRow
    from harness.model.journal import Image


def images(
    langs: Langs = ALL,
    experiment: Experiment = "matmul",
    format_: Format = "text",
    check: Annotated[bool, typer.Option("--check", help="Exit with 3 if an image exceeds its size budget.")] = False,
    wait: Wait = False,
) -> None:
    """Build missing images, and report every image's size beside its budget."""
    from harness.images.weight import check_budgets

    render = chosen_renderer(format_).render_images
    rows = _weighed(langs, experiment, wait=wait)
    typer.echo(render(rows), nl=False)
    if check:
        check_budgets(rows)


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
    from harness.engine.docker import DockerEngine
    from harness.engine.interrupts import swept
    from harness.experiments import named
    from harness.images.build import build as build_images
    from harness.images.build import build_base
    from harness.images.catalog import load_catalog, root, targets_of
    from harness.measure.options import chosen
    from harness.measure.turn import turn
    from harness.progress import Progress

    catalog = load_catalog(root(), named(experiment).name)
    targets = targets_of(catalog.images[name] for name in chosen(langs, catalog.images, "image"))
    engine = DockerEngine(f"build-{os.getpid()}")
    with Progress() as progress, swept(engine), turn(engine, "building images", progress, wait=wait):
        base = build_base(engine, catalog, keep_log, progress)
        built = build_images(engine, base, targets, keep_log, progress, examine=examine)
        images = {image.name: image for image in built}
    return [(target, images[target.name]) for target in targets]
