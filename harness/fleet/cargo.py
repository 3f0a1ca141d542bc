"""Images on a machine of a fleet: built there, saved to be shipped, or taken in."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, cast

from harness.errors import HarnessError
from harness.files import spool
from harness.fleet.orders import Built, Order
from harness.fleet.there import catalog_of, engine_for, options_of, swept_here, unwatched

if TYPE_CHECKING:
    from typing import BinaryIO


def build(order: Order) -> Built:
    """Build all images of a run here, or find them built; with why not, where a machine cannot."""
    from harness.images.build import build as build_images
    from harness.images.build import build_base
    from harness.measure.prepare import targets
    from harness.measure.turn import turn

    engine = engine_for(order.fleet)
    try:
        with catalog_of(order) as catalog, swept_here(engine), turn(engine, "building images", unwatched):
            experiment, options = options_of(order, catalog, engine)
            sources = catalog.named(options.langs)
            wanted = targets(catalog, sources, experiment.tools(catalog, sources), options)
            base = build_base(engine, catalog, _unkept, unwatched)
            built = list(build_images(engine, base, wanted, _unkept, unwatched, examine=False))
            tags = [base, *(image.tag for image in built if image.tag and not image.failure)]
            return Built(base, {tag: engine.image_digest(tag) or "" for tag in tags})
    except HarnessError as error:
        return Built("", {}, fault=str(error))


def save(tag: str) -> bytes:
    """An image of this machine's engine, as an archive."""
    with closing(engine_for("shipping")) as engine:
        return b"".join(engine.save(tag))


def lacking(built: Built) -> list[str]:
    """The tags of a fleet's images that this machine's engine lacks, or has with another digest."""
    with closing(engine_for("shipping")) as engine:
        return [tag for tag, digest in built.digests.items() if engine.image_digest(tag) != digest]


def load(built: Built, archives: Mapping[str, bytes]) -> Built:
    """Take in the images of the fleet and compare their digests; with why not, where a machine cannot."""
    engine = engine_for("shipping")
    try:
        with closing(engine):
            for tag, archive in archives.items():
                with spool() as file:
                    file.write(archive)
                    file.seek(0)
                    engine.load(cast("BinaryIO", file), tag)
            others = [tag for tag, digest in built.digests.items() if engine.image_digest(tag) != digest]
    except HarnessError as error:
        return Built("", {}, fault=str(error))
    fault = f"its engine made other images of the same bytes: {', '.join(others)}" if others else ""
    return Built(built.base, built.digests, fault)


def _unkept(_name: str, _text: str | bytes) -> str:
    return "not kept"
