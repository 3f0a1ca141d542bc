"""The rounds of a run: interleaved, in a random order, until every case has reached its target or time limit."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

from harness.events import Event
from harness.machine.interference import interference
from harness.measure.experiment import Experiment, Measure
from harness.measure.forecast import case_s, pace
from harness.measure.overhead import measure_overhead, overhead_cases
from harness.measure.plan import counted, max_threads, next_batch, shuffled
from harness.measure.run import Run
from harness.measure.stopping import precise
from harness.model.cases import Batch, Case
from harness.model.journal import Round


def measure_rounds(experiment: Experiment, run: Run, measure: Measure, cases: Sequence[Case]) -> None:
    """Rounds of one container per case, each in a new random order, until every case reached its target or time limit.

    The next request follows from the rounds before and the seed alone: a resumed run goes through its journal's rounds
    as if it made them, and so reaches the point where it stopped.
    """
    run.rounds.update({case: [] for case in cases})
    number, began_s = 0, time.monotonic()
    made: list[Round] = []  # in this session
    left_s = {case: _left_s(experiment, run, case) for case in cases}
    told: set[Case] = set()
    while waiting := [(case, batch) for case in cases if (batch := _next(experiment, run, case))]:
        number += 1
        batches = {case: experiment.placed(batch, case, run.options.seed, number) for case, batch in waiting}
        for done, case in enumerate(shuffled([case for case, _ in waiting], run.options.seed, number)):
            if known := run.past.rounds.get((case, number)):
                run.remember(known)
                continue
            text = f"round {number}: {case}, {experiment.describe_request(batches[case])}"
            left = sum(left_s[each] for each, _ in waiting) * pace(made, time.monotonic() - began_s)
            run.watch(Event("measure", text, done, len(waiting), left))
            began_ns = run.age_ns
            entry = measure(case, batches[case], number)
            run.record(entry.model_copy(update={"key": run.key(case), "began_ns": began_ns}))
            made.append(entry)
            left_s[case] = _left_s(experiment, run, case)
            run.watch(Event("measured", _describe_round(experiment, run.rounds[case])))
            for text in first_speedups(experiment, run.rounds, run.options.baseline, told):
                run.watch(Event("measured", text))


def first_speedups(
    experiment: Experiment, rounds: Mapping[Case, Sequence[Round]], baseline: str, told: set[Case]
) -> Iterator[str]:
    """The speedups that are known so far: a line for each case as soon as it and the baseline have a round that counts.

    Cases in `told` are left out, and new ones are added to it.
    """
    baselines = [case for case in rounds if case.name == baseline and _is_known(rounds[case])]
    chosen = max_threads(baselines, baseline)
    if chosen is None:
        return
    untold = [case for case in rounds if case not in told and case.name != baseline and not case.control]
    for case in untold:
        if _is_known(rounds[case]):
            told.add(case)
            ratio = _mean_s(experiment, rounds[chosen]) / _mean_s(experiment, rounds[case])
            yield f"so far: {case} is {float(format(ratio, '.3g')):,g} times as fast as {baseline}"


def _is_known(rounds: Sequence[Round]) -> bool:
    return bool(rounds) and not rounds[-1].failure and bool(counted(rounds))


def _mean_s(experiment: Experiment, rounds: Sequence[Round]) -> float:
    return experiment.timing(counted(rounds)).mean


def measure_overheads(experiment: Experiment, run: Run, measure: Measure, cases: Sequence[Case]) -> None:
    """Measure the container overhead, if requested, by the cases that show it and were measured."""
    if not run.options.overhead:
        return
    chosen = overhead_cases(cases, run.options)
    if not chosen:
        run.watch(Event("measured", "container overhead not measured: neither baseline nor reference is a case"))
    for case in chosen:
        if rounds := counted(run.rounds[case]):
            for entry in measure_overhead(run.engine, measure, rounds[-1], run.options, run.past.overheads):
                run.record(entry)
                run.watch(Event("measured", f"in {entry.place}: {_describe_round(experiment, [entry.round])}"))


def _next(experiment: Experiment, run: Run, case: Case) -> Batch | None:
    done = precise(experiment, case, run.rounds, run.options)
    return next_batch(experiment, run.rung(case), case, run.rounds[case], run.options, precise=done)


def _left_s(experiment: Experiment, run: Run, case: Case) -> float:
    """Expected remaining seconds of a case's containers."""
    return case_s(experiment, run.rung(case), case, run.rounds[case], run.options)


def _describe_round(experiment: Experiment, rounds: Sequence[Round]) -> str:
    entry = rounds[-1]
    if entry.failure:
        return f"{entry.case}: FAILED: {entry.failure.reason}"
    what = interference(rounds).get(entry.number)
    return f"{entry.case}: {experiment.describe_round(entry)}" + (f" (interference: {what})" if what else "")
