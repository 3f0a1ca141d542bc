"""The rounds of a run: one service under load for each, every answer checked; and the load generator's own limit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from harness.engine.engine import Runner
from harness.errors import EngineError, ProtocolError
from harness.events import Event
from harness.experiments.web import settings
from harness.experiments.web.answer import parse_answer
from harness.experiments.web.figures import check_pair, sample_of, values_of
from harness.experiments.web.load import PORT, check_said, parse_said
from harness.experiments.web.pair import Bench, Pair, service_job
from harness.experiments.web.scenarios import SCENARIOS, Workload
from harness.images.catalog import Source
from harness.machine.conditions import between
from harness.machine.host import Read
from harness.measure.experiment import Measure
from harness.measure.run import Run
from harness.model.cases import Accounts, Batch, Case, Failure
from harness.model.journal import Own, Round

ADDRESS = "127.0.0.1"
LOAD = "load"
CONSTANT = "/constant"
LIMIT_CONTAINERS = 2  # of which the faster one counts: whatever disturbs them makes a limit too low
PAGE = "index.html"


@contextmanager
def opened(run: Run, read: Read) -> Iterator[Measure]:
    """What measures the rounds of a run, with the bodies of requests in a volume, which is removed afterwards."""
    workload = workload_of(run)
    with bench(run, workload, read) as place:

        def measured(case: Case, batch: Batch, number: int, runner: Runner | None = None) -> Round:
            if runner is not None:
                raise TypeError("a service needs more of an engine than a runner has")
            return _measured(run, place, workload, case, batch, number)

        yield measured


def workload_of(run: Run) -> Workload:
    """The page that all implementations serve, and bodies from the run's seed."""
    sources: Sequence[Source] = list(run.sources.values())
    return Workload((sources[0].context.parent / PAGE).read_bytes(), run.options.seed)


@contextmanager
def bench(run: Run, workload: Workload, read: Read) -> Iterator[Bench]:
    """With the bodies in a volume, which is removed afterwards. Raises EngineError where there is no load generator."""
    load = run.images[LOAD]
    if load.failure:
        log = f"\nBuild log: {run.folder.path / load.failure.log}" if load.failure.log else ""
        raise EngineError(f"the load generator could not be built: {load.failure.reason}{log}")
    bodies = run.engine.fill_volume(run.base, workload.files())
    try:
        topology = run.machine.topology if run.machine else ()
        cores = {cpu.number: (cpu.package, cpu.core) for cpu in topology}
        yield Bench(run.engine, load.tag or "", bodies, run.cpus, read, cores)
    finally:
        run.engine.remove_volume(bodies)


def _measured(run: Run, place: Bench, workload: Workload, case: Case, batch: Batch, number: int) -> Round:
    asked = settings.asked_of(case, batch, run.options, len(place.load_cpus(case.threads)))
    arguments = (str(PORT), str(case.threads), ADDRESS)
    pair = place.meet(asked, service_job(run.image(case).tag or "", arguments, place.cpus[: case.threads]))
    cpu_ns = pair.service_accounts[-1].cpu_ns if pair.service_accounts else None
    blank = Round(
        case=case,
        number=number,
        pilot=batch.pilot,
        rows=batch.rows,
        first=0,
        asked=batch.asked,
        container_ns=pair.life_ns,
        conditions=between(pair.readings),
        accounts=Accounts(life_ns=pair.life_ns, cpu_ns=cpu_ns),
    )
    try:
        check_pair(pair)
        said = parse_said(pair.load.stdout)
        check_said(said, asked, workload)
    except ProtocolError as error:
        return blank.model_copy(update={"failure": _failure(run, case, pair, str(error))})
    values = values_of(pair, said, asked)
    last = parse_answer(said.answers[-1][1]).body
    told = {"resident_bytes": round(values["loaded_bytes"]), "sha256": hashlib.sha256(last).hexdigest()}
    return blank.model_copy(update={"samples": (sample_of(pair, said),), "values": values, **told})


def _failure(run: Run, case: Case, pair: Pair, reason: str) -> Failure:
    name = f"run-{case.implementation}-{case.rung}-{case.threads}.log"
    text = pair.service.stderr + b"\n--- load ---\n" + pair.load.stderr + pair.load.stdout
    return Failure(stage="validate", reason=reason, log=run.folder.keep_log(name, text))


def measure_limits(run: Run, cases: Sequence[Case]) -> None:
    """Measure the load generator's own limit in every scenario: a server that answers nothing but constants."""
    known = {own.name for own in run.own}
    wanted = {settings.limit_name(case): case for case in cases if settings.limit_name(case) not in known}
    if not wanted:
        return
    workload = workload_of(run)
    with bench(run, workload, lambda: None) as place:
        for name, case in wanted.items():
            run.watch(Event("prepare", f"measuring the load generator's own limit: {case.rung}"))
            run.record(_limit(run, place, workload, case, name))


def _limit(run: Run, place: Bench, workload: Workload, case: Case, name: str) -> Own:
    scenario = SCENARIOS[case.rung]
    asked = settings.asked_of(case, Batch(), run.options, len(place.load_cpus(case.threads)))
    lengths = workload.request_bytes(scenario), workload.answer_bytes(scenario), int(scenario.closes)
    job = service_job(place.load_image, [str(PORT), *map(str, lengths)], place.cpus[: case.threads])
    rates, life_ns = [], 0
    for _ in range(LIMIT_CONTAINERS):
        pair = place.meet(asked, settings.with_program(job, CONSTANT))
        life_ns += pair.life_ns
        try:
            check_pair(pair)
            rates.append(parse_said(pair.load.stdout).phases["full"].rate)
        except (ProtocolError, KeyError) as error:
            log = run.folder.keep_log(f"{name}.log", pair.load.stdout)
            run.watch(Event("measured", f"the load generator's own limit was not measured: {error} (log: {log})"))
    return Own(name=name, values={"rate": max(rates)} if rates else {}, container_ns=life_ns)
