"""The reports: golden files for every format (`UPDATE_GOLDEN=1 pytest tests/test_report.py` writes them anew)."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from harness.analysis.analyze import analyze
from harness.model.comparison import Comparison, ImageRow, Interval, Ratio, Row
from harness.model.manifests import AbsentRung
from harness.report import FormatName, any_renderer, file_of, formats, renderer
from harness.report.as_json import SCHEMA, schema
from harness.report.document import sections
from harness.report.figures import NONE, interval, number, percent, ratio, seconds, size, times, yes
from harness.report.image_sizes import image_sizes
from harness.report.summary import fastest
from tests.documents import reference
from tests.factories import CONVENTIONAL, a_case, a_failed_round, a_journal, a_manifest, a_rung, rounds_of
from tests.golden_runs import N, golden_text, run_of

GOLDEN = Path(__file__).parent / "golden"
TEXTS = [name for name in formats() if name != "png"]  # of which test_pictures has what can be said on any machine
RUNS = ("full", "two", "failures")


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The width of the text."""
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Comparison]:
    """The three runs of the golden files."""
    return {name: run_of(name, tmp_path_factory.mktemp(name)) for name in RUNS}


@pytest.fixture(scope="module")
def scripted(runs: dict[str, Comparison]) -> Comparison:
    """Four languages: a rung that fails, one that is absent, one image that does not build."""
    return runs["failures"]


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=pytest.mark.drawn) if each == "svg" else each for each in TEXTS]
)
def test_reports_are_the_golden_ones(name: FormatName, run: str, runs: dict[str, Comparison]) -> None:
    golden = GOLDEN / run / file_of(name)
    report = golden_text(name, runs[run])
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(report, encoding="utf-8", newline="")
    assert report == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("run", RUNS)
def test_the_report_for_programs_follows_its_schema(run: str, runs: dict[str, Comparison]) -> None:
    document = as_json(runs[run])
    rules = json.loads(schema())
    Draft202012Validator.check_schema(rules)
    Draft202012Validator(rules).validate(document)
    assert document["schema"] == SCHEMA


def test_what_the_schema_does_not_know_is_refused(scripted: Comparison) -> None:
    validator = Draft202012Validator(json.loads(schema()))
    for change in ({"schema": 3}, {"seconds": 1.0}, {"rows": [{"implementation": "c"}]}):
        assert not validator.is_valid(as_json(scripted) | change)


@pytest.mark.parametrize("name", TEXTS)
def test_every_format_renders_a_run_that_ended_as_it_began(name: FormatName) -> None:
    bare = analyze(a_journal([a_manifest()], [], finished=False)[:1])
    assert "alpha/naive" in str(any_renderer(name).render(bare)) or name in {"csv", "rounds"}


@pytest.mark.parametrize("name", TEXTS)
def test_no_format_has_a_control_character_in_it(name: FormatName) -> None:
    """What contributors write can hold any: manifests, answers of `matmul info`, reasons of failures."""
    hidden = "\x1b[2J\x07\x9b\u202e"
    rung = a_rung(flags=f"-O3{hidden}", loop_order=f"ijk{hidden}", note=f"a note{hidden}")
    manifest = a_manifest("alpha", rung, AbsentRung(name="parallel", absent=f"no{hidden}"), label=f"A{hidden}")
    rounds = [*rounds_of("alpha/naive", [1.0], [1.0]), a_failed_round(a_case("beta/naive"), f"it said{hidden}\nno")]
    text = str(any_renderer(name).render(analyze(a_journal([manifest, a_manifest("beta")], rounds))))
    assert {character for character in text if not character.isprintable()} <= {"\n", "\r"}


@pytest.mark.parametrize("name", TEXTS)
def test_every_format_renders_images_alone(name: FormatName) -> None:
    text = str(any_renderer(name).render_images([an_image_row(1001), an_image_row(None)]))
    assert "alpha" in text
    assert "1,001" in text or "1001" in text


def as_json(comparison: Comparison) -> Any:
    return json.loads(renderer("json").render(comparison))


