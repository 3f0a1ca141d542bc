"""The command line: the only package that prints or exits. Heavy imports wait until a command needs them."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from typing import Annotated, NoReturn

import typer

from harness.cli.arguments import keep_log
from harness.cli.building import build, images
from harness.cli.fleet import gallery
from harness.cli.measuring import compare
from harness.cli.reading import diff, report
from harness.cli.services import web
from harness.cli.streams import guard
from harness.cli.upkeep import clean, doctor, setup
from harness.engine.interrupts import unhandled
from harness.errors import FAULT, EngineRefusedError, HarnessError
from harness.version import __version__


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"harness {__version__}")
        raise typer.Exit


app = typer.Typer(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Benchmark one matrix multiplication in many languages, in tiny containers, every product validated."""


class _UnexpectedError(Exception):
    """An OSError or EOFError of a command, which the library would turn into exit code 1 without a message."""


def _keeping_errors(command: Callable[..., None]) -> Callable[..., None]:
    @wraps(command)
    def run(*arguments: object, **options: object) -> None:
        try:
            command(*arguments, **options)
        except (OSError, EOFError) as error:
            raise _UnexpectedError from error

    return run


for each in (compare, report, diff, gallery, images, build, clean, doctor, setup):
    app.command()(_keeping_errors(each))
for service in web.registered_commands:
    service.callback = _keeping_errors(service.callback) if service.callback else None
app.add_typer(web, name="web")


def main() -> None:
    """Run a command. Every error ends it with a message and an exit code, never with a traceback."""
    guard()
    try:
        with unhandled():
            app()
    except EngineRefusedError as error:
        _begin_again_as_member()
        _end(str(error), error, error.exit_code)
    except HarnessError as error:
        _end(str(error), error, error.exit_code)
    except MemoryError as error:
        _end("out of memory on this machine: free some, or choose a smaller --n", error, 2)
    except Exception as error:  # noqa: BLE001 (the last resort)
        cause = error.__cause__ if isinstance(error, _UnexpectedError) and error.__cause__ else error
        _end(_unexpected(cause), cause, FAULT)


def _begin_again_as_member() -> None:
    """Where the user has joined the engine's group since logging in, restart this command with that group."""
    from harness.engine.docker.connection import socket_path
    from harness.engine.membership import command_as_member

    if command := command_as_member(sys.orig_argv, socket_path()):
        os.execvp(command[0], command)  # noqa: S606 (no shell is wanted)


def _unexpected(error: BaseException) -> str:
    """The message for an unexpected error; its traceback is kept."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    log = keep_log("traceback.log", "".join(traceback.format_exception(error)))
    return (
        f"unexpected {type(error).__name__}{place}: {error}\n"
        f"This is a bug in harness: please report it. Traceback: {log}"
    )


def _end(message: str, error: BaseException, code: int) -> NoReturn:
    typer.echo("\n".join([f"harness: {message}", *getattr(error, "__notes__", ())]), err=True)
    sys.exit(code)
