"""What a run needs before its first round: images and start-up times."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from harness.events import Event
from harness.images.build import build, build_base
from harness.images.catalog import Catalog, Source, Target, targets_of
from harness.images.identity import code_digest
from harness.images.info import mismatches
from harness.images.recipes import plan_of
from harness.machine.machine import read_machine
from harness.measure.resume import Present, check_unchanged
from harness.measure.run import Run
from harness.measure.startup import startups
from harness.model.cases import Case, Failure, Options
from harness.model.journal import Rejected, Resumed
from harness.model.manifests import Manifest
from harness.store import timestamp
from harness.version import __version__


def build_images(run: Run, catalog: Catalog) -> int:
    """Read the facts of the machine and build what is missing; the nanoseconds that took."""
    began_ns = time.monotonic_ns()
    base = run.base = run.base or build_base(run.engine, catalog, run.folder.keep_log, run.watch)
    machine = read_machine(run.engine, base)  # before our own builds load it
    wanted = targets(catalog, run.sources, run.tools, run.options)
    if run.past.started:
        _rebuild_lost(run, base, wanted)
        _take_up(
            run,
            Present(
                harness=__version__,
                code=code_digest(),
                manifests=manifests_of(run, catalog),
                machine=machine,
                tags=_tags_now(run, base, wanted),
                digest=run.engine.image_digest,
            ),
        )
    run.record(machine)
    missing = [target for target in wanted if target.name not in run.images]
    for image in build(run.engine, base, missing, run.folder.keep_log, run.watch, rebuild=run.options.rebuild):
        run.record(image)
    return time.monotonic_ns() - began_ns


def targets(
    catalog: Catalog, sources: Mapping[str, Source], tools: Mapping[str, Source], options: Options
) -> list[Target]:
    """Every image that a run of these options needs, of what it measures and of what it needs beside."""
    wanted = targets_of(sources.values(), options.rungs, variants=options.variants)
    wanted += [Target(source) for name, source in tools.items() if name not in sources]
    return wanted + [Target(source) for source in _others(catalog, options)]


def _tags_now(run: Run, base: str, wanted: Sequence[Target]) -> dict[str, str]:
    """The present tags of the images that earlier sessions built; a rejected recipe has none."""
    built = {name for name, image in run.past.images.items() if image.tag is not None}
    return {target.name: plan_of(target.source, base, target.stage).tag for target in wanted if target.name in built}


def _rebuild_lost(run: Run, base: str, wanted: Sequence[Target]) -> None:
    """Rebuild what earlier sessions measured and the engine no longer has: equal bytes are the same image."""
    tags = _tags_now(run, base, wanted)
    lost = [
        target
        for target in wanted
        if target.name in tags
        and run.past.images[target.name].canonical
        and run.engine.image_digest(tags[target.name]) is None
    ]
    for _ in build(run.engine, base, lost, run.folder.keep_log, run.watch, examine=False):
        pass


def _take_up(run: Run, present: Present) -> None:
    """Take over what earlier sessions measured, if it is still valid; the journal records the new session."""
    check_unchanged(run.past, present)
    run.record(Resumed(at=timestamp()))
    for name, image in run.past.images.items():  # by the tag that an equal image has now
        run.images[name] = image.model_copy(update={"tag": image.tag and present.tags.get(name, image.tag)})
    for peak in run.past.peaks:
        run.remember(peak)
    run.startups += run.past.startups
    run.own += run.past.own


def manifests_of(run: Run, catalog: Catalog) -> tuple[Manifest, ...]:
    """Those of all images in a run: the ones it measures, and the others."""
    return tuple(source.manifest for source in (*run.sources.values(), *_others(catalog, run.options)))


def _others(catalog: Catalog, options: Options) -> list[Source]:
    """What is built and weighed beside the implementations; not by a quick run, which has no time for it."""
    return [] if options.quick else list(catalog.others.values())


def reject_the_unready(run: Run, cases: Sequence[Case]) -> list[Case]:
    """The cases whose image was built as its manifest says; the others are recorded as failed."""
    ready = []
    for case in cases:
        failure = _unready(run, case)
        if failure:
            if case not in run.past.rejected:
                run.record(Rejected(case=case, failure=failure))
            run.watch(Event("measured", f"{case}: {failure.reason}"))
        else:
            ready.append(case)
    return ready


def _unready(run: Run, case: Case) -> Failure | None:
    image = run.image(case)
    if image.failure or image.info is None:
        return image.failure
    differences = mismatches(run.rung(case), image.info)
    return Failure(stage="info", reason="; ".join(differences)) if differences else None


def measure_startups(run: Run) -> None:
    """Measure the start-up of each image, and of an idle container."""
    run.watch(Event("prepare", "measuring the start-up time of containers and runtimes"))
    for entry in startups(run.engine, list(run.images.values()), run.options.seed, run.past.startups):
        run.record(entry)
