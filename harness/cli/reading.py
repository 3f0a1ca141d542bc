"""`harness report` and `harness diff`: runs that were made, read from their journals."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.arguments import Format, Results, chosen_renderer


def report(
    run: Annotated[str, typer.Argument(help="A run's id or folder, or latest.")] = "latest",
    format_: Format = "text",
    out: Results = Path("results"),
) -> None:
    """Render a run, whole or cut short, from its journal."""
    from harness.analyze import analyze
    from harness.store import find_run, load_run

    render = chosen_renderer(format_).render
    typer.echo(render(analyze(load_run(find_run(out, run)))), nl=False)


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
