"""`harness compare`: a new run, or one that is resumed; what it prints before, during and after."""

from __future__ import annotations

import shlex
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.arguments import ALL, SOME_CASE_FAILED, Langs, Results, Wait, noted
from harness.cli.fleet import (
    Fleet,
    Insecure,
    Unfit,
    check_found,
    find_fleet,
    refuse_without_fleet,
    resume_fleet,
    start_fleet,
)
from harness.cli.upkeep import restore_tuned
from harness.errors import HarnessError, ResultsError, UsageError
from harness.model.ranges import DAY_S, MAX_N, MAX_PERCENT, MAX_ROUNDS, MAX_SEED
from harness.report import any_renderer, formats

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.analysis.evidence import Evidence
    from harness.engine.docker import DockerEngine
    from harness.images.catalog import Catalog
    from harness.measure.experiment import Experiment
    from harness.model.cases import Options
    from harness.model.comparison import Comparison
    from harness.progress import Progress


Rungs = Annotated[str, typer.Option(help="Rungs of the ladder, comma-separated, or all, or published.")]
Threads = Annotated[
    str, typer.Option(help="Threads of the parallel rungs, comma-separated (1,2 shows the efficiency), or all (cores).")
]
N = Annotated[int, typer.Option(min=1, max=MAX_N, help="Rows and columns of the matrices.")]
Rounds = Annotated[int, typer.Option(min=1, max=MAX_ROUNDS, help="Minimum number of rounds per case.")]
Precision = Annotated[
    float, typer.Option(min=0, max=MAX_PERCENT, help="Target half-width of the 95% CI of a speedup, in per cent.")
]
Budget = Annotated[float, typer.Option(min=0, max=DAY_S, help="Time limit per case, in seconds (baseline: 8×).")]
Reference = Annotated[
    str | None,
    typer.Option(help="Implementation that the others are compared with on each rung.", show_default="published: C"),
]
Seed = Annotated[
    int | None,
    typer.Option(min=0, max=MAX_SEED, help="Random seed of inputs and round order.", show_default="random"),
]
Tune = Annotated[
    bool,
    typer.Option("--tune", help="Set governor, turbo and huge pages during the run, restore them afterwards (root)."),
]
Overhead = Annotated[
    bool, typer.Option("--overhead", help="Measure the container overhead: baseline and reference without seccomp too.")
]
Rebuild = Annotated[bool, typer.Option("--rebuild", help="Rebuild every image from scratch, one at a time; time it.")]
Variants = Annotated[
    bool, typer.Option("--variants", help="Also measure variants of rungs: same kernel, other flags or another form.")
]
Quick = Annotated[
    bool,
    typer.Option("--quick", help="A first result in about a minute: smaller n, fewer cases and rounds, unless given."),
]
Resume = Annotated[
    str | None, typer.Option(help="Resume an interrupted run with its original options: its id, or latest.")
]


