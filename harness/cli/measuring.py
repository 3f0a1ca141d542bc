"""`harness compare`: a new run, or one that is gone on with; what it says before, meanwhile and after."""

from __future__ import annotations

import shlex
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.arguments import ALL, SOME_CASE_FAILED, Langs, Results, Wait, chosen_renderer, noted
from harness.cli.upkeep import restore_tuned
from harness.errors import HarnessError, ResultsError, UsageError
from harness.report import formats

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.analysis.evidence import Evidence
    from harness.engine.docker import DockerEngine
    from harness.images.catalog import Catalog
    from harness.model.cases import Options
    from harness.model.comparison import Comparison
    from harness.progress import Progress


Rungs = Annotated[str, typer.Option(help="Rungs of the ladder, comma-separated, or all, or published.")]
Threads = Annotated[
    str, typer.Option(help="Threads of the parallel rungs, comma-separated (1,2 shows the efficiency), or all.")
]
Precision = Annotated[float, typer.Option(help="Per cent either way at which a ratio is known well enough.")]
Yardstick = Annotated[
    str | None,
    typer.Option(help="The implementation that the others are held against, rung by rung.", show_default="C's"),
]
Seed = Annotated[int | None, typer.Option(help="Seed of the inputs and of the order.", show_default="a fresh one")]
Tune = Annotated[
    bool, typer.Option("--tune", help="Steady the machine meanwhile (governor, turbo, huge pages); needs root.")
]
Tax = Annotated[
    bool, typer.Option("--tax", help="Measure what seccomp costs the baseline and the yardstick, in the container.")
]
Rebuild = Annotated[bool, typer.Option("--rebuild", help="Build every image from nothing, one at a time, to time it.")]
Variants = Annotated[bool, typer.Option("--variants", help="Also measure variants of rungs: other flags, other forms.")]
Quick = Annotated[
    bool,
    typer.Option(
        "--quick", help="A first impression in a minute: smaller n, fewer cases and rounds, unless asked for otherwise."
    ),
]
Resume = Annotated[
    str | None, typer.Option(help="Go on, with its own options, with a run that was cut short: its id, or latest.")
]


def compare(
    context: typer.Context,
    langs: Langs = ALL,
    rungs: Rungs = ALL,
    n: Annotated[int, typer.Option(help="Rows and columns of the matrices, 1 to 32768.")] = 4096,
    threads: Threads = ALL,
    rounds: Annotated[int, typer.Option(help="Rounds of a case at the least.")] = 3,
    precision: Precision = 3.0,
    budget: Annotated[
        float, typer.Option(help="Seconds of measuring for a case; for the baseline eight times as many.")
    ] = (5.0),
    baseline: Annotated[str, typer.Option(help="The case that ratios are taken against.")] = "python/naive",
    yardstick: Yardstick = None,
    seed: Seed = None,
    tune: Tune = False,
    tax: Tax = False,
    rebuild: Rebuild = False,
    variants: Variants = False,
    quick: Quick = False,
    out: Results = Path("results"),
    plan: Annotated[bool, typer.Option("--plan", help="Print the cases and what they will take; run nothing.")] = False,
    resume: Resume = None,
    wait: Wait = False,
) -> None:
    """Build, run, validate, measure and report: every chosen language on every chosen rung."""
    from harness.experiments import matmul
    from harness.experiments.matmul.options import QUICK, parse_options
    from harness.images.catalog import load_catalog, root

    catalog = load_catalog(root(), matmul.NAME)
    if resume is not None:
        _refuse_other_options(context)
        _resume(catalog, resume, out, wait)
        return
    options_for = partial(
        parse_options,
        catalog,
        langs=langs,
        rungs=rungs,
        n=n,
        threads=threads,
        rounds=rounds,
        precision=precision,
        budget=budget,
        baseline=baseline,
        yardstick=yardstick,
        seed=seed,
        tune=tune,
        tax=tax,
        rebuild=rebuild,
        variants=variants,
        quick=quick,
    )
    if quick:
        options_for = partial(
            options_for, **{name: value for name, value in QUICK.items() if not _is_given(context, name)}
        )
    if plan:
        _print_plan(catalog, options_for, out)
    else:
        _start(catalog, options_for, out, wait)


def _start(catalog: Catalog, options_for: Callable[..., Options], out: Path, wait: bool) -> None:
    """Make a new run."""
    from harness.engine.docker import DockerEngine
    from harness.engine.topology import own_memory_bytes
    from harness.experiments.matmul.experiment import MATMUL
    from harness.measure.compare import compare as run_comparison
    from harness.store import new_run_id

    restore_tuned()
    run_id = new_run_id()
    engine = DockerEngine(run_id)
    options = options_for(cpus=len(engine.cpus()), cores=engine.cores())
    _check_memory(catalog, options, engine.memory_bytes(), None if engine.is_local else own_memory_bytes())
    language, _, rung = options.baseline.partition("/")
    if language not in options.langs or rung not in options.rungs:
        noted(f"{options.baseline} is not among the cases, so there will be no ratios to it")
    _carry_out(engine, out / run_id, partial(run_comparison, MATMUL, engine, catalog, options, out, run_id, wait=wait))


