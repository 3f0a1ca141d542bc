"""`harness web build` and `harness report --serve`: folders as images of their own."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from harness.cli.arguments import Wait, keep_log, noted
from harness.cli.building import engine_for_builds
from harness.errors import EngineError

REPORT = "report.html"


def build_folder(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to serve; no link in it is followed.")],
    tag: Annotated[
        str, typer.Option("--tag", "-t", metavar="NAME", help="The image's name, such as site or site:1.0.")
    ],
    compress: Annotated[
        bool, typer.Option("--gzip/--no-gzip", help="Put in compressed forms too, of files that become smaller.")
    ] = True,
    wait: Wait = False,
) -> None:
    """Build an image that serves a folder, and say what went in and how to run it. `harness clean` leaves it alone."""
    from harness.experiments.web import NAME
    from harness.experiments.web.pack import pack
    from harness.experiments.web.serving import LOOPBACK, run_command
    from harness.experiments.web.site import PORT, build_site, checked_name, read_folder, weight_of
    from harness.images.build import build_base
    from harness.images.catalog import load_catalog, root

    name, catalog = checked_name(tag), load_catalog(root(), NAME)
    found = read_folder(folder)
    packed = pack(found.files, compress=compress)
    with engine_for_builds(wait=wait) as (engine, progress):
        base = build_base(engine, catalog, keep_log, progress)
        built = build_site(engine, catalog, base, packed, keep_log, progress)
        engine.tag(built, name)
        weight = weight_of(engine, built)
    rows = [
        (f"{packed.files} files", packed.content_bytes),
        (f"{packed.compressed} of them compressed as well", packed.compressed_bytes),
        ("table of paths", packed.table_bytes),
        ("server", weight.payload_bytes),
        ("whole image", weight.unpacked_bytes),
    ]
    typer.echo("\n".join([f"{name}:", *(f"  {what:<32} {bytes_:>14,} bytes" for what, bytes_ in rows)]))
    if found.left_out:
        noted(f"left out, as their names begin with a dot: {found.left_out}")
    typer.echo(f"Serve it at http://{LOOPBACK}:{PORT}/ with:\n  {run_command(name)}")


def serve_report(folder: Path, port: int | None) -> NoReturn:
    """Serve a run's page from a container until a signal ends it."""
    page = _page_of(folder)
    try:
        _serve(page, port)
    except EngineError as error:
        error.add_note(f"The report itself is {page}: a browser opens it as it is.")
        raise


def _page_of(folder: Path) -> Path:
    """The page beside a run's journal, made where an interrupted run has none."""
    from harness.cli.results import comparison_of
    from harness.report import any_renderer
    from harness.store import write_report

    page = folder / REPORT
    if not page.is_file():
        write_report(folder, REPORT, any_renderer("html").render(comparison_of(folder)))
    return page


def _serve(page: Path, port: int | None) -> NoReturn:
    from harness.engine.docker import DockerEngine
    from harness.engine.interrupts import swept
    from harness.experiments.web import NAME
    from harness.experiments.web.pack import INDEX, pack
    from harness.experiments.web.serving import Tidy, free_port, serving, wait_for_end
    from harness.experiments.web.site import build_site
    from harness.images.build import build_base
    from harness.images.catalog import load_catalog, root
    from harness.images.sources import read_file
    from harness.measure.turn import turn
    from harness.progress import Progress

    packed, catalog = pack({INDEX: read_file(page)}), load_catalog(root(), NAME)
    engine = DockerEngine(f"report-{os.getpid()}")
    tidy = Tidy(engine)
    with swept(tidy):
        with Progress() as progress, turn(engine, "building images", progress):
            base = build_base(engine, catalog, keep_log, progress)
            tidy.image = build_site(engine, catalog, base, packed, keep_log, progress)
        port = port or free_port()
        with serving(engine, tidy.image, port) as served:
            if not engine.is_local:
                noted("the engine may be on another machine, and the address is that machine's")
            typer.echo(f"Serving {page} at http://127.0.0.1:{port}/ until Ctrl-C.")
            sys.stdout.flush()
            raise EngineError(f"the container that served it has ended: {wait_for_end(served)}")
