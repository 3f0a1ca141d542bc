"""Two runs against each other: what differs, what cannot be told, and no false alarms."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.analysis.diff import FALSE_ALARMS, Change, Difference, check_slowdown, diff
from harness.errors import GateError, UsageError
from harness.model.cases import Case
from harness.model.journal import Entry, Image, Machine
from harness.model.manifests import Info
from harness.report.difference import section_of
from harness.store import RunFolder
from tests.conftest import Command
from tests.factories import a_case, a_failed_round, a_journal, a_manifest, a_rung, rounds_of
from tests.simulation import KINDS, N, World, simulate
from tests.test_analyze import MACHINE

MANIFESTS = [a_manifest("alpha"), a_manifest("beta")]
RUNGS = ("naive", "recursive")
LADDER = [a_manifest(name, "naive", a_rung("recursive", rows_independent=False)) for name in ("alpha", "beta")]


def a_run(*rounds: Entry, machine: Machine | None = MACHINE, run: str = "r1") -> list[Entry]:
    started, *others = a_journal(MANIFESTS, [*([machine] if machine else []), *rounds])
    return [started.model_copy(update={"run": run}), *others]


def steady(name: str, seconds: float) -> Sequence[Entry]:
    return rounds_of(name, *([seconds * share] for share in (0.99, 1.0, 1.0, 1.0, 1.01)))


def verdicts(difference: Difference) -> dict[str, str]:
    return {c.case.name: verdict for c, verdict in zip(difference.changes, difference.verdicts(), strict=True)}


def test_what_takes_longer_is_slower_and_what_takes_as_long_is_not_significant() -> None:
    before = a_run(*steady("alpha/naive", 1.0), *steady("beta/naive", 2.0))
    difference = diff(before, a_run(*steady("alpha/naive", 1.3), *steady("beta/naive", 2.01)))
    assert verdicts(difference) == {"alpha/naive": "slower", "beta/naive": "not significant"}
    assert difference.changes[0].ratio.value == pytest.approx(1.3)
    assert not difference.changes[0].ratio.holds(1.2)
    assert verdicts(diff(before, a_run(*steady("alpha/naive", 0.7)))) == {"alpha/naive": "faster"}


def test_a_difference_below_the_noise_floor_is_not_significant() -> None:
    control = [r.model_copy(update={"case": a_case("beta/naive").model_copy(update={"control": True})}) for r in
            rounds_of("beta/naive", *([2.4 * share] for share in (0.99, 1.0, 1.0, 1.0, 1.01)))]  # fmt: skip
    before = a_run(*steady("alpha/naive", 1.0), *steady("beta/naive", 2.0), *control)
    difference = diff(before, a_run(*steady("alpha/naive", 1.15), *steady("beta/naive", 2.0)))
    assert difference.changes[0].floor > 0.2
    assert verdicts(difference) == {"alpha/naive": "not significant", "beta/naive": "not significant"}
    check_slowdown(difference, 0.0)


def test_different_cpus_are_not_mixed_and_it_says_what_differs() -> None:
    other = MACHINE.model_copy(update={"cpu": "Slow CPU", "features": ("neon",)})
    with pytest.raises(UsageError) as refused:
        diff(a_run(*steady("alpha/naive", 1.0)), a_run(*steady("alpha/naive", 1.0), machine=other, run="r2"))
    assert str(refused.value) == (
        "r1 and r2 were measured on different CPUs, of which no ratio is taken.\n"
        "cpu: Fast CPU in the first, Slow CPU in the second\n"
        "features: avx2 in the first, neon in the second\n"
        "Measure both on one machine, or read the two reports side by side."
    )


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (("a", "b", "c"), ("c",), "features: a b in the first, nothing more in the second"),
        (("c",), ("a", "b", "c"), "features: nothing more in the first, a b in the second"),
    ],
)
def test_of_long_lists_only_what_differs_is_told(before: tuple[str, ...], after: tuple[str, ...], said: str) -> None:
    runs = [
        a_run(*steady("alpha/naive", 1.0), machine=MACHINE.model_copy(update={"features": features}))
        for features in (before, after)
    ]
    with pytest.raises(UsageError) as refused:
        diff(*runs)
    assert said in str(refused.value).splitlines()


@pytest.mark.parametrize("nameless", [0, 1])
def test_a_run_without_its_machine_is_not_compared(nameless: int) -> None:
    machines = [None if place == nameless else MACHINE for place in (0, 1)]
    runs = [
        a_run(*steady("alpha/naive", 1.0), machine=machine, run=run)
        for machine, run in zip(machines, ("r1", "r2"), strict=True)
    ]
    with pytest.raises(UsageError) as refused:
        diff(*runs)
    assert str(refused.value) == (
        f"r{1 + nameless} does not say which CPU it was measured on: it ended before it was read"
    )


def test_without_a_case_in_common_there_is_nothing_to_say() -> None:
    other = a_journal(MANIFESTS, [MACHINE], n=32)
    with pytest.raises(UsageError, match="r2 and r1 have no case in common: their n, rungs and threads must match"):
        diff(a_run(*steady("alpha/naive", 1.0), run="r2"), other)


FAILURE = a_failed_round(a_case("beta/naive"), "hung")
BOTH = [*steady("alpha/naive", 1.0), *steady("beta/naive", 2.0)]


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ([*steady("alpha/naive", 1.0), FAILURE], "beta/naive (1 thread), n = 16: hung in r1"),
        (steady("alpha/naive", 1.0), "beta/naive (1 thread), n = 16: not measured in r1"),
        ([], "alpha/naive (1 thread), n = 16: not measured in r1; beta/naive"),
    ],
)
def test_a_case_that_fails_or_vanished_fails_the_gate(after: Sequence[Entry], said: str) -> None:
    with pytest.raises(GateError) as failed:
        check_slowdown(diff(a_run(*BOTH), a_run(*after)), 0.5)
    assert f"lost results (measured in r1): {said}" in str(failed.value)
    assert "slower" not in str(failed.value)


def test_the_gate_names_every_case_and_why() -> None:
    manifests = [a_manifest("alpha"), a_manifest("beta"), a_manifest("gamma")]
    before = [entry for name in ("alpha/naive", "beta/naive", "gamma/naive") for entry in steady(name, 1.0)]
    after = [*steady("alpha/naive", 1.2), *steady("beta/naive", 1.5)]
    with pytest.raises(GateError) as failed:
        check_slowdown(diff(a_journal(manifests, [MACHINE, *before]), a_journal(manifests, [MACHINE, *after])), 0.1)
    assert str(failed.value).splitlines() == [
        "slower by more than 10 % at 95 % confidence: alpha/naive (1 thread) +20.0%, beta/naive (1 thread) +50.0%",
        "lost results (measured in r1): gamma/naive (1 thread), n = 16: not measured in r1",
    ]


def test_a_case_that_is_new_or_was_fixed_fails_no_gate() -> None:
    difference = diff(a_run(*steady("alpha/naive", 1.0), FAILURE), a_run(*BOTH))
    check_slowdown(difference, 0.0)
    assert difference.gained == ("beta/naive (1 thread), n = 16: hung in r1",)


def test_a_case_measured_once_is_not_called_insignificant() -> None:
    difference = diff(a_run(*steady("alpha/naive", 1.0)), a_run(*rounds_of("alpha/naive", [3.0])))
    assert verdicts(difference) == {"alpha/naive": "unknown"}
    assert "1 unknown (a single round)" in section_of(difference).intro


# --- what the cases were built from --------------------------------------------------------------------------

LIBRARY = a_manifest("gamma", "naive", a_rung("library", image="library"))


def with_library(**changes: Any) -> list[Entry]:
    """A run of a rung of its own and one of a library, whose image is this one."""
    image = Image(name="gamma-library", tag="l:1", digest="sha256:1", info=Info(toolchain="BLAS 1", rungs={}))
    rounds = [*steady("gamma/naive", 1.0), *steady("gamma/library", 1.0)]
    return a_journal(
        [LIBRARY],
        [MACHINE, image.model_copy(update=changes), *rounds],
        rungs=("naive", "library"),
        baseline="gamma/naive",
    )


REBUILT = "image gamma-library: rebuilt from the same sources, recipe and base, but its bytes differ"
CHANGED = "image gamma-library: different sources, recipe or base"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"tag": "l:2"}, []),
        ({"digest": "sha256:2"}, [REBUILT]),
        ({"tag": "l:2", "digest": "sha256:2"}, [CHANGED]),
        (
            {"tag": "l:2", "digest": "sha256:2", "info": Info(toolchain="BLAS 2", rungs={})},
            [f"{CHANGED} (BLAS 1, then BLAS 2)"],
        ),
    ],
)
def test_the_images_of_libraries_are_compared_and_an_identical_rebuild_is_called_that(
    changes: dict[str, Any], said: list[str]
) -> None:
    assert list(diff(with_library(), with_library(**changes)).conditions) == said


# --- many cases ----------------------------------------------------------------------------------------------

MANY = 40
MANY_RUNGS = [a_rung(f"r{number}") for number in range(MANY)]


def many(seed: int, slower: float = 1.0) -> list[Entry]:
    """A run of forty cases whose containers differ by 2 %; of the first one that may be slower."""
    draw = np.random.default_rng(seed)
    rounds = [
        entry
        for number, rung in enumerate(MANY_RUNGS)
        for entry in rounds_of(
            f"alpha/{rung.name}",
            *([(slower if number == 0 else 1.0) * float(np.exp(0.02 * draw.normal()))] for _ in range(8)),
        )
    ]
    names = tuple(rung.name for rung in MANY_RUNGS)
    return a_journal([a_manifest("alpha", *MANY_RUNGS)], [MACHINE, *rounds], rungs=names, baseline="alpha/r0")


@cache
def equal_runs_of_many_cases() -> list[Difference]:
    return [diff(many(2 * number), many(2 * number + 1)) for number in range(60)]


def test_of_diffs_of_many_cases_no_more_fail_by_chance_than_of_few() -> None:
    """Without the correction for their number 32 of these 60 failed, and multiplied instead of divided all did."""
    differences = equal_runs_of_many_cases()
    assert sum(fails(difference, 0.0) for difference in differences) <= 60 * 2 * FALSE_ALARMS
    assert sum(set(difference.verdicts()) != {"not significant"} for difference in differences) <= 60 * 2 * FALSE_ALARMS


def test_the_correction_costs_no_large_slowdown() -> None:
    found = diff(many(1), many(2, slower=1.15))
    assert verdicts(found)["alpha/r0"] == "slower"
    assert fails(found, 0.05)


def test_what_is_certain_leaves_its_share_of_the_risk_to_the_others() -> None:
    """Holm's: what may be chance where one of two cases differs is beyond it where the other certainly does."""
    close = [[share] for share in (0.985, 1.015, 0.99, 1.01, 1.0, 1.0)]
    closest = next(
        factor
        for factor in np.linspace(1.0, 1.05, 200)
        if change_alone(close, factor).within(FALSE_ALARMS / 2).low > 1  # type: ignore[operator]
    )
    alone = [*rounds_of("alpha/naive", *close), *rounds_of("beta/naive", *close)]
    equal = [*rounds_of("alpha/naive", *scaled(close, closest)), *rounds_of("beta/naive", *close)]
    certain = [*rounds_of("alpha/naive", *scaled(close, closest)), *rounds_of("beta/naive", *scaled(close, 2.0))]
    assert verdicts(diff(a_run(*alone), a_run(*equal))) == {
        "alpha/naive": "not significant",
        "beta/naive": "not significant",
    }
    assert verdicts(diff(a_run(*alone), a_run(*certain))) == {"alpha/naive": "slower", "beta/naive": "slower"}


