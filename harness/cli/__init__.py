"""The command line: the only package that prints or exits. Heavy imports wait until a command needs them."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import typer

from harness.cli.building import build, images
from harness.cli.measuring import compare
from harness.cli.reading import diff, report
from harness.cli.upkeep import clean, doctor, setup
from harness.errors import EngineRefusedError, HarnessError
from harness.interrupts import unhandled

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="One matrix multiplication, many languages, tiny containers: proven equal, measured, compared.",
)
for command in (compare, report, diff, images, build, clean, doctor, setup):
    app.command()(command)


def main() -> None:
    """Run a command; an error that a user can meet ends it with a message and its exit code."""
    try:
        with unhandled():
            app()
    except EngineRefusedError as error:
        _begin_again_as_member()
        _end(str(error), error.exit_code)
    except HarnessError as error:
        _end("\n".join([str(error), *getattr(error, "__notes__", ())]), error.exit_code)


def _begin_again_as_member() -> None:
    """Where the user has joined the engine's group since logging in, begin this command anew with it in effect."""
    from harness.docker_engine.connection import socket_path
    from harness.membership import command_as_member

    if command := command_as_member(sys.orig_argv, socket_path()):
        os.execvp(command[0], command)  # noqa: S606 (no shell is wanted)


def _end(message: str, code: int) -> NoReturn:
    typer.echo(f"harness: {message}", err=True)
    sys.exit(code)
