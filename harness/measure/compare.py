"""The pipeline of `harness compare`, top to bottom."""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path

from harness.engine.engine import Engine
from harness.errors import RecipeError
from harness.events import Watch
from harness.images.catalog import Catalog
from harness.images.identity import code_digest
from harness.images.sources import read_sources
from harness.machine.host import Read, watched
from harness.machine.tune import tuned
from harness.measure.cost import Cost
from harness.measure.experiment import Experiment
from harness.measure.outcome import failure_of
from harness.measure.prepare import (
    build_images,
    manifests_of,
    measure_startups,
    reject_the_unready,
)
from harness.measure.resume import Past
from harness.measure.rounds import measure_overheads, measure_rounds
from harness.measure.run import Run
from harness.measure.turn import turn
from harness.model.cases import Options
from harness.model.journal import Finished, Started
from harness.store import RunFolder, load_run, timestamp
from harness.version import __version__

MEASURING = "measuring"


def compare(
    experiment: Experiment,
    engine: Engine,
    catalog: Catalog,
    options: Options,
    results: Path,
    run_id: str,
    watch: Watch,
    *,
    wait: bool = False,
    base: str = "",
) -> bool:
    """Plan, build, measure and journal one run; True if every case was measured.

    `base` is the tag of the base image where that was built before, perhaps elsewhere.

    A failing implementation is an outcome in the journal. Raises EngineError or DiskFullError where the run cannot
    continue; all that was measured until then is in the journal. EngineBusyError where another harness
    measures, unless `wait`.
    """
    sources = catalog.named(options.langs)
    with turn(engine, MEASURING, watch, wait=wait), closing(RunFolder(results, run_id)) as folder:
        run = Run(engine, sources, experiment.tools(catalog, sources), options, folder, watch, base=base)
        run.record(_started(experiment, run_id, options, catalog, run))
        _keep_sources(run)
        return _carry_out(experiment, run, catalog)


def resume(
    experiment: Experiment,
    engine: Engine,
    catalog: Catalog,
    path: Path,
    watch: Watch,
    *,
    wait: bool = False,
    base: str = "",
) -> bool:
    """Resume the run in a folder with its original options; True if every case was measured. For `base` see compare.

    Everything in its journal counts, failures too, and is not measured again. Raises ChangedError where the machine,
    the sources or the images are not what they were, ResultsError where another harness is still at it.
    """
    with closing(RunFolder(path.parent, path.name, again=True)) as folder:
        past = Past.of(load_run(path))
        options = past.begun.options
        sources = catalog.named(options.langs)
        engine.clean(images=False, run=path.name)  # what its killed session left in the engine
        with turn(engine, MEASURING, watch, wait=wait):
            tools = experiment.tools(catalog, sources)
            run = Run(engine, sources, tools, options, folder, watch, past, base=base)
            return _carry_out(experiment, run, catalog)


def _carry_out(experiment: Experiment, run: Run, catalog: Catalog) -> bool:
    """Everything that is left of a run; True if every case was measured."""
    cases = experiment.cases([source.manifest for source in run.sources.values()], run.options)
    build_ns = build_images(run, catalog)
    ready = reject_the_unready(run, cases)
    with watched(run.engine, run.base) as read, tuned(run.options.tune, read, run.record):
        _record_state(run, read)
        experiment.prepare(run, ready)
        measure_startups(run)
        with experiment.opened(run, read) as measure:
            measure_rounds(experiment, run, measure, ready)
            measure_overheads(experiment, run, measure, ready)
        _record_state(run, read)
    cost = run.past.cost + Cost(run.age_ns, build_ns, run.container_ns)
    run.record(Finished(wall_ns=cost.wall_ns, container_ns=cost.container_ns, build_ns=cost.build_ns))
    return len(ready) == len(cases) and not any(failure_of(experiment, rounds) for rounds in run.rounds.values())


def _started(experiment: Experiment, run_id: str, options: Options, catalog: Catalog, run: Run) -> Started:
    return Started(
        harness=__version__,
        run=run_id,
        at=timestamp(),
        code=code_digest(),
        experiment=experiment.name,
        options=options,
        manifests=manifests_of(run, catalog),
        cases=experiment.cases([source.manifest for source in run.sources.values()], options),
    )


def _keep_sources(run: Run) -> None:
    """Keep what is measured beside the journal; what may not be read fails later, as that implementation's image."""
    for name, source in run.sources.items():
        with suppress(RecipeError, OSError):
            run.folder.keep_sources(name, read_sources(source.context))


def _record_state(run: Run, read: Read) -> None:
    """The host's state, before the first measurement and after the last."""
    if reading := read():
        run.record(reading)
