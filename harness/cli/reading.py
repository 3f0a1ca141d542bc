"""`harness report` and `harness diff`: what was measured, read from journals."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.arguments import Format, Results, chosen_renderer, noted
from harness.cli.fleet import find_fleet, report_fleet


def report(
    run: Annotated[str, typer.Argument(help="A run's id or folder, or latest.")] = "latest",
    format_: Format = "summary",
    out: Results = Path("results"),
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Recompute every key, checksum and SHA-256 first; exit with 3 on any mismatch."),
    ] = False,
) -> None:
    """Report a run, finished or interrupted, from its journal."""
    from harness.cli.results import check_verified, comparison_of
    from harness.runs import find_run

    render = chosen_renderer(format_).render
    if fleet := find_fleet(out, run):
        report_fleet(fleet, format_)
        return
    folder = find_run(out, run, noted)
    comparison = comparison_of(folder, verified=verify)
    typer.echo(render(comparison), nl=False)
    if verify:
        check_verified(folder, comparison)


def diff(
    before: Annotated[str, typer.Argument(help="A run's id or folder, or latest.")],
    after: Annotated[str, typer.Argument(help="The run to compare with it.")] = "latest",
    fail_above: Annotated[
        str | None,
        typer.Option(
            help="Exit with 3 if a case is slower by more than this (5%) at 95% confidence, or has no result."
        ),
    ] = None,
    out: Results = Path("results"),
    verify: Annotated[
        bool, typer.Option("--verify", help="Verify both runs first, as report does; exit with 3 on any mismatch.")
    ] = False,
) -> None:
    """Compare two runs of one machine, case by case."""
    from harness.analysis.diff import check_slowdown
    from harness.analysis.diff import diff as difference_of
    from harness.cli.results import check_journal
    from harness.experiments.matmul.options import percentage
    from harness.report.as_text import render_section
    from harness.report.difference import section_of
    from harness.runs import find_run
    from harness.store import load_journal

    limit = percentage("--fail-above", fail_above) if fail_above is not None else None
    folders = [find_run(out, run, noted) for run in (before, after)]
    journals = [load_journal(folder) for folder in folders]
    for folder, journal in zip(folders, journals, strict=True):
        check_journal(folder, journal, noted, recompute=verify)
    difference = difference_of(*(journal.entries for journal in journals))
    typer.echo(render_section(section_of(difference)))
    if limit is not None:
        check_slowdown(difference, limit)
