"""What to ask of each container: how many rows, calls and samples, by what the containers before it showed. Pure.

A case is explored first: each container is sized by the steady samples of the one before, until the rows outweigh what
is done once a call, a sample is long enough for the clock, and the samples do not get faster any more. Then the request
stays as it is, so that a case's rounds are alike. The first half of a container's samples is warm-up and left out, in
every language, cold or not: one rule for all that are compared.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.levels import (
    Beside,
    cold_samples,
    is_falling,
    overhead_share,
    sampled_s,
    steady_s,
    until_steady_s,
)
from harness.model.cases import Batch, Case
from harness.model.journal import Round
from harness.model.manifests import Rung

SAMPLE_S = 0.4  # of some rows: long enough for the clock and the threads' start to vanish in, short enough for several
BLOCK_S = 0.04  # of calls of a short product, timed together as one sample
ROOM = 3.0  # so many times as long or as short as it should be, a sample is still good
SETTLE_S = 2.0  # a short product is called for so long, once, to see whether it still gets faster,
SETTLE_TIMES = 5  # and so many times longer than it took to get warm
MAX_SAMPLES = 200
LEAST_SAMPLES = 3
GROWN = 1.4  # times the samples that were made: where so many more fit, they are made
LONG_S = 0.5  # of what takes longer, two samples are enough
SMALL = 0.02  # share of what is done once a call that rows are aimed at, where they are chosen again
GROW_S = 6.0  # no sample is made longer than this for it
EXPLORING = 9  # containers at the most, then the latest request stays
LARGEST_SUM = 2**31  # C may grow to it, as calls add up in it
LARGEST_PRODUCT = 1024  # of an entry of A and one of B


def pilot(rung: Rung, case: Case) -> Batch:
    """The smallest request there is: a row a thread; or the whole product, twice, where rows are not independent."""
    return Batch(rows=_a_row_each(case), samples=1) if rung.rows_independent else Batch(rows=case.n, samples=2)


def most_calls(n: int) -> int:
    """How many products may be added up in C with its sums still exact in 32 bits."""
    return max(1, (LARGEST_SUM - 1) // (LARGEST_PRODUCT * n))


def asked_alike(one: Round, other: Round | Batch) -> bool:
    """Whether two containers were asked for as much."""
    samples = other.samples if isinstance(other.samples, int) else len(other.samples)
    return (one.rows, one.calls, len(one.samples)) == (other.rows, other.calls, samples)


def is_settled(rounds: Sequence[Round]) -> bool:
    """Whether the request stays as it is: it was made twice, or exploring has taken long enough."""
    return len(rounds) > EXPLORING or (len(rounds) > 1 and asked_alike(rounds[-1], rounds[-2]))


def sized(rung: Rung, case: Case, rounds: Sequence[Round], round_s: float) -> Batch:
    """What to ask of the next container, that should take about `round_s`."""
    latest = rounds[-1]
    if is_settled(rounds):
        return Batch(rows=latest.rows, samples=len(latest.samples), calls=latest.calls)
    rows, calls, call_s = _rows_and_calls(rung, case, rounds)
    beside = Beside.of(rounds)
    around_s = beside.once + beside.warming
    measuring_s = max(round_s - around_s, around_s / 4)  # it was started anyway: let it measure
    samples = _fitting(call_s * calls, beside.each, measuring_s)
    if (latest.rows, latest.calls) != (rows, calls) or len(latest.samples) == 1:
        if _is_short(case, rows, call_s):
            samples = _fitting(call_s * calls, 0.0, SETTLE_S)
        elif call_s > LONG_S and all(r.rows < rows for r in rounds) and rows == 2 * _a_row_each(case):
            samples = 1  # only to tell what is done once a call
    elif is_falling(latest):
        samples = 2 * len(latest.samples)
    elif not _is_short(case, rows, call_s) or any(_settles(r, latest) for r in rounds[:-1]):
        made = len(latest.samples)
        samples = max(samples if samples > GROWN * made else made, 2 * cold_samples(latest))
    elif not _settles(latest, latest):
        samples = _fitting(call_s * calls, 0.0, _settling_s(latest))
    else:
        samples = max(samples, 2 * cold_samples(latest) + 2)
    return Batch(rows=rows, calls=calls, samples=min(MAX_SAMPLES, samples))


def _rows_and_calls(rung: Rung, case: Case, rounds: Sequence[Round]) -> tuple[int, int, float]:
    """Rows and calls of a sample, and the seconds of one call on so many rows."""
    latest = rounds[-1]
    rows = _rows(rung, case, rounds)
    call_s = steady_s(latest) / latest.calls * rows / latest.rows
    calls = _calls(case, rows, call_s)
    if latest.rows == rows and BLOCK_S / ROOM <= call_s * latest.calls <= BLOCK_S * ROOM:
        calls = latest.calls
    return rows, calls, call_s


def _rows(rung: Rung, case: Case, rounds: Sequence[Round]) -> int:
    """Rows of about SAMPLE_S in which what is done once a call is little; all of them where that is no longer."""
    latest = rounds[-1]
    row_s = steady_s(latest) / latest.calls / latest.rows
    each = _a_row_each(case)
    if not rung.rows_independent or row_s * case.n <= SAMPLE_S or latest.rows == case.n:
        return case.n
    rows = max(1, round(SAMPLE_S / row_s / each)) * each
    found = overhead_share(rounds)
    if found is None:
        return min(case.n, max(rows, 2 * each))  # another number of rows, to tell what is done once a call
    share, most = found
    if share > most:
        return _more_rows(case, latest.rows, row_s, share)
    good = latest.rows >= rows / ROOM and (latest.rows <= rows or latest.rows * row_s <= ROOM * SAMPLE_S)
    return latest.rows if good else min(case.n, rows)


def _more_rows(case: Case, rows: int, row_s: float, share: float) -> int:
    """As many rows as make what is done once a call SMALL, in no more than GROW_S."""
    of_row_s = max(row_s * (1 - share), row_s / 50)
    needed = share * rows * row_s / (SMALL * of_row_s)
    longest = max(rows, GROW_S / of_row_s)
    each = _a_row_each(case)
    return min(case.n, math.ceil(min(needed, longest) / each) * each)


def _calls(case: Case, rows: int, call_s: float) -> int:
    """Calls of about BLOCK_S together; one where a call takes as long, or is of some rows only."""
    return max(1, min(most_calls(case.n), round(BLOCK_S / call_s))) if rows == case.n else 1


def _fitting(sample_s: float, beside_s: float, measuring_s: float) -> int:
    least = 2 if sample_s > LONG_S else LEAST_SAMPLES
    return max(least, min(MAX_SAMPLES, int(measuring_s / (sample_s + beside_s))))


def _is_short(case: Case, rows: int, call_s: float) -> bool:
    return rows == case.n and call_s <= SAMPLE_S


def _settling_s(entry: Round) -> float:
    return SETTLE_S + SETTLE_TIMES * until_steady_s(entry)


def _settles(entry: Round, latest: Round) -> bool:
    """Whether a round went on long enough, with as many rows and calls as the latest, to see it get no faster."""
    alike = (entry.rows, entry.calls) == (latest.rows, latest.calls)
    return alike and (sampled_s(entry) >= 0.6 * _settling_s(entry) or len(entry.samples) >= MAX_SAMPLES)


def _a_row_each(case: Case) -> int:
    return min(case.threads, case.n)
