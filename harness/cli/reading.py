"""`harness report` and `harness diff`: what was measured, read from journals."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from harness.cli.arguments import Format, Results, noted
from harness.cli.fleet import find_fleet, report_fleet
from harness.cli.sites import serve_report
from harness.errors import UsageError
from harness.report import PICTURES, ChartName, FormatName, any_renderer, painter

if TYPE_CHECKING:
    from harness.model.comparison import Comparison


def report(
    runs: Annotated[
        list[str] | None,
        typer.Argument(help="A run's id or folder, or latest; of several, --format html sets them side by side."),
    ] = None,
    format_: Format = "summary",
    chart: Annotated[ChartName | None, typer.Option(help="Chart of --format svg or png.", show_default="climb")] = None,
    out: Results = Path("results"),
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Recompute every key, checksum and SHA-256 first; exit with 3 on any mismatch."),
    ] = False,
    serve: Annotated[
        bool,
        typer.Option(
            "--serve",
            help="Serve report.html from a container of its own on 127.0.0.1 until Ctrl-C, which ends with 130.",
        ),
    ] = False,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of --serve.", show_default="a free one")
    ] = None,
) -> None:
    """Report a run, finished or interrupted, from its journal; or several side by side."""
    from harness.cli.results import check_verified, comparison_of
    from harness.runs import find_run

    if serve:
        _refuse_beside_serve(runs or (), format_, chart)
        _serve(out, next(iter(runs or ()), "latest"), port, verify=verify)
    if len(runs or ()) < 2 and (fleet := find_fleet(out, next(iter(runs or ()), "latest"))):
        if verify or chart is not None:
            raise UsageError(f"--verify and --chart are of one run: name a machine's, as in {fleet}/RUN")
        report_fleet(fleet, format_)
        return
    render = _rendering(format_, chart, len(runs or ()))
    folders = [find_run(out, run, noted) for run in runs or ["latest"]]
    comparisons = [comparison_of(folder, verified=verify) for folder in folders]
    _print(render(comparisons))
    for folder, comparison in zip(folders, comparisons, strict=True):
        if verify:
            check_verified(folder, comparison)


def _refuse_beside_serve(runs: Sequence[str], format_: FormatName, chart: ChartName | None) -> None:
    if len(runs) > 1 or format_ not in {"summary", "html"} or chart is not None:
        raise UsageError("--serve is of one run, and of its page: no other --format, and no --chart")


def _serve(out: Path, run: str, port: int | None, *, verify: bool) -> NoReturn:
    """Serve the page of a run or a fleet until a signal ends it."""
    from harness.cli.results import check_verified, comparison_of
    from harness.runs import find_run

    if (folder := find_fleet(out, run)) and verify:
        raise UsageError(f"--verify is of one run: name a machine's, as in {folder}/RUN")
    folder = folder or find_run(out, run, noted)
    if verify:
        check_verified(folder, comparison_of(folder, verified=True))
    serve_report(folder, port)


def _rendering(
    format_: FormatName, chart: ChartName | None, count: int
) -> Callable[[Sequence[Comparison]], str | bytes]:
    """What makes the report of these runs. Raises UsageError where the options do not go together."""
    renderer = any_renderer(format_)
    if chart is not None and format_ not in PICTURES:
        raise UsageError(f"--chart chooses what {' or '.join(PICTURES)} show: add --format {PICTURES[0]}")
    if count > 1:
        if format_ != "html":
            raise UsageError("several runs are set side by side on a page: add --format html")
        from harness.report.page.several import page_of_several

        return page_of_several
    if chart is not None:
        return lambda found: painter(format_).render(found[0], chart)
    return lambda found: renderer.render(found[0])


def _print(report: str | bytes) -> None:
    """Raises UsageError rather than send a picture's bytes to a terminal."""
    if isinstance(report, bytes) and sys.stdout.isatty():
        raise UsageError("a terminal shows no PNG: send it to a file, as in `harness report --format png > climb.png`")
    typer.echo(report, nl=False)


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
