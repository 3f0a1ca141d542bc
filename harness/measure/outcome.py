"""Whether a case has a result. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness.measure.experiment import Experiment
from harness.measure.plan import counted
from harness.model.cases import Failure
from harness.model.journal import Round


def failure_of(experiment: Experiment, rounds: Sequence[Round]) -> Failure | None:
    """Why a case with these rounds has no result: one of them failed, or they reached no steady state."""
    if failed := next((r.failure for r in rounds if r.failure), None):
        return failed
    measured = counted(rounds)
    reason = experiment.unsteady(measured, [r for r in rounds if r.pilot]) if measured else None
    return Failure(stage="run", reason=reason) if reason else None
