"""What the rounds of a run are measured with: operands in a volume, time limits, and the peak beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from harness.engine.engine import Runner
from harness.events import Event
from harness.experiments.matmul.container import Bench, measure
from harness.experiments.matmul.ladder import kernel_of
from harness.experiments.matmul.limits import MIN_S, timeout_s
from harness.experiments.matmul.peak import is_near_peak, measure_peak_again
from harness.experiments.matmul.untimed import UntimedWork
from harness.experiments.matmul.validate import max_gflops
from harness.experiments.matmul.workload import Workload
from harness.machine.host import Read
from harness.measure.accounts import larger
from harness.measure.experiment import Measure
from harness.measure.run import Run
from harness.model.cases import Accounts, Batch, Case
from harness.model.journal import Round


@contextmanager
def opened(run: Run, read: Read) -> Iterator[Measure]:
    """What measures the rounds of a run, with A and B in a volume, which is removed afterwards."""
    tries: Counter[int] = Counter()
    with _bench(run, read) as bench:

        def measured(case: Case, batch: Batch, number: int, runner: Runner | None = None) -> Round:
            limited = replace(_limited(bench, run, case, batch), engine=runner or run.engine)
            entry = measure(limited, run.image(case).tag or "", case, batch, number)
            if is_near_peak(run, entry):
                measure_peak_again(run, case.threads, tries)
            return entry

        yield measured


@contextmanager
def _bench(run: Run, read: Read) -> Iterator[Bench]:
    """Inputs in a volume, which is removed afterwards."""
    run.watch(Event("prepare", f"generating A and B, n = {run.options.n}, seed {run.options.seed}"))
    workload = Workload(run.options.n, run.options.seed)
    files = {"a.f64": workload.a.data, "b.f64": workload.b.data}
    inputs = run.engine.fill_volume(run.base, files)
    try:
        yield Bench(
            engine=run.engine,
            workload=workload,
            inputs=inputs,
            timeout_s=MIN_S,
            keep=run.folder.keep_log,
            core_gflops=max_gflops(run.machine.features) if run.machine else None,
            read=read,
            cpus=run.cpus,
            lender=run.base,
            untimed=UntimedWork(_startups(run)),
        )
    finally:
        run.engine.remove_volume(inputs)


def _limited(bench: Bench, run: Run, case: Case, batch: Batch) -> Bench:
    """The bench with the time that a container of a case has."""
    known_ns = [entry.container_ns for entry in run.rounds[case]]
    return replace(bench, timeout_s=timeout_s(kernel_of(run.rung(case)), case, batch, run.options.budget_s, known_ns))


def _startups(run: Run) -> dict[str, Accounts]:
    """The most that starting each image took, by its tag."""
    found: dict[str, Accounts] = {}
    for entry in run.startups:
        if entry.image and entry.accounts and (tag := run.images[entry.image].tag):
            found[tag] = larger(found.get(tag, entry.accounts), entry.accounts)
    return found
