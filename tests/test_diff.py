"""Two runs against each other: what differs, what cannot be told, and no false alarms."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from harness.diff import FALSE_ALARMS, Difference, check_slowdown, diff
from harness.errors import GateError, UsageError
from harness.model.cases import Case
from harness.model.journal import Entry, Machine
from harness.report.difference import section_of
from harness.store import RunFolder
from tests.conftest import Command
from tests.factories import a_case, a_failed_round, a_journal, a_manifest, a_rung, rounds_of
from tests.simulation import KINDS, N, World, simulate
from tests.test_analyze import MACHINE

MANIFESTS = [a_manifest("alpha"), a_manifest("beta")]
RUNGS = ("naive", "recursive")
LADDER = [a_manifest(name, "naive", a_rung("recursive", rows_independent=False)) for name in ("alpha", "beta")]


def a_run(*rounds: Entry, machine: Machine | None = MACHINE) -> list[Entry]:
    return a_journal(MANIFESTS, [*([machine] if machine else []), *rounds])


def steady(name: str, seconds: float) -> Sequence[Entry]:
    return rounds_of(name, *([seconds * share] for share in (0.99, 1.0, 1.0, 1.0, 1.01)))


def verdicts(difference: Difference) -> dict[str, str]:
    return {change.case.name: change.verdict for change in difference.changes}


def test_what_takes_longer_is_slower_and_what_takes_as_long_is_a_tie() -> None:
    before = a_run(*steady("alpha/naive", 1.0), *steady("beta/naive", 2.0))
    difference = diff(before, a_run(*steady("alpha/naive", 1.3), *steady("beta/naive", 2.01)))
    assert verdicts(difference) == {"alpha/naive": "slower", "beta/naive": "tie"}
    assert difference.changes[0].ratio.value == pytest.approx(1.3)
    assert not difference.changes[0].ratio.holds(1.2)
    assert verdicts(diff(before, a_run(*steady("alpha/naive", 0.7)))) == {"alpha/naive": "faster"}


def test_a_difference_below_the_noise_floor_is_a_tie() -> None:
    twin = [r.model_copy(update={"case": a_case("beta/naive").model_copy(update={"twin": True})}) for r in
            rounds_of("beta/naive", *([2.4 * share] for share in (0.99, 1.0, 1.0, 1.0, 1.01)))]  # fmt: skip
    before = a_run(*steady("alpha/naive", 1.0), *steady("beta/naive", 2.0), *twin)
    difference = diff(before, a_run(*steady("alpha/naive", 1.15)))
    assert difference.floor > 0.2
    assert verdicts(difference) == {"alpha/naive": "tie"}
    check_slowdown(difference, 0.0)


def test_different_cpus_are_not_mixed_and_it_says_what_differs() -> None:
    other = MACHINE.model_copy(update={"cpu": "Slow CPU", "features": ("neon",)})
    with pytest.raises(UsageError) as refused:
        diff(a_run(*steady("alpha/naive", 1.0)), a_run(*steady("alpha/naive", 1.0), machine=other))
    assert "cpu: Fast CPU in the first, Slow CPU in the second" in str(refused.value)
    assert "features: avx2 in the first, neon in the second" in str(refused.value)


def test_a_run_without_its_machine_is_not_compared() -> None:
    with pytest.raises(UsageError, match="does not say which CPU"):
        diff(a_run(*steady("alpha/naive", 1.0), machine=None), a_run(*steady("alpha/naive", 1.0)))


def test_without_a_case_in_common_there_is_nothing_to_say() -> None:
    with pytest.raises(UsageError, match="no case was measured in both"):
        diff(a_run(*steady("alpha/naive", 1.0)), a_run(*steady("beta/naive", 1.0)))


def test_what_one_run_lacks_and_what_else_differs_is_listed() -> None:
    before = a_run(*steady("alpha/naive", 1.0), *steady("beta/naive", 2.0))
    newer = MACHINE.model_copy(update={"kernel": "6.13"})
    after = a_run(*steady("alpha/naive", 1.0), a_failed_round(a_case("beta/naive"), "hung"), machine=newer)
    points = section_of(diff(before, after)).points
    assert "beta/naive (1 thread), n = 16: hung in r1" in points
    assert "kernel: 6.12 in the first, 6.13 in the second" in points


def test_only_a_slowdown_that_is_certain_fails_the_gate() -> None:
    before = a_run(*steady("alpha/naive", 1.0))
    check_slowdown(diff(before, a_run(*steady("alpha/naive", 1.055))), 0.05)  # more than 5 %, but perhaps by chance
    check_slowdown(diff(before, a_run(*steady("alpha/naive", 0.5))), 0.05)
    with pytest.raises(GateError, match=r"slower by more than 5 %, for certain: alpha/naive \(1 thread\) \+20.0%"):
        check_slowdown(diff(before, a_run(*steady("alpha/naive", 1.2))), 0.05)


# --- simulated: runs that are the same, and runs that are not ------------------------------------------------

TRUE_S = {
    Case(implementation=name, rung=rung, n=N, threads=1, twin=twin): seconds
    for name, rung, seconds, twin in [
        ("alpha", "naive", 600.0, False),
        ("alpha", "recursive", 0.25, False),
        ("beta", "naive", 100.0, False),
        ("beta", "recursive", 0.1, False),
        ("beta", "naive", 100.0, True),
    ]
}


def simulated(seed: int, slower: float = 1.0) -> list[Entry]:
    """A whole run of five cases, one of them a twin; of the case that may be slower."""
    true_s = {case: s * (slower if case.name == "alpha/recursive" else 1.0) for case, s in TRUE_S.items()}
    options: dict[str, Any] = {"n": N, "rungs": RUNGS, "budget_s": 10.0, "precision": 0.03, "twin": True}
    empty = a_journal(LADDER, [MACHINE], **options)
    rungs = {case: LADDER[0].held(case.rung) for case in true_s}
    chosen = next(entry.options for entry in empty if entry.kind == "started")
    rounds = simulate(World(KINDS["usual"], seed), true_s, chosen, rungs)
    return [*empty, *(entry for case in rounds for entry in rounds[case])]


@cache
def equal_runs() -> list[Difference]:
    return [diff(simulated(2 * number), simulated(2 * number + 1)) for number in range(200)]


def fails(difference: Difference, limit: float) -> bool:
    try:
        check_slowdown(difference, limit)
    except GateError:
        return True
    return False


@pytest.mark.parametrize(("limit", "most"), [(0.05, 2), (0.0, 200 * FALSE_ALARMS)])
def test_of_200_diffs_of_equal_runs_no_more_fail_than_is_stated(limit: float, most: float) -> None:
    assert sum(fails(difference, limit) for difference in equal_runs()) <= most


def test_a_case_of_equal_runs_is_called_different_in_five_of_a_hundred_at_the_most() -> None:
    changes = [change for difference in equal_runs() for change in difference.changes]
    assert sum(change.verdict != "tie" for change in changes) <= 0.05 * len(changes)


def test_a_slowdown_of_a_quarter_is_found() -> None:
    found = [diff(simulated(2 * number), simulated(2 * number + 1, slower=1.25)) for number in range(20)]
    assert sum(fails(difference, 0.05) for difference in found) >= 18


# --- the command ---------------------------------------------------------------------------------------------


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for run, seconds in {"r1": 1.0, "r2": 1.2}.items():
        folder = RunFolder(tmp_path / "results", run)
        for entry in a_run(*steady("alpha/naive", seconds)):
            folder.append(entry.model_copy(update={"run": run}) if entry.kind == "started" else entry)
    return tmp_path


@pytest.mark.usefixtures("results")
def test_diff_prints_the_cases_and_the_gate_ends_with_3(harness: Command) -> None:
    ended = harness("diff", "r1", "r2")
    assert (ended.code, ended.err) == (0, "")
    assert "r1 → r2" in ended.out
    assert "1 slower, 0 faster, 0 ties" in ended.out
    gated = harness("diff", "r1", "r2", "--fail-above", "5%")
    assert gated.code == 3
    assert "harness: slower by more than 5 %, for certain: alpha/naive" in gated.err
    assert harness("diff", "r2", "r1", "--fail-above", "5").code == 0


@pytest.mark.parametrize("text", ["much", "-1%", "5%%"])
@pytest.mark.usefixtures("results")
def test_a_limit_that_is_no_percentage_is_explained(text: str, harness: Command) -> None:
    ended = harness("diff", "r1", "r2", f"--fail-above={text}")
    assert (ended.code, ended.out) == (2, "")
    assert "--fail-above" in ended.err
