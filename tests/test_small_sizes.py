"""The table of figures at small n beside longer containers: what holds, and that the committed one is fresh."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.experiments import matmul
from harness.images.catalog import load_catalog, root
from harness.model.comparison import Interval
from tests import small_sizes
from tests.factories import a_case
from tests.small_sizes import MEASURED, TABLE, Beside, kept, missing_of, table

CASE = a_case("c/naive", n=64)
FIGURE = Interval(value=1.0, low=0.9, high=1.1)


def an_entry(long: float, measured: Interval | None = FIGURE, reason: str | None = None) -> Beside:
    return Beside(case=CASE, cpu="a CPU", measured=measured, reason=reason, ran_s=0.6, long_ran_s=60.0, long=long)


@pytest.mark.parametrize(
    ("entry", "error", "verdict"),
    [
        (an_entry(1.05), "-4.8%", "good"),
        (an_entry(0.5), "+100.0%", "OFF"),
        (an_entry(1.2), "-16.7%", "OFF"),
        (an_entry(0.5, None, "no steady state"), "–", "no figure"),
    ],
)
def test_a_figure_is_close_to_that_of_a_container_that_ran_longer_or_claims_nothing(
    entry: Beside, error: str, verdict: str
) -> None:
    row = next(line for line in table([entry]).splitlines() if "c/naive" in line)
    assert row.replace(" ", "").endswith(f"|100×|{error}|{verdict.replace(' ', '')}|")


def test_the_table_tells_how_many_are_close_and_how_far_off_they_are() -> None:
    told = table([an_entry(1.05), an_entry(0.5), an_entry(0.5, None, "no steady state")])
    assert "Of 3, 1 are good, 1 have no figure and 1 are off. The errors are 52.4% (median) and 100.0% (the la" in told


def test_only_what_is_missing_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small_sizes, "MEASURED", tmp_path / "measured.jsonl")
    source = load_catalog(root(), matmul.NAME).implementations["c"]
    everything = missing_of(source, 64, 1)
    assert everything == [rung.name for rung in source.manifest.rungs]
    assert set(missing_of(source, 64, 2)) < set(everything)  # the others have one thread
    small_sizes.MEASURED.write_text(an_entry(1.0).model_dump_json() + "\n")
    assert missing_of(source, 64, 1) == [it for it in everything if it != "naive"]
    assert missing_of(source, 32, 1) == everything


@pytest.mark.skipif(not MEASURED.exists(), reason="nothing was measured yet")
def test_the_committed_table_is_fresh() -> None:
    measured = kept()
    assert TABLE.read_text(encoding="utf-8") == table(measured)
    assert len({entry.case for entry in measured}) == len(measured)
