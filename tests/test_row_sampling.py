"""The table of estimates beside full runs: what holds, and that the committed one is fresh."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.model.cases import Batch, Conditions
from harness.model.comparison import Interval
from tests import row_sampling
from tests.factories import a_case, a_round
from tests.row_sampling import MEASURED, RUNGS, TABLE, Compared, in_turn, kept, table

CASE = a_case("alpha/naive", n=1024)


def an_entry(value: float, low: float, high: float, full: float = 10.0) -> Compared:
    estimate = Interval(value=value, low=low, high=high)
    return Compared(case=CASE, cpu="a CPU", rows=64, estimate=estimate, full=full, full_rounds=1)


@pytest.mark.parametrize(
    ("entry", "error", "verdict"),
    [
        (an_entry(10.4, 10.3, 10.5), 0.04, "good"),  # close
        (an_entry(10.7, 9.9, 11.5), 0.07, "good"),  # off, and said to be
        (an_entry(13.6, 8.5, 21.0), 0.36, "says little"),  # any time would be in such an interval
        (an_entry(11.0, 10.5, 11.5), 0.10, "MISSED"),
        (an_entry(9.0, 8.5, 9.5), -0.10, "MISSED"),
    ],
)
def test_an_estimate_is_close_or_says_how_far_it_may_be_off_and_that_is_not_far(
    entry: Compared, error: float, verdict: str
) -> None:
    assert entry.error == pytest.approx(error)
    assert entry.verdict == verdict
    row = next(line for line in table([entry]).splitlines() if "alpha/naive" in line)
    assert f"{error:+.1%}" in row
    assert f"{entry.estimate.half_width:.1%}" in row
    assert verdict in row


def test_the_table_tells_coverage_widths_and_errors_together() -> None:
    told = table([an_entry(10.1, 9.9, 10.3), an_entry(13.6, 8.5, 21.0), an_entry(11.0, 10.5, 11.5)])
    assert "Of 3, 1 are good, 1 say little and 1 missed. 2 intervals have the full runs' time" in told
    assert "half-widths are 4.5%, 25.3%, 46.0%, the errors 10.0%, 23.0%, 36.0%" in told


def test_cases_take_turns() -> None:
    batches = {a_case("alpha/naive"): [Batch(rows=1, samples=2)] * 2, a_case("beta/naive"): [Batch(rows=2, samples=2)]}
    assert [(number, case.name) for number, case, _ in in_turn(batches)] == [
        (0, "alpha/naive"),
        (0, "beta/naive"),
        (1, "alpha/naive"),
    ]


def test_an_estimate_is_scaled_from_its_rows_and_the_full_run_is_not() -> None:
    estimated = [a_round(CASE, 9.0, 0.5, 0.5, rows=64), a_round(CASE, 9.0, 0.5, 0.5, rows=64)]
    entry = Compared.of(CASE, "a CPU", estimated, [a_round(CASE, 8.0)])
    assert entry.estimate.value == pytest.approx(8.0)
    assert (entry.rows, entry.full, entry.full_rounds) == (64, 8.0, 1)


@pytest.mark.skipif(not MEASURED.exists(), reason="nothing was measured yet")
def test_the_committed_table_is_fresh_and_no_estimate_in_it_missed() -> None:
    measured = kept()
    assert TABLE.read_text(encoding="utf-8") == table(measured)
    assert {entry.case.rung for entry in measured} <= set(RUNGS)
    assert len({entry.case for entry in measured}) == len(measured)
    assert not [str(entry.case) for entry in measured if entry.verdict == "MISSED"]


def test_rounds_with_interference_are_not_kept_whatever_their_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_sampling, "MEASURED", tmp_path / "measured.jsonl")
    calm = [a_round(CASE, 1.0, 1.0, rows=64, number=number) for number in (2, 3)]
    (idle,) = [a_round(CASE, 16.0, number=4)]
    half = [sample.model_copy(update={"cpu_ns": sample.wall_ns // 2}) for sample in idle.samples]
    seen = Conditions(
        wall_ns=16 * 10**9,
        cpus=2,
        busy_ns=16 * 10**9,
        steal_ns=6 * 10**9,
        swapped_pages=0,
        throttled=None,
        available_bytes=1,
        mhz=None,
    )
    disturbed = idle.model_copy(update={"samples": tuple(half), "conditions": seen})
    assert "steal" in row_sampling._keep(CASE, [*calm, disturbed])
    assert kept() == []
    assert "16.0 s in full" in row_sampling._keep(CASE, [*calm, idle])
    assert [entry.full for entry in kept()] == [16.0]
