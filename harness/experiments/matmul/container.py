"""One container of one case: engine -> protocol -> validate -> a round, good or failed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from harness.engine.engine import Exit, Job, Output, Runner
from harness.errors import ProtocolError, UnexplainedError
from harness.experiments.matmul.claims import Claim
from harness.experiments.matmul.limits import memory_bytes, process_limit
from harness.experiments.matmul.protocol import CANNOT_RUN_HERE, parse_samples, run_arguments
from harness.experiments.matmul.untimed import UntimedWork, explained
from harness.experiments.matmul.validate import check_product, check_times
from harness.experiments.matmul.workload import Workload
from harness.machine.host import Read
from harness.measure.accounts import accounts_of
from harness.measure.containers import run_once
from harness.model.cases import Accounts, Batch, Case, Failure
from harness.model.journal import Round
from harness.store import Log

OUTPUT = "/out/c.f64"
KILLED = 137  # 128 and SIGKILL
TOO_LARGE = 153  # 128 and SIGXFSZ


@dataclass(frozen=True)
class Bench:
    """What the rounds of a run share."""

    engine: Runner
    workload: Workload
    inputs: str  # the volume that holds A and B
    timeout_s: float
    keep: Log
    core_gflops: float | None = None  # what no core can exceed
    read: Read = lambda: None  # the state of the engine's host
    cpus: tuple[int, ...] = ()  # best first; without, the engine's in their order
    lender: str = ""  # an image of ours, as Output has it
    untimed: UntimedWork = field(default_factory=UntimedWork)  # what containers take outside their samples

    def cpus_for(self, threads: int) -> tuple[int, ...]:
        """The CPUs of a container with this many threads."""
        return (self.cpus or self.engine.cpus())[:threads]


def measure(bench: Bench, tag: str, case: Case, batch: Batch, number: int) -> Round:
    """Run one container and validate what it computed; anything that goes wrong in it is a failed round.

    One whose time is unexplained runs once more: an engine that waits for a disk, or a kernel that moves memory about
    to gather huge pages, is not the program's fault. A false claim is unexplained again.
    """
    with suppress(UnexplainedError):
        return _measured(bench, tag, case, batch, number, is_last=False)
    return _measured(bench, tag, case, batch, number, is_last=True)


def _measured(bench: Bench, tag: str, case: Case, batch: Batch, number: int, *, is_last: bool) -> Round:
    ended, blank = run_once(bench.engine, _job(bench, tag, case, batch), bench.read, case, batch, number)
    try:
        check_exit(ended, bench.timeout_s)
        samples = parse_samples(ended.stdout, batch.samples)
        check_times(samples, case, batch, ended.elapsed_ns, bench.core_gflops)
        claim = Claim(case, batch, samples, accounts_of(ended), blank.conditions)
        untimed = explained(tag, claim, bench.untimed, partial(_untimed, bench, tag, case))
    except ProtocolError as error:
        if not is_last and isinstance(error, UnexplainedError):
            raise
        return blank.model_copy(update={"failure": _failure("run", error, bench, ended, case)})
    try:
        digest = check_product(samples, ended.output, batch, bench.workload, ended.output_fault)
    except ProtocolError as error:
        return blank.model_copy(update={"failure": _failure("validate", error, bench, ended, case)})
    return blank.model_copy(update={"samples": samples, "sha256": digest, "untimed": untimed})


def _untimed(bench: Bench, tag: str, case: Case, batch: Batch) -> Accounts:
    """What is counted of a container. Raises ProtocolError if it does not end well."""
    ended = bench.engine.run(_job(bench, tag, case, batch))
    check_exit(ended, bench.timeout_s)
    return accounts_of(ended)


def _job(bench: Bench, tag: str, case: Case, batch: Batch) -> Job:
    return Job(
        image=tag,
        arguments=run_arguments(case, batch),
        cpus=bench.cpus_for(case.threads),
        memory_bytes=memory_bytes(case.n, case.threads, bench.engine.memory_bytes()),
        pids=process_limit(case.threads),
        timeout_s=bench.timeout_s,
        inputs=bench.inputs,
        output=Output(OUTPUT, 8 * batch.rows * case.n, bench.lender),
    )


def check_exit(ended: Exit, timeout_s: float) -> None:
    """Raise ProtocolError, with the reason, for a container that did not end well."""
    said = ended.stderr.decode("utf-8", errors="replace").strip().splitlines()
    last = f": {said[-1]}" if said else ""
    if ended.timed_out:
        raise ProtocolError(f"timed out after {timeout_s:g} s")
    if ended.out_of_memory:
        raise ProtocolError("out of memory: exceeded its limit and was killed")
    if ended.code == KILLED:
        raise ProtocolError("killed (SIGKILL), not by harness: by hand, or because the host is out of memory")
    if ended.code == TOO_LARGE:
        raise ProtocolError("wrote more than its output may hold (SIGXFSZ)")
    if ended.code == CANNOT_RUN_HERE:
        raise ProtocolError(f"cannot run on this machine{last}")
    if ended.code:
        raise ProtocolError(f"ended with exit code {ended.code}{last}")


def _failure(stage: str, error: ProtocolError, bench: Bench, ended: Exit, case: Case) -> Failure:
    name = f"{stage}-{case.implementation}-{case.rung}-{case.threads}.log"
    log = bench.keep(name, ended.stderr + b"\n--- standard output ---\n" + ended.stdout)
    return Failure.model_validate({"stage": stage, "reason": str(error), "log": log})
