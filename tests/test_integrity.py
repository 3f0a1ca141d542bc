"""An edited journal shows: by its chain, and by what is recomputed from the seed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.cli.results import check_journal, check_verified, comparison_of, problems
from harness.errors import GateError, ResultsError
from harness.events import Event
from harness.experiments.matmul.experiment import MATMUL
from harness.images.catalog import Catalog
from harness.measure.compare import compare, resume
from harness.model.chain import checked, linked, parted
from harness.report.as_text import render
from harness.store import JOURNAL, load_journal
from tests.conftest import Command
from tests.factories import a_catalog, a_manifest, some_options
from tests.fake_engine import FakeEngine

ALPHA, BETA = a_manifest("alpha", "naive", "parallel", peak=True), a_manifest("beta", "naive", "parallel")
ROW_S = {"alpha/naive": 4e-3, "alpha/parallel": 2e-3, "beta/naive": 2e-3, "beta/parallel": 1e-3}
Lines = list[bytes]


def unwatched(_event: Event) -> None:
    """Progress that nobody looks at."""


@dataclass
class Run:
    """A run that came to its end, overhead among its entries, of which edited copies are made."""

    folder: Path
    catalog: Catalog
    engine: FakeEngine = field(default_factory=lambda: FakeEngine((ALPHA, BETA), ROW_S))
    copies: int = 0

    def __post_init__(self) -> None:
        options = some_options(overhead=True, budget_s=0.3)
        compare(MATMUL, self.engine, self.catalog, options, self.folder, "whole", unwatched)

    @property
    def lines(self) -> Lines:
        return (self.folder / "whole" / JOURNAL).read_bytes().splitlines()

    def of(self, lines: Lines, tail: bytes = b"") -> Path:
        """The same run with these lines for its journal."""
        self.copies += 1
        path = self.folder / f"copy-{self.copies}"
        shutil.copytree(self.folder / "whole", path)
        (path / JOURNAL).write_bytes(b"".join(line + b"\n" for line in lines) + tail)
        return path

    def first(self, text: bytes) -> int:
        """The index of the first line that holds a text."""
        return next(index for index, line in enumerate(self.lines) if text in line)

    def edited(self, where: bytes, old: str, new: bytes) -> Lines:
        """The lines, with a pattern replaced in the first that holds a text."""
        lines, index = self.lines, self.first(where)
        changed = re.sub(old.encode(), new, lines[index], count=1)
        assert changed != lines[index]
        return [*lines[:index], changed, *lines[index + 1 :]]


def rechained(lines: Lines) -> Lines:
    """What a forger does who knows of the chain: every link worked out anew."""
    made: Lines = []
    link = ""
    for line in lines:
        whole, link = linked(parted(line)[0], link)
        made.append(whole)
    return made


def unchained(lines: Lines) -> Lines:
    return [parted(line)[0] for line in lines]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("runs")
    return Run(folder, a_catalog(folder / "tree", ALPHA, BETA))


def reported(path: Path, *, verified: bool = False) -> str:
    """The report, its wrapped lines joined."""
    return " ".join(render(comparison_of(path, verified=verified)).split())


def found(path: Path) -> list[str]:
    return problems(load_journal(path))


# --- the chain -----------------------------------------------------------------------------------------------


def test_a_run_as_it_was_written_holds(run: Run) -> None:
    comparison = comparison_of(run.folder / "whole", verified=True)
    assert comparison.verification is not None
    assert (comparison.verification.problems, comparison.chain and comparison.chain.breaks) == ((), ())
    assert comparison.verification.products > comparison.verification.keys > 10  # of overhead there are no keys
    said = reported(run.folder / "whole", verified=True)
    assert "chain of hashes intact" in said
    assert "Verified: " in said
    assert "Not verified: " in reported(run.folder / "whole")
    check_verified(run.folder / "whole", comparison)


def test_a_digit_changed_in_any_line_breaks_the_chain_there(run: Run) -> None:
    for index, line in enumerate(run.lines):
        place = next(re.finditer(rb"\d", line)).start()
        changed = line[:place] + (b"7" if line[place : place + 1] != b"7" else b"8") + line[place + 1 :]
        lines = [*run.lines[:index], changed, *run.lines[index + 1 :]]
        assert checked(lines, chained=True).breaks == (index + 1,)


def test_a_line_lost_moved_or_put_in_breaks_the_chain_there(run: Run) -> None:
    lines = run.lines
    for index in range(len(lines) - 1):
        assert checked([*lines[:index], *lines[index + 1 :]], chained=True).breaks == (index + 1,)
        assert checked([*lines[: index + 1], *lines[index:]], chained=True).breaks == (index + 2,)
        swapped = [*lines[:index], lines[index + 1], lines[index], *lines[index + 2 :]]
        assert index + 1 in checked(swapped, chained=True).breaks


def test_a_report_of_an_edited_journal_says_so_unasked(run: Run) -> None:
    path = run.of(run.edited(b'"pilot":false', r'"wall_ns":\d', rb'"wall_ns":1'))
    line = run.first(b'"pilot":false') + 1
    said = f"CHANGED after it was written, {len(run.lines)} entries: the chain of hashes breaks at line {line};"
    assert said in reported(path)
    assert found(path) == [f"line {line}: changed, or lines before it were changed or removed"]


def test_links_that_were_taken_off_show(run: Run) -> None:
    path = run.of(unchained(run.lines))
    assert found(path) == [f"lines 1 to {len(run.lines)}: changed, or without a link of the chain"]


def test_a_journal_from_before_there_was_a_chain_is_read_and_says_so(run: Run) -> None:
    lines = unchained(run.lines)
    lines[0] = lines[0].replace(b'"schema_version":5', b'"schema_version":2')
    path = run.of(lines[:-1])
    assert found(path) == []
    assert "without a chain of hashes" in reported(path)
    resume(MATMUL, run.engine, run.catalog, path, unwatched)
    journal = load_journal(path)
    assert (journal.chain.head, journal.chain.breaks, journal.entries[-1].kind) == (None, (), "finished")


FORMER = {b'"reference":': b'"yardstick":', b'"controls":': b'"twin":', b'"control":': b'"twin":'} | {
    b'"kind":"overhead"': b'"kind":"tax"',
    b'"overhead":': b'"tax":',
    b'"schema_version":5': b'"schema_version":3',
}


def test_a_journal_with_the_keys_of_schema_3_is_read_verified_and_resumed(run: Run) -> None:
    lines = unchained(run.lines)
    for new, old in FORMER.items():
        lines = [line.replace(new, old) for line in lines]
    path = run.of(rechained(lines))
    assert found(path) == []
    now, then = load_journal(run.folder / "whole").entries, load_journal(path).entries
    assert then[0].model_copy(update={"schema_version": 5}) == now[0]
    assert (then[1:], b'"twin":' in (path / JOURNAL).read_bytes()) == (now[1:], True)
    path = run.of(rechained(lines)[:-4])
    resume(MATMUL, run.engine, run.catalog, path, unwatched)
    assert (found(path), load_journal(path).entries[-1].kind) == ([], "finished")


@pytest.mark.parametrize("torn", [b"", b'{"kind":"round","case":{"impl'])
def test_a_resumed_run_goes_on_with_the_chain(torn: bytes, run: Run) -> None:
    path = run.of(run.lines[:-4], torn)
    resume(MATMUL, run.engine, run.catalog, path, unwatched)
    journal = load_journal(path)
    assert (journal.chain.entries, journal.chain.breaks) == (len(journal.entries), ())
    assert found(path) == []


def test_a_line_that_was_removed_for_its_damage_stays_told_after_resuming(run: Run) -> None:
    index = run.first(b'"number":2')
    path = run.of([*run.lines[:index], b"\xff\xfe", *run.lines[index + 1 : -1]])
    with pytest.raises(ResultsError, match=r"every report then says that a line is missing there"):
        load_journal(path)
    lines = [*run.lines[:index], *run.lines[index + 1 : -1]]
    (path / JOURNAL).write_bytes(b"".join(line + b"\n" for line in lines))
    assert len(found(path)) == 2  # the chain, and the round that is missing
    resume(MATMUL, run.engine, run.catalog, path, unwatched)
    assert load_journal(path).chain.breaks == (index + 1,)
    assert found(path) == [f"line {index + 1}: changed, or lines before it were changed or removed"]


# --- what is recomputed --------------------------------------------------------------------------------------

ROUND = b'"pilot":false'


@pytest.mark.parametrize(
    ("where", "old", "new", "said"),
    [
        (ROUND, r'"checksum":\d', b'"checksum":9', "sample 1 has checksum 9"),
        (ROUND, r'"sha256":"[0-9a-f]{4}', b'"sha256":"5555', "its SHA-256 is 5555"),
        (ROUND, r'"key":"[0-9a-f]{4}', b'"key":"5555', "its key is 5555"),
        (ROUND, r'"key":"[0-9a-f]+"', b'"key":null', "its key is None"),
        (ROUND, r'"rows":\d+', b'"rows":3', "its SHA-256 is"),
        (ROUND, r'"rows":\d+', b'"rows":99', "99 rows of n = 16 are impossible in a run of n = 16"),
        (ROUND, r'"threads":\d', b'"threads":7', "this case is not part of the run"),
        (ROUND, r'"rung":"\w+"', b'"rung":"other"', "its key cannot be recomputed"),
        (b'"kind":"machine"', r'"cpu":"', b'"cpu":"Better ', "its key is"),
        (b'"kind":"image"', r'"digest":"sha256:', b'"digest":"sha256:0', "its key is"),
        (b'"kind":"started"', r'"seed":7', b'"seed":8', "has checksum"),
        (b'"kind":"started"', r'"flags":"-O3"', b'"flags":"-O0"', "its key is"),
        (b'"kind":"started"', r'"n":16', b'"n":17', "are impossible in a run of n = 17"),
        (b'"place":"container"', r'"checksum":\d', b'"checksum":9', "sample 1 has checksum 9"),
    ],
)  # fmt: skip
def test_what_was_edited_does_not_hold_even_where_the_chain_was_made_anew(
    where: bytes, old: str, new: bytes, said: str, run: Run
) -> None:
    path = run.of(rechained(run.edited(where, old, new)))
    assert load_journal(path).chain.breaks == ()
    assert any(said in problem for problem in found(path))
    with pytest.raises((GateError, ResultsError), match=r"line \d+, round \d+ of "):
        check_verified(path, comparison_of(path, verified=True))


@pytest.mark.parametrize(("old", "new"), [(r'"seed":7', b'"seed":-7'), (r'"n":16', b'"n":1000000000')])
def test_options_that_no_run_can_have_are_not_read(old: str, new: bytes, run: Run) -> None:
    path = run.of(rechained(run.edited(b'"kind":"started"', old, new)))
    with pytest.raises(ResultsError, match="line 1, is damaged"):
        load_journal(path)


def test_a_round_that_is_missing_or_there_twice_is_named(run: Run) -> None:
    index = run.first(b'"number":2')
    without = found(run.of(rechained([*run.lines[:index], *run.lines[index + 1 :]])))
    assert [problem.partition(": ")[2] for problem in without] == ["missing rounds before it: 2"]
    twice = found(run.of(rechained([*run.lines[: index + 1], *run.lines[index:]])))
    assert [problem.partition(": ")[2] for problem in twice] == ["duplicate round"]


def test_a_forged_time_with_a_chain_made_anew_is_beyond_what_can_be_told(run: Run) -> None:
    """Nothing but the chain's last link, kept elsewhere, tells: METHODOLOGY says so."""
    path = run.of(rechained(run.edited(ROUND, r'"wall_ns":\d', b'"wall_ns":1')))
    assert found(path) == []
    assert load_journal(path).chain.head != load_journal(run.folder / "whole").chain.head


