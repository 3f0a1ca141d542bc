"""The page says what the report for programs says, needs nothing but itself, and shows hostile text as text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from harness.analysis.analyze import analyze
from harness.experiments.matmul.published import published
from harness.model.comparison import Comparison, SourceFile
from harness.model.manifests import AbsentRung
from harness.report import painter, renderer
from harness.report.page.cases import cases_of
from harness.report.page.view import case_id
from tests.documents import reference
from tests.factories import a_case, a_failed_round, a_journal, a_manifest, a_rung, rounds_of
from tests.golden_runs import run_of

MOST_BYTES = 1_000_000
MOST_SCRIPT_BYTES = 20_000
HOSTILE = "</script></style><img src=x onerror=alert(1)>\"'&{{ 7 * 7 }}"


class Page(HTMLParser):
    """The elements of a page: its tags with their attributes, and the text of each that says a figure."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def having(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for _, attributes in self.tags if name in attributes]


@cache
def rendered() -> str:
    return renderer("html").render(reference())


@cache
def reference_page() -> Page:
    return Page(rendered())


@cache
def reference_json() -> Any:
    return json.loads(renderer("json").render(reference()))


def a_run(*, label: str = "Alpha", sources: tuple[SourceFile, ...] = (), **changes: Any) -> Comparison:
    """Alpha on two rungs and one that it has not; beta, whose naive rung fails."""
    manifests = [
        a_manifest("alpha", a_rung(**changes), "parallel", AbsentRung(name="library", absent=HOSTILE), label=label),
        a_manifest("beta"),
    ]
    rounds = [
        *rounds_of("alpha/naive", [8.0], [8.1], [8.2]),
        *rounds_of("alpha/parallel", [4.0], [4.1], [4.2], threads=2),
        a_failed_round(a_case("beta/naive"), f"it said {HOSTILE}"),
    ]
    found = analyze(a_journal(manifests, rounds, rungs=("naive", "parallel", "library")))
    return found.model_copy(update={"sources": sources})


def by_case(rows: Iterable[Any]) -> dict[str, Any]:
    """Rows of the report for programs by their cases."""
    return {case_id(row["implementation"], row["rung"], row["threads"]): row for row in rows}


def test_every_figure_is_that_of_the_report_for_programs() -> None:
    rows = by_case(reference_json()["rows"])
    variants = by_case(each["row"] for each in reference_json()["variants"])
    figures = [it for it in reference_page().having("data-of") if it["data-of"] not in variants]  # those: below
    for figure in figures:
        told = rows[str(figure["data-of"])][figure["data-figure"]]
        told = told if isinstance(told, dict) else {"value": told}
        assert float(str(figure["value"])) == told["value"]
        if "data-low" in figure:
            assert (float(str(figure["data-low"])), float(str(figure["data-high"]))) == (told["low"], told["high"])
    shown = {(figure["data-of"], figure["data-figure"]) for figure in figures}
    keys = {figure["data-figure"] for figure in figures}
    assert {(case, key) for case, row in rows.items() for key in keys if row[str(key)] is not None} == shown
    assert keys >= {"seconds", "ratio", "ratio_per_core", "gflops", "peak_share", "step", "resident_bytes"}


def test_every_figure_of_a_variant_is_that_of_the_report_for_programs(tmp_path: Path) -> None:
    run = run_of("full", tmp_path)
    variants = json.loads(renderer("json").render(run))["variants"]
    told = dict(zip(by_case(each["row"] for each in variants), variants, strict=True))
    figures = [it for it in Page(renderer("html").render(run)).having("data-of") if it["data-of"] in told]
    for figure in figures:
        variant, key = told[str(figure["data-of"])], str(figure["data-figure"])
        found = variant["to_rung"] if key == "to_rung" else variant["row"][key]
        assert float(str(figure["value"])) == (found["value"] if isinstance(found, dict) else found)
    assert {(figure["data-of"], "to_rung") for figure in figures} == {(case, "to_rung") for case in told}
    assert {figure["data-figure"] for figure in figures} >= {"ratio", "to_rung", "seconds"}


def test_published_ratios_of_rungs_with_variants_are_marked(tmp_path: Path) -> None:
    run = run_of("full", tmp_path)
    drawn = painter("svg").render(run, "variants")
    assert re.findall(r"<title>Published, ([^<]+)</title>", str(drawn)) == ["C: 47×", "Parallel loops: 366×"]
    places = {case.name: case for case in cases_of(run) if case.variant_of}
    assert set(places) == {"c/naive@O0", "c/naive@fixed"}
    assert all(case.previous == case_id("c", "naive", 1) for case in places.values())


def test_every_size_is_that_of_the_report_for_programs() -> None:
    images = {image["name"]: image for image in reference_json()["images"]}
    sizes = reference_page().having("data-image")
    assert {size["data-image"] for size in sizes} == set(images)
    assert all(int(str(size["value"])) == images[size["data-image"]][size["data-figure"]] for size in sizes)


def test_every_case_of_a_chart_and_every_link_leads_somewhere() -> None:
    page = reference_page()
    places = [attributes["id"] for attributes in page.having("id")]
    assert len(places) == len(set(places))
    assert {attributes["data-case"] for attributes in page.having("data-case")} <= set(places)
    assert {str(attributes["href"]).removeprefix("#") for attributes in page.having("href")} <= set(places)