def compare(
    context: typer.Context,
    experiment: Annotated[str, typer.Option(help="The experiment to run.")] = "matmul",
    langs: Langs = ALL,
    rungs: Rungs = ALL,
    n: N = 4096,
    threads: Threads = ALL,
    rounds: Rounds = 3,
    precision: Precision = 3.0,
    budget: Budget = 5.0,
    baseline: Annotated[str, typer.Option(help="Case that speedups are relative to.")] = "python/naive",
    reference: Reference = None,
    seed: Seed = None,
    tune: Tune = False,
    overhead: Overhead = False,
    rebuild: Rebuild = False,
    variants: Variants = False,
    quick: Quick = False,
    out: Results = Path("results"),
    plan: Annotated[bool, typer.Option("--plan", help="Print the cases and the expected time; run nothing.")] = False,
    resume: Resume = None,
    wait: Wait = False,
    fleet: Fleet = None,
    insecure: Insecure = False,
    unfit: Unfit = False,
) -> None:
    """Build, run, validate, measure and report every chosen language on every chosen rung."""
    from harness.experiments import named
    from harness.images.catalog import load_catalog, root

    if resume is not None:
        refuse_other_options(context)
        if (found := find_fleet(out, resume)) or fleet:
            resume_fleet(check_found(found, resume), fleet, insecure=insecure, wait=wait)
        else:
            resume_run(resume, out, wait)
        return
    chosen = named(experiment)
    catalog = load_catalog(root(), experiment)
    given = {name for name in context.params if is_given(context, name)}
    typed: dict[str, Any] = dict(  # noqa: C408 (names that are looked up, not a mapping)
        langs=langs,
        rungs=rungs,
        n=n,
        threads=threads,
        rounds=rounds,
        precision=precision,
        budget=budget,
        baseline=baseline,
        reference=reference,
        seed=seed,
        tune=tune,
        overhead=overhead,
        rebuild=rebuild,
        variants=variants,
        quick=quick,
    )
    options_for = partial(chosen.options, catalog, given=given, **typed)
    if fleet and not plan:
        start_fleet(fleet, chosen, catalog, typed, given, out, insecure=insecure, unfit=unfit, wait=wait)
        return
    if not fleet:
        refuse_without_fleet(insecure=insecure, unfit=unfit)
    if plan:
        print_plan(chosen, catalog, options_for, out)
    else:
        start(chosen, catalog, options_for, out, wait)


def start(experiment: Experiment, catalog: Catalog, options_for: Callable[..., Options], out: Path, wait: bool) -> None:
    """Start a new run."""
    from harness.engine.docker import DockerEngine
    from harness.engine.topology import own_memory_bytes
    from harness.measure.compare import compare as run_comparison
    from harness.store import new_run_id

    restore_tuned()
    run_id = new_run_id()
    engine = DockerEngine(run_id)
    options = options_for(cpus=len(engine.cpus()), cores=engine.cores())
    _check_memory(experiment, catalog, options, engine.memory_bytes(), None if engine.is_local else own_memory_bytes())
    language, _, rung = options.baseline.partition("/")
    if options.baseline and (language not in options.langs or rung not in options.rungs):
        noted(f"{options.baseline} is not among the cases, so there will be no speedups over it")
    _carry_out(
        engine, out / run_id, partial(run_comparison, experiment, engine, catalog, options, out, run_id, wait=wait)
    )


def resume_run(run: str, out: Path, wait: bool) -> None:
    """Resume a run, unless it has finished."""
    from harness.analysis.evidence import Evidence
    from harness.engine.docker import DockerEngine
    from harness.images.catalog import load_catalog, root
    from harness.measure.compare import resume as resume_comparison
    from harness.runs import find_run
    from harness.store import load_run

    folder = find_run(out, run, noted)
    entries = load_run(folder)
    if entries[-1].kind == "finished":
        noted(f"{folder.name} has finished: nothing is left to measure")
        _show(folder, _write_reports(folder))
        return
    experiment = Evidence.of(entries).experiment
    catalog = load_catalog(root(), experiment.name)
    engine = DockerEngine(folder.name)
    _carry_out(engine, folder, partial(resume_comparison, experiment, engine, catalog, folder, wait=wait))


def refuse_other_options(context: typer.Context) -> None:
    """A run is resumed with the options that it was started with, and no others."""
    kept = {"resume", "out", "wait", "fleet", "insecure"}
    others = [f"--{name}" for name in context.params if name not in kept and is_given(context, name)]
    if others:
        raise UsageError(f"--resume uses the run's original options: leave out {', '.join(others)}")


def is_given(context: typer.Context, name: str) -> bool:
    """Whether the user gave an option, and did not leave it at its default."""
    return getattr(context.get_parameter_source(name), "name", "") != "DEFAULT"


def _carry_out(engine: DockerEngine, folder: Path, measured: Callable[[Progress], object]) -> None:
    """Measure with progress, and report; what was measured is reported too where the run is interrupted."""
    from harness.engine.interrupts import swept
    from harness.progress import Progress

    try:
        with Progress() as progress, swept(engine):
            measured(progress)
            comparison = _write_reports(folder)
    except ResultsError:
        raise
    except Exception as error:
        _keep_what_there_is(folder, error)
        raise
    _show(folder, comparison)


