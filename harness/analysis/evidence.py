"""The entries of a journal by kind, and the timing of every case among them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from harness.experiments import named
from harness.machine.interference import kept, rounds_with_interference
from harness.measure.experiment import Experiment, Timing
from harness.measure.outcome import failure_of
from harness.measure.plan import candidates
from harness.model.cases import Case, Failure
from harness.model.comparison import Interference
from harness.model.journal import (
    Entry,
    Finished,
    Image,
    Machine,
    OverheadRound,
    Own,
    Peak,
    Reading,
    Rejected,
    Resumed,
    Round,
    Started,
    Startup,
    Tuned,
)


@dataclass(frozen=True)
class Evidence:
    """The entries of a run, by kind."""

    started: Started
    machines: tuple[Machine, ...]  # of every session
    images: dict[str, Image]
    peaks: tuple[Peak, ...]
    rounds: dict[Case, list[Round]]
    candidates: dict[Case, list[Round]]  # of those, the ones that count if there was no interference
    counted: dict[Case, list[Round]]  # and the ones that do count
    in_order: tuple[Round, ...]  # all rounds, as they were made
    rejected: dict[Case, Failure]
    finished: Finished | None
    resumed: tuple[Resumed, ...]
    readings: tuple[Reading, ...]
    tuned: Tuned | None
    interference: tuple[Interference, ...]
    startups: tuple[Startup, ...]
    overhead: tuple[OverheadRound, ...]
    own: tuple[Own, ...]

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Evidence:
        """Sort the entries of a journal."""
        by_kind: dict[type, list[Any]] = defaultdict(list)
        for entry in entries:
            by_kind[type(entry)].append(entry)
        rounds: dict[Case, list[Round]] = defaultdict(list)
        for entry in by_kind[Round]:
            rounds[entry.case].append(entry)
        made = {case: candidates(entries) for case, entries in rounds.items()}
        return cls(
            started=by_kind[Started][0],
            machines=tuple(by_kind[Machine]),
            images={image.name: image for image in by_kind[Image]},
            peaks=tuple({peak.threads: peak for peak in sorted(by_kind[Peak], key=_gflops)}.values()),
            rounds=dict(rounds),
            candidates=made,
            counted={case: kept(entries) for case, entries in made.items()},
            in_order=tuple(by_kind[Round]),
            rejected={entry.case: entry.failure for entry in by_kind[Rejected]},
            finished=next(iter(by_kind[Finished]), None),
            resumed=tuple(by_kind[Resumed]),
            readings=tuple(by_kind[Reading]),
            tuned=_together(by_kind[Tuned]),
            interference=rounds_with_interference(made),
            startups=tuple(by_kind[Startup]),
            overhead=tuple(by_kind[OverheadRound]),
            own=tuple(by_kind[Own]),
        )

    @property
    def machine(self) -> Machine | None:
        """The machine, as the first session saw it; of later ones only the load may differ."""
        return next(iter(self.machines), None)

    @property
    def experiment(self) -> Experiment:
        """The experiment that was run."""
        return named(self.started.experiment)

    def failure(self, case: Case) -> Failure | None:
        """Why a case has no result, if it has none."""
        return self.rejected.get(case) or failure_of(self.experiment, self.rounds.get(case, []))


def _together(sessions: Sequence[Tuned]) -> Tuned | None:
    """What any session tuned, or could not tune."""
    if not sessions:
        return None
    changes = dict.fromkeys(change for session in sessions for change in session.changes)
    refused = dict.fromkeys(what for session in sessions for what in session.refused)
    return Tuned(changes=tuple(changes), refused=tuple(refused))


def _gflops(peak: Peak) -> float:
    return peak.gflops


def timings_of(evidence: Evidence) -> dict[Case, Timing]:
    """The timing of every case that was measured, A/A controls included."""
    return {
        case: evidence.experiment.timing(evidence.counted[case], [r for r in rounds if r.pilot])
        for case, rounds in evidence.rounds.items()
        if evidence.counted[case] and not evidence.failure(case)
    }