def test_json_has_the_keys_that_programs_rely_on(scripted: Comparison) -> None:
    document = as_json(scripted)
    assert document["schema"] == 4
    assert document["machine"]["cpu"].startswith("AMD EPYC")
    for row in document["rows"]:
        assert set(row) >= {
            "implementation", "rung", "n", "threads", "outcome", "seconds", "gflops", "ratio", "rows_computed",
            "flags", "sha256",
        }  # fmt: skip
        if row["outcome"] == "measured":
            assert set(row["seconds"]) == set(row["ratio_per_core"]) == {"value", "low", "high"}
            assert set(row["ratio"]) == {"value", "low", "high", "not_significant"}
            assert re.fullmatch(r"[0-9a-f]{64}", row["sha256"])
            assert re.fullmatch(r"[0-9a-f]{16}", row["key"])
        else:
            assert (row["seconds"], row["ratio"]) == (None, None)
    assert all(set(row["seconds"]) == {"value", "low", "high"} for row in document["overhead"])
    assert [set(noise) for noise in document["noise"]] == [{"kind", "case", "ratio", "floor"}] * 2
    for image in document["images"]:
        assert set(image) >= {"name", "unpacked_bytes", "compressed_bytes", "budget_bytes"}


def test_images_in_json_are_the_same_alone(scripted: Comparison) -> None:
    assert json.loads(renderer("json").render_images(scripted.images)) == as_json(scripted)["images"]


def test_csv_is_one_observation_a_line(scripted: Comparison) -> None:
    lines = list(csv.DictReader(io.StringIO(renderer("csv").render(scripted))))
    cases = {f"{line['implementation']}/{line['rung']}" for line in lines}
    assert cases == {row.name for row in scripted.rows}
    of_naive = {line["figure"]: line for line in lines if (line["implementation"], line["rung"]) == ("c", "naive")}
    seconds, ratio = of_naive["seconds"], of_naive["ratio"]
    assert float(seconds["low"]) < float(seconds["value"]) < float(seconds["high"])
    assert float(ratio["value"]) == pytest.approx(47, rel=0.1)
    assert ratio["not_significant"] == "False"
    assert (of_naive["gflops"]["low"], seconds["estimate"], seconds["variant_of"]) == ("", "False", "")


def test_every_round_is_a_line(runs: dict[str, Comparison]) -> None:
    run = runs["full"]
    lines = list(csv.DictReader(io.StringIO(renderer("rounds").render(run))))
    assert [int(line["order"]) for line in lines] == [each.order for each in run.rounds]
    assert [float(line["seconds"]) for line in lines] == [each.seconds for each in run.rounds]
    assert {line["counted"] for line in lines} <= {"True", "False"}
    assert any(line["control"] == "True" for line in lines)


def test_counts_in_csv_stay_whole_where_one_is_missing() -> None:
    lines = list(csv.DictReader(io.StringIO(renderer("csv").render_images([an_image_row(1001), an_image_row(None)]))))
    assert [line["unpacked_bytes"] for line in lines] == ["1001", ""]
    assert lines[0]["conventional_unpacked_bytes"] == "1000000000"


def test_markdown_tables_hold_whatever_cells_say(scripted: Comparison) -> None:
    lines = renderer("md").render(scripted).splitlines()
    tables = "\n".join(line if line.startswith("|") else "" for line in lines)
    for table in re.split(r"\n\n+", tables.strip()):
        bars = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(bars) == 1, table


def test_a_sampled_time_is_called_an_estimate(scripted: Comparison) -> None:
    row = next(row for row in scripted.rows if row.name == "python/naive")
    assert row.rows_computed is not None
    assert 1 < row.rows_computed < N
    assert f"estimate from {row.rows_computed} of {N} rows" in renderer("text").render(scripted)


def test_sections_without_content_are_left_out() -> None:
    bare = analyze(a_journal([a_manifest()], [])[:1])
    headings = [section.heading for section in sections(bare)]
    assert "Differences from the published setup" not in headings
    assert "Failed or not implemented" in headings


