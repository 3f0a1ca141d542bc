"""The command line: the only module that prints or exits. Heavy imports wait until a command needs them."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from harness.errors import EngineError, GateError, HarnessError, ResultsError, UsageError
from harness.interrupts import unhandled
from harness.report import formats

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.docker_engine import DockerEngine
    from harness.manifest import Catalog, Target
    from harness.model.cases import Options
    from harness.model.comparison import Comparison, ImageRow
    from harness.model.journal import Image, Machine, Reading
    from harness.progress import Progress
    from harness.report import Renderer

ALL = "all"
SOME_CASE_FAILED = 1
LOOK_S = 2.0  # how long the doctor looks at what others do

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="One matrix multiplication, many languages, tiny containers: proven equal, measured, compared.",
)


Results = Annotated[Path, typer.Option("--out", help="Folder of results; every run is a folder in it.")]
Format = Annotated[str, typer.Option("--format", help=f"One of {', '.join(formats())}.")]
Langs = Annotated[str, typer.Option(help="Implementations, comma-separated, or all.")]


@app.command()
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
        _print_plan(catalog, options_for(cpus=_own_cpus()))
    else:
        _start(catalog, options_for, out)


def _start(catalog: Catalog, options_for: Callable[..., Options], out: Path) -> None:
    """Make a new run."""
    from harness.compare import compare as run_comparison
    from harness.docker_engine import DockerEngine
    from harness.store import new_run_id

    _put_back()
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
    typer.echo(_renderer("text").render(comparison))
    typer.echo(f"Kept in {folder}: the journal, logs, and this report in every format.")
    if any(row.outcome == "failed" for row in comparison.rows):
        raise typer.Exit(SOME_CASE_FAILED)


def _own_cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _print_plan(catalog: Catalog, options: Options) -> None:
    from tabulate import tabulate

    from harness.plan import budget_s, cases_of, expected_s

    manifests = [source.manifest for source in catalog.named(options.langs).values()]
    cases = cases_of(manifests, options)
    rows = [[case.name, case.threads, case.n, f"{budget_s(case, options):g} s"] for case in cases]
    typer.echo(tabulate(rows, headers=["case", "threads", "n", "budget"]))
    typer.echo(
        f"\n{len(cases)} cases, about {expected_s(cases, options) / 60:.1f} minutes of measuring; longer "
        f"where {options.rounds} rounds of a slow case exceed its budget, and where images must be built first."
    )


def _write_reports(folder: Path) -> Comparison:
    """Every format, beside the journal."""
    from harness.analyze import analyze
    from harness.store import load_run, write_report

    comparison = analyze(load_run(folder))
    for name in formats():
        write_report(folder, name, _renderer(name).render(comparison))
    return comparison


def _renderer(name: str) -> Renderer:
    from harness.manifest import known
    from harness.report import renderer

    return renderer(known(name, formats(), "format"))


@app.command()
def report(
    run: Annotated[str, typer.Argument(help="A run's id or folder, or latest.")] = "latest",
    format_: Format = "text",
    out: Results = Path("results"),
) -> None:
    """Render a run, whole or cut short, from its journal."""
    from harness.analyze import analyze
    from harness.store import find_run, load_run

    render = _renderer(format_).render
    typer.echo(render(analyze(load_run(find_run(out, run)))), nl=False)


@app.command()
def diff(
    before: Annotated[str, typer.Argument(help="A run's id or folder, or latest.")],
    after: Annotated[str, typer.Argument(help="The run to hold against it.")] = "latest",
    fail_above: Annotated[
        str | None, typer.Option(help="Exit with 3 if a case is slower by more than this (5%) for certain.")
    ] = None,
    out: Results = Path("results"),
) -> None:
    """Hold two runs of one machine against each other, case by case."""
    from harness.diff import check_slowdown
    from harness.diff import diff as difference_of
    from harness.options import percentage
    from harness.report.as_text import render_section
    from harness.report.difference import section_of
    from harness.store import find_run, load_run

    limit = percentage("--fail-above", fail_above) if fail_above is not None else None
    difference = difference_of(*(load_run(find_run(out, run)) for run in (before, after)))
    typer.echo(render_section(section_of(difference)))
    if limit is not None:
        check_slowdown(difference, limit)


@app.command()
def images(
    langs: Langs = ALL,
    format_: Format = "text",
    check: Annotated[bool, typer.Option("--check", help="Exit with 3 if an image breaks its budget.")] = False,
) -> None:
    """Build what is missing, and weigh every image against its budget."""
    from harness.images import check_budgets

    render = _renderer(format_).render_images
    rows = _weighed(langs)
    typer.echo(render(rows), nl=False)
    if check:
        check_budgets(rows)


def _weighed(langs: str) -> list[ImageRow]:
    from harness.images import image_row

    built = _built(langs, examine=True)
    return [image_row(target.source.manifest, target.stage, image) for target, image in built]


@app.command()
def build(langs: Langs = ALL) -> None:
    """Build the images that are missing or out of date."""
    failed = [image for _, image in _built(langs, examine=False) if image.failure]
    if failed:
        raise typer.Exit(SOME_CASE_FAILED)


def _built(langs: str, *, examine: bool) -> list[tuple[Target, Image]]:
    """The chosen images, of implementations and others, built and, if asked, weighed; with what they are."""
    from harness.build import build as build_images
    from harness.build import build_base
    from harness.docker_engine import DockerEngine
    from harness.interrupts import swept
    from harness.manifest import load_catalog, root, targets_of
    from harness.options import chosen
    from harness.progress import Progress

    catalog = load_catalog(root())
    targets = targets_of(catalog.images[name] for name in chosen(langs, catalog.images, "image"))
    engine = DockerEngine(f"build-{os.getpid()}")
    with Progress() as progress, swept(engine):
        base = build_base(engine, catalog, _keep_log, progress)
        built = build_images(engine, base, targets, _keep_log, progress, examine=examine)
        images = {image.name: image for image in built}
    return [(target, images[target.name]) for target in targets]


def _keep_log(name: str, text: str | bytes) -> str:
    """Logs of builds outside a run go to the folder for temporary files."""
    path = Path(tempfile.gettempdir()) / f"harness-{name}"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


@app.command()
def clean(
    images: Annotated[bool, typer.Option("--images", help="Remove the images that were built as well.")] = False,
) -> None:
    """Remove the containers and volumes that killed runs left behind, and put back what --tune changed."""
    from harness.docker_engine import DockerEngine

    _put_back()
    left = DockerEngine("clean").clean(images=images)
    typer.echo(f"removed {left.containers} containers, {left.volumes} volumes and {left.images} images")
    for run in left.spared_runs:
        typer.echo(f"left alone: {run}, which is still running")


def _put_back() -> None:
    """What a killed run has tuned and could not put back."""
    from harness.tune import put_back

    for line in put_back():
        typer.echo(f"a run that was killed left this machine tuned: {line}", err=True)


@app.command()
def doctor(
    format_: Annotated[str, typer.Option("--format", help="One of json, text.")] = "text",
) -> None:
    """Say what on the engine's machine would spoil a measurement, and how to mend it; exit with 3 if it is serious."""
    from harness.doctor import as_json, as_text, examine, is_serious
    from harness.manifest import known

    render = {"json": as_json, "text": as_text}[known(format_, ["json", "text"], "format")]
    _put_back()
    findings = examine(*_two_readings())
    typer.echo(render(findings))
    if is_serious(findings):
        raise typer.Exit(GateError.exit_code)


