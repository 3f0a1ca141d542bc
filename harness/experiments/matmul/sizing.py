"""What to request of each container: how many rows, calls and samples, by the containers before it. Pure.

A case is explored first, by a few containers that do not count. They settle, in this order,

1. the rows of a sample, by the times of two numbers of rows: enough to make the overhead per call small;
2. the calls of a sample, where a whole product is too short for the clock;
3. the samples of a container: one long container shows whether they get faster, and after how many they do not.

Each is sized by the steady samples of the one before it, so that a kernel that a compiler makes a thousand times as
fast makes a thousand times as many calls, until its time is stable. From then on every container of the case gets the
same request. The first half of its samples is warm-up: one rule for all that are compared (see levels.steady).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.experiments.matmul.levels import (
    ContainerOverhead,
    by_rows,
    call_s,
    cold_samples,
    is_falling,
    sampled_s,
    warming_s,
)
from harness.experiments.matmul.workload import max_calls
from harness.model.cases import Batch, Case
from harness.model.journal import Round
from harness.model.manifests import Rung

SAMPLE_S = 0.25  # of some rows: long enough for the clock and the threads' start to vanish in, short enough for several
BLOCK_S = 0.04  # of calls of a short product, timed together as one sample
ROOM = 2.5  # a sample may be this many times too long or too short
SMALL = 0.03  # overhead per call as a share of a sample
GROW_S = 6.0  # no sample is made longer than this, or than the budget, to make it so small
SHORT_S = 1.0  # with a smaller budget the last pilot counts, and none may take minutes, as two that a busy machine
# slowed can make believe:
LEAP_S = 4.0  # rows that may take longer, by the latest pilot and nothing else, are not requested, unless they are
LEAP = 4  # at most so many times as many as its
LONG_RUN_S = 7.5  # a container runs this long, once, to see whether it becomes faster;
LONG_RUN = 1.5  # but no longer than this many times the budget
MAX_LONG_RUNS = 2  # times that: if it still became faster, it runs twice as long once more, and no longer
TELLING = 5  # samples: with fewer, a container cannot show it; two of them are warm-up
MIN_SAMPLES = 2
MAX_SAMPLES = 400
MAX_PILOTS = 12  # then the request stays as it is


def explore(rung: Rung, case: Case, rounds: Sequence[Round], budget_s: float) -> Batch | None:
    """What to request of the next pilot; None where the request is settled."""
    if not rounds:
        return _pilot(rows=_a_row_each(case) if rung.rows_independent else case.n)
    if len(rounds) >= MAX_PILOTS or not all(r.pilot for r in rounds):
        return None
    rows = _rows(rung, case, rounds, budget_s)
    tried = [r for r in rounds if r.rows == rows]
    if not tried and rows == case.n:
        return _pilot(rows)  # its first call, alone: the cold figure
    return _long_run(case, rows, rounds, min(LONG_RUN_S, LONG_RUN * budget_s))


def _long_run(case: Case, rows: int, rounds: Sequence[Round], seconds: float) -> Batch | None:
    """A container of about so long, which shows whether its samples get faster; None where one has shown it.

    A case that took long to get warm is watched for as long again. Where a container would have too few samples to show
    anything, it has enough of them where a first sample was cold; else it is only requested where these rows are new.
    """
    tried = [r for r in rounds if r.rows == rows]
    latest = (tried or rounds)[-1]
    seconds = max([seconds, *map(warming_s, tried)])
    calls = _calls(case, rows, latest)
    sample_s = call_s(latest) * calls * rows / latest.rows
    loading_s = ContainerOverhead.of(rounds).per_sample
    samples = min(MAX_SAMPLES, int(seconds / (sample_s + loading_s)))
    if samples < TELLING:
        if not tried:
            return _pilot(rows, samples=max(1, min(samples, MIN_SAMPLES)))  # two may count
        if len(latest.samples) < TELLING:
            return _pilot(rows, calls, TELLING) if cold_samples(latest) else None
    elif (latest.rows, latest.calls) != (rows, calls) or not _was_long(latest, loading_s, seconds):
        return _pilot(rows, calls, samples)
    if is_falling(latest) and len(latest.samples) < MAX_SAMPLES and sampled_s(latest) < MAX_LONG_RUNS * seconds:
        return _pilot(rows, calls, min(MAX_SAMPLES, 2 * len(latest.samples)))
    return None


def settled(rung: Rung, case: Case, rounds: Sequence[Round], budget_s: float, round_s: float) -> Batch:
    """What to request of every container that counts: about `round_s`, and more where warm-up takes longer."""
    measured = [r for r in rounds if not r.pilot]
    if measured:
        return Batch(rows=measured[0].rows, calls=measured[0].calls, samples=len(measured[0].samples))
    rows = _rows(rung, case, rounds, budget_s)
    tried = [r for r in rounds if r.rows == rows] or rounds
    calls = _calls(case, rows, tried[-1])
    overhead = ContainerOverhead.of(rounds)
    sample_s = call_s(tried[-1]) * calls * rows / tried[-1].rows + overhead.per_sample
    measuring_s = max(
        round_s - overhead.per_container, overhead.per_container / 4
    )  # it was started anyway: let it measure
    cold = max((cold_samples(r) for r in tried if r.calls == calls and len(r.samples) >= TELLING), default=0)
    samples = max(MIN_SAMPLES, min(MAX_SAMPLES, max(int(measuring_s / sample_s), 3 * cold - 1)))
    if budget_s < SHORT_S:
        samples = max(samples, len(tried[-1].samples))  # the last pilot counts
    return Batch(rows=rows, calls=calls, samples=samples)


def call_overhead_share(rounds: Sequence[Round]) -> float:
    """The overhead per call as a share of the latest round's calls."""
    found = by_rows(rounds)
    return found[0] / (found[0] + found[1] * rounds[-1].rows) if found else 0.0


