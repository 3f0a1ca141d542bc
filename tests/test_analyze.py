"""From scripted times to figures: means, intervals, ratios, what differs and what to be warned of."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest

from harness.analysis.analyze import analyze
from harness.model.cases import Failure, Sample
from harness.model.comparison import Comparison, Interval, Ratio, Row
from harness.model.journal import Change, Entry, Image, Machine, Peak, Reading, Rejected, Resumed, Tuned
from harness.model.manifests import AbsentRung, Manifest
from tests.factories import (
    a_case,
    a_failed_round,
    a_journal,
    a_manifest,
    a_round,
    a_rung,
    rounds_of,
)

ALPHA, BETA = a_manifest("alpha", "naive", "parallel"), a_manifest("beta", "naive")
MACHINE = Machine(
    cpu="Fast CPU",
    architecture="x86_64",
    features=("avx2",),
    cores=2,
    caches={"L2": "1024K"},
    memory_bytes=2**34,
    kernel="6.12",
    transparent_huge_pages="madvise",
    governor="performance",
    load_1m=0.1,
    engine="an engine",
)


def analyzed(
    rounds: Sequence[Entry], manifests: Sequence[Manifest] = (ALPHA, BETA), *, finished: bool = True, **options: object
) -> Comparison:
    return analyze(a_journal(manifests, rounds, finished=finished, **options))


def row(comparison: Comparison, name: str) -> Row:
    return next(row for row in comparison.rows if row.name == name)


def known(interval: Interval | None) -> tuple[float, float, float]:
    """The value and the ends of an interval that must be there."""
    assert interval is not None
    assert interval.low is not None
    assert interval.high is not None
    return interval.value, interval.low, interval.high


def test_a_case_that_takes_half_the_time_is_two_times_faster() -> None:
    rounds = rounds_of("alpha/naive", *[[2.0] * 3] * 3) + rounds_of("beta/naive", *[[1.0] * 3] * 3)
    comparison = analyzed(rounds)
    assert known(row(comparison, "beta/naive").seconds) == pytest.approx((1, 1, 1))
    assert known(row(comparison, "beta/naive").ratio) == pytest.approx((2, 2, 2))
    assert known(row(comparison, "alpha/naive").ratio) == (1, 1, 1)


def test_the_interval_holds_the_value_and_widens_with_the_spread_between_rounds() -> None:
    narrow, wide = (
        known(row(analyzed(rounds_of("alpha/naive", *rounds)), "alpha/naive").seconds)
        for rounds in ([[0.99], [1.0], [1.01]], [[0.9], [1.0], [1.1]])
    )
    for value, low, high in (narrow, wide):
        assert low < value < high
        assert value == pytest.approx(1.0)
    assert wide[2] - wide[1] > 5 * (narrow[2] - narrow[1])


def test_the_same_journal_gives_the_same_intervals() -> None:
    rounds = rounds_of("alpha/naive", [0.9, 0.8], [1.0, 1.3], [1.1, 1.2])
    assert analyzed(rounds) == analyzed(rounds)


def test_a_single_round_has_no_interval_and_says_so() -> None:
    comparison = analyzed(rounds_of("alpha/naive", [1.0, 1.0, 1.2]))
    assert row(comparison, "alpha/naive").seconds == Interval(value=1.1)
    assert "only one round, so the spread is unknown: alpha/naive" in comparison.warnings


def test_a_ratio_to_a_single_round_has_no_interval() -> None:
    comparison = analyzed(rounds_of("alpha/naive", [2.0]) + rounds_of("beta/naive", [1.0], [1.0]))
    assert row(comparison, "beta/naive").ratio == Ratio(value=2.0, not_significant=True)


def test_a_difference_below_the_noise_is_not_significant() -> None:
    alpha = a_manifest("alpha", "naive", "interchanged", "parallel")
    comparison = analyzed(
        rounds_of("alpha/naive", [1.0], [1.1], [0.9])
        + rounds_of("alpha/interchanged", [0.98], [1.08], [0.9])
        + rounds_of("alpha/parallel", [0.5], [0.51], [0.49], threads=2),
        [alpha],
        rungs=("naive", "interchanged", "parallel"),
    )
    close, faster = row(comparison, "alpha/interchanged").step, row(comparison, "alpha/parallel").step
    assert close is not None
    assert faster is not None
    assert close.holds(1.0)
    assert not faster.holds(1.0)


def test_the_step_of_a_rung_is_from_the_one_it_was_made_from() -> None:
    alpha = a_manifest("alpha", "naive", "interchanged", "parallel", "recursive")
    comparison = analyzed(
        rounds_of("alpha/naive", [6.0], [6.0])
        + rounds_of("alpha/interchanged", [2.0], [2.0])
        + rounds_of("alpha/parallel", [3.0], [3.0], threads=2)
        + rounds_of("alpha/recursive", [1.0], [1.0]),
        [alpha],
        rungs=("naive", "interchanged", "parallel", "recursive"),
    )
    steps = {row.rung: (row.step_from, row.step.value) for row in comparison.rows if row.step}
    assert steps == {"interchanged": ("naive", 3.0), "parallel": ("naive", 2.0), "recursive": ("parallel", 3.0)}


def test_efficiency_is_against_the_same_rung_on_one_thread() -> None:
    alpha = a_manifest("alpha", a_rung("intrinsics", threads="all"))
    comparison = analyzed(
        rounds_of("alpha/intrinsics", [1.9], [1.9], threads=1) + rounds_of("alpha/intrinsics", [1.0], [1.0], threads=2),
        [alpha],
        rungs=("intrinsics",),
        threads=(1, 2),
    )
    found = {row.threads: row.efficiency for row in comparison.rows}
    assert found[1] is None
    assert known(found[2]) == pytest.approx((0.95, 0.95, 0.95))


def test_efficiency_has_the_uncertainty_of_both() -> None:
    naive = rounds_of("alpha/naive", [2.9], [3.1])
    parallel = rounds_of("alpha/parallel", [1.9], [2.1], threads=2)
    value, low, high = known(row(analyzed(naive + parallel), "alpha/parallel").efficiency)
    assert value == pytest.approx(0.75)
    assert low < 0.7
    assert high > 0.8


def test_every_rung_stands_beside_the_references() -> None:
    manifests = [a_manifest("alpha", "naive", "parallel"), a_manifest("beta", "naive", "parallel")]
    comparison = analyzed(
        rounds_of("alpha/naive", [8.0], [8.0])
        + rounds_of("alpha/parallel", [2.0], [2.0], threads=2)
        + rounds_of("beta/naive", [4.0], [4.0])
        + rounds_of("beta/parallel", [3.0], [3.0], threads=2),
        manifests,
        reference="beta",
    )
    beside = {
        row.name: (row.vs_reference.value, row.vs_reference_naive.value)
        for row in comparison.rows
        if row.vs_reference and row.vs_reference_naive
    }
    assert beside == {
        "alpha/naive": (0.5, 0.5),
        "alpha/parallel": (1.5, 2.0),
        "beta/naive": (1.0, 1.0),
        "beta/parallel": (1.0, pytest.approx(4 / 3)),
    }


def test_sampled_rows_are_scaled_to_the_whole_product() -> None:
    case = a_case("alpha/naive", n=16)
    found = row(analyzed([a_round(case, 1.0, rows=4, number=k) for k in (2, 3)]), "alpha/naive")
    assert known(found.seconds) == pytest.approx((4, 4, 4), rel=0.01)
    assert found.rows_computed == 4
    assert found.gflops == pytest.approx(2 * 16**3 / 4 / 1e9)


def test_the_cold_sample_is_left_out_and_shown() -> None:
    found = row(analyzed(rounds_of("alpha/naive", [9.0, 1.0, 1.0], [7.0, 1.0, 1.0])), "alpha/naive")
    assert known(found.seconds) == pytest.approx((1, 1, 1))
    assert found.first_sample_seconds == 8.0
    assert (found.rounds, found.samples) == (2, 4)


def test_every_round_weighs_the_same_however_many_samples_it_has() -> None:
    found = row(analyzed(rounds_of("alpha/naive", [9.0, 1.0], [27.0, 3.0, 3.0, 3.0, 3.0])), "alpha/naive")
    assert known(found.seconds)[0] == pytest.approx(2.0)


def test_the_pilot_is_left_out() -> None:
    pilot = a_round(a_case("alpha/naive"), 5.0, rows=1, number=1)
    found = row(analyzed([pilot, *rounds_of("alpha/naive", [1.0], [1.0], [1.0])]), "alpha/naive")
    assert known(found.seconds) == pytest.approx((1, 1, 1))
    assert found.rounds == 3


def test_figures_of_a_parallel_case() -> None:
    naive = rounds_of("alpha/naive", [3.0], [3.0])
    parallel = rounds_of("alpha/parallel", [2.0], [2.0], threads=2)
    found = row(analyzed(naive + parallel), "alpha/parallel")
    assert known(found.ratio_per_core) == pytest.approx((0.75, 0.75, 0.75))
    assert known(found.efficiency) == pytest.approx((0.75, 0.75, 0.75))
    assert found.busy_cores == pytest.approx(2.0)
    assert found.step_from == "naive"
    assert known(found.step) == pytest.approx((1.5, 1.5, 1.5))
    assert found.peak_share == pytest.approx(2 * 16**3 / 2.0 / 1e9 / 80)


def test_ratios_to_the_row_above_to_naive_and_of_a_core_have_their_intervals_and_verdicts() -> None:
    manifests = [a_manifest("python"), a_manifest("c", "naive", "parallel")]
    comparison = analyzed(
        rounds_of("python/naive", [3.1], [2.9], [3.0])
        + rounds_of("c/naive", [3.0], [2.9], [3.1])
        + rounds_of("c/parallel", [1.6], [1.5], [1.4], threads=2),
        manifests,
        baseline="python/naive",
        reference="c",
    )
    same, faster = row(comparison, "c/naive"), row(comparison, "c/parallel")
    ratios = (same.ratio, faster.ratio, faster.step, faster.vs_reference_naive)
    assert [found.not_significant for found in ratios if found] == [True, False, False, False]
    value, low, high = known(faster.vs_reference_naive)
    assert low < value < high
    value, low, high = known(faster.ratio)
    assert known(faster.ratio_per_core) == pytest.approx((value / 2, low / 2, high / 2))
    beside = {entry.case: entry.here_to_row_above for entry in comparison.published}
    assert (beside["python/naive"], beside["java/naive"]) == (None, None)
    assert beside["c/naive"] is None  # Java, which is above it in the table, was not measured
    assert beside["c/parallel"] == faster.step
    baseline = row(comparison, "python/naive").ratio
    assert baseline == Ratio(value=1.0, low=1.0, high=1.0, not_significant=False)


def test_a_serial_case_has_no_efficiency_and_the_first_rung_no_step() -> None:
    found = row(analyzed(rounds_of("alpha/naive", [3.0], [3.0])), "alpha/naive")
    assert (found.efficiency, found.step, found.step_from) == (None, None, None)


FAILED = a_failed_round(a_case("beta/naive"), "wrong product", number=4)
NOT_BUILT = Rejected(case=a_case("beta/naive"), failure=Failure(stage="build", reason="it did not compile"))


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ([FAILED], "wrong product"),
        ([NOT_BUILT], "it did not compile"),
        ([], "the run was interrupted before it was measured"),
    ],
)
def test_a_case_without_a_result_has_its_reason_and_no_ratio(entries: list[Entry], reason: str) -> None:
    good = rounds_of("alpha/naive", [2.0], [2.0])
    found = row(analyzed([*good, *entries]), "beta/naive")
    assert (found.outcome, found.reason) == ("failed", reason)
    assert (found.seconds, found.ratio, found.gflops, found.sha256) == (None, None, None, None)


def test_one_failed_round_takes_the_good_ones_with_it() -> None:
    good = rounds_of("alpha/naive", [2.0], [2.0]) + rounds_of("beta/naive", [0.001], [0.001])
    found = row(analyzed([*good, FAILED]), "beta/naive")
    assert (found.outcome, found.ratio, found.log) == ("failed", None, "logs/x.log")


def test_absent_rungs_are_rows_with_a_reason_where_they_were_asked_for() -> None:
    gamma = a_manifest(
        "gamma",
        "naive",
        AbsentRung(name="parallel", absent="it has one thread"),
        AbsentRung(name="library", absent="nobody wrote one"),
    )
    comparison = analyzed(rounds_of("gamma/naive", [1.0], [1.0]), [gamma])
    assert [(row.rung, row.outcome, row.reason) for row in comparison.rows] == [
        ("naive", "measured", None),
        ("parallel", "not implemented", "it has one thread"),
    ]


def test_rows_go_by_language_and_up_the_ladder() -> None:
    alpha = a_manifest("alpha", "parallel", AbsentRung(name="interchanged", absent="no"), "naive")
    comparison = analyzed([], [BETA, alpha], rungs=("naive", "interchanged", "parallel"))
    names = [row.name for row in comparison.rows]
    assert names == ["beta/naive", "alpha/naive", "alpha/interchanged", "alpha/parallel"]


def test_a_missing_baseline_costs_the_ratios_only_and_is_warned_of() -> None:
    comparison = analyzed(rounds_of("beta/naive", [1.0], [1.0]))
    assert row(comparison, "beta/naive").seconds is not None
    assert row(comparison, "beta/naive").ratio is None
    assert "the baseline alpha/naive was not measured: speedups over it are missing" in comparison.warnings


def test_a_good_run_has_no_warnings() -> None:
    rounds = rounds_of("alpha/naive", [1.0], [1.0]) + rounds_of("alpha/parallel", [0.5], [0.5], threads=2)
    assert analyzed([MACHINE, *rounds], [ALPHA]).warnings == ()


def test_noisy_idle_and_unbelievable_cases_are_warned_of() -> None:
    idle = Sample(wall_ns=10**9, cpu_ns=10**9, checksum=1)
    rounds = [
        *rounds_of("alpha/naive", [1.0], [1.9]),
        *[a_round(a_case("alpha/parallel", threads=2), number=k, samples=(idle,)) for k in (2, 3)],
        *rounds_of("beta/naive", [1e-7], [1e-7]),
    ]
    warnings = analyzed([MACHINE.model_copy(update={"load_1m": 3.0}), *rounds], finished=False).warnings
    for expected in (
        "this run was interrupted",
        "the machine was not idle when the run began (load 3 on 2 CPUs)",
        "wide confidence intervals (a larger --budget narrows them): alpha/naive ± ",
        "low CPU utilization (CPUs used of threads): other processes, or waiting: alpha/parallel 1.00 of 2",
        "faster than the measured peak, which other processes can make too low: beta/naive 205%",
    ):
        assert any(warning.startswith(expected) for warning in warnings), expected


def test_without_a_peak_there_are_no_shares_of_it() -> None:
    entries = [
        entry for entry in a_journal([BETA], rounds_of("beta/naive", [1.0], [1.0])) if not isinstance(entry, Peak)
    ]
    comparison = analyze(entries)
    assert row(comparison, "beta/naive").peak_share is None
    assert "the peak was not measured: shares of peak are missing" in comparison.warnings


def published_run(factor: float, threads: int = 2) -> Comparison:
    """A run of the published first and fourth row, whose ratio is `factor` times what was published."""
    manifests = [a_manifest("python"), a_manifest("c", "naive", "parallel")]
    rounds = rounds_of("python/naive", [361.0 * factor], [371.0 * factor], n=64)
    rounds += rounds_of("c/parallel", [1.0], [1.0], threads=threads, n=64)
    return analyzed([MACHINE, *rounds], manifests, n=64, threads=(threads,), baseline="python/naive")


def test_the_published_rows_stand_as_they_were_printed() -> None:
    published = published_run(1.0).published
    assert [row.ratio for row in published] == [1, 11, 47, 366, 6727, 23224, 62806]
    assert [row.version for row in published][:4] == ["Python", "Java", "C", "Parallel loops"]
    for above, below in pairwise(published):
        assert below.ratio_to_row_above == pytest.approx(above.seconds / below.seconds)
    assert [row.here.name if row.here else None for row in published][:4:3] == ["python/naive", "c/parallel"]


def test_where_a_ratio_is_not_the_published_one_it_says_what_differs() -> None:
    differences = " | ".join(published_run(3.0).published[3].differences)
    for expected in (
        "cores: published 18, here 2",
        "n: published 4096, here 64",
        "baseline: published CPython 2.7, here python compiler 1.0",
        "toolchain: published Cilk, here c compiler 1.0",
        "flags: published both outer loops parallel, here -O3",
        "CPU: published 2 × Intel Xeon E5-2666 v3",
        "here Fast CPU",
    ):
        assert expected in differences


def test_a_published_ratio_that_is_repeated_needs_no_explanation() -> None:
    assert published_run(1.0).published[3].differences == ()


def test_ratios_to_another_baseline_are_not_held_against_the_published_ones() -> None:
    manifests = [a_manifest("python"), a_manifest("c", "naive", "parallel")]
    rounds = rounds_of("c/naive", [5.0], [5.0]) + rounds_of("c/parallel", [1.0], [1.0], threads=2)
    published = analyzed(rounds, manifests, baseline="c/naive").published
    assert published[3].here is not None
    assert published[3].differences == ()


def test_cores_are_no_difference_where_they_are_as_many() -> None:
    differences = published_run(3.0, threads=18).published[3].differences
    assert differences
    assert not any(text.startswith("cores:") for text in differences)


def test_images_stand_beside_their_budgets_even_where_they_were_not_built() -> None:
    broken = Image(name="beta", failure=Failure(stage="build", reason="it did not compile"))
    images = {image.name: image for image in analyzed([broken]).images}
    assert images["beta"].failure == "it did not compile"
    assert not images["beta"].within_budget
    assert images["alpha"].budget_bytes == 1000


STEADY, UNSTEADY = [[1.0], [1.001]] * 4, [[1.0], [1.5]] * 4


@pytest.mark.parametrize(
    ("rounds", "finished", "budget_s", "label"),
    [
        (STEADY, True, 100.0, "target reached"),
        (STEADY, False, 100.0, "target reached"),
        (UNSTEADY, True, 5.0, "time limit"),
        (UNSTEADY, False, 5.0, "time limit"),
        (UNSTEADY, False, 100.0, "interrupted"),
    ],
)
def test_the_report_says_why_a_case_was_measured_no_more(
    rounds: list[list[float]], finished: bool, budget_s: float, label: str
) -> None:
    alpha = rounds_of("alpha/naive", *[[8.0]] * 8)
    comparison = analyzed(
        [*alpha, *rounds_of("beta/naive", *rounds)], finished=finished, budget_s=budget_s, precision=0.03
    )
    assert row(comparison, "beta/naive").stop_reason == label


READING = Reading(
    boot_id=None,
    uptime_ns=1,
    cpus=2,
    busy_ns=1,
    steal_ns=0,
    load_1m=0.1,
    available_bytes=2**33,
    swap_bytes=0,
    swap_used_bytes=0,
    swapped_pages=0,
    huge_pages=None,
    clock_source="tsc",
    governor="performance",
    turbo=None,
    smt=None,
    mains=True,
    mhz=None,
    throttled=None,
)
RESUMED = Resumed(at="2026-11-22T03:00:00Z")


def test_the_machine_of_a_later_session_is_not_ignored() -> None:
    busy = MACHINE.model_copy(update={"load_1m": 1.5})
    unplugged = READING.model_copy(update={"mains": False})
    again: list[Entry] = [RESUMED, busy, unplugged, unplugged]
    rounds = rounds_of("alpha/naive", [1.0], [1.0])
    before = analyzed([MACHINE, READING, READING, *rounds]).warnings
    after = analyzed([MACHINE, READING, *rounds, *again]).warnings
    assert not any("was not idle" in text or "on battery" in text for text in before)
    assert [text for text in after if "was not idle" in text] == [
        "the machine was not idle when the run was resumed (load 1.5 on 2 CPUs): other processes, or the set-up just "
        "before"
    ]
    assert [text for text in after if "on battery" in text] == [
        "on battery: the frequency is limited (plug it in)",
    ]
    assert any("when the run began (load 1.5" in text for text in analyzed([busy, *rounds]).warnings)


def test_what_any_session_tuned_is_told() -> None:
    first, second = Change(path="/a", before="0", after="1"), Change(path="/b", before="0", after="1")
    tuned: list[Entry] = [
        Tuned(changes=(first,), refused=("turbo",)),
        RESUMED,
        Tuned(changes=(first, second), refused=("turbo",)),
    ]
    assert analyzed(tuned).tuned == Tuned(changes=(first, second), refused=("turbo",))
    assert analyzed([]).tuned is None


def test_naive_loops_that_nothing_checked_are_told_of() -> None:
    rounds = rounds_of("alpha/naive", [1.0], [1.0]) + rounds_of("beta/naive", [1.0], [1.0])
    images = [
        Image(name="alpha", tag="alpha:1", naive_checked=False),
        Image(name="beta", tag="b:1", naive_checked=True),
    ]
    (said,) = [text for text in analyzed([*images, *rounds]).warnings if "not checked" in text]
    assert said.endswith(": alpha/naive")


def test_what_a_call_does_once_is_warned_of_where_it_is_no_small_share() -> None:
    case = a_case("alpha/naive", n=4096)

    def warnings(once_s: float) -> tuple[str, ...]:
        few = a_round(case, *[once_s + 0.1] * 2, rows=1, number=1)
        rounds = [a_round(case, *[once_s + 1.0] * 2, rows=10, first=0, number=number) for number in (2, 3)]
        return analyzed([MACHINE, few, *rounds], [ALPHA], n=4096).warnings

    said = "per-call overhead is a large share of the timed rows, so these estimates are too high"
    assert f"{said}: alpha/naive 17%" in warnings(0.2)
    assert not [warning for warning in warnings(0.03) if warning.startswith(said)]


def test_rounds_that_all_timed_the_same_rows_are_warned_of() -> None:
    case = a_case("alpha/naive", n=4096)
    said = "every round timed the same rows, as in earlier versions: these intervals exclude differences between rows"
    for first, expected in ((None, True), (7, False)):
        rounds = [a_round(case, 1.0, 1.0, rows=10, first=first, number=number) for number in (2, 3)]
        assert (f"{said}: alpha/naive" in analyzed([MACHINE, *rounds], [ALPHA], n=4096).warnings) == expected


def test_a_case_that_did_not_get_steady_has_no_figure_and_says_so() -> None:
    walls = [3.0, 3.0, 3.0, *[2.0] * 2, *[1.0] * 2]
    found = row(analyzed([MACHINE, *rounds_of("alpha/naive", *[walls] * 3)], [ALPHA]), "alpha/naive")
    assert (found.outcome, found.seconds) == ("failed", None)
    assert found.reason is not None
    assert found.reason.startswith("no steady state: after 15 s of computing it still became faster, by 100%")
