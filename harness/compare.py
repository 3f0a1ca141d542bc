"""The pipeline of `harness compare`, top to bottom."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from harness import __version__
from harness.build import build, build_base, mismatches, recipe_of
from harness.disturbance import disturbances
from harness.engine import Engine
from harness.errors import ProtocolError
from harness.events import Event, Watch
from harness.host import Read, watched
from harness.machine import read_machine
from harness.manifest import Catalog, Source, Target, targets_of
from harness.measure import Bench, agree, measure, measure_peak
from harness.model.cases import Batch, Case, Failure, Options
from harness.model.journal import Finished, Rejected, Resumed, Round, Started
from harness.model.manifests import Manifest
from harness.plan import cases_of, counted, left_s, next_batch, shuffled, timeout_s
from harness.resume import Past, Present, check_unchanged
from harness.run import Run
from harness.startup import startups
from harness.stopping import precise
from harness.store import RunFolder, load_run
from harness.tax import measure_tax, taxed
from harness.tune import tuned
from harness.workload import Workload

PEAK_TRIES = 5


def compare(engine: Engine, catalog: Catalog, options: Options, results: Path, run_id: str, watch: Watch) -> bool:
    """Plan, build, measure and journal one run; True if every case was measured.

    What fails inside an implementation is an outcome in the journal. Raises EngineError or DiskFullError where
    nothing can go on; all that was measured until then is in the journal.
    """
    sources = catalog.named(options.langs)
    with closing(RunFolder(results, run_id)) as folder:
        run = Run(engine, sources, _peak_source(catalog, sources), options, folder, watch)
        run.record(_started(run_id, options, catalog, run))
        return _carry_out(run, catalog)


def resume(engine: Engine, catalog: Catalog, path: Path, watch: Watch) -> bool:
    """Go on with the run in a folder where it stopped, with its own options; True if every case was measured.

    All that its journal holds counts, failures too, and is not measured again. Raises ChangedError where the machine,
    the sources or the images are not what they were, ResultsError where another harness is still at it.
    """
    with closing(RunFolder(path.parent, path.name, again=True)) as folder:
        past = Past.of(load_run(path))
        options = past.begun.options
        sources = catalog.named(options.langs)
        engine.clean(images=False)  # what the dead left in the engine
        return _carry_out(Run(engine, sources, _peak_source(catalog, sources), options, folder, watch, past), catalog)


def _carry_out(run: Run, catalog: Catalog) -> bool:
    """All that a run still has to do; True if every case was measured."""
    began_ns = time.monotonic_ns()
    cases = cases_of([source.manifest for source in run.sources.values()], run.options)
    build_ns = _build(run, catalog)
    ready = _reject_the_unready(run, cases)
    with watched(run.engine, run.base) as read, tuned(run.options.tune, read, run.record):
        _record_state(run, read)
        _measure_peaks(run, ready)
        _measure_startups(run)
        with _bench(run, read) as bench:
            _measure_rounds(run, bench, ready)
            _measure_tax(run, bench, ready)
        _record_state(run, read)
    run.record(Finished(wall_ns=time.monotonic_ns() - began_ns, container_ns=run.container_ns, build_ns=build_ns))
    return len(ready) == len(cases) and not any(r.failure for rounds in run.rounds.values() for r in rounds)


def _started(run_id: str, options: Options, catalog: Catalog, run: Run) -> Started:
    return Started(
        harness=__version__,
        run=run_id,
        at=_now(),
        options=options,
        manifests=_manifests(run, catalog),
        cases=cases_of([source.manifest for source in run.sources.values()], options),
    )


def _manifests(run: Run, catalog: Catalog) -> tuple[Manifest, ...]:
    """Those of all images that a run tells of: the ones it measures, and the others."""
    return tuple(source.manifest for source in (*run.sources.values(), *catalog.others.values()))


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _build(run: Run, catalog: Catalog) -> int:
    """Read the facts of the machine and build what is missing; the nanoseconds that took."""
    began_ns = time.monotonic_ns()
    base = run.base = build_base(run.engine, catalog, run.folder.keep_log, run.watch)
    machine = read_machine(run.engine, base)  # before our own builds load it
    wanted = targets_of(run.sources.values(), run.options.rungs)
    wanted += [Target(source) for name, source in run.peak_source.items() if name not in run.sources]
    wanted += [Target(source) for source in catalog.others.values()]
    if run.past.started:
        _take_up(
            run,
            Present(
                harness=__version__,
                manifests=_manifests(run, catalog),
                machine=machine,
                tags={target.name: recipe_of(target.source, base, target.stage).tag for target in wanted},
                digest=run.engine.image_digest,
            ),
        )
    run.record(machine)
    missing = [target for target in wanted if target.name not in run.images]
    for image in build(run.engine, base, missing, run.folder.keep_log, run.watch, anew=run.options.rebuild):
        run.record(image)
    return time.monotonic_ns() - began_ns


def _take_up(run: Run, present: Present) -> None:
    """Know what earlier sessions measured, if it is still worth something; the journal tells of a new session."""
    check_unchanged(run.past, present)
    run.record(Resumed(at=_now()))
    run.images.update(run.past.images)
    run.peaks.update({peak.threads: peak.gflops for peak in run.past.peaks})


def _peak_source(catalog: Catalog, chosen: dict[str, Source]) -> dict[str, Source]:
    """The chosen implementation that measures this machine's peak, or else any that does: every run has a peak."""
    offers = {name: source for name, source in {**chosen, **catalog.implementations}.items() if source.manifest.peak}
    return dict(list(offers.items())[:1])


