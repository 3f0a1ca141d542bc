"""The matrix product as measuring sees it (see measure.experiment)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from harness.experiments.matmul import bench, expected, ladder, levels, peak, sizing, steadiness, timing
from harness.images.catalog import Catalog, Source
from harness.machine.host import Read
from harness.measure.experiment import Experiment, Measure
from harness.measure.run import Run
from harness.model.cases import Batch, Case, Options
from harness.model.journal import Round
from harness.model.manifests import Manifest, Rung


@dataclass(frozen=True)
class Matmul:
    """See Experiment, of every method."""

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

    def explore(self, rung: Rung, case: Case, rounds: Sequence[Round], budget_s: float) -> Batch | None:
        """See sizing."""
        return sizing.explore(rung, case, rounds, budget_s)

    def settled(self, rung: Rung, case: Case, rounds: Sequence[Round], round_s: float) -> Batch:
        """See sizing."""
        return sizing.settled(rung, case, rounds, round_s)

    def placed(self, batch: Batch, case: Case, seed: int, number: int) -> Batch:
        """Other rows in every round."""
        return batch.model_copy(update={"first": ladder.first_row(case.n, seed, number)})

    def container_s(self, batch: Batch, rounds: Sequence[Round]) -> float:
        """See levels."""
        return levels.container_s(batch, rounds)

    def expected(self, case: Case, batch: Batch, known: Sequence[Round], number: int) -> Round:
        """A round whose rows take as long as those that are known."""
        return expected.expected(case, batch, known, number)

    def estimate(self, rounds: Sequence[Round]) -> timing.Timing:
        """The seconds of a whole product."""
        return timing.timing(rounds)

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


MATMUL: Experiment = Matmul()
