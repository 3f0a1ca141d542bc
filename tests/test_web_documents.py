"""What the document on the web services says is what their tests hold them to."""

from __future__ import annotations

from harness.images.catalog import root
from tests.web_deviations import DEVIATIONS, table

FOLDER = root() / "implementations" / "web"


def test_the_document_has_every_deviation() -> None:
    assert table() in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_deviations_are_of_services_that_are_there() -> None:
    assert {name for name in DEVIATIONS if not (FOLDER / name / "manifest.toml").is_file()} == set()


def test_the_page_is_one_text_in_every_folder() -> None:
    pages = {path.read_bytes() for path in [FOLDER / "index.html", *FOLDER.glob("*/index.html")]}
    assert len(pages) == 1


def test_the_launchers_of_the_references_are_one_program() -> None:
    assert len({path.read_bytes() for path in FOLDER.glob("*/launch.c")}) == 1
