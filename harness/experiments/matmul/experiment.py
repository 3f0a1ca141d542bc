"""The matrix product as measuring sees it (see measure.experiment)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from harness.experiments.matmul import (
    NAME,
    bench,
    expected,
    ladder,
    limits,
    options,
    peak,
    published,
    recomputed,
    sizing,
    steadiness,
    timing,
)
from harness.images.catalog import Catalog, Source
from harness.machine.host import Read
from harness.measure.experiment import Experiment, Measure, Timing
from harness.measure.plan import counted
from harness.measure.run import Run
from harness.model.cases import Batch, Case, Options, flop
from harness.model.comparison import Measured, Metric, PublishedRow, Ratio, Row
from harness.model.journal import Machine, Own, Peak, Round
from harness.model.manifests import Held, Manifest


@dataclass(frozen=True)
class Matmul:
    """See Experiment, of every method."""

    name: str = NAME

    def options(self, catalog: Catalog, *, given: Collection[str] = (), **typed: Any) -> Options:
        """See options."""
        preset = options.QUICK if typed.get("quick") else {}
        typed |= {name: value for name, value in preset.items() if name not in given}
        return options.parse_options(catalog, **typed)

    def check_fits(self, cases: Iterable[tuple[Case, Held]], engine_bytes: int, own_bytes: int | None) -> None:
        """See limits."""
        limits.check_fits([(case, ladder.kernel_of(held)) for case, held in cases], engine_bytes, own_bytes)

    def cases(self, manifests: Sequence[Manifest], options: Options) -> tuple[Case, ...]:
        """The cases of the chosen languages, rungs and numbers of threads."""
        return ladder.cases_of(manifests, options)

    def tools(self, catalog: Catalog, chosen: dict[str, Source]) -> dict[str, Source]:
        """The implementation that measures the machine's peak."""
        return peak.peak_source(catalog, chosen)

    def prepare(self, run: Run, cases: Sequence[Case]) -> None:
        """Measure the peak on every number of threads."""
        peak.measure_peaks(run, cases)

    def opened(self, run: Run, read: Read) -> AbstractContextManager[Measure]:
        """With A and B in a volume."""
        return bench.opened(run, read)

    def ask(self, rung: Held, case: Case, rounds: Sequence[Round], options: Options, round_s: float) -> Batch:
        """See sizing."""
        rung = ladder.kernel_of(rung)
        budget_s = options.budget_s
        return sizing.explore(rung, case, rounds, budget_s) or sizing.settled(rung, case, rounds, budget_s, round_s)

    def placed(self, batch: Batch, case: Case, seed: int, number: int) -> Batch:
        """Other rows in every round."""
        return batch.model_copy(update={"first": ladder.first_row(case.n, seed, number)})

    def expected(self, case: Case, batch: Batch, known: Sequence[Round], number: int) -> Round:
        """A round whose rows take as long as those that are known."""
        return expected.expected(case, batch, known, number)

    def timing(self, rounds: Sequence[Round], pilots: Sequence[Round] = ()) -> Timing:
        """The seconds of a whole product."""
        return timing.timing(rounds, pilots)

    def unsteady(self, measured: Sequence[Round], pilots: Sequence[Round]) -> str | None:
        """See steadiness."""
        return steadiness.unsteady(measured, pilots)

    def describe_request(self, batch: Batch) -> str:
        """Samples, rows and calls."""
        calls = f" × {batch.calls} calls" if batch.calls > 1 else ""
        return f"{batch.samples} samples × {batch.rows} rows{calls}"

    def describe_round(self, entry: Round) -> str:
        """The seconds of a whole product, by the fastest sample."""
        best_ns = min(sample.wall_ns for sample in entry.samples) / entry.calls / entry.rows * entry.case.n
        return f"{best_ns / 1e9:.3g} s for all {entry.case.n} rows"

    def work(self, options: Options) -> str:
        """C = A · B."""
        n = options.n
        return (
            f"C = A · B, {n} × {n}, float64, {flop(n) / 1e9:,.4g} GFLOP; integer inputs from seed {options.seed}; "
            "all computed rows validated, every sample by a checksum, each container's last sample bit for bit"
        )

    def figures(self, case: Case, rounds: Sequence[Round], taken: Timing, peaks: Sequence[Peak]) -> Mapping[str, Any]:
        """Rates, and how a product was timed."""
        gflops, latest = flop(case.n) / taken.mean / 1e9, counted(rounds)[-1]
        peak_gflops = next((p.gflops for p in peaks if p.threads == case.threads), None)
        return {
            "gflops": gflops,
            "peak_share": gflops / peak_gflops if peak_gflops else None,
            "rows_computed": latest.rows,
            "calls": latest.calls,
            "call_overhead_share": sizing.call_overhead_share(rounds) if latest.rows < case.n else None,
        }

    @property
    def metrics(self) -> Sequence[Metric]:
        """None: rates follow from the seconds."""
        return ()

    def measured(self, rounds: Mapping[Case, Sequence[Round]], own: Sequence[Own]) -> Iterable[Measured]:
        """None."""
        return ()

    def remarks(self, rounds: Mapping[Case, Sequence[Round]], own: Sequence[Own]) -> Iterable[str]:
        """None."""
        return ()

    def published(
        self,
        rows: Sequence[Row],
        options: Options,
        machine: Machine | None,
        between: Callable[[Row, Row], Ratio | None],
    ) -> tuple[str, tuple[PublishedRow, ...]]:
        """The published table."""
        return str(published.published()["source"]), published.published_rows(rows, options.baseline, machine, between)

    def false_claims(self, rounds: Sequence[tuple[int, Round]], options: Options) -> Iterator[tuple[int, str]]:
        """Checksums and digests of products."""
        return recomputed.false_products(rounds, options)


MATMUL: Experiment = Matmul()
EXPERIMENT = MATMUL
