"""Many runs as a site: what is believed is shown, and what is not is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from harness.experiments.matmul.experiment import MATMUL
from harness.gallery import reading
from harness.gallery.checks import distrust
from harness.images.catalog import Catalog
from harness.measure.compare import compare
from harness.model.chain import linked
from harness.model.journal import Entry, Image, Round, Started
from harness.model.record import Record
from harness.store import JOURNAL, load_journal, load_run
from tests.conftest import Command
from tests.factories import a_catalog, a_manifest, some_options
from tests.fake_engine import FakeEngine

MANIFESTS = (a_manifest("alpha", "naive", "parallel", peak=True), a_manifest("beta", "naive", "parallel"))
ROW_S = {"alpha/naive": 4e-3, "alpha/parallel": 2e-3, "beta/naive": 2e-3, "beta/parallel": 1e-3}
Edit = Callable[[Entry], Entry]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return a_catalog(tmp_path_factory.mktemp("catalog"), *MANIFESTS)


@pytest.fixture(scope="module")
def run(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An honest run."""
    results = tmp_path_factory.mktemp("honest")
    compare(MATMUL, FakeEngine(MANIFESTS, ROW_S), catalog, some_options(), results, "r1", lambda _: None)
    return results / "r1"


def write(folder: Path, entries: list[Entry]) -> Path:
    """A run of these entries, with a chain that holds."""
    lines, link = list[bytes](), ""
    for entry in entries:
        line, link = linked(entry.model_dump_json().encode(), link)
        lines.append(line)
    folder.mkdir(parents=True)
    (folder / JOURNAL).write_bytes(b"\n".join([*lines, b""]))
    return folder


def forged(entries: list[Entry], **changes: Any) -> list[Entry]:
    """The same entries, the first good round that counts with these changes."""
    number = next(number for number, it in enumerate(entries) if isinstance(it, Round) and not it.pilot)
    found = list(entries)
    found[number] = changed(entries[number], **changes)
    return found


def changed(entry: Any, **changes: Any) -> Any:
    assert isinstance(entry, Record)
    return entry.model_copy(update=changes)


def test_an_honest_run_is_believed(run: Path) -> None:
    assert distrust(load_journal(run)) == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"key": "0" * 16}, "its key is 0000000000000000; recomputed it is"),
        ({"key": None}, "its key is None; recomputed it is"),
        ({"sha256": None}, "has no SHA-256 of its product"),
        ({"samples": ()}, "succeeded without a sample"),
        ({"container_ns": 1}, "took longer than their container lived"),
        ({"rows": 10**9}, "is faster than any core"),
        ({"number": 99}, "missing rounds before it"),
    ],
)
def test_a_run_is_not_believed_whose_rounds_cannot_be(
    changes: dict[str, Any], reason: str, run: Path, tmp_path: Path
) -> None:
    folder = write(tmp_path / "forged", forged(load_run(run), **changes))
    assert any(reason in problem for problem in distrust(load_journal(folder)))


def test_a_sample_that_took_no_time_is_not_believed(run: Path, tmp_path: Path) -> None:
    entries = load_run(run)
    good = next(it for it in entries if isinstance(it, Round) and not it.pilot)
    timeless = tuple(changed(sample, wall_ns=0) for sample in good.samples)
    folder = write(tmp_path / "forged", forged(entries, samples=timeless))
    assert any("took no time" in problem for problem in distrust(load_journal(folder)))


def test_another_image_under_the_same_keys_is_not_believed(run: Path, tmp_path: Path) -> None:
    entries = [changed(it, digest="sha256:other") if isinstance(it, Image) else it for it in load_run(run)]
    assert any("its key is" in problem for problem in distrust(load_journal(write(tmp_path / "forged", entries))))


def test_a_round_of_the_image_before_is_not_believed_after_another(run: Path) -> None:
    journal = load_journal(run)
    image = next(it for it in journal.entries if isinstance(it, Image) and it.name == "alpha")
    last = [it for it in journal.entries if isinstance(it, Round) and it.case.implementation == "alpha"][-1]
    later = [changed(image, digest="sha256:other"), changed(last, number=last.number + 1)]
    (problem,) = distrust(replace(journal, entries=[*journal.entries, *later]))
    assert f"round {last.number + 1} of {last.case}: its key is {last.key}; recomputed it is" in problem


