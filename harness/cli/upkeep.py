"""`harness doctor`, `harness setup` and `harness clean`: the machine before a run, and after one that was killed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from harness.cli.arguments import keep_log
from harness.errors import GateError

if TYPE_CHECKING:
    from harness.model.journal import Machine, Reading

LOOK_S = 2.0  # how long the doctor watches other processes


def doctor(
    format_: Annotated[Literal["json", "text"], typer.Option("--format", help="Format of the findings.")] = "text",
) -> None:
    """Check the engine's machine for what distorts measurements, and say how to fix it; exit with 3 on problems."""
    from harness.machine.doctor import as_json, as_text, examine, has_problems

    restore_tuned()
    findings = examine(*_two_readings())
    typer.echo({"json": as_json, "text": as_text}[format_](findings))
    if has_problems(findings):
        raise typer.Exit(GateError.exit_code)


def _two_readings() -> tuple[Machine, Reading, Reading]:
    """The engine's machine, and its state at the start and the end of an idle moment."""
    from harness.engine.docker import DockerEngine
    from harness.engine.interrupts import swept
    from harness.experiments import matmul
    from harness.images.build import build_base
    from harness.images.catalog import load_catalog, root
    from harness.machine.look import look
    from harness.measure.turn import turn
    from harness.progress import Progress

    engine = DockerEngine(f"doctor-{os.getpid()}")
    with Progress() as progress, swept(engine), turn(engine, "examining the machine", progress):
        return look(engine, build_base(engine, load_catalog(root(), matmul.NAME), keep_log, progress), LOOK_S)


def setup() -> None:
    """Install and start a container engine where none answers (HARNESS_NO_INSTALL=1 refuses)."""
    from harness.images.setup import set_up

    set_up(lambda line: typer.echo(line, err=True))


def clean(
    images: Annotated[bool, typer.Option("--images", help="Remove the built images as well.")] = False,
    run: Annotated[
        str | None,
        typer.Option(help="Only the leftovers of this run, even if it is unknown whether it has ended."),
    ] = None,
) -> None:
    """Remove containers and volumes of killed runs, and restore the settings that --tune changed."""
    from harness.engine.docker import DockerEngine

    restore_tuned()
    left = DockerEngine("clean").clean(images=images, run=run, doubtful=run is not None)
    typer.echo(f"removed {left.containers} containers, {left.volumes} volumes and {left.images} images")
    for spared in left.spared:
        who = f"{spared.run} (process {spared.pid} on {spared.host})"
        advice = "" if spared.life.is_known else f"; if it has ended, `harness clean --run {spared.run}` removes it"
        typer.echo(f"kept: {who}: {spared.life.value}{advice}")


def restore_tuned() -> None:
    """Restore what a killed run tuned and could not restore itself."""
    from harness.machine.tune import restore

    for line in restore():
        typer.echo(f"a killed run left this machine tuned: {line}", err=True)