def _reject_the_unready(run: Run, cases: Sequence[Case]) -> list[Case]:
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


def _record_state(run: Run, read: Read) -> None:
    """The host's state, before the first measurement and after the last."""
    if reading := read():
        run.record(reading)


def _measure_peaks(run: Run, cases: Sequence[Case]) -> None:
    """The machine's peak for every number of threads in use; until two agree, for other work makes one too low."""
    tag = next((run.images[name].tag for name in run.peak_source if not run.images[name].failure), None)
    for threads in sorted({case.threads for case in cases} - run.peaks.keys()) if tag else []:
        run.watch(Event("prepare", f"measuring this machine's peak on {threads} thread(s)"))
        try:
            peaks = [measure_peak(run.engine, tag or "", threads)]
            while len(peaks) < PEAK_TRIES and not agree(peaks):
                peaks.append(measure_peak(run.engine, tag or "", threads))
            for peak in sorted(peaks, key=lambda peak: peak.gflops):
                run.record(peak)
        except ProtocolError as error:
            run.watch(Event("measured", f"this machine's peak could not be measured: {error}"))


def _measure_startups(run: Run) -> None:
    """What it takes to start each image, and a container that does nothing."""
    if run.past.has_startups:
        return
    run.watch(Event("prepare", "measuring how long containers and runtimes take to start"))
    for entry in startups(run.engine, list(run.images.values()), run.options.seed):
        run.record(entry)


@contextmanager
def _bench(run: Run, read: Read) -> Iterator[Bench]:
    """Inputs in a volume, which is gone again afterwards."""
    run.watch(Event("prepare", f"drawing A and B, n = {run.options.n}, seed {run.options.seed}"))
    workload = Workload(run.options.n, run.options.seed)
    lender = next((image.tag for image in run.images.values() if image.tag and not image.failure), None)
    files = {"a.f64": workload.a.data, "b.f64": workload.b.data}
    inputs = run.engine.fill_volume(lender, files) if lender else ""
    try:
        limit_s = timeout_s(run.options.n, run.options.budget_s)
        yield Bench(run.engine, workload, inputs, limit_s, run.peaks, run.folder.keep_log, read)
    finally:
        if inputs:
            run.engine.remove_volume(inputs)


def _measure_rounds(run: Run, bench: Bench, cases: Sequence[Case]) -> None:
    """Rounds of one container a case, in a new random order each, until every case has had its budget.

    What to ask next follows from the rounds before and the seed alone: a resumed run goes through its journal's rounds
    as if it made them, and so comes to where it stopped.
    """
    run.rounds.update({case: [] for case in cases})
    number = 0
    while waiting := [(case, batch) for case in cases if (batch := _next(run, case))]:
        number += 1
        batches = dict(waiting)
        for done, case in enumerate(shuffled([case for case, _ in waiting], run.options.seed, number)):
            if known := run.past.rounds.get((case, number)):
                run.remember(known)
                continue
            text = f"round {number}: {case}, {batches[case].samples} × {batches[case].rows} rows"
            left = sum(left_s(each, run.rounds[each], run.options) for each, _ in waiting)
            run.watch(Event("measure", text, done, len(waiting), left))
            tag = run.image(case).tag or ""
            entry = measure(bench, tag, case, batches[case], number, pilot=number == 1)
            run.record(entry.model_copy(update={"key": run.key(case)}))
            run.watch(Event("measured", _told_round(run.rounds[case])))


def _measure_tax(run: Run, bench: Bench, cases: Sequence[Case]) -> None:
    """What the container itself costs, if that was asked for: by the cases that show it and were measured."""
    if not run.options.tax:
        return
    chosen = taxed(cases, run.options)
    if not chosen:
        run.watch(Event("measured", "the container's tax is not measured: neither baseline nor yardstick is a case"))
    for case in chosen:
        if rounds := counted(run.rounds[case]):
            tag = run.image(case).tag or ""
            for entry in measure_tax(run.engine, bench, tag, rounds[-1], run.options):
                run.record(entry)
                run.watch(Event("measured", f"on the {entry.place}: {_told_round([entry.round])}"))


def _next(run: Run, case: Case) -> Batch | None:
    done = precise(case, run.rounds, run.options)
    return next_batch(run.rung(case), case, run.rounds[case], run.options, precise=done)


def _told_round(rounds: Sequence[Round]) -> str:
    entry = rounds[-1]
    if entry.failure:
        return f"{entry.case}: FAILED: {entry.failure.reason}"
    best_ns = min(sample.wall_ns for sample in entry.samples) / entry.rows * entry.case.n
    what = disturbances(rounds).get(entry.number)
    return f"{entry.case}: {best_ns / 1e9:.3g} s for all {entry.case.n} rows" + (
        f" (disturbed: {what})" if what else ""
    )