def _keep_what_there_is(folder: Path, error: Exception) -> None:
    """Say how to resume, and write the reports of what was measured; nothing here hides why the run ended."""
    with suppress(ResultsError):  # nothing was kept
        error.add_note(_how_to_resume(folder))
        try:
            _write_reports(folder)
        except Exception as other:  # noqa: BLE001 (reported beside the first)
            error.add_note(f"Its reports could not be written: {other}")


def _how_to_resume(folder: Path) -> str:
    """What a user can do with an interrupted run. Raises ResultsError where nothing of it was kept."""
    from harness.store import load_run

    load_run(folder)
    place = shlex.join([folder.name, "--out", str(folder.parent)])
    return (
        f"What was measured is kept: `harness report {place}` shows it, `harness compare --resume {place}` resumes it."
    )


def _show(folder: Path, comparison: Comparison) -> None:
    """Print the report of a finished run; the exit code says whether a case failed."""
    try:
        typer.echo(any_renderer("summary").render(comparison))
        typer.echo(f"Saved in {folder}: the journal, logs, and the full report in every format.")
    except HarnessError as error:
        error.add_note(f"The report is saved in {folder}, in every format.")
        raise
    if any(row.outcome == "failed" for row in comparison.everything):
        raise typer.Exit(SOME_CASE_FAILED)


def _write_reports(folder: Path) -> Comparison:
    """Every format, beside the journal."""
    from harness.cli.results import comparison_of
    from harness.report import file_of
    from harness.store import write_report

    comparison = comparison_of(folder)
    for name in formats():
        write_report(folder, file_of(name), any_renderer(name).render(comparison))
    return comparison


def _check_memory(
    experiment: Experiment, catalog: Catalog, options: Options, engine_bytes: int, own_bytes: int | None
) -> None:
    """Refuse what cannot fit before anything runs."""
    manifests = {name: source.manifest for name, source in catalog.named(options.langs).items()}
    cases = experiment.cases(list(manifests.values()), options)
    experiment.check_fits(
        [(case, manifests[case.implementation].held(case.rung)) for case in cases], engine_bytes, own_bytes
    )


def print_plan(experiment: Experiment, catalog: Catalog, options_for: Callable[..., Options], out: Path) -> None:
    """Print the cases and the expected time."""
    from tabulate import tabulate

    from harness.engine.topology import cores_of, own_cpus, own_memory_bytes, own_topology
    from harness.measure.forecast import case_s, earlier_of

    options = options_for(cpus=len(own_cpus()), cores=cores_of(own_cpus(), own_topology()))
    _check_memory(experiment, catalog, options, own_memory_bytes(), None)
    manifests = {name: source.manifest for name, source in catalog.named(options.langs).items()}
    latest = _latest(out)
    rows, expected_s = [], 0.0
    for case in experiment.cases(list(manifests.values()), options):
        earlier = earlier_of(case, latest.rounds if latest else {})
        seconds = case_s(experiment, manifests[case.implementation].held(case.rung), case, (), options, earlier)
        expected_s += seconds
        rows.append([case.name, case.threads, case.n, f"{seconds:.0f} s", "" if earlier else "time limit"])
    typer.echo(tabulate(rows, headers=["case", "threads", "n", "expected", ""]))
    source = f"estimated from {latest.started.run}" if latest else "by the time limits, as there is no earlier run"
    typer.echo(
        f"\n{len(rows)} cases, about {expected_s / 60:.1f} minutes of measuring ({source}); plus the time to "
        "build missing images. A run shows its remaining time and updates it as it goes."
    )


def _latest(out: Path) -> Evidence | None:
    """The latest readable run in a results folder, if there is one."""
    from harness.analysis.evidence import Evidence
    from harness.runs import LATEST, find_run
    from harness.store import load_run

    try:
        return Evidence.of(load_run(find_run(out, LATEST)))
    except ResultsError:
        return None
