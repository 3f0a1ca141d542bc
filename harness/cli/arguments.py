"""What the commands share: options, the format of a report, where logs of builds go."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.report import formats

if TYPE_CHECKING:
    from harness.report import Renderer

ALL = "all"
SOME_CASE_FAILED = 1

Results = Annotated[Path, typer.Option("--out", help="Folder of results; every run is a folder in it.")]
Format = Annotated[str, typer.Option("--format", help=f"One of {', '.join(formats())}.")]
Wait = Annotated[
    bool, typer.Option("--wait", help="Wait while another harness is using the container engine, instead of refusing.")
]
Langs = Annotated[str, typer.Option(help="Implementations, comma-separated, or all.")]


def chosen_renderer(name: str) -> Renderer:
    """The renderer that --format names. Raises UsageError where there is none of that name."""
    from harness.manifest import known
    from harness.report import renderer

    return renderer(known(name, formats(), "format"))


def keep_log(name: str, text: str | bytes) -> str:
    """Logs of builds outside a run go to the folder for temporary files."""
    path = Path(tempfile.gettempdir()) / f"harness-{name}"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)
