"""Journals: what was measured stays readable, and what is damaged is named."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest

from harness.errors import DiskFullError, ResultsError
from harness.model.journal import Entry, Started
from harness.runs import find_run
from harness.store import JOURNAL, RunFolder, load_run, new_run_id, write_report
from tests.factories import a_journal, a_manifest, rounds_of


@pytest.fixture
def entries() -> list[Entry]:
    return a_journal([a_manifest()], rounds_of("alpha/naive", [1.0], [1.1]))


@pytest.fixture
def run(tmp_path: Path, entries: list[Entry]) -> Path:
    return written(tmp_path, "r1", entries)


def written(results: Path, run: str, entries: list[Entry]) -> Path:
    folder = RunFolder(results, run)
    for entry in entries:
        folder.append(entry)
    return folder.path


def test_what_is_appended_is_loaded_again(run: Path, entries: list[Entry]) -> None:
    assert load_run(run) == entries


def test_every_entry_is_on_the_disk_before_the_next(tmp_path: Path, entries: list[Entry]) -> None:
    folder = RunFolder(tmp_path, "r1")
    for count, entry in enumerate(entries, start=1):
        folder.append(entry)
        assert load_run(folder.path) == entries[:count]


@pytest.mark.parametrize("cut", [1, 2, 40])
def test_an_incomplete_last_line_is_left_out(cut: int, run: Path, entries: list[Entry]) -> None:
    journal = run / JOURNAL
    journal.write_bytes(journal.read_bytes()[:-cut])
    assert load_run(run) == entries[:-1]


@pytest.mark.parametrize("damage", [b"{", b"", b"\xff\xfe", b'{"kind": "surprise"}', b"[]"])
def test_a_damaged_line_is_named(damage: bytes, run: Path) -> None:
    journal = run / JOURNAL
    lines = journal.read_bytes().split(b"\n")
    lines[2] = damage
    journal.write_bytes(b"\n".join(lines))
    with pytest.raises(ResultsError, match=rf"{JOURNAL}, line 3, is damaged .*\n.*Remove it with `sed -i 3d "):
        load_run(run)
    lines[0] = damage
    journal.write_bytes(b"\n".join(lines))
    with pytest.raises(ResultsError, match=r", line 1, is damaged .*\nNothing can be read without it"):
        load_run(run)


@pytest.mark.parametrize("content", [b"", b"{", b'{"kind":"peak","threads":1,"gflops":1.0,"container_ns":1}\n'])
def test_what_does_not_begin_as_a_journal_is_no_run(content: bytes, run: Path) -> None:
    (run / JOURNAL).write_bytes(content)
    with pytest.raises(ResultsError, match="does not begin like a journal"):
        load_run(run)


def test_another_schema_is_told_with_the_harness_that_reads_it(run: Path) -> None:
    journal = run / JOURNAL
    text = journal.read_text(encoding="utf-8")
    text = text.replace('"schema_version":5', '"schema_version":6,"of_that_schema":[]')
    journal.write_text(text.replace('"harness":"0.1.0"', '"harness":"0.9.0"'), encoding="utf-8")
    with pytest.raises(ResultsError, match=r"has schema 6, this harness reads 2 to 5: use harness 0\.9\.0 to read it"):
        load_run(run)


def test_a_missing_journal_is_told(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=r"cannot read .*No such file"):
        load_run(tmp_path)


def started_at(entries: list[Entry], at: str) -> list[Entry]:
    started = entries[0]
    assert isinstance(started, Started)
    return [started.model_copy(update={"at": at}), *entries[1:]]


def test_latest_is_the_run_that_began_last_whatever_it_is_called(tmp_path: Path, entries: list[Entry]) -> None:
    written(tmp_path, "zulu", started_at(entries, "2026-11-22T02:10:33Z"))
    last = written(tmp_path, "alpha", started_at(entries, "2026-11-22T02:10:34Z"))
    written(tmp_path, "mike", started_at(entries, "2025-12-31T23:59:59Z"))
    (tmp_path / "zzz").mkdir()
    RunFolder(tmp_path, "zz").path.joinpath(JOURNAL).write_text("damaged\n", encoding="utf-8")
    assert find_run(tmp_path, "latest") == last


@pytest.mark.parametrize("results", [".", "missing"])
def test_latest_of_no_runs_says_how_to_make_one(results: str, tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=r"no run in .* yet: `harness compare --out .*` makes one"):
        find_run(tmp_path / results, "latest")


def test_a_run_is_found_by_id_and_by_path(run: Path, tmp_path: Path) -> None:
    assert find_run(tmp_path, "r1") == run
    assert find_run(tmp_path / "elsewhere", str(run)) == run


def test_an_unknown_run_lists_those_there_are(tmp_path: Path, entries: list[Entry]) -> None:
    for name in ("r1", "r2"):
        written(tmp_path, name, entries)
    with pytest.raises(ResultsError, match=re.escape("no run 'r3'") + r".*\(available: r1, r2\)"):
        find_run(tmp_path, "r3")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_and_what_was_measured_is_kept(
    number: int, run: Path, entries: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(number, os.strerror(number))

    folder = RunFolder(run.parent, "r2")
    folder.append(entries[0])
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFullError, match=r"the disk is full: .*r2 cannot be written"):
        folder.append(entries[1])
    assert load_run(folder.path)[0] == entries[0]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(
        ResultsError, match=r"cannot write .*file/r1: Not a directory; choose another folder with --out"
    ):
        RunFolder(tmp_path / "file", "r1")


def test_a_run_never_writes_over_another(run: Path) -> None:
    with pytest.raises(ResultsError, match="File exists"):
        RunFolder(run.parent, run.name)


def test_logs_are_kept_as_they_are(run: Path) -> None:
    folder = RunFolder(run.parent, "r2")
    assert folder.keep_log("build-alpha.log", "was ist los\n") == "logs/build-alpha.log"
    assert folder.keep_log("run.log", b"\xff\x00") == "logs/run.log"
    assert (folder.path / "logs/build-alpha.log").read_text(encoding="utf-8") == "was ist los\n"
    assert (folder.path / "logs/run.log").read_bytes() == b"\xff\x00"


@pytest.mark.parametrize("report", ["11 ×\n", b"\x89PNG\r\n"])
def test_reports_are_written_beside_the_journal(report: str | bytes, run: Path) -> None:
    write_report(run, "report.x", report)
    assert (run / "report.x").read_bytes() == (report.encode() if isinstance(report, str) else report)


def test_ids_of_runs_differ_and_sort_by_time() -> None:
    ids = {new_run_id() for _ in range(20)}
    assert len(ids) > 1
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ-[0-9a-f]{4}", run) for run in ids)