def an_image_row(unpacked_bytes: int | None) -> ImageRow:
    return ImageRow(
        name="alpha",
        label="Alpha",
        digest="sha256:1",
        unpacked_bytes=unpacked_bytes,
        compressed_bytes=5,
        payload_bytes=5,
        runtime_bytes=5,
        layers=1,
        budget_bytes=1000,
        conventional=CONVENTIONAL,
    )


@pytest.mark.parametrize(("weight", "said"), [(1000, "yes"), (1001, "EXCEEDED"), (None, "not built")])
def test_budgets_are_kept_exceeded_or_unknown(weight: int | None, said: str) -> None:
    table = image_sizes([an_image_row(weight)]).table
    assert table is not None
    assert said in table.rows[0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, NONE),
        (0, "0"),
        (0.00731, "0.00731"),
        (0.00001234, "1.23e-05"),
        (1, "1.00"),
        (57.49, "57.5"),
        (99.96, "100"),
        (999.4, "999"),
        (999.6, "1,000"),
        (13_749, "13,700"),
        (62_806, "62,800"),
    ],
)
def test_numbers_have_three_digits(value: float | None, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("share", "text"), [(None, NONE), (1.0, "100 %"), (0.554, "55 %"), (0.0996, "10 %"), (0.00011, "0.011 %")]
)
def test_shares_have_two_digits(share: float | None, text: str) -> None:
    assert percent(share) == text


def test_an_estimate_comes_with_its_interval_or_a_question_mark() -> None:
    assert interval(Interval(value=11.24, low=10.9, high=11.6)) == "11.2 [10.9–11.6]"
    assert interval(Interval(value=11.24)) == "11.2 [?]"
    assert interval(None) == ratio(None) == times(None) == NONE


CLOSE = Ratio(value=1.05, low=0.9, high=1.2, not_significant=True)
FAR = Ratio(value=1.05, low=1.01, high=1.2, not_significant=False)
ONCE = Ratio(value=1.05, not_significant=True)


@pytest.mark.parametrize(
    ("found", "long", "short"),
    [
        (CLOSE, "~ 1.05 [0.900–1.20]", "~ 1.05× ±14%"),
        (FAR, "1.05 [1.01–1.20]", "1.05× ±9%"),
        (ONCE, "~ 1.05 [?]", "~ 1.05× ±?"),
    ],
)
def test_a_ratio_that_is_not_significant_is_marked(found: Ratio, long: str, short: str) -> None:
    assert (ratio(found), times(found)) == (long, short)


def test_what_is_scaled_from_some_of_the_rows_is_marked() -> None:
    assert (ratio(FAR, estimate=True), times(FAR, estimate=True)) == ("1.05 [1.01–1.20]†", "1.05×† ±9%")
    row = Row(
        implementation="c", label="C", rung="naive", n=16, threads=1, outcome="measured", seconds=Interval(value=2.0)
    )
    marked = [seconds(row.model_copy(update={"rows_computed": rows})) for rows in (None, 3, 16)]
    assert marked == ["2.00 [?]", "2.00 [?]†", "2.00 [?]"]


def test_sizes_are_exact_and_flags_are_words() -> None:
    assert (size(65536), size(None)) == ("65,536", NONE)
    assert (yes(True), yes(False), yes(None)) == ("yes", "no", NONE)


def test_the_summary_fits_a_screen() -> None:
    text = renderer("summary").render(reference())
    assert len(text.splitlines()) <= 25
    assert max(len(line) for line in text.splitlines()) <= 120


def test_the_summary_names_failures_first(scripted: Comparison) -> None:
    failed = [row for row in scripted.rows if row.outcome == "failed"]
    points = [line for line in renderer("summary").render(scripted).splitlines() if line.startswith("- ")]
    assert points[0].startswith(f"- {failed[0].name} failed: ")
    assert len(points) <= 3


def test_the_fastest_without_a_library_is_no_library(scripted: Comparison) -> None:
    table = fastest(scripted).table
    assert table is not None
    assert [row[1] for row in table.rows if row[0] == "C"] == ["parallel"]
