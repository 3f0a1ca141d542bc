"""How long measuring will take: the plan itself, played to its end with the times that are known. Pure.

What is known is a case's rounds so far; before there are any, those of an earlier run on this machine (see `typical`).
Cases are taken to become precise after as many rounds as that takes at the least, and the baseline with its budget.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from harness.levels import Beside, container_s, steady_s
from harness.model.cases import Batch, Case, Options, Sample
from harness.model.journal import Round
from harness.model.manifests import Rung
from harness.plan import budget_s, counted, next_batch
from harness.stopping import LEAST_ROUNDS
from harness.timing import timing

Known = tuple[Rung, Case, Sequence[Round]]

NOISE = 0.025  # what containers differ by, where nothing is known of it yet
SLOWER_N = 2  # a kernel's time for a row grows with this power of n


def forecast_s(cases: Iterable[Known], options: Options) -> float:
    """Seconds that the containers of these cases will still take, given each one's rounds so far."""
    return sum(sum(_to_come(rung, case, rounds, options)) for rung, case, rounds in cases)


def _to_come(rung: Rung, case: Case, rounds: Sequence[Round], options: Options) -> Iterable[float]:
    """The seconds of every container that is still to be made."""
    if not rounds:
        yield budget_s(case, options)
        return
    played = list(rounds)
    enough = _rounds_needed(case, rounds, options)
    while batch := next_batch(rung, case, played, options, precise=len(counted(played)) >= enough):
        seconds = container_s(batch, played)
        yield seconds
        played.append(_as_expected(batch, played, seconds))


def _rounds_needed(case: Case, rounds: Sequence[Round], options: Options) -> float:
    """After how many rounds a case will be known well enough: by what its rounds differ by, or else usually do."""
    least = max(options.rounds, LEAST_ROUNDS)
    good = counted(rounds)
    wanted = options.precision / (2**0.5 if case.name == options.baseline else 1.0)
    spread = timing(good).spread if len(good) >= least else None
    noise = spread.error * len(good) ** 0.5 if spread else NOISE
    return max(least, (2.3 * noise / wanted) ** 2) if wanted else float("inf")


def _as_expected(batch: Batch, played: Sequence[Round], seconds: float) -> Round:
    """The round that a container is expected to come to."""
    latest = played[-1]
    sample_s = steady_s(latest) / latest.calls * batch.calls * batch.rows / latest.rows
    walls_s = [sample_s] * batch.samples
    walls_s[0] += Beside.of(played).warming
    fields = {
        "number": latest.number + 1,
        "pilot": (latest.rows, latest.calls, len(latest.samples)) != (batch.rows, batch.calls, batch.samples),
        "rows": batch.rows,
        "calls": batch.calls,
        "samples": tuple(Sample(wall_ns=round(s * 1e9) or 1, cpu_ns=0, checksum=0) for s in walls_s),
        "container_ns": round(seconds * 1e9),
        "conditions": None,
    }
    return latest.model_copy(update=fields)


def typical(case: Case, earlier: Mapping[Case, Sequence[Round]]) -> list[Round]:
    """A pilot as an earlier run would have it, whose n may have been another; none where it did not have the case."""
    same = [known for known in earlier if _alike(known, case) and counted(earlier[known])]
    if not same:
        return []
    nearest = min(same, key=lambda known: (abs(known.threads - case.threads), abs(known.n - case.n)))
    latest = counted(earlier[nearest])[-1]
    row_s = steady_s(latest) / latest.calls / latest.rows * (case.n / nearest.n) ** SLOWER_N
    rows = case.n if latest.rows == nearest.n else min(case.threads, case.n)
    beside = Beside.of(earlier[nearest])
    sample = Sample(wall_ns=round(row_s * rows * 1e9) or 1, cpu_ns=0, checksum=0)
    container_ns = round((beside.once + beside.each) * 1e9) + sample.wall_ns
    fields = {"case": case, "rows": rows, "calls": 1, "number": 1, "pilot": True, "samples": (sample,)}
    return [latest.model_copy(update=fields | {"container_ns": container_ns, "conditions": None})]


def _alike(known: Case, case: Case) -> bool:
    return (known.implementation, known.rung) == (case.implementation, case.rung)
