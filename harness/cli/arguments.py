"""What the commands share: options, the format of a report, where logs of builds go."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Annotated

import typer

from harness.files import log_name, temporary_folder, write_whole
from harness.report import FormatName

ALL = "all"
SOME_CASE_FAILED = 1

Results = Annotated[Path, typer.Option("--out", help="Results folder; each run is a folder in it.")]
Format = Annotated[FormatName, typer.Option("--format", help="Format of the report.")]
Wait = Annotated[
    bool,
    typer.Option("--wait", help="Wait for another harness that is using the container engine, instead of failing."),
]
Experiment = Annotated[str, typer.Option(help="The experiment whose images these are: matmul or web.")]
Langs = Annotated[str, typer.Option(help="Implementations, comma-separated, or all.")]


def noted(line: str) -> None:
    """Print a note to standard error."""
    typer.echo(f"note: {line}", err=True)


def keep_log(name: str, text: str | bytes) -> str:
    """Keep a build log outside a run, in this command's own folder; returns its path, or why it was not kept.

    An error here never hides the error that the log explains.
    """
    if not text:
        return "empty"
    try:
        path = _own_folder() / log_name(name)
        write_whole(path, text.encode() if isinstance(text, str) else text)
    except OSError as error:
        return f"not kept ({temporary_folder()}: {error.strerror or error})"
    return str(path)


@cache
def _own_folder() -> Path:
    """A new private folder: others could take a predictable name."""
    return Path(tempfile.mkdtemp(prefix="harness-"))
