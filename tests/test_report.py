"""The reports: golden files for every format (`UPDATE_GOLDEN=1 pytest tests/test_report.py` writes them anew)."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
from pathlib import Path
from typing import Any

import pytest

from harness.analysis.analyze import analyze
from harness.engine.engine import Exit
from harness.experiments.matmul.experiment import MATMUL
from harness.measure.compare import compare
from harness.model.comparison import Comparison, ImageRow, Interval, Ratio, Row
from harness.model.journal import Entry, Finished, Image, Started
from harness.model.manifests import AbsentRung
from harness.report import formats, renderer
from harness.report.document import sections
from harness.report.figures import NONE, interval, number, percent, ratio, seconds, size, times, yes
from harness.report.image_sizes import image_sizes
from harness.report.summary import fastest
from harness.store import SUFFIXES, load_run
from tests.documents import reference
from tests.factories import (
    CONVENTIONAL,
    a_case,
    a_catalog,
    a_failed_round,
    a_journal,
    a_manifest,
    a_rung,
    rounds_of,
    some_options,
)
from tests.fake_engine import FakeEngine

GOLDEN = Path(__file__).parent / "golden"
N = 256
PYTHON = a_rung(layout="nested", bounds_checks=True, flags="-I -S", note="at module level | as published")
LIBRARY = a_rung("library", threads="all", rows_independent=False, image="library")
MANIFESTS = (
    a_manifest("c", "naive", "parallel", LIBRARY, peak=True),
    a_manifest("java", a_rung(layout="nested"), AbsentRung(name="parallel", absent="nobody asked for threads")),
    a_manifest("python", PYTHON, "parallel"),
    a_manifest("zig"),
)
SECONDS = {"c/naive": 0.2, "c/parallel": 0.1, "c/library": 0.01, "java/naive": 0.4, "python/naive": 9.4}
ROW_S = {name: seconds / N for name, seconds in SECONDS.items()}


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The width of the text."""
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """Four languages on a scripted engine: a rung that fails, one that is absent, one image that does not build."""
    folder = tmp_path_factory.mktemp("scripted")
    options = some_options(
        langs=tuple(m.name for m in MANIFESTS),
        rungs=("naive", "parallel", "library"),
        n=N,
        seed=2020,
        baseline="python/naive",
        yardstick="c",
        budget_s=4.0,
        twin=True,
        tax=True,
    )
    engine = FakeEngine(
        MANIFESTS,
        ROW_S | {"python/parallel": 4.7 / N},
        noise=0.01,
        peak_gflops=8.0,
        unbuildable=frozenset({"zig"}),
        faults={"python/parallel": lambda _: Exit(code=3, stdout=b"", stderr=b"only one CPU here\n", elapsed_ns=1)},
    )
    catalog = a_catalog(folder / "tree", *MANIFESTS, others=[a_manifest("web", rungs=(), budget_bytes=800)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.images.base._authorities", lambda: b"")  # or hashes and keys would be this machine's
        patch.setattr("harness.images.recipes.FORM", "form")
        assert not compare(MATMUL, engine, catalog, options, folder, "golden", lambda _: None)
    return analyze([settled(entry) for entry in load_run(folder / "golden")])


def settled(entry: Entry) -> Entry:
    """An entry without what differs from run to run, and from one zlib to the next."""
    match entry:
        case Started():
            return entry.model_copy(update={"at": "2026-11-22T02:10:33Z", "harness": "0.1.0"})
        case Finished():
            return entry.model_copy(update={"wall_ns": 25 * 10**9, "build_ns": 2 * 10**9, "container_ns": 22 * 10**9})
        case Image() if entry.weight:
            weight = entry.weight.model_copy(update={"compressed_bytes": 140})
            return entry.model_copy(update={"weight": weight, "build_ns": 3 * 10**9})
        case _:
            return entry


def rounded(text: str) -> str:
    """Nine digits of every number: the last ones of logarithms differ between CPUs."""
    return re.sub(r"\d+\.\d{7,}(?:e[+-]?\d+)?", lambda match: f"{float(match[0]):.9g}", text)


@pytest.mark.parametrize("name", formats())
def test_reports_are_the_golden_ones(name: str, scripted: Comparison) -> None:
    golden = GOLDEN / f"report.{SUFFIXES.get(name, name)}"
    report = rounded(renderer(name).render(scripted))
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(report, encoding="utf-8")
    assert report == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", formats())
def test_every_format_renders_a_run_that_ended_as_it_began(name: str) -> None:
    bare = analyze(a_journal([a_manifest()], [], finished=False)[:1])
    assert "alpha/naive" in renderer(name).render(bare) or name == "csv"


@pytest.mark.parametrize("name", formats())
def test_no_format_has_a_control_character_in_it(name: str) -> None:
    """What contributors write can hold any: manifests, answers of `matmul info`, reasons of failures."""
    hidden = "\x1b[2J\x07\x9b\u202e"
    rung = a_rung(flags=f"-O3{hidden}", loop_order=f"ijk{hidden}", note=f"a note{hidden}")
    manifest = a_manifest("alpha", rung, AbsentRung(name="parallel", absent=f"no{hidden}"), label=f"A{hidden}")
    rounds = [*rounds_of("alpha/naive", [1.0], [1.0]), a_failed_round(a_case("beta/naive"), f"it said{hidden}\nno")]
    text = renderer(name).render(analyze(a_journal([manifest, a_manifest("beta")], rounds)))
    assert {character for character in text if not character.isprintable()} <= {"\n", "\r"}


@pytest.mark.parametrize("name", formats())
def test_every_format_renders_images_alone(name: str) -> None:
    text = renderer(name).render_images([an_image_row(1001), an_image_row(None)])
    assert "alpha" in text
    assert "1,001" in text or "1001" in text


def as_json(comparison: Comparison) -> Any:
    return json.loads(renderer("json").render(comparison))


def test_json_has_the_keys_that_programs_rely_on(scripted: Comparison) -> None:
    document = as_json(scripted)
    assert document["schema"] == 3
    assert document["machine"]["cpu"].startswith("AMD EPYC")
    for row in document["rows"]:
        assert set(row) >= {
            "implementation", "rung", "n", "threads", "outcome", "seconds", "gflops", "ratio", "rows_computed",
            "flags", "sha256",
        }  # fmt: skip
        if row["outcome"] == "measured":
            assert set(row["seconds"]) == set(row["ratio_per_core"]) == {"value", "low", "high"}
            assert set(row["ratio"]) == {"value", "low", "high", "tie"}
            assert re.fullmatch(r"[0-9a-f]{64}", row["sha256"])
            assert re.fullmatch(r"[0-9a-f]{16}", row["key"])
        else:
            assert (row["seconds"], row["ratio"]) == (None, None)
    assert all(set(row["seconds"]) == {"value", "low", "high"} for row in document["tax"])
    assert [set(noise) for noise in document["noise"]] == [{"kind", "case", "ratio", "floor"}] * 2
    for image in document["images"]:
        assert set(image) >= {"name", "unpacked_bytes", "compressed_bytes", "budget_bytes"}


def test_images_in_json_are_the_same_alone(scripted: Comparison) -> None:
    assert json.loads(renderer("json").render_images(scripted.images)) == as_json(scripted)["images"]


def test_csv_is_one_line_a_case(scripted: Comparison) -> None:
    lines = list(csv.DictReader(io.StringIO(renderer("csv").render(scripted))))
    assert [f"{line['implementation']}/{line['rung']}" for line in lines] == [row.name for row in scripted.rows]
    naive = next(line for line in lines if line["implementation"] == "c" and line["rung"] == "naive")
    assert float(naive["seconds_low"]) < float(naive["seconds_value"]) < float(naive["seconds_high"])
    assert float(naive["ratio_value"]) == pytest.approx(47, rel=0.1)
    assert (naive["rows_computed"], naive["fast_math"]) == ("256", "False")
    assert float(naive["ratio_per_core_low"]) < 47 < float(naive["ratio_per_core_high"])
    assert naive["ratio_tie"] == "False"


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


def pictured(ratio: float) -> dict[str, tuple[float, float]]:
    """The left and the right end of each bar, of a run in which beta is so many times faster than alpha."""
    manifests = [a_manifest("alpha"), a_manifest("beta")]
    rounds = [*rounds_of("alpha/naive", [1.0], [1.0]), *rounds_of("beta/naive", [1 / ratio], [1 / ratio])]
    svg = renderer("svg").render(analyze(a_journal(manifests, rounds)))
    bars = re.findall(r'>([a-z]+/naive)</text>\n<rect x="([\d.]+)" y="\d+" width="([\d.]+)"', svg)
    return {name: (float(left), float(left) + float(width)) for name, left, width in bars}


def test_a_ratio_below_one_is_drawn_to_the_left_of_one() -> None:
    """The axis goes from 1, or from the least ratio, to the largest one that was published; the baseline is at 1."""
    most, half = math.log10(25_552.48 / 0.41), math.log10(2)
    faster, slower = pictured(2.0), pictured(0.5)
    assert faster["alpha/naive"] == (190.0, 191.0)
    assert faster["beta/naive"] == pytest.approx((190.0, 190 + 580 * half / most), abs=0.2)
    at_one = 190 + 580 * half / (most + half)
    assert slower["beta/naive"] == pytest.approx((190.0, at_one), abs=0.2)
    assert slower["alpha/naive"] == pytest.approx((at_one, at_one + 1), abs=0.2)


def test_sections_without_content_are_left_out() -> None:
    bare = analyze(a_journal([a_manifest()], [])[:1])
    headings = [section.heading for section in sections(bare)]
    assert "Differences from the published setup" not in headings
    assert "Without a result" in headings


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


@pytest.mark.parametrize(("weight", "said"), [(1000, "kept"), (1001, "BROKEN"), (None, "not built")])
def test_budgets_are_kept_broken_or_not_known(weight: int | None, said: str) -> None:
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


CLOSE = Ratio(value=1.05, low=0.9, high=1.2, tie=True)
FAR = Ratio(value=1.05, low=1.01, high=1.2, tie=False)
ONCE = Ratio(value=1.05, tie=True)


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
