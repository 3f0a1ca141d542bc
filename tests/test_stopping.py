"""When a case is known as well as was asked for: its ratio as the report shows it, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from harness.analysis.analyze import analyze
from harness.experiments.matmul.experiment import MATMUL
from harness.measure.plan import MAX_ROUNDS
from harness.measure.stopping import MIN_ROUNDS, precise, why_stopped
from harness.model.cases import Case
from harness.model.journal import Round
from tests.factories import a_case, a_journal, a_manifest, a_round, a_rung, some_options

BASELINE, WIDER, OTHER = a_case(), a_case(threads=2), a_case("beta/naive")
OPTIONS = some_options(precision=0.03, threads=(1, 2))
Rounds = Mapping[Case, Sequence[Round]]


def rounds(case: Case, spread: float, count: int = MIN_ROUNDS, first: int = 2) -> list[Round]:
    """So many rounds whose levels are spread evenly about a second."""
    levels = [1 + spread * (2 * place / (count - 1) - 1) for place in range(count)]
    return [a_round(case, level, level, number=first + place) for place, level in enumerate(levels)]


def test_a_case_that_is_known_is_not_precise_while_its_ratio_is_not() -> None:
    """Its own half-width is within half the precision: that was taken for enough, with a ratio of any width."""
    known, unknown = rounds(OTHER, 0.005), rounds(BASELINE, 0.2)
    assert not precise(MATMUL, OTHER, {BASELINE: unknown, OTHER: known}, OPTIONS)
    assert precise(MATMUL, OTHER, {BASELINE: rounds(BASELINE, 0.005), OTHER: known}, OPTIONS)


def test_the_baseline_is_the_one_on_the_most_threads_as_in_the_report() -> None:
    good, bad = rounds(BASELINE, 0.005), rounds(WIDER, 0.2)
    assert not precise(MATMUL, OTHER, {BASELINE: good, WIDER: bad, OTHER: rounds(OTHER, 0.005)}, OPTIONS)
    good, bad = rounds(WIDER, 0.005), rounds(BASELINE, 0.2)
    assert precise(MATMUL, OTHER, {BASELINE: bad, WIDER: good, OTHER: rounds(OTHER, 0.005)}, OPTIONS)


def test_a_baseline_that_was_not_measured_on_more_threads_is_the_one_that_was() -> None:
    assert precise(MATMUL, OTHER, {BASELINE: rounds(BASELINE, 0.005), WIDER: [], OTHER: rounds(OTHER, 0.005)}, OPTIONS)


def test_the_baseline_leaves_half_of_the_variance_to_the_other_case() -> None:
    both = {case: rounds(case, spread) for case, spread in ((BASELINE, 0.03), (OTHER, 0.03))}
    needed = next(p / 1000 for p in range(1, 1000) if precise(MATMUL, BASELINE, both, some_options(precision=p / 1000)))
    assert precise(MATMUL, OTHER, both, some_options(precision=needed))
    assert not precise(MATMUL, OTHER, both, some_options(precision=0.7 * needed))


def test_few_rounds_are_never_precise() -> None:
    few = {BASELINE: rounds(BASELINE, 0.001, MIN_ROUNDS - 1)}
    assert not precise(MATMUL, BASELINE, few, OPTIONS)
    assert precise(MATMUL, BASELINE, {BASELINE: rounds(BASELINE, 0.001)}, OPTIONS)
    assert not precise(MATMUL, BASELINE, {BASELINE: rounds(BASELINE, 0.001)}, OPTIONS.model_copy(update={"rounds": 9}))


@pytest.mark.parametrize(
    ("spread", "count", "finished", "reason"),
    [
        (0.001, MIN_ROUNDS, True, "target reached"),
        (0.001, MIN_ROUNDS, False, "target reached"),
        (0.3, MIN_ROUNDS, True, "time limit"),
        (0.3, MIN_ROUNDS, False, "time limit"),
        (0.001, 2, False, "interrupted"),
        (0.3, MAX_ROUNDS + 1, False, "time limit"),
    ],
)
def test_why_a_case_stopped(spread: float, count: int, finished: bool, reason: str) -> None:
    made = {BASELINE: rounds(BASELINE, 0.0001), OTHER: rounds(OTHER, spread, count)}
    assert why_stopped(MATMUL, a_rung(), OTHER, made, OPTIONS, finished=finished) == reason


def test_a_run_that_says_target_reached_has_ratios_within_it_and_the_others_are_told() -> None:
    made = [*rounds(BASELINE, 0.01), *rounds(OTHER, 0.005), *rounds(a_case("gamma/naive"), 0.2)]
    manifests = [a_manifest(name) for name in ("alpha", "beta", "gamma")]
    comparison = analyze(a_journal(manifests, made, precision=0.03, rungs=("naive",)))
    for row in comparison.rows:
        assert row.ratio is not None
        assert (row.stop_reason == "target reached") == (row.ratio.half_width <= 0.03)
    told = "1 of 2 ratios did not reach ± 3 %: the time limit"
    assert any(warning.startswith(told) for warning in comparison.warnings)