def test_the_page_needs_nothing_but_itself() -> None:
    for tag, attributes in reference_page().tags:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "form", "video", "audio", "source"}
        assert not {"src", "srcset", "action", "xlink:href", "background"} & set(attributes)
    style = re.search(r"<style>(.*?)</style>", rendered(), re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    assert "default-src 'none'" in rendered()
    assert not re.search(r"https?://", rendered())


def test_the_page_and_its_script_are_small() -> None:
    script = re.search(r"<script>(.*?)</script>", rendered(), re.DOTALL)
    assert script is not None
    assert len(script[1].encode()) <= MOST_SCRIPT_BYTES
    assert len(rendered().encode()) <= MOST_BYTES


def test_every_chart_has_a_title_and_a_description() -> None:
    charts = re.findall(r"<svg.*?</svg>", rendered(), re.DOTALL)
    assert len(charts) > 4
    for chart in charts:
        assert re.match(r'<svg [^>]*role="img"[^>]*><title>[^<]+</title><desc>[^<]+</desc>', chart)


def test_hostile_text_is_shown_as_text() -> None:
    source = SourceFile(implementation="alpha", path="kernels/naive.c", text=f"int a; // {HOSTILE}\n/* {HOSTILE}\n*/\n")
    found = a_run(label=HOSTILE, sources=(source,), flags=HOSTILE, note=HOSTILE, loop_order=HOSTILE)
    text = renderer("html").render(found)
    page = Page(text)
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert "img" not in {tag for tag, _ in page.tags}
    assert not page.having("onerror")
    assert page.text.count("<img src=x onerror=alert(1)>") > 8
    assert "{{ 7 * 7 }}" in page.text
    assert HOSTILE.partition("<img")[2] not in text


def test_a_bad_run_looks_like_one() -> None:
    page = Page(renderer("html").render(a_run()))
    assert "1 of 4 cases failed: beta/naive." in page.text
    assert "beta/naive failed: it said" in page.text
    assert "logs/x.log" in page.text
    assert "alpha/library not implemented:" in page.text


def test_an_interrupted_run_says_so() -> None:
    whole = a_journal([a_manifest()], rounds_of("alpha/naive", [1.0], [1.1]), finished=False)
    assert "This run did not finish" in Page(renderer("html").render(analyze(whole))).text


def test_the_headline_is_one_sentence_with_figures() -> None:
    (heading,) = re.findall(r"<h1>(.*?)</h1>", rendered(), re.DOTALL)
    said = " ".join(re.sub(r"<[^>]+>", "", heading).split())
    rows = [row for row in published()["row"] if row["case"].endswith(("naive", "intrinsics"))]
    assert said.startswith("On 2 cores of AMD EPYC, naive C is ")
    assert said.endswith(f"Published: {rows[2]['ratio']:,}× and {rows[-1]['ratio']:,}× on {rows[-1]['cores']} cores.")
    assert re.search(r"naive C is [\d.]+×† \[[\d.]+–[\d.]+\] as fast as naive Python", said)


def test_a_kernel_marks_what_the_rung_before_has_not() -> None:
    before = "int a;\nint b;\nint c;\n"
    after = "int a;\nint x;\nint c;\nint y;\n"
    files = [("naive.c", before), ("parallel.c", after), ("team.c", "no")]
    sources = tuple(SourceFile(implementation="alpha", path=f"kernels/{name}", text=text) for name, text in files)
    text = renderer("html").render(a_run(sources=sources))
    kernel = re.search(r'<figure class="source" data-gone="1" data-name="alpha/parallel.*?</figure>', text, re.DOTALL)
    assert kernel is not None
    lines = re.findall(r'<span class="line( new)?">(.*?)</span>\n', kernel[0])
    assert [bool(new) for new, _ in lines] == [False, True, False, True]
    assert "kernels/team.c" not in text


def test_a_run_without_sources_says_so() -> None:
    assert (
        "This run's folder keeps no sources: an earlier version measured it."
        in Page(renderer("html").render(a_run())).text
    )


def test_kernels_for_another_machine_are_left_out() -> None:
    files = ["kernels/naive.c", "kernels/naive_amd64.s", "kernels/naive_arm64.s", "kernels/Naive.java", "naives.c"]
    sources = tuple(SourceFile(implementation="alpha", path=path, text="") for path in files)
    found = a_run(sources=sources).model_copy(update={"machine": reference().machine})
    naive = next(case for case in cases_of(found) if case.name == "alpha/naive")
    assert [file.path for file in naive.files] == ["kernels/naive.c", "kernels/naive_amd64.s", "kernels/Naive.java"]


@pytest.mark.parametrize("name", ["alpha/naive", "go.1/naive", "a b/na#ive", "a-b/c"])
def test_ids_of_cases_are_fit_for_links(name: str) -> None:
    implementation, _, rung = name.partition("/")
    assert re.fullmatch(r"[\w.-]+", case_id(implementation, rung, 2))


def test_ids_of_cases_differ() -> None:
    assert case_id("a.20", "b", 1) != case_id("a ", "b", 1)