def _pilot(rows: int, calls: int = 1, samples: int = MIN_SAMPLES) -> Batch:
    return Batch(rows=rows, calls=calls, samples=samples, pilot=True)


def _a_row_each(case: Case) -> int:
    return min(case.threads, case.n)


def _was_long(entry: Round, loading_s: float, seconds: float) -> bool:
    count = len(entry.samples)
    return count >= MAX_SAMPLES or (count >= TELLING and sampled_s(entry) + loading_s * count >= seconds / ROOM)


def _rows(rung: Rung, case: Case, rounds: Sequence[Round], budget_s: float) -> int:
    """Rows of about SAMPLE_S, or of as much more as makes small what is done once a call; all where that is no more.

    The latest round's are kept where they are near enough; but with one number only, another is tried, and with a small
    budget none that may take longer than LEAP_S, by the latest round and nothing else, unless they are few.
    """
    latest, each = rounds[-1], _a_row_each(case)
    if not rung.rows_independent or latest.rows == case.n:
        return case.n
    once_s, row_s = by_rows(rounds) or (0.0, call_s(latest) / latest.rows)
    if once_s + row_s * case.n <= SAMPLE_S:
        return case.n
    wanted_s = max(SAMPLE_S, min(once_s / SMALL, GROW_S, budget_s))
    leap = max(LEAP_S / call_s(latest), LEAP) if budget_s < SHORT_S else math.inf
    ideal = min(wanted_s / row_s, latest.rows * leap)
    rows = min(case.n, max(1, round(ideal / each)) * each)
    tried = {r.rows for r in rounds}
    if tried == {rows}:
        return min(case.n, 2 * rows)
    if len(tried) > 1 and ideal / ROOM <= latest.rows <= ideal * ROOM:
        return latest.rows
    return rows


def _calls(case: Case, rows: int, latest: Round) -> int:
    """Calls of about BLOCK_S together; one where a call takes as long, or is of some rows only.

    As many as the latest round's, where it had these rows and they took about as long. Never a multiple of n: then all
    samples would add up the same products, for their operands come again after n calls.
    """
    if rows < case.n:
        return 1
    product_s = call_s(latest) * rows / latest.rows
    calls = max(1, min(max_calls(case.n), round(BLOCK_S / product_s)))
    if calls % case.n == 0 and calls > 1:
        calls -= 1
    is_near = latest.rows == rows and calls / ROOM <= latest.calls <= calls * ROOM
    return latest.calls if is_near else calls
