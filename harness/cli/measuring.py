"""`harness compare`: a new run, or one that is gone on with; what it says before, meanwhile and after."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.arguments import ALL, SOME_CASE_FAILED, Langs, Results, chosen_renderer
from harness.cli.upkeep import restore_tuned
from harness.errors import HarnessError, ResultsError, UsageError
from harness.report import formats

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.docker_engine import DockerEngine
    from harness.evidence import Evidence
    from harness.manifest import Catalog
    from harness.model.cases import Options
    from harness.model.comparison import Comparison
    from harness.progress import Progress


def compare(
    context: typer.Context,
    langs: Langs = ALL,
    rungs: Annotated[str, typer.Option(help="Rungs of the ladder, comma-separated, or all, or published.")] = ALL,
    n: Annotated[int, typer.Option(help="Rows and columns of the matrices, 1 to 32768.")] = 4096,
    threads: Annotated[
        str,
        typer.Option(help="Threads of the parallel rungs, comma-separated (1,2 shows the efficiency), or all CPUs."),
    ] = ALL,
    rounds: Annotated[int, typer.Option(help="Rounds of a case at the least.")] = 3,
    precision: Annotated[float, typer.Option(help="Per cent either way at which a ratio is known well enough.")] = 3.0,
    budget: Annotated[
        float, typer.Option(help="Seconds of measuring for a case; for the baseline eight times as many.")
    ] = (5.0),
    baseline: Annotated[str, typer.Option(help="The case that ratios are taken against.")] = "python/naive",
    yardstick: Annotated[
        str | None,
        typer.Option(help="The implementation that the others are held against, rung by rung.", show_default="C's"),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the inputs and of the order.", show_default="a fresh one")
    ] = None,
    tune: Annotated[
        bool, typer.Option("--tune", help="Steady the machine meanwhile (governor, turbo, huge pages); needs root.")
    ] = False,
    tax: Annotated[
        bool, typer.Option("--tax", help="Measure what the container itself costs the baseline and the yardstick.")
    ] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Build every image from nothing, one at a time, to time it.")
    ] = False,
    out: Results = Path("results"),
    plan: Annotated[bool, typer.Option("--plan", help="Print the cases and what they will take; run nothing.")] = False,
    resume: Annotated[
        str | None, typer.Option(help="Go on, with its own options, with a run that was cut short: its id, or latest.")
    ] = None,
) -> None:
    """Build, run, validate, measure and report: every chosen language on every chosen rung."""
    from harness.manifest import load_catalog, root
    from harness.options import parse_options

    catalog = load_catalog(root())
    if resume is not None:
        _refuse_other_options(context)
        _resume(catalog, resume, out)
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
    )
    if plan:
        _print_plan(catalog, options_for(cpus=_own_cpus()), out)
    else:
        _start(catalog, options_for, out)


def _start(catalog: Catalog, options_for: Callable[..., Options], out: Path) -> None:
    """Make a new run."""
    from harness.compare import compare as run_comparison
    from harness.docker_engine import DockerEngine
    from harness.store import new_run_id

    restore_tuned()
    run_id = new_run_id()
    engine = DockerEngine(run_id)
    options = options_for(cpus=len(engine.cpus()))
    language, _, rung = options.baseline.partition("/")
    if language not in options.langs or rung not in options.rungs:
        typer.echo(f"note: {options.baseline} is not among the cases, so there will be no ratios to it", err=True)
    _carry_out(engine, out / run_id, partial(run_comparison, engine, catalog, options, out, run_id))


def _resume(catalog: Catalog, run: str, out: Path) -> None:
    """Go on with a run, if it has not come to its end already."""
    from harness.compare import resume as resume_comparison
    from harness.docker_engine import DockerEngine
    from harness.store import find_run, load_run

    folder = find_run(out, run)
    if load_run(folder)[-1].kind == "finished":
        typer.echo(f"note: {folder.name} came to its end already: nothing is left to measure", err=True)
        _show(folder, _write_reports(folder))
        return
    engine = DockerEngine(folder.name)
    _carry_out(engine, folder, partial(resume_comparison, engine, catalog, folder))


def _refuse_other_options(context: typer.Context) -> None:
    """A run is resumed with the options that it was started with, and no others."""
    others = [
        f"--{name}"
        for name in context.params
        if name not in {"resume", "out"} and getattr(context.get_parameter_source(name), "name", "") != "DEFAULT"
    ]
    if others:
        raise UsageError(f"--resume goes on with the run's own options: leave out {', '.join(others)}")


def _carry_out(engine: DockerEngine, folder: Path, measured: Callable[[Progress], object]) -> None:
    """Measure with progress, and report; also, from what was measured, when it ends early."""
    from harness.interrupts import swept
    from harness.progress import Progress

    try:
        with Progress() as progress, swept(engine):
            measured(progress)
            comparison = _write_reports(folder)
    except ResultsError:
        raise
    except HarnessError as error:
        with suppress(HarnessError):
            error.add_note(_how_to_go_on(folder))
            _write_reports(folder)
        raise
    _show(folder, comparison)


def _how_to_go_on(folder: Path) -> str:
    """What a user can do with a run that ended early. Raises ResultsError where nothing of it was kept."""
    from harness.store import load_run

    load_run(folder)
    place = f"{folder.name} --out {folder.parent}"
    return (
        f"What was measured is kept: `harness report {place}` shows it, "
        f"`harness compare --resume {place}` goes on where it stopped."
    )


def _show(folder: Path, comparison: Comparison) -> None:
    """Print the report of a run that came to its end; the exit code tells whether a case failed."""
    typer.echo(chosen_renderer("text").render(comparison))
    typer.echo(f"Kept in {folder}: the journal, logs, and this report in every format.")
    if any(row.outcome == "failed" for row in comparison.rows):
        raise typer.Exit(SOME_CASE_FAILED)


def _write_reports(folder: Path) -> Comparison:
    """Every format, beside the journal."""
    from harness.analyze import analyze
    from harness.store import load_run, write_report

    comparison = analyze(load_run(folder))
    for name in formats():
        write_report(folder, name, chosen_renderer(name).render(comparison))
    return comparison


def _own_cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _print_plan(catalog: Catalog, options: Options, out: Path) -> None:
    from tabulate import tabulate

    from harness.forecast import forecast_s, typical
    from harness.plan import cases_of

    manifests = {name: source.manifest for name, source in catalog.named(options.langs).items()}
    earlier = _latest(out)
    rounds = earlier.rounds if earlier else {}
    known = [
        (manifests[case.implementation].held(case.rung), case, typical(case, rounds))
        for case in cases_of(list(manifests.values()), options)
    ]
    rows = [[case.name, case.threads, case.n, f"{forecast_s([(rung, case, past)], options):.0f} s"
             + ("" if past else " (its budget: never measured here)")] for rung, case, past in known]  # fmt: skip
    typer.echo(tabulate(rows, headers=["case", "threads", "n", "expected"]))
    source = f"as in {earlier.started.run}" if earlier else "by the budgets alone, as no run is known"
    typer.echo(
        f"\n{len(known)} cases, about {forecast_s(known, options) / 60:.1f} minutes of measuring ({source}); more "
        "where images must be built first. A run says what is left once every case was started once."
    )


def _latest(out: Path) -> Evidence | None:
    """The run that was made last in a folder of results, as far as it can be read."""
    from harness.evidence import Evidence
    from harness.store import LATEST, find_run, load_run

    try:
        return Evidence.of(load_run(find_run(out, LATEST)))
    except ResultsError:
        return None