def scaled(rounds: Sequence[Sequence[float]], factor: float) -> list[list[float]]:
    return [[factor * seconds for seconds in samples] for samples in rounds]


def change_alone(rounds: Sequence[Sequence[float]], factor: float) -> Change:
    before, after = rounds_of("alpha/naive", *rounds), rounds_of("alpha/naive", *scaled(rounds, factor))
    (change,) = diff(a_run(*before), a_run(*after)).changes
    return change


def test_what_one_run_lacks_and_what_else_differs_is_listed() -> None:
    before = a_run(*steady("alpha/naive", 1.0), *steady("beta/naive", 2.0))
    newer = MACHINE.model_copy(update={"kernel": "6.13"})
    after = a_run(*steady("alpha/naive", 1.0), a_failed_round(a_case("beta/naive"), "hung"), machine=newer)
    points = section_of(diff(before, after)).points
    assert "beta/naive (1 thread), n = 16: hung in r1" in points
    assert "kernel: 6.12 in the first, 6.13 in the second" in points


def test_only_a_significant_slowdown_fails_the_gate() -> None:
    before = a_run(*steady("alpha/naive", 1.0))
    check_slowdown(diff(before, a_run(*steady("alpha/naive", 1.055))), 0.05)  # more than 5 %, but perhaps by chance
    check_slowdown(diff(before, a_run(*steady("alpha/naive", 0.5))), 0.05)
    with pytest.raises(
        GateError, match=r"slower by more than 5 % at 95 % confidence: alpha/naive \(1 thread\) \+20.0%"
    ):
        check_slowdown(diff(before, a_run(*steady("alpha/naive", 1.2))), 0.05)