def test_an_edit_that_no_report_can_be_made_of_is_told_as_one(run: Run) -> None:
    path = run.of(run.edited(ROUND, r'"calls":\d+', b'"calls":0'))
    with pytest.raises(ResultsError, match=r"cannot report .*: its journal was changed\.\n  line \d+"):
        comparison_of(path)


# --- the commands --------------------------------------------------------------------------------------------


def test_report_verify_is_a_gate_that_names_every_entry(run: Run, harness: Command) -> None:
    good = harness("report", "whole", "--out", str(run.folder), "--verify")
    assert (good.code, good.err) == (0, "")
    path = run.of(run.edited(ROUND, r'"checksum":\d', b'"checksum":9'))
    ended = harness("report", str(path), "--verify")
    line = run.first(ROUND) + 1
    assert ended.code == 3
    assert f"line {line}: changed" in ended.err
    assert f"line {line}, round 4 of " in ended.err
    assert "Verification FAILED" in ended.out
    assert harness("report", str(path)).code == 0


def test_diff_notes_an_edited_run_and_refuses_it_when_asked_to_verify(run: Run, harness: Command) -> None:
    path = run.of(run.edited(ROUND, r'"checksum":\d', b'"checksum":9'))
    noted = harness("diff", "whole", str(path), "--out", str(run.folder))
    assert noted.code == 0
    assert f"note: {path} was changed after it was written: line " in noted.err
    ended = harness("diff", "whole", str(path), "--out", str(run.folder), "--verify")
    assert (ended.code, ended.out) == (3, "")


def test_a_sound_journal_is_noted_by_nothing(run: Run) -> None:
    notes: list[str] = []
    note: Callable[[str], None] = notes.append
    check_journal(run.folder / "whole", load_journal(run.folder / "whole"), note, recompute=True)
    assert notes == []
