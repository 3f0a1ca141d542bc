"""Services as measuring sees them: the experiment of `harness web compare`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from harness.experiments.web import NAME, metrics, options, rounds, settings
from harness.experiments.web.scenarios import SCENARIOS, Workload
from harness.images.catalog import Catalog, Source
from harness.machine.host import Read
from harness.measure.experiment import Experiment, Measure, Timing
from harness.measure.run import Run
from harness.model.cases import Batch, Case, Options
from harness.model.comparison import Measured, Metric, PublishedRow, Ratio, Row
from harness.model.journal import Machine, Own, Peak, Round
from harness.model.manifests import Held, Manifest
from harness.statistics.estimates import estimate

ASIDE_S = 2.0  # of a container's life beside its load


@dataclass(frozen=True)
class Web:
    """See Experiment, of every method."""

    name: str = NAME

    def options(self, catalog: Catalog, *, given: Collection[str] = (), **typed: Any) -> Options:
        """See options."""
        return options.parse_options(catalog, **typed)

    def check_fits(self, cases: Iterable[tuple[Case, Held]], engine_bytes: int, own_bytes: int | None) -> None:
        """A service has a gibibyte, wherever it runs."""

    def cases(self, manifests: Sequence[Manifest], options: Options) -> tuple[Case, ...]:
        """Scenario by scenario, every implementation that answers it; then the control of the reference's first."""
        (threads,) = options.threads
        cases = [
            Case(implementation=manifest.name, rung=scenario, n=options.n, threads=threads)
            for scenario in options.rungs
            for manifest in manifests
            if scenario in manifest.scenarios
        ]
        original = next((case for case in cases if case.implementation == options.reference), *cases[:1])
        return (*cases, original.model_copy(update={"control": True}))

    def tools(self, catalog: Catalog, chosen: dict[str, Source]) -> dict[str, Source]:
        """None: the load generator is none of the implementations."""
        return {}

    def prepare(self, run: Run, cases: Sequence[Case]) -> None:
        """Measure the load generator's own limit."""
        rounds.measure_limits(run, cases)

    def opened(self, run: Run, read: Read) -> AbstractContextManager[Measure]:
        """With the bodies of requests in a volume."""
        return rounds.opened(run, read)

    def ask(self, rung: Held, case: Case, rounds: Sequence[Round], options: Options, round_s: float) -> Batch:
        """First a pilot without latencies, whose rate at saturation settles the fixed rate of all that count."""
        if not rounds:
            return Batch(pilot=True)
        if not SCENARIOS[case.rung].has_latency:
            return Batch()
        rate = options.own[settings.RATE] or settings.rate_below(rounds[0].values["rate"])
        return Batch(asked=((settings.RATE, rate),))

    def placed(self, batch: Batch, case: Case, seed: int, number: int) -> Batch:
        """The same in every round."""
        return batch

    def expected(self, case: Case, batch: Batch, known: Sequence[Round], number: int) -> Round:
        """A round like the last one; a pilot has no latencies, which take as long as the load."""
        latest = known[-1]
        longer = 1.4 if latest.pilot and batch.asked else 1.0
        told = {"number": number, "pilot": batch.pilot, "asked": batch.asked, "case": case}
        return latest.model_copy(update={**told, "container_ns": round(longer * latest.container_ns)})

    def timing(self, rounds: Sequence[Round], pilots: Sequence[Round] = ()) -> Timing:
        """The seconds of CPU time that a request costs the service at saturation."""
        found = estimate([entry.values["cpu_s"] for entry in rounds])
        return Timing(
            mean=found.mean,
            spread=found.spread,
            rounds=found.rounds,
            warm_up=0,
            warming_s=0.0,
            cold=None,
            busy_cores=fmean(entry.values["service_cpus"] for entry in rounds),
            samples=len(rounds),
        )

    def unsteady(self, measured: Sequence[Round], pilots: Sequence[Round]) -> str | None:
        """A service has a warm-up of a fixed time, and what it costs after it is its figure."""
        return None

    def describe_request(self, batch: Batch) -> str:
        """The phases."""
        rate = dict(batch.asked).get(settings.RATE)
        return f"saturation, then {rate:,.0f} requests a second" if rate else "saturation"

    def describe_round(self, entry: Round) -> str:
        """What a request costs, and how many a second."""
        return f"{entry.values['cpu_s'] * 1e6:.3g} µs of CPU time a request, {entry.values['rate']:,.0f} a second"

    def work(self, options: Options) -> str:
        """HTTP on loopback."""
        said = "; ".join(f"{name}: {SCENARIOS[name].what}" for name in options.rungs)
        return (
            f"HTTP/1.1 on a loopback of their own, {options.n} connections, {options.own[settings.SECONDS]:g} s at "
            f"saturation after {options.own[settings.WARM]:g} s of warm-up in every container ({said}); status and "
            "length of every answer checked, whole answers taken on connections of their own meanwhile"
        )

    def figures(self, case: Case, rounds: Sequence[Round], taken: Timing, peaks: Sequence[Peak]) -> Mapping[str, Any]:
        """None beside the metrics; whether the service was saturated is in the remarks."""
        return {"busy_cores": None}

    @property
    def metrics(self) -> Sequence[Metric]:
        """See metrics."""
        return metrics.METRICS

    def measured(self, rounds: Mapping[Case, Sequence[Round]], own: Sequence[Own]) -> Iterable[Measured]:
        """See metrics."""
        return metrics.measured(rounds, own)

    def remarks(self, rounds: Mapping[Case, Sequence[Round]], own: Sequence[Own]) -> Iterable[str]:
        """See metrics."""
        return metrics.remarks(rounds, own)

    def published(
        self,
        rows: Sequence[Row],
        options: Options,
        machine: Machine | None,
        between: Callable[[Row, Row], Ratio | None],
    ) -> tuple[str, tuple[PublishedRow, ...]]:
        """Nothing that these figures reproduce."""
        return "", ()

    def false_claims(self, rounds: Sequence[tuple[int, Round]], options: Options) -> Iterator[tuple[int, str]]:
        """Answers with another digest than those that follow from the seed; pages that are not all the same."""
        workload = Workload(b"", options.seed)
        pages = [entry.sha256 for _, entry in rounds if workload.due(SCENARIOS[entry.case.rung]) == b""]
        for number, entry in rounds:
            due = workload.due(SCENARIOS[entry.case.rung])
            digest = hashlib.sha256(due).hexdigest() if due else pages[0] if due == b"" else entry.sha256
            if entry.sha256 != digest:
                yield number, f"the SHA-256 of its answer is {entry.sha256}, it should be {digest}"


WEB: Experiment = Web()
EXPERIMENT = WEB
