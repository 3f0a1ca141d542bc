"""The documents say what the reference run and the commands say."""

from __future__ import annotations

import re

import pytest

from harness.report import FormatName, any_renderer, file_of
from harness.report.as_json import schema
from tests.documents import BLOCK, DOCUMENTS, KEPT, REFERENCE, REPOSITORY, SCHEMA, blocks, filled, reference

TEXTS = [document.read_text(encoding="utf-8") for document in DOCUMENTS]
README_LINES = 130
MADE_ANEW = "stale: run `make docs`"


def test_the_documents_are_fresh() -> None:
    assert {match["name"] for text in TEXTS for match in BLOCK.finditer(text)} == set(blocks())
    assert [filled(text, blocks()) for text in TEXTS] == TEXTS, MADE_ANEW


def test_the_readme_is_read_in_five_minutes() -> None:
    assert len(TEXTS[0].splitlines()) <= README_LINES


@pytest.mark.parametrize("name", KEPT)
def test_the_reference_report_is_fresh(name: FormatName) -> None:
    kept = (REFERENCE / file_of(name)).read_text(encoding="utf-8")
    assert any_renderer(name).render(reference()) == kept, MADE_ANEW


def test_the_schema_of_the_report_is_that_of_the_records() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == schema(), MADE_ANEW


def test_the_reference_run_holds_what_its_containers_computed() -> None:
    verification = reference().verification
    assert verification is not None
    assert verification.problems == ()
    assert verification.products == verification.keys > 100


def test_the_reference_run_measured_everything() -> None:
    comparison = reference()
    assert comparison.options.n == 4096
    assert comparison.finished is not None
    assert {row.outcome for row in comparison.rows} == {"measured", "not implemented"}
    assert all(image.within_budget for image in comparison.images)


@pytest.mark.parametrize(
    "document",
    [
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "implementations/README.md",
        "implementations/web/zig/README.md",
        *(f"docs/{path.name}" for path in REPOSITORY.glob("docs/*.md")),
    ],
)
def test_links_lead_somewhere(document: str) -> None:
    path = REPOSITORY / document
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []
