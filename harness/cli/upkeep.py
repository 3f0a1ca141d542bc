"""`harness doctor`, `harness setup` and `harness clean`: the machine before a run, and after one that was killed."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.arguments import keep_log
from harness.errors import EngineError, GateError

if TYPE_CHECKING:
    from harness.model.journal import Machine, Reading

LOOK_S = 2.0  # how long the doctor looks at what others do


def doctor(
    format_: Annotated[str, typer.Option("--format", help="One of json, text.")] = "text",
) -> None:
    """Say what on the engine's machine would spoil a measurement, and how to mend it; exit with 3 if it is serious."""
    from harness.images.catalog import known
    from harness.machine.doctor import as_json, as_text, examine, is_serious

    render = {"json": as_json, "text": as_text}[known(format_, ["json", "text"], "format")]
    restore_tuned()
    findings = examine(*_two_readings())
    typer.echo(render(findings))
    if is_serious(findings):
        raise typer.Exit(GateError.exit_code)


def _two_readings() -> tuple[Machine, Reading, Reading]:
    """The engine's machine, and its state at the begin and the end of a moment in which we do nothing."""
    from harness.engine.docker import DockerEngine
    from harness.engine.interrupts import swept
    from harness.experiments import matmul
    from harness.images.build import build_base
    from harness.images.catalog import load_catalog, root
    from harness.machine.host import watched
    from harness.machine.machine import read_machine
    from harness.measure.turn import turn
    from harness.progress import Progress

    engine = DockerEngine(f"doctor-{os.getpid()}")
    with Progress() as progress, swept(engine), turn(engine, "examining the machine", progress):
        base = build_base(engine, load_catalog(root(), matmul.NAME), keep_log, progress)
        machine = read_machine(engine, base)
        with watched(engine, base) as read:
            before = read()
            time.sleep(LOOK_S)
            after = read()
    if before is None or after is None:
        raise EngineError("the state of the engine's machine could not be read")
    return machine, before, after


def setup() -> None:
    """Install and start a container engine where none answers (HARNESS_NO_INSTALL=1 refuses)."""
    from harness.images.setup import set_up

    set_up(lambda line: typer.echo(line, err=True))


def clean(
    images: Annotated[bool, typer.Option("--images", help="Remove the images that were built as well.")] = False,
    run: Annotated[
        str | None,
        typer.Option(help="Only what this run left, also where it cannot be told from here whether it has ended."),
    ] = None,
) -> None:
    """Remove the containers and volumes that killed runs left behind, and put back what --tune changed."""
    from harness.engine.docker import DockerEngine

    restore_tuned()
    left = DockerEngine("clean").clean(images=images, run=run, doubtful=run is not None)
    typer.echo(f"removed {left.containers} containers, {left.volumes} volumes and {left.images} images")
    for spared in left.spared:
        who = f"{spared.run} (process {spared.pid} on {spared.host})"
        advice = "" if spared.life.is_known else f"; if it has ended, `harness clean --run {spared.run}` removes it"
        typer.echo(f"left alone: {who}: {spared.life.value}{advice}")


def restore_tuned() -> None:
    """What a killed run has tuned and could not put back."""
    from harness.machine.tune import put_back

    for line in put_back():
        typer.echo(f"a run that was killed left this machine tuned: {line}", err=True)