# --- simulated: runs that are the same, and runs that are not ------------------------------------------------

TRUE_S = {
    Case(implementation=name, rung=rung, n=N, threads=1, control=control): seconds
    for name, rung, seconds, control in [
        ("alpha", "naive", 600.0, False),
        ("alpha", "recursive", 0.25, False),
        ("beta", "naive", 100.0, False),
        ("beta", "recursive", 0.1, False),
        ("beta", "naive", 100.0, True),
    ]
}


ROWS = World(KINDS["usual"], seed=0).rows
"""What each row costs, by its place: the same in all runs of a case."""


def simulated(seed: int, slower: float = 1.0) -> list[Entry]:
    """A whole run of five cases, one of them an A/A control; of the case that may be slower."""
    true_s = {case: s * (slower if case.name == "alpha/recursive" else 1.0) for case, s in TRUE_S.items()}
    options: dict[str, Any] = {"n": N, "rungs": RUNGS, "budget_s": 10.0, "precision": 0.03, "controls": True}
    empty = a_journal(LADDER, [MACHINE], **options)
    rungs = {case: LADDER[0].held(case.rung) for case in true_s}
    chosen = next(entry.options for entry in empty if entry.kind == "started")
    world = World(KINDS["usual"], seed)
    world.rows = ROWS.copy()
    rounds = simulate(world, true_s, chosen, rungs)
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


def test_any_case_of_equal_runs_is_called_different_in_five_of_a_hundred_at_the_most() -> None:
    assert sum(set(difference.verdicts()) != {"not significant"} for difference in equal_runs()) <= 200 * FALSE_ALARMS


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
    assert "1 slower, 0 faster, 0 not significant" in ended.out
    gated = harness("diff", "r1", "r2", "--fail-above", "5%")
    assert gated.code == 3
    assert "harness: slower by more than 5 % at 95 % confidence: alpha/naive" in gated.err
    assert harness("diff", "r2", "r1", "--fail-above", "5").code == 0


@pytest.mark.parametrize("text", ["much", "-1%", "5%%"])
@pytest.mark.usefixtures("results")
def test_a_limit_that_is_no_percentage_is_explained(text: str, harness: Command) -> None:
    ended = harness("diff", "r1", "r2", f"--fail-above={text}")
    assert (ended.code, ended.out) == (2, "")
    assert "--fail-above" in ended.err
