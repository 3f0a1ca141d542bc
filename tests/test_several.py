"""Several runs on one page: each figure of its own run, and no ratio across machines."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import pytest

from harness.model.comparison import Comparison
from harness.report import renderer
from harness.report.page.several import MEASURES, page_of_several
from tests.conftest import Command
from tests.documents import reference
from tests.factories import a_journal, a_manifest, rounds_of
from tests.test_cli import write_run
from tests.test_page import HOSTILE, Page, a_run, by_case


@cache
def elsewhere() -> Comparison:
    """The reference run as another machine would have made it, twice as fast."""
    machine = reference().machine
    assert machine is not None
    rows = tuple(row.model_copy(update={"gflops": 2 * row.gflops} if row.gflops else {}) for row in reference().rows)
    faster = {"run": "elsewhere", "machine": machine.model_copy(update={"cpu": "Another CPU"}), "rows": rows}
    return reference().model_copy(update=faster)


@pytest.fixture(scope="module")
def text() -> str:
    return page_of_several([reference(), elsewhere()])


def rows_of(run: Comparison) -> dict[str, Any]:
    """The rows of the report for programs, those of variants among them, by their cases."""
    document = json.loads(renderer("json").render(run))
    return by_case([*document["rows"], *(variant["row"] for variant in document["variants"])])


def test_every_figure_is_that_of_its_own_run(text: str) -> None:
    runs = {letter: rows_of(run) for letter, run in (("A", reference()), ("B", elsewhere()))}
    figures = Page(text).having("data-run")
    for figure in figures:
        told = runs[str(figure["data-run"])][str(figure["data-of"])][str(figure["data-figure"])]
        assert float(str(figure["value"])) == (told["value"] if isinstance(told, dict) else told)
    shown = {(figure["data-run"], figure["data-of"], figure["data-figure"]) for figure in figures}
    keys = [key for key, _ in MEASURES]
    assert shown == {
        (letter, case, key) for letter, rows in runs.items() for case, row in rows.items() for key in keys if row[key]
    }


def test_machines_are_told_apart_and_no_ratio_is_across_them(text: str) -> None:
    said = Page(text).text
    assert "These runs are of 2 machines: no ratio is across them." in said
    assert "Another CPU" in said
    assert "harness diff" not in said


def test_of_one_machine_the_page_says_what_compares_them() -> None:
    assert "These runs are of one machine: harness diff says" in Page(page_of_several([reference()] * 2)).text


def test_nothing_leads_nowhere_and_nothing_is_fetched(text: str) -> None:
    page = Page(text)
    places = [str(attributes["id"]) for attributes in page.having("id")]
    assert len(places) == len(set(places))
    assert {str(link["href"]).removeprefix("#") for link in page.having("href")} <= set(places)
    assert not page.having("data-case")
    assert not page.having("src")


def test_a_bad_run_looks_like_one_beside_a_good_one() -> None:
    said = Page(page_of_several([reference(), a_run()])).text
    assert "1 of 4 cases failed: beta/naive." in said
    assert "not run" in said


def test_hostile_text_is_text() -> None:
    text = page_of_several([a_run(label=HOSTILE), a_run(label=HOSTILE)])
    assert [tag for tag, _ in Page(text).tags].count("script") == 1
    assert "img" not in {tag for tag, _ in Page(text).tags}


def test_the_command_sets_runs_side_by_side(
    harness: Command, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("two")
    monkeypatch.chdir(folder)
    journal = a_journal([a_manifest("alpha")], rounds_of("alpha/naive", [1.0], [1.1]))
    write_run(folder / "results", journal)
    ended = harness("report", "r1", "latest", "r1", "--format", "html")
    assert (ended.code, ended.err) == (0, "")
    assert re.search(r"<h1>3 runs side by side</h1>", ended.out)
