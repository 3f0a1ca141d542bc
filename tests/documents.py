"""The generated parts of the documents: figures of the reference run, and the help of every command.

`python -m tests.documents` (or `make docs`) writes them anew; test_documents.py makes sure that they are fresh.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from typer.main import get_command
from typer.testing import CliRunner

from harness.cli import app
from harness.cli.results import comparison_of
from harness.model.comparison import Comparison
from harness.report import any_renderer, crossed, file_of, formats, published
from harness.report.as_json import schema
from harness.report.as_md import render_section
from harness.report.image_sizes import image_sizes
from harness.report.overview import what_was_run
from harness.report.summary import headline
from harness.store import write_report

REPOSITORY = Path(__file__).parent.parent
DOCUMENTS = tuple(REPOSITORY / name for name in ("README.md", "docs/RESULTS.md", "docs/COMMANDS.md"))
REFERENCE = REPOSITORY / "results" / "reference"
SCHEMA = REPOSITORY / "docs" / "report.schema.json"
KEPT = [name for name in formats() if name != "png"]  # whose letters are this machine's fonts
BLOCK = re.compile(r"(?<=<!-- begin (?P<name>[a-z]{4}) -->\n).*?(?=<!-- end (?P=name) -->)", re.DOTALL)


def blocks() -> dict[str, str]:
    """The text of every generated block, by its four-letter name."""
    comparison = reference()
    return {
        "work": render_section(what_was_run(comparison), level=3),
        "publ": render_section(headline(comparison), level=3),
        "grid": render_section(crossed.matrix(comparison), level=3),
        "gflp": render_section(crossed.speeds(comparison), level=3),
        "yard": render_section(crossed.against_reference(comparison), level=3),
        "clmb": render_section(crossed.steps(comparison), level=3),
        "vari": render_section(published.differences(comparison), level=3),
        "size": render_section(image_sizes(comparison.images), level=3),
        "help": helps(),
    }


@cache
def reference() -> Comparison:
    """The committed reference run, verified and analyzed."""
    return comparison_of(REFERENCE, verified=True)


def helps() -> str:
    """What every command says of itself."""
    commands = list(_commands(get_command(app)))
    return "\n\n".join(
        f"```\n$ {' '.join(['harness', *command, '--help'])}\n{_help(command)}```" for command in commands
    )


def _commands(command: object, *names: str) -> Iterator[list[str]]:
    """The names of a command and of those below it."""
    yield list(names)
    for name, below in getattr(command, "commands", {}).items():
        yield from _commands(below, *names, name)


def _help(command: list[str]) -> str:
    said = CliRunner().invoke(app, [*command, "--help"], terminal_width=100, prog_name="harness").output
    return "\n".join(line.rstrip() for line in said.strip().splitlines()) + "\n"


def filled(text: str, contents: Mapping[str, str]) -> str:
    """A document with the contents of its blocks made anew."""
    return BLOCK.sub(lambda match: f"\n{contents[match['name']]}\n\n", text)


def write() -> None:
    """Write the documents and the reference run's own reports anew."""
    for document in DOCUMENTS:
        document.write_text(filled(document.read_text(encoding="utf-8"), blocks()), encoding="utf-8")
    for name in KEPT:
        write_report(REFERENCE, file_of(name), any_renderer(name).render(reference()))
    SCHEMA.write_text(schema(), encoding="utf-8")


if __name__ == "__main__":
    write()
