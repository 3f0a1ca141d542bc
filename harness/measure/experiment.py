"""What measuring requires of an experiment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from harness.engine.engine import Runner
from harness.images.catalog import Catalog, Source
from harness.machine.host import Read
from harness.measure.run import Run
from harness.model.cases import Batch, Case, Options
from harness.model.comparison import Measured, Metric, PublishedRow, Ratio, Row
from harness.model.journal import Machine, Own, Peak, Round
from harness.model.manifests import Held, Manifest
from harness.statistics.estimates import Estimate


@dataclass(frozen=True)
class Timing(Estimate):
    """The seconds of what a case is measured by, by its rounds."""

    warm_up: int  # samples at the beginning of every round that are discarded
    warming_s: float  # of a container's samples, until they were steady
    cold: float | None  # seconds by a container's first sample; None where it had no other
    busy_cores: float
    samples: int


class Measure(Protocol):
    """What runs one container of a case and checks its answer; anything that goes wrong in it is a failed round."""

    def __call__(self, case: Case, batch: Batch, number: int, runner: Runner | None = None) -> Round:
        """The round of that number; on another `runner` than the run's engine where one is given."""


class Experiment(Protocol):
    """What is special to one experiment. All of it but `prepare` and `opened` is pure."""

    @property
    def name(self) -> str:
        """Of its folders below implementations/ and containers/, and in journals."""

    def options(self, catalog: Catalog, *, given: Collection[str] = (), **typed: Any) -> Options:
        """The options after defaults; `given` names those that the user set. Raises UsageError for an invalid one."""

    def check_fits(self, cases: Iterable[tuple[Case, Held]], engine_bytes: int, own_bytes: int | None) -> None:
        """Raise UsageError for a case that cannot fit into memory; `own_bytes` is None where the engine is here."""

    def cases(self, manifests: Sequence[Manifest], options: Options) -> tuple[Case, ...]:
        """What is measured for these options, A/A controls among it."""

    def tools(self, catalog: Catalog, chosen: dict[str, Source]) -> dict[str, Source]:
        """The implementations whose images it needs, whether they are measured or not."""

    def prepare(self, run: Run, cases: Sequence[Case]) -> None:
        """Measure and record what must be known before the first round."""

    def opened(self, run: Run, read: Read) -> AbstractContextManager[Measure]:
        """What measures the rounds of a run; what it keeps in the engine is removed afterwards."""

    def ask(self, rung: Held, case: Case, rounds: Sequence[Round], options: Options, round_s: float) -> Batch:
        """What to request of a case's next container, given the rounds so far.

        Pilots first, to size the request; then the same for every container that counts, about `round_s`.
        """

    def placed(self, batch: Batch, case: Case, seed: int, number: int) -> Batch:
        """The request as made in the round of that number, with what is drawn anew for every round."""

    def expected(self, case: Case, batch: Batch, known: Sequence[Round], number: int) -> Round:
        """The expected round of a container, by others of its case, perhaps of another size."""

    def timing(self, rounds: Sequence[Round], pilots: Sequence[Round] = ()) -> Timing:
        """The seconds of a case, by its rounds; pilots, which do not count, may give its first-sample figure."""

    def unsteady(self, measured: Sequence[Round], pilots: Sequence[Round]) -> str | None:
        """Why a case has no figure although its containers succeeded; None where it has one."""

    def describe_request(self, batch: Batch) -> str:
        """A request, in words."""

    def describe_round(self, entry: Round) -> str:
        """The result of a successful round, in words."""

    def work(self, options: Options) -> str:
        """The workload of every case, in words."""

    def figures(self, case: Case, rounds: Sequence[Round], taken: Timing, peaks: Sequence[Peak]) -> Mapping[str, Any]:
        """The fields of a case's row that only this experiment has, by all its rounds."""

    @property
    def metrics(self) -> Sequence[Metric]:
        """The figures of a case beside the one that statistics work on, in the order of the report."""

    def measured(self, rounds: Mapping[Case, Sequence[Round]], own: Sequence[Own]) -> Iterable[Measured]:
        """Those of every case, by its rounds that count and what was measured before them."""

    def remarks(self, rounds: Mapping[Case, Sequence[Round]], own: Sequence[Own]) -> Iterable[str]:
        """What a reader must know of these figures before believing them."""

    def published(
        self,
        rows: Sequence[Row],
        options: Options,
        machine: Machine | None,
        between: Callable[[Row, Row], Ratio | None],
    ) -> tuple[str, tuple[PublishedRow, ...]]:
        """Published figures, their source first, beside the rows that reproduce them; none if nothing is published."""

    def false_claims(self, rounds: Sequence[tuple[int, Round]], options: Options) -> Iterator[tuple[int, str]]:
        """False claims that numbered rounds make about their own answers, all recomputed."""
