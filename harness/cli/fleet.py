"""`harness compare --fleet` and `harness gallery`: many machines, and many runs."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.arguments import SOME_CASE_FAILED, noted
from harness.errors import GateError, ResultsError, UsageError

if TYPE_CHECKING:
    from harness.fleet.hosts import Hosts
    from harness.fleet.record import FleetFolder
    from harness.images.catalog import Catalog
    from harness.measure.experiment import Experiment

IDLE_S = 2.0  # how long each machine is watched before it is measured
SHOWN = 5  # runs that are named
ANY = 2**16  # CPUs: how many there are is each machine's own, and checked there

Fleet = Annotated[
    str | None,
    typer.Option(
        help="Measure on many machines: a Dask scheduler (tls://host:8786), a file of hosts, or slurm:machines=4,…"
    ),
]
Insecure = Annotated[
    bool,
    typer.Option("--insecure", help="Use a scheduler without TLS that is not on this machine.", show_default=False),
]
Unfit = Annotated[
    bool,
    typer.Option("--unfit", help="Measure machines of a fleet, too, that differ from its file or fail doctor."),
]


def check_extra() -> None:
    """Raise UsageError, with what to install, where the extra is missing."""
    from importlib.util import find_spec

    missing = [
        name
        for name in ("distributed", "dask_jobqueue", "asyncssh", "cryptography", "pyarrow")
        if find_spec(name) is None
    ]
    if missing:
        raise UsageError(f"fleets and galleries need {', '.join(missing)}: pip install 'harness[fleet]'")


def find_fleet(out: Path, run: str) -> Path | None:
    """The folder of a fleet: an id below `out`, a path, or latest where no run is newer; None where it is none."""
    from harness.fleet.record import is_fleet

    if run == "latest":
        newest = max((folder.name for folder in out.glob("*") if folder.is_dir()), default="")
        return out / newest if newest and is_fleet(out / newest) else None
    return next((folder for folder in (out / run, Path(run)) if is_fleet(folder)), None)


def start_fleet(
    fleet: str,
    experiment: Experiment,
    catalog: Catalog,
    typed: Mapping[str, Any],
    given: set[str],
    out: Path,
    *,
    insecure: bool,
    unfit: bool,
    wait: bool,
) -> None:
    """Start a run on many machines."""
    check_extra()
    from harness.fleet.campaign import keep_all_sources, start
    from harness.fleet.hosts import check_encrypted, hosts_of
    from harness.fleet.record import FleetFolder
    from harness.store import new_run_id

    if typed["rebuild"]:
        raise UsageError("--rebuild: a fleet's images are built once and shipped; time builds without --fleet")
    hosts = hosts_of(fleet)
    if hosts.scheduler:
        check_encrypted(hosts.scheduler, insecure=insecure)
    checked = experiment.options(catalog, given=given, cpus=ANY, cores=ANY, **typed)  # raises for what is wrong
    folder = FleetFolder(out / new_run_id())
    start(folder, hosts, experiment.name, {**typed, "seed": checked.seed}, tuple(sorted(given)), unfit=unfit)
    keep_all_sources(folder.path, catalog)
    _lead(folder, hosts, insecure=insecure, wait=wait)


def resume_fleet(path: Path, fleet: str | None, *, insecure: bool, wait: bool) -> None:
    """Go on with the machines of a fleet that did not finish, and with new ones."""
    check_extra()
    from harness.fleet.campaign import begun
    from harness.fleet.hosts import hosts_of
    from harness.fleet.record import FleetFolder

    folder = FleetFolder(path)
    hosts = hosts_of(fleet or begun(folder).hosts)
    _lead(folder, hosts, insecure=insecure, wait=wait)


def _lead(folder: FleetFolder, hosts: Hosts, *, insecure: bool, wait: bool) -> None:
    from harness.fleet.campaign import carry_out, is_complete
    from harness.images.catalog import root
    from harness.progress import Progress

    try:
        with Progress() as progress:
            carry_out(folder, hosts, root(), progress, insecure=insecure, wait=wait, idle_s=IDLE_S)
    except Exception as error:
        if folder.runs():
            error.add_note(_how_to_resume(folder.path))
            write_reports(folder)
        raise
    failed = write_reports(folder)
    typer.echo(f"Saved in {folder.path}: a folder for each machine's run, and the report as text, JSON and page.")
    if not is_complete(folder):
        noted(f"not every machine finished. {_how_to_resume(folder.path)}")
    if failed or not is_complete(folder) or not folder.runs():
        raise typer.Exit(SOME_CASE_FAILED)


def write_reports(folder: FleetFolder) -> bool:
    """Write a fleet's report in every format, and print the text; whether a case failed somewhere."""
    from harness.fleet.campaign import comparison_of
    from harness.report.fleet import FORMATS

    comparison = comparison_of(folder)
    for suffix, render in FORMATS.values():
        text = render(comparison)
        folder.write_report(suffix, text)
        if suffix == "txt":
            typer.echo(text)
    runs = [machine.run for machine in comparison.machines if machine.run]
    return any(row.outcome == "failed" for run in runs for row in run.rows) or any(run.problems for run in runs)


def report_fleet(path: Path, format_: str) -> None:
    """Print a fleet's report."""
    from harness.fleet.campaign import comparison_of
    from harness.fleet.record import FleetFolder
    from harness.images.catalog import known
    from harness.report.fleet import FORMATS

    name = "text" if format_ == "summary" else known(format_, FORMATS, "format of a fleet's report")
    typer.echo(FORMATS[name][1](comparison_of(FleetFolder(path))), nl=False)


def _how_to_resume(path: Path) -> str:
    place = shlex.join([path.name, "--out", str(path.parent)])
    return (
        f"What was measured is kept: `harness report {place}` shows it, `harness compare --resume {place}` resumes it."
    )


def refuse_without_fleet(*, insecure: bool, unfit: bool) -> None:
    """Raise UsageError for options that only a fleet has."""
    said = [name for name, is_said in (("--insecure", insecure), ("--unfit", unfit)) if is_said]
    if said:
        raise UsageError(f"{', '.join(said)}: only with --fleet")


def check_found(path: Path | None, run: str) -> Path:
    """A fleet's folder. Raises ResultsError where there is none."""
    if path is None:
        raise ResultsError(f"no fleet {run!r} to resume with --fleet")
    return path


def gallery(
    runs: Annotated[Path, typer.Argument(help="A folder of runs, from anywhere, however deep.")],
    site: Annotated[Path, typer.Option("--site", help="The folder to write the pages to.")] = Path("gallery"),
    title: Annotated[str, typer.Option(help="What the overview is called.")] = "Gallery",
) -> None:
    """Show many runs as a static site, each checked before it is believed; exit with 3 if one is not believed."""
    check_extra()
    from harness.gallery.site import make_site
    from harness.progress import Progress

    with Progress() as progress:
        lines = make_site(runs, site, title, progress)
    refused = [line for line in lines if line.problems]
    typer.echo(f"Saved in {site}: index.html, a page for each of {len(lines)} runs, runs.parquet and runs.json.")
    for line in refused[:SHOWN]:
        noted(f"{line.run} is not believed: {site}/r/{line.page}.html says why")
    if refused:
        raise GateError(f"{len(refused)} of {len(lines)} runs are not believed; the overview lists them")