def _two_readings() -> tuple[Machine, Reading, Reading]:
    """The engine's machine, and its state at the begin and the end of a moment in which we do nothing."""
    from harness.build import build_base
    from harness.docker_engine import DockerEngine
    from harness.host import watched
    from harness.interrupts import swept
    from harness.machine import read_machine
    from harness.manifest import load_catalog, root
    from harness.progress import Progress

    engine = DockerEngine(f"doctor-{os.getpid()}")
    with Progress() as progress, swept(engine):
        base = build_base(engine, load_catalog(root()), _keep_log, progress)
        machine = read_machine(engine, base)
        with watched(engine, base) as read:
            before = read()
            time.sleep(LOOK_S)
            after = read()
    if before is None or after is None:
        raise EngineError("the state of the engine's machine could not be read")
    return machine, before, after


@app.command()
def setup() -> None:
    """Install and start a container engine where none answers (HARNESS_NO_INSTALL=1 refuses)."""
    from harness.setup import set_up

    set_up(lambda line: typer.echo(line, err=True))


def _end(message: str, code: int) -> NoReturn:
    typer.echo(f"harness: {message}", err=True)
    sys.exit(code)


def main() -> None:
    """Run a command; an error that a user can meet ends it with a message and its exit code."""
    try:
        with unhandled():
            app()
    except HarnessError as error:
        _end("\n".join([str(error), *getattr(error, "__notes__", ())]), error.exit_code)
