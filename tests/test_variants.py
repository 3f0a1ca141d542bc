"""Variants of rungs: declared, planned, measured and reported beside the ladder, and never in it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.analysis.analyze import analyze
from harness.engine.engine import Exit
from harness.errors import ManifestError
from harness.experiments.matmul.experiment import MATMUL
from harness.experiments.matmul.ladder import cases_of
from harness.images.catalog import Catalog, load_manifest
from harness.measure.compare import compare, resume
from harness.model.cases import Options
from harness.model.comparison import Comparison
from harness.model.journal import Round, Started
from harness.model.manifests import Manifest
from harness.report import renderer
from harness.report.document import sections
from harness.report.section import Section
from harness.store import JOURNAL, load_run
from tests.conftest import Command
from tests.factories import a_catalog, a_manifest, a_variant, info_of, some_options
from tests.fake_engine import FakeEngine, Fault
from tests.test_manifest import GOOD

VARIANTS = (a_variant(), a_variant("naive@fixed", flags="-O3", changes="n is a constant", sizes=(16, 4096)))
C = a_manifest("c", "naive", "parallel", variants=VARIANTS, peak=True)
PYTHON = a_manifest("python", "naive")
ROW_S = {"c/naive": 2e-3, "c/parallel": 1e-3, "c/naive@O0": 4e-3, "c/naive@fixed": 1e-3, "python/naive": 8e-2}
OPTIONS = some_options(langs=("c", "python"), baseline="python/naive", reference="c", variants=True)

A_VARIANT = """
[[variant]]
name = "naive@O0"
changes = "no optimization"
flags = "-O0"
"""


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "implementations" / "matmul" / "alpha" / "manifest.toml"
    path.parent.mkdir(parents=True)
    path.write_text(GOOD + A_VARIANT, encoding="utf-8")
    return path


def test_a_variant_is_as_its_rung_but_for_what_it_says(manifest: Path) -> None:
    read = load_manifest(manifest)
    rung, variant = read.held("naive"), read.held("naive@O0")
    assert read.variants == (variant,)
    assert (variant.flags, variant.image) == ("-O0", "variants")
    own = {"name", "flags", "image", "changes", "sizes"}
    assert variant.model_dump(exclude=own) == rung.model_dump(exclude=own)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("naive@O0", "naive-O0", "a variant is named rung@change, after a rung held: 'naive-O0'"),
        ("naive@O0", "library@O0", "a variant is named rung@change, after a rung held: 'library@O0'"),
        ("naive@O0", "naive@", "a variant is named rung@change, after a rung held: naive@"),
        ("naive@O0", "naive", "rungs listed twice: naive"),
        ('changes = "no optimization"\n', "", "changes: Field required (in a [[variant]] of it, Variant)"),
        ("changes", "change", "unknown key 'change', did you mean 'changes'?"),
        ('flags = "-O0"', 'of = "naive"', "unknown key 'of'"),
        ('flags = "-O0"', 'image = "final"', "image: Input should be 'variants'"),
        ('flags = "-O0"', "sizes = [0]", "sizes.0: Input should be greater than 0"),
        ('name = "naive@O0"', "", "a variant is named rung@change, after a rung held: ''"),
        ("[[variant]]", "[variant]", "is not a manifest"),
        ("[[variant]]", "[[rung]]", "unknown key 'changes'"),
    ],
)
def test_what_is_wrong_with_a_variant_is_said(right: str, wrong: str, said: str, manifest: Path) -> None:
    assert right in A_VARIANT
    manifest.write_text(GOOD + A_VARIANT.replace(right, wrong), encoding="utf-8")
    with pytest.raises(ManifestError) as error:
        load_manifest(manifest)
    assert said in str(error.value)


def test_a_variant_twice_and_a_rung_named_as_one_are_refused(manifest: Path) -> None:
    for wrong, said in (
        (GOOD + A_VARIANT + A_VARIANT, "rungs listed twice: naive@O0"),
        (GOOD.replace('"naive"', '"naive@O1"'), "only variants have a @ in their name: naive@O1"),
    ):
        manifest.write_text(wrong, encoding="utf-8")
        with pytest.raises(ManifestError, match=said):
            load_manifest(manifest)


def names(options: Options) -> list[str]:
    return [case.name for case in cases_of([C, PYTHON], options)]


def test_variants_are_cases_where_they_are_asked_for_and_after_all_others() -> None:
    plain = names(OPTIONS.model_copy(update={"variants": False, "controls": True}))
    assert not any("@" in name for name in plain)
    assert names(OPTIONS.model_copy(update={"controls": True})) == [*plain, "c/naive@O0", "c/naive@fixed"]


def test_a_variant_is_measured_with_its_rung_and_at_the_sizes_that_it_is_built_for() -> None:
    assert names(OPTIONS.model_copy(update={"n": 17}))[-1] == "c/naive@O0"
    assert names(OPTIONS.model_copy(update={"rungs": ("parallel",)})) == ["c/parallel"]


def test_where_there_are_none_asking_for_them_is_a_mistake(harness: Command) -> None:
    plan = ("compare", "--plan", "--variants", "--langs")
    ended = harness(*plan, "rust")
    assert (ended.code, ended.out) == (2, "")
    assert "no rung that was chosen has a variant at n = 4096" in ended.err
    out = harness(*plan, "c,python").out
    assert all(f"\n{name} " in out for name in ("c/naive@O0", "c/naive@fixed", "python/naive@function"))
    assert "c/naive@fixed" not in harness(*plan, "c", "--n", "97").out


def measured(folder: Path, options: Options = OPTIONS, **script: object) -> tuple[FakeEngine, Catalog]:
    engine = FakeEngine((C, PYTHON), ROW_S, **script)  # type: ignore[arg-type]
    catalog = a_catalog(folder / "tree", C, PYTHON)
    compare(MATMUL, engine, catalog, options, folder, "r1", lambda _: None)
    return engine, catalog


def comparison_of(folder: Path) -> Comparison:
    return analyze(load_run(folder / "r1"))


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    folder = tmp_path_factory.mktemp("variants")
    measured(folder)
    return comparison_of(folder)


def test_their_image_is_built_only_where_they_are_asked_for_and_has_no_budget(tmp_path: Path) -> None:
    engine, _ = measured(tmp_path, OPTIONS.model_copy(update={"variants": False}))
    assert not any("variants" in tag for tag in engine.built)
    assert [image.name for image in comparison_of(tmp_path).images] == ["c", "python"]


def test_they_are_weighed_apart(comparison: Comparison) -> None:
    images = {image.name: image.budget_bytes for image in comparison.images}
    assert images == {"c": 1000, "c-variants": None, "python": 1000}


def test_they_are_measured_as_any_case_and_are_no_rows_of_the_ladder(comparison: Comparison) -> None:
    assert {row.name for row in comparison.rows} == {"c/naive", "c/parallel", "python/naive"}
    found = {each.row.name: each for each in comparison.variants}
    assert list(found) == ["c/naive@O0", "c/naive@fixed"]
    for each in found.values():
        assert each.row.outcome == "measured"
        assert each.row.image == "c-variants"
        assert each.row.rounds >= 3
        assert each.row.key
    plain, fixed = found["c/naive@O0"], found["c/naive@fixed"]
    assert plain.row.ratio
    assert plain.row.ratio.value == pytest.approx(20)
    assert plain.to_rung
    assert plain.to_rung.value == pytest.approx(0.5)
    assert fixed.to_rung
    assert fixed.to_rung.value == pytest.approx(2)
    assert (plain.changes, plain.row.flags) == ("no optimization", "-O0")


def section(comparison: Comparison, heading: str) -> Section:
    return next(each for each in sections(comparison) if each.heading == heading)


def test_the_report_sets_them_below_the_published_row_of_their_rung(comparison: Comparison) -> None:
    table = section(comparison, "Differences from the published setup").table
    assert table
    lines = [dict(zip(table.headers, line, strict=True)) for line in table.rows]
    at = next(place for place, line in enumerate(lines) if line["case"] == "c/naive")
    own, plain, fixed = lines[at : at + 3]
    assert (own["published row"], own["published"], own["what it changes"]) == ("C", "47", "-O3")
    assert own["here"].startswith("40.0 [")
    assert (plain["case"], plain["published"], plain["what it changes"]) == ("c/naive@O0", "", "no optimization")
    assert plain["here"].startswith("20.0 [")
    assert plain["vs its rung"].startswith("0.500 [")
    assert fixed["vs its rung"].startswith("2.00 [")


def test_no_other_table_and_no_picture_has_them(comparison: Comparison) -> None:
    told = ("Differences from the published setup", "Warnings", "Image sizes, bytes")
    elsewhere = [each for each in sections(comparison) if each.heading not in told]
    assert "@" not in "".join(str(each.table) for each in elsewhere)
    assert "@" not in renderer("svg").render(comparison)


def test_the_figures_of_variants_name_their_rung(comparison: Comparison) -> None:
    lines = list(csv.DictReader(io.StringIO(renderer("csv").render(comparison))))
    found = {(line["rung"], line["variant_of"]) for line in lines if "@" in line["rung"] or line["variant_of"]}
    assert found == {("naive@O0", "naive"), ("naive@fixed", "naive")}


def test_programs_find_them_under_a_key_of_their_own(comparison: Comparison) -> None:
    found = json.loads(renderer("json").render(comparison))["variants"]
    assert [(each["of"], each["row"]["rung"]) for each in found] == [("naive", "naive@O0"), ("naive", "naive@fixed")]
    assert set(found[0]["to_rung"]) == {"value", "low", "high", "not_significant"}


def test_those_of_rungs_that_were_never_published_follow(tmp_path: Path) -> None:
    other = a_manifest("rust", "naive", variants=(a_variant(),))
    engine = FakeEngine((other,), {"rust/naive": 1e-3, "rust/naive@O0": 2e-3})
    options = OPTIONS.model_copy(update={"langs": ("rust",), "baseline": "rust/naive", "reference": "rust"})
    compare(MATMUL, engine, a_catalog(tmp_path / "tree", other), options, tmp_path, "r1", lambda _: None)
    table = section(comparison_of(tmp_path), "Differences from the published setup").table
    assert table
    assert [line[1] for line in table.rows] == ["rust/naive", "rust/naive@O0"]


def test_without_them_the_report_says_how_to_measure_them(tmp_path: Path) -> None:
    measured(tmp_path, OPTIONS.model_copy(update={"variants": False}))
    assert (
        "harness compare --variants" in section(comparison_of(tmp_path), "Differences from the published setup").intro
    )


def ends_with_3(_: Exit) -> Exit:
    return Exit(code=3, stdout=b"", stderr=b"no huge pages here\n", elapsed_ns=1)


def test_one_that_fails_costs_only_itself_and_is_told(tmp_path: Path) -> None:
    faults: dict[str, Fault] = {"c/naive@O0": ends_with_3}
    measured(tmp_path, faults=faults)
    found = comparison_of(tmp_path)
    assert {row.outcome for row in found.rows} == {"measured"}
    assert [each.row.outcome for each in found.variants] == ["failed", "measured"]
    assert any("no huge pages here" in point for point in section(found, "Failed or not implemented").points)
    assert "c/naive@O0 failed" in renderer("summary").render(found)


def test_one_built_otherwise_than_declared_is_rejected(tmp_path: Path) -> None:
    lying = C.model_copy(update={"variants": (VARIANTS[0].model_copy(update={"flags": "-O1"}), VARIANTS[1])})
    measured(tmp_path, infos={"c": info_of(lying)})
    plain = comparison_of(tmp_path).variants[0].row
    assert plain.outcome == "failed"
    assert "the manifest says '-O0', the image was built with '-O1'" in (plain.reason or "")


def test_a_run_with_them_is_resumed_where_it_was_cut(tmp_path: Path) -> None:
    engine, catalog = measured(tmp_path)
    whole = [entry for entry in load_run(tmp_path / "r1") if isinstance(entry, Round)]
    lines = (tmp_path / "r1" / JOURNAL).read_bytes().splitlines(keepends=True)
    last = max(place for place, line in enumerate(lines) if b'"kind":"round"' in line and b"naive@" in line)
    (tmp_path / "r1" / JOURNAL).write_bytes(b"".join(lines[:last]))
    assert resume(MATMUL, replace(engine, jobs=[]), catalog, tmp_path / "r1", lambda _: None)
    again = [entry for entry in load_run(tmp_path / "r1") if isinstance(entry, Round)]
    assert [(entry.case, entry.number, entry.request) for entry in again] == [
        (entry.case, entry.number, entry.request) for entry in whole
    ]


def test_journals_from_before_there_were_variants_are_read(tmp_path: Path) -> None:
    measured(tmp_path, OPTIONS.model_copy(update={"variants": False}))
    started = load_run(tmp_path / "r1")[0]
    assert isinstance(started, Started)
    document = json.loads(started.model_dump_json())
    del document["options"]["variants"]
    for each in document["manifests"]:
        del each["variants"]
    older = Started.model_validate_json(json.dumps(document))
    assert older.options == started.options
    assert [manifest.variants for manifest in older.manifests] == [(), ()]


def test_a_manifest_in_a_journal_is_the_manifest() -> None:
    assert Manifest.model_validate_json(C.model_dump_json()) == C
