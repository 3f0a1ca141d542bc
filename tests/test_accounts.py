"""What a container claims, beside what was counted of it: how much of it may go unclaimed, and what is believed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from harness.errors import UnexplainedError
from harness.experiments.matmul.claims import Claim, Gap, believed, gaps, numbers, part, unexplained
from harness.experiments.matmul.untimed import UntimedWork, explained, number_ns
from harness.measure.accounts import larger
from harness.model.cases import Accounts, Batch, Conditions, Sample
from tests.factories import a_case

S = 1_000_000_000
N = 1000
START = Accounts(life_ns=S // 10, cpu_ns=S // 10)


def quiet(life_ns: int, others_ns: int = 0, steal_ns: int = 0) -> Conditions:
    """The host while a container lived, whose own CPU time was half a second a sample."""
    return Conditions(
        wall_ns=life_ns,
        cpus=2,
        busy_ns=life_ns + others_ns,
        steal_ns=steal_ns,
        swapped_pages=0,
        throttled=None,
        available_bytes=2**30,
        mhz=None,
    )


def a_claim(
    *, wall: float = 1, cpu: float = 1, samples: int = 1, threads: int = 1, others_ns: int = 0, steal_ns: int = 0
) -> Claim:
    """Samples of half a second, of which such shares are claimed, and a tenth of a second for all else."""
    half = S // 2
    lived_ns = samples * half + S // 10
    return Claim(
        case=a_case(n=N, threads=threads),
        batch=Batch(rows=10, samples=samples),
        samples=[Sample(wall_ns=round(wall * half), cpu_ns=round(cpu * half), checksum=0)] * samples,
        accounts=Accounts(life_ns=lived_ns, cpu_ns=lived_ns),
        conditions=quiet(lived_ns, others_ns, steal_ns),
    )


@pytest.mark.parametrize("samples", [1, 3, 20])
def test_an_honest_claim_is_explained_by_what_starting_takes(samples: int) -> None:
    assert unexplained(a_claim(samples=samples), START) is None


@pytest.mark.parametrize("samples", [1, 3, 20])
@pytest.mark.parametrize("share", [0.001, 0.1, 0.5])
def test_a_claim_of_too_little_cpu_time_is_not(share: float, samples: int) -> None:
    gap = unexplained(a_claim(wall=share, cpu=share, samples=samples), START)
    assert gap is not None
    assert gap.what == "CPU time"
    assert unexplained(a_claim(cpu=share, samples=samples), START) is not None


@pytest.mark.parametrize(("share", "samples"), [(0.001, 2), (0.1, 3), (0.5, 3), (0.5, 20)])
def test_a_claim_of_too_little_wall_time_is_not(share: float, samples: int) -> None:
    gap = unexplained(a_claim(wall=share, samples=samples, threads=2), START)
    assert gap is not None
    assert gap.what == "wall time"


@pytest.mark.parametrize(("threads", "calls", "explained_share"), [(2, 10_000, 0.85), (2, 1, 0.95), (1, 10_000, 0.95)])
def test_many_short_calls_may_end_many_threads(threads: int, calls: int, explained_share: float) -> None:
    """Which no clock of a program sees; but they are no half of what it takes."""

    def judged(share: float) -> Gap | None:
        claim = a_claim(cpu=share, samples=20, threads=threads)
        batch = claim.batch.model_copy(update={"calls": calls})
        return unexplained(replace(claim, batch=batch), START)

    assert judged(explained_share) is None
    assert judged(explained_share - 0.1)
    assert judged(0.5)


def test_wall_time_that_others_had_is_not_held_against_a_container() -> None:
    claim = a_claim(wall=0.5, samples=4, threads=2)
    assert unexplained(claim, START)
    assert unexplained(a_claim(wall=0.5, samples=4, threads=2, others_ns=S), START) is None
    assert unexplained(a_claim(wall=0.5, samples=4, threads=2, steal_ns=S), START) is None


def test_time_without_any_cpu_time_is_not_held_against_a_container() -> None:
    """A container that waited for a disk, on a machine that was its own: no work hides where no CPU time is used."""
    busy, waited_ns = a_claim(samples=2), 4 * S
    waiting = Accounts(life_ns=busy.accounts.life_ns + waited_ns, cpu_ns=busy.accounts.cpu_ns)
    assert unexplained(replace(busy, accounts=waiting), START) is None


def test_two_threads_are_not_claimed_where_one_worked_and_a_stall_looks_the_same_once() -> None:
    claim = replace(a_claim(threads=2, cpu=2, samples=2), accounts=Accounts(life_ns=2 * S, cpu_ns=2 * S))
    with pytest.raises(UnexplainedError):
        explained("image", claim, UntimedWork({"image": START}), lambda _: START)


def test_cpu_time_is_held_against_it_whatever_others_do() -> None:
    assert unexplained(a_claim(cpu=0.5, samples=4, others_ns=100 * S), START)


def test_without_an_account_only_wall_time_is_looked_at_and_without_conditions_nothing() -> None:
    claim = a_claim(cpu=0.1, samples=4)
    unread = Claim(claim.case, claim.batch, claim.samples, Accounts(life_ns=2_100_000_000), claim.conditions)
    assert [gap.what for gap in gaps(unread, START)] == ["wall time"]
    assert unexplained(unread, START) is None
    assert not gaps(Claim(claim.case, claim.batch, claim.samples, unread.accounts, None), START)


def test_the_reason_says_what_was_claimed_and_what_was_counted() -> None:
    assert str(unexplained(a_claim(cpu=0.1, samples=2), START)) == (
        "its samples claim 0.100 s of CPU time, but 1.100 s were counted; everything else took 0.100 s as measured, "
        "at most 0.265 s; its clocks must run during all of a call's work (implementations/README.md)"
    )


def test_numbers_are_those_that_the_contract_has_read_zeroed_checked_and_written() -> None:
    assert numbers(Batch(rows=10, samples=3, calls=0), 100) == 100 * (3 * (100 + 10) + 10)
    assert numbers(Batch(rows=10, samples=3, calls=7), 100) == 100 * (3 * (100 + 10 + 14) + 10)
    assert numbers(Batch(rows=10, samples=3, calls=700), 100) == 100 * (3 * (300 + 10) + 10)


def test_no_program_is_believed_to_be_slower_than_the_slowest_language() -> None:
    batch = Batch(rows=N, samples=2, calls=0)
    most_ns = 4 * 100 * (3_000_000 + numbers(batch, N))
    slow = Accounts(life_ns=100 * S, cpu_ns=100 * S)
    assert believed(slow, batch, N, 100.0) == Accounts(life_ns=most_ns, cpu_ns=most_ns)
    assert believed(START, batch, N, 100.0) == START
    assert believed(Accounts(life_ns=100 * S), batch, N, 100.0) == Accounts(life_ns=most_ns)


def test_parts_and_the_larger_of_accounts() -> None:
    end = Accounts(life_ns=S, cpu_ns=S // 2)
    assert part(START, end, 2) == Accounts(life_ns=1_900_000_000, cpu_ns=900_000_000)
    assert part(START, Accounts(life_ns=S), 0.5) == Accounts(life_ns=550_000_000)
    assert larger(Accounts(life_ns=1, cpu_ns=5), Accounts(life_ns=2, cpu_ns=3)) == Accounts(life_ns=2, cpu_ns=5)
    assert larger(Accounts(life_ns=1), Accounts(life_ns=0, cpu_ns=3)) == Accounts(life_ns=1, cpu_ns=3)


def answers(*cpu_s: float) -> Iterator[Accounts]:
    return (Accounts(life_ns=round(seconds * S), cpu_ns=round(seconds * S)) for seconds in cpu_s)


def slow_loader(samples: int = 4) -> Claim:
    """A container that loads for a tenth of a second before every sample, which its start does not explain."""
    claim = a_claim(samples=samples)
    more = Accounts(
        life_ns=claim.accounts.life_ns + samples * S // 10, cpu_ns=claim.accounts.life_ns + samples * S // 10
    )
    return Claim(claim.case, claim.batch, claim.samples, more, claim.conditions)


def test_what_starting_does_not_explain_is_measured_with_no_calls_and_remembered() -> None:
    untimed, idle = UntimedWork({"image": START}), answers(0.5)
    asked: list[Batch] = []

    def measured(batch: Batch) -> Accounts:
        asked.append(batch)
        return next(idle)

    claim = slow_loader()
    assert unexplained(claim, START)
    first = explained("image", claim, untimed, measured)
    assert (first.cpu_ns or 0) >= S // 2
    assert [(batch.calls, batch.samples, batch.rows) for batch in asked] == [(0, 4, 10)]
    assert explained("image", slow_loader(samples=8), untimed, measured).cpu_ns != first.cpu_ns
    assert len(asked) == 1  # twice as many samples take about twice as long


def test_a_busy_moment_is_measured_again_and_the_longest_counts() -> None:
    untimed, idle = UntimedWork({"image": START}), answers(0.1, 0.5)
    assert explained("image", slow_loader(), untimed, lambda _: next(idle)).cpu_ns


def test_what_nothing_explains_is_refused() -> None:
    untimed, idle = UntimedWork({"image": START}), answers(0.1, 0.1)
    with pytest.raises(UnexplainedError, match=r"claim 2\.000 s of CPU time, but 2\.500 s were counted"):
        explained("image", slow_loader(), untimed, lambda _: next(idle))


def test_a_hundred_samples_are_not_judged_by_what_one_took() -> None:
    case, untimed = a_case(n=N), UntimedWork({"image": START})
    one, many = Batch(rows=10, samples=1, calls=0), Batch(rows=10, samples=100)
    untimed.learn("image", case, one, Accounts(life_ns=S, cpu_ns=S))
    assert untimed.expected("image", case, one).cpu_ns == S
    assert untimed.expected("image", case, many) == START
    assert untimed.expected("another", case, one).cpu_ns == 0


def test_what_a_number_takes_is_measured_here() -> None:
    assert 1 < number_ns() < 100_000