def test_an_edited_line_is_not_believed(run: Path, tmp_path: Path) -> None:
    folder = write(tmp_path / "edited", load_run(run))
    journal = folder / JOURNAL
    journal.write_bytes(journal.read_bytes().replace(b'"cpus":2', b'"cpus":9', 1))
    assert any("changed" in problem for problem in distrust(load_journal(folder)))


@pytest.fixture
def runs(run: Path, tmp_path: Path) -> Path:
    """Two honest runs, at different depths, a forged one, one of no schema, and a link."""
    entries = load_run(run)
    folder = tmp_path / "runs"
    write(folder / "near", named(entries, "r-near"))
    write(folder / "deep" / "er", named(entries, "r-<b>deep</b>"))
    write(folder / "forged", forged(named(entries, "r-forged"), sha256=None))
    (folder / "broken").mkdir()
    (folder / "broken" / JOURNAL).write_text("{}\n")
    (folder / "linked").mkdir()
    (folder / "linked" / JOURNAL).symlink_to(run / JOURNAL)
    return folder


def named(entries: list[Entry], run: str) -> list[Entry]:
    return [changed(it, run=run) if isinstance(it, Started) else it for it in entries]


def test_a_gallery_shows_what_is_believed_and_names_the_rest(runs: Path, harness: Command, tmp_path: Path) -> None:
    site = tmp_path / "site"
    ended = harness("gallery", str(runs), "--site", str(site), "--title", "Ours & yours")
    assert ended.code == 3
    assert "2 of 4 runs are not believed" in ended.err
    overview = (site / "index.html").read_text()
    assert "Ours &amp; yours: 2 runs on 1 kinds of CPU" in overview
    assert "r-&lt;b&gt;deep&lt;/b&gt;" in overview
    assert "<b>" not in overview
    shown, refused = overview.split("Not believed")
    assert ("r-near" in shown, "r-forged" in shown, "r-forged" in refused) == (True, False, True)
    texts = [(site / "r" / f"{number}.html").read_text() for number in (1, 2, 3, 4)]
    assert sum("Not believed" in text for text in texts) == 2
    assert [("alpha/parallel" in text, "Not believed" in text) for text in texts].count((True, True)) == 0


def test_its_tables_hold_every_case_of_every_believed_run(runs: Path, harness: Command, tmp_path: Path) -> None:
    site = tmp_path / "site"
    harness("gallery", str(runs), "--site", str(site))
    table = pq.read_table(site / "runs.parquet").to_pylist()
    rows = json.loads((site / "runs.json").read_text())
    assert len(table) == len(rows) == 2 * 4
    assert {row["run"] for row in table} == {"r-near", "r-<b>deep</b>"}
    near = {(row["implementation"], row["rung"]): row for row in table if row["run"] == "r-near"}
    assert near["beta", "parallel"]["ratio_value"] == pytest.approx(4, rel=0.01)
    assert near["alpha", "naive"]["cpu"].startswith("AMD EPYC")
    assert rows == [{name: value for name, value in row.items() if value is not None} for row in table]


def test_a_gallery_of_believed_runs_ends_well(run: Path, harness: Command, tmp_path: Path) -> None:
    assert harness("gallery", str(run.parent), "--site", str(tmp_path / "site")).code == 0


def test_many_runs_are_read_on_all_cpus(run: Path, harness: Command, tmp_path: Path) -> None:
    for number in range(12):
        write(tmp_path / "runs" / str(number), named(load_run(run), f"r{number}"))
    assert harness("gallery", str(tmp_path / "runs"), "--site", str(tmp_path / "site")).code == 0
    assert len(list((tmp_path / "site" / "r").iterdir())) == 12


def test_a_journal_longer_than_any_run_writes_is_not_read(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", 1000)
    (problem,) = reading.summary_of(run).problems
    assert "no run has more than 1,000" in problem


def test_no_run_is_an_error(harness: Command, tmp_path: Path) -> None:
    ended = harness("gallery", str(tmp_path), "--site", str(tmp_path / "site"))
    assert (ended.code, "no run below" in ended.err, (tmp_path / "site").exists()) == (2, True, False)
