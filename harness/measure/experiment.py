"""What measuring requires of an experiment."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from harness.engine.engine import Runner
from harness.images.catalog import Catalog, Source
from harness.machine.host import Read
from harness.model.cases import Batch, Case, Options
from harness.model.journal import Round
from harness.model.manifests import Manifest, Rung
from harness.statistics.estimates import Estimate

if TYPE_CHECKING:
    from harness.measure.run import Run


class Measure(Protocol):
    """What runs one container of a case and checks its answer; whatever goes wrong in it is a failed round."""

    def __call__(self, case: Case, batch: Batch, number: int, runner: Runner | None = None) -> Round:
        """The round of that number; on another `runner` than the run's engine where one is given."""


class Experiment(Protocol):
    """What is special to one experiment. All of it but `prepare` and `opened` is pure."""

    def cases(self, manifests: Sequence[Manifest], options: Options) -> tuple[Case, ...]:
        """What is measured for these options, A/A controls among it."""

    def tools(self, catalog: Catalog, chosen: dict[str, Source]) -> dict[str, Source]:
        """The implementations whose images it needs, whether they are measured or not."""

    def prepare(self, run: Run, cases: Sequence[Case]) -> None:
        """Measure and record what must be known before the first round."""

    def opened(self, run: Run, read: Read) -> AbstractContextManager[Measure]:
        """What measures the rounds of a run; what it keeps in the engine is removed afterwards."""

    def explore(self, rung: Rung, case: Case, rounds: Sequence[Round], budget_s: float) -> Batch | None:
        """What to request of a pilot, given the pilots so far; None where nothing more is to be learnt."""

    def settled(self, rung: Rung, case: Case, rounds: Sequence[Round], round_s: float) -> Batch:
        """What to request of every container that counts, so that it takes about `round_s`."""

    def placed(self, batch: Batch, case: Case, seed: int, number: int) -> Batch:
        """The request as made in the round of that number, with what is drawn anew for every round."""

    def container_s(self, batch: Batch, rounds: Sequence[Round]) -> float:
        """The expected lifetime of a container in seconds, by the rounds of its case so far."""

    def expected(self, case: Case, batch: Batch, known: Sequence[Round], number: int) -> Round:
        """The expected round of a container, by others of its case, perhaps of another size."""

    def estimate(self, rounds: Sequence[Round]) -> Estimate:
        """The figure of a case, by its rounds."""

    def unsteady(self, measured: Sequence[Round], pilots: Sequence[Round]) -> str | None:
        """Why a case has no figure although its containers succeeded; None where it has one."""

    def describe_request(self, batch: Batch) -> str:
        """A request, in words."""

    def describe_round(self, entry: Round) -> str:
        """The result of a successful round, in words."""