def _resume(catalog: Catalog, run: str, out: Path, wait: bool) -> None:
    """Go on with a run, if it has not come to its end already."""
    from harness.engine.docker import DockerEngine
    from harness.experiments.matmul.experiment import MATMUL
    from harness.measure.compare import resume as resume_comparison
    from harness.runs import find_run
    from harness.store import load_run

    folder = find_run(out, run, noted)
    if load_run(folder)[-1].kind == "finished":
        noted(f"{folder.name} came to its end already: nothing is left to measure")
        _show(folder, _write_reports(folder))
        return
    engine = DockerEngine(folder.name)
    _carry_out(engine, folder, partial(resume_comparison, MATMUL, engine, catalog, folder, wait=wait))


def _refuse_other_options(context: typer.Context) -> None:
    """A run is resumed with the options that it was started with, and no others."""
    kept = {"resume", "out", "wait"}
    others = [f"--{name}" for name in context.params if name not in kept and _is_given(context, name)]
    if others:
        raise UsageError(f"--resume goes on with the run's own options: leave out {', '.join(others)}")


def _is_given(context: typer.Context, name: str) -> bool:
    """Whether the user gave an option, and did not leave it at its default."""
    return getattr(context.get_parameter_source(name), "name", "") != "DEFAULT"


def _carry_out(engine: DockerEngine, folder: Path, measured: Callable[[Progress], object]) -> None:
    """Measure with progress, and report; also, from what was measured, when it ends early."""
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
    """Say how to go on, and write the reports of what was measured; nothing here hides why the run ended."""
    with suppress(ResultsError):  # nothing of it was kept
        error.add_note(_how_to_go_on(folder))
        try:
            _write_reports(folder)
        except Exception as other:  # noqa: BLE001 (told beside the first)
            error.add_note(f"Its reports could not be written: {other}")


def _how_to_go_on(folder: Path) -> str:
    """What a user can do with a run that ended early. Raises ResultsError where nothing of it was kept."""
    from harness.store import load_run

    load_run(folder)
    place = shlex.join([folder.name, "--out", str(folder.parent)])
    return (
        f"What was measured is kept: `harness report {place}` shows it, "
        f"`harness compare --resume {place}` goes on where it stopped."
    )


def _show(folder: Path, comparison: Comparison) -> None:
    """Print the report of a run that came to its end; the exit code tells whether a case failed."""
    try:
        typer.echo(chosen_renderer("summary").render(comparison))
        typer.echo(f"Kept in {folder}: the journal, logs, and the full report in every format.")
    except HarnessError as error:
        error.add_note(f"The report is kept in {folder}, in every format.")
        raise
    if any(row.outcome == "failed" for row in comparison.everything):
        raise typer.Exit(SOME_CASE_FAILED)


def _write_reports(folder: Path) -> Comparison:
    """Every format, beside the journal."""
    from harness.cli.results import comparison_of
    from harness.store import write_report

    comparison = comparison_of(folder)
    for name in formats():
        write_report(folder, name, chosen_renderer(name).render(comparison))
    return comparison


def _check_memory(catalog: Catalog, options: Options, engine_bytes: int, own_bytes: int | None) -> None:
    """Refuse what cannot fit before anything runs."""
    from harness.experiments.matmul.ladder import cases_of
    from harness.experiments.matmul.limits import check_fits

    manifests = {name: source.manifest for name, source in catalog.named(options.langs).items()}
    cases = cases_of(list(manifests.values()), options)
    check_fits([(case, manifests[case.implementation].held(case.rung)) for case in cases], engine_bytes, own_bytes)


def _print_plan(catalog: Catalog, options_for: Callable[..., Options], out: Path) -> None:
    from tabulate import tabulate

    from harness.engine.topology import cores_of, own_cpus, own_memory_bytes, own_topology
    from harness.experiments.matmul.experiment import MATMUL
    from harness.experiments.matmul.ladder import cases_of
    from harness.measure.forecast import case_s, earlier_of

    options = options_for(cpus=len(own_cpus()), cores=cores_of(own_cpus(), own_topology()))
    _check_memory(catalog, options, own_memory_bytes(), None)
    manifests = {name: source.manifest for name, source in catalog.named(options.langs).items()}
    latest = _latest(out)
    rows, expected_s = [], 0.0
    for case in cases_of(list(manifests.values()), options):
        earlier = earlier_of(case, latest.rounds if latest else {})
        seconds = case_s(MATMUL, manifests[case.implementation].held(case.rung), case, (), options, earlier)
        expected_s += seconds
        rows.append([case.name, case.threads, case.n, f"{seconds:.0f} s", "" if earlier else "its budget"])
    typer.echo(tabulate(rows, headers=["case", "threads", "n", "about", ""]))
    source = f"as in {latest.started.run}" if latest else "by their budgets, for there is no run yet to tell"
    typer.echo(
        f"\n{len(rows)} cases, about {expected_s / 60:.1f} minutes of measuring ({source}); longer where images must "
        "be built first. A run tells how long it will still take, ever better as it goes on."
    )


def _latest(out: Path) -> Evidence | None:
    """The run that was made last in a folder of results, if there is one that can be read."""
    from harness.analysis.evidence import Evidence
    from harness.runs import LATEST, find_run
    from harness.store import load_run

    try:
        return Evidence.of(load_run(find_run(out, LATEST)))
    except ResultsError:
        return None
