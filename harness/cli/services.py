"""`harness web compare`: services, with options of their own; runs, resumes and reports as `harness compare` does."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from harness.cli import sites
from harness.cli.arguments import ALL, Langs, Results, Wait
from harness.cli.measuring import (
    Rebuild,
    Resume,
    Rounds,
    Seed,
    Tune,
    print_plan,
    refuse_other_options,
    resume_run,
    start,
)
from harness.experiments.web.ranges import MAX_CONNECTIONS, MAX_RATE, MAX_S, MIN_S
from harness.model.ranges import DAY_S, MAX_PERCENT

Threads = Annotated[int, typer.Option(min=1, help="Threads and CPUs of the service; the load has the other CPUs.")]
Connections = Annotated[int, typer.Option(min=1, max=MAX_CONNECTIONS, help="Connections of the load at once.")]
Seconds = Annotated[
    float, typer.Option(min=MIN_S, max=MAX_S, help="Length of each timed phase of a container, in seconds.")
]
WarmUp = Annotated[float, typer.Option(min=MIN_S, max=MAX_S, help="Load before the timed phases, in seconds.")]
Rate = Annotated[
    float | None,
    typer.Option(
        min=1, max=MAX_RATE, help="Requests a second at which latency is measured.", show_default="half of saturation"
    ),
]
Precision = Annotated[
    float, typer.Option(min=0, max=MAX_PERCENT, help="Target half-width of a figure's 95% CI, in per cent.")
]
Budget = Annotated[float, typer.Option(min=0, max=DAY_S, help="Time limit per case, in seconds.")]

web = typer.Typer(no_args_is_help=True, help="Benchmark the same web service in many languages; serve a folder.")
web.command("build")(sites.build_folder)


@web.command()
def compare(
    context: typer.Context,
    langs: Langs = ALL,
    scenarios: Annotated[
        str, typer.Option(help="Comma-separated: page, json, echo, matmul, pipelined, connect; or all.")
    ] = ALL,
    threads: Threads = 1,
    connections: Connections = 64,
    seconds: Seconds = 2.0,
    warm_up: WarmUp = 2.0,
    rate: Rate = None,
    rounds: Rounds = 3,
    precision: Precision = 3.0,
    budget: Budget = 60.0,
    reference: Annotated[
        str | None,
        typer.Option(help="Implementation that the others are compared with.", show_default="usual: C"),
    ] = None,
    seed: Seed = None,
    tune: Tune = False,
    rebuild: Rebuild = False,
    out: Results = Path("results"),
    plan: Annotated[bool, typer.Option("--plan", help="Print the cases and the expected time; run nothing.")] = False,
    resume: Resume = None,
    wait: Wait = False,
) -> None:
    """Build, run, load, validate, measure and report every chosen service in every chosen scenario."""
    from harness.experiments import named
    from harness.experiments.web import NAME
    from harness.images.catalog import load_catalog, root

    if resume is not None:
        refuse_other_options(context)
        resume_run(resume, out, wait)
        return
    experiment, catalog = named(NAME), load_catalog(root(), NAME)
    options_for = partial(
        experiment.options,
        catalog,
        langs=langs,
        scenarios=scenarios,
        threads=threads,
        connections=connections,
        seconds=seconds,
        warm_up=warm_up,
        rate=rate,
        rounds=rounds,
        precision=precision,
        budget=budget,
        reference=reference,
        seed=seed,
        tune=tune,
        rebuild=rebuild,
    )
    if plan:
        print_plan(experiment, catalog, options_for, out)
    else:
        start(experiment, catalog, options_for, out, wait)
