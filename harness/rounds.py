"""The rounds of a run: interleaved, in a random order, until every case has had its budget."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from harness.accounts import larger
from harness.disturbance import disturbances
from harness.events import Event
from harness.forecast import case_s, pace
from harness.host import Read
from harness.limits import LEAST_S, timeout_s
from harness.measure import Bench, measure
from harness.model.cases import Accounts, Batch, Case
from harness.model.journal import Round
from harness.plan import counted, first_row, next_batch, shuffled
from harness.prepare import measure_peak_again
from harness.run import Run
from harness.stopping import precise
from harness.tax import measure_tax, taxed
from harness.untimed import Untimed
from harness.validate import most_gflops
from harness.workload import Workload

NEAR_PEAK = 0.95


@contextmanager
def bench_of(run: Run, read: Read) -> Iterator[Bench]:
    """Inputs in a volume, which is gone again afterwards."""
    run.watch(Event("prepare", f"drawing A and B, n = {run.options.n}, seed {run.options.seed}"))
    workload = Workload(run.options.n, run.options.seed)
    files = {"a.f64": workload.a.data, "b.f64": workload.b.data}
    inputs = run.engine.fill_volume(run.base, files)
    try:
        yield Bench(
            engine=run.engine,
            workload=workload,
            inputs=inputs,
            timeout_s=LEAST_S,
            keep=run.folder.keep_log,
            core_gflops=most_gflops(run.machine.features) if run.machine else None,
            read=read,
            cpus=run.cpus,
            lender=run.base,
            untimed=Untimed(_startups(run)),
        )
    finally:
        run.engine.remove_volume(inputs)


def measure_rounds(run: Run, bench: Bench, cases: Sequence[Case]) -> None:
    """Rounds of one container a case, in a new random order each, until every case has had its budget.

    What to ask next follows from the rounds before and the seed alone: a resumed run goes through its journal's rounds
    as if it made them, and so comes to where it stopped.
    """
    run.rounds.update({case: [] for case in cases})
    number, began_s = 0, time.monotonic()
    made: list[Round] = []  # in this session
    left_s = {case: _left_s(run, case) for case in cases}
    while waiting := [(case, batch) for case in cases if (batch := _next(run, case))]:
        number += 1
        first = first_row(run.options.n, run.options.seed, number)
        batches = {case: batch.model_copy(update={"first": first}) for case, batch in waiting}
        for done, case in enumerate(shuffled([case for case, _ in waiting], run.options.seed, number)):
            if known := run.past.rounds.get((case, number)):
                run.remember(known)
                continue
            text = f"round {number}: {case}, {_told_batch(batches[case])}"
            left = sum(left_s[each] for each, _ in waiting) * pace(made, time.monotonic() - began_s)
            run.watch(Event("measure", text, done, len(waiting), left))
            tag = run.image(case).tag or ""
            began_ns = run.age_ns
            limited = _limited(bench, run, case, batches[case])
            entry = measure(limited, tag, case, batches[case], number, pilot=batches[case].pilot)
            run.record(entry.model_copy(update={"key": run.key(case), "began_ns": began_ns}))
            made.append(entry)
            left_s[case] = _left_s(run, case)
            run.watch(Event("measured", _told_round(run.rounds[case])))
            if _is_near_peak(run, run.rounds[case][-1]):
                measure_peak_again(run, case.threads)


def measure_taxes(run: Run, bench: Bench, cases: Sequence[Case]) -> None:
    """What the container itself costs, if that was asked for: by the cases that show it and were measured."""
    if not run.options.tax:
        return
    chosen = taxed(cases, run.options)
    if not chosen:
        run.watch(Event("measured", "the container's tax is not measured: neither baseline nor yardstick is a case"))
    for case in chosen:
        if rounds := counted(run.rounds[case]):
            tag = run.image(case).tag or ""
            for entry in measure_tax(
                run.engine,
                _limited(bench, run, case, Batch(rows=case.n, samples=1)),
                tag,
                rounds[-1],
                run.options,
                run.past.taxes,
            ):
                run.record(entry)
                run.watch(Event("measured", f"on the {entry.place}: {_told_round([entry.round])}"))


def _next(run: Run, case: Case) -> Batch | None:
    done = precise(case, run.rounds, run.options)
    return next_batch(run.rung(case), case, run.rounds[case], run.options, precise=done)


def _left_s(run: Run, case: Case) -> float:
    """Seconds that a case's containers will still live, about."""
    return case_s(run.rung(case), case, run.rounds[case], run.options)


def _told_batch(batch: Batch) -> str:
    calls = f" × {batch.calls} calls" if batch.calls > 1 else ""
    return f"{batch.samples} samples × {batch.rows} rows{calls}"


def _limited(bench: Bench, run: Run, case: Case, batch: Batch) -> Bench:
    """The bench with the time that a container of a case has."""
    known_ns = [entry.container_ns for entry in run.rounds[case]]
    return replace(bench, timeout_s=timeout_s(run.rung(case), case, batch, run.options.budget_s, known_ns))


def _startups(run: Run) -> dict[str, Accounts]:
    """The most that starting each image took, by its tag."""
    found: dict[str, Accounts] = {}
    for entry in run.startups:
        if entry.image and entry.accounts and (tag := run.images[entry.image].tag):
            found[tag] = larger(found.get(tag, entry.accounts), entry.accounts)
    return found


def _is_near_peak(run: Run, entry: Round) -> bool:
    """Whether a sample of a round came near the highest peak that was measured, or above it."""
    if entry.case.threads not in run.peaks or not entry.samples:
        return False
    best_ns = min(sample.wall_ns for sample in entry.samples)
    return 2 * entry.case.n**2 * entry.rows * entry.calls > NEAR_PEAK * run.peaks[entry.case.threads] * best_ns


def _told_round(rounds: Sequence[Round]) -> str:
    entry = rounds[-1]
    if entry.failure:
        return f"{entry.case}: FAILED: {entry.failure.reason}"
    best_ns = min(sample.wall_ns for sample in entry.samples) / entry.calls / entry.rows * entry.case.n
    what = disturbances(rounds).get(entry.number)
    return f"{entry.case}: {best_ns / 1e9:.3g} s for all {entry.case.n} rows" + (
        f" (disturbed: {what})" if what else ""
    )
