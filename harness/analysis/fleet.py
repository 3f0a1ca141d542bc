"""Machines side by side: which conclusions hold on all of them, and which steps go with what the machines are. Pure.

Every ratio is one of a single machine; machines are compared by their ratios, never by their seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.model.comparison import Interval, Ratio
from harness.model.fleet import FleetStarted
from harness.model.many import (
    CaseRow,
    Conclusion,
    Dependence,
    FleetComparison,
    FleetMachine,
    MachineFacts,
    Property,
    Verdict,
)
from harness.statistics.families import rejected_of

ENOUGH_MACHINES = 6
"""Fewer say nothing: of five machines, one order in sixty is perfect by chance, and many orders are tried."""

FALSE_ALARMS = 0.05  # share of fleets without any dependence of which one may be told

PROPERTIES: Mapping[Property, Callable[[MachineFacts], float | None]] = {
    "vector width": lambda machine: machine.vector_bits,
    "last cache": lambda machine: machine.cache_bytes,
    "cores": lambda machine: machine.cores,
}


def side_by_side(started: FleetStarted, machines: Sequence[FleetMachine]) -> FleetComparison:
    """All that a fleet's report shows."""
    runs = {machine.name: machine.run for machine in machines if machine.run and not machine.run.problems}
    cases = {name: {row.name: row for row in run.rows} for name, run in runs.items()}
    names = tuple(dict.fromkeys(case for rows in cases.values() for case in rows))
    first = next(iter(runs.values()), None)
    reference = first.reference if first else ""
    conclusions = list(_conclusions(names, cases, reference))
    facts = {name: run.machine for name, run in runs.items() if run.machine}
    return FleetComparison(
        run=started.run,
        at=started.at,
        harness=started.harness,
        hosts=started.hosts,
        baseline=first.baseline if first else str(started.typed.get("baseline", "")),
        reference=reference,
        n=first.n if first else 0,
        machines=tuple(machines),
        cases=names,
        everywhere=tuple(each for each in conclusions if each.is_everywhere),
        somewhere=tuple(each for each in conclusions if not each.is_everywhere),
        dependences=tuple(_dependences(names, cases, facts)),
        warnings=tuple(_warnings(machines)),
    )


def verdict_of(ratio: Ratio) -> Verdict | None:
    """What a ratio says at 95 % confidence; None where it has no interval."""
    if ratio.low is None:
        return None
    if ratio.not_significant:
        return "not significant"
    return "faster" if ratio.value > 1 else "slower"


def _conclusions(
    names: Iterable[str], cases: Mapping[str, Mapping[str, CaseRow]], reference: str
) -> Iterator[Conclusion]:
    """Of each case: against its previous rung, and against the reference on the same rung; on at least two machines."""
    for name in names:
        rows = {machine: held[name] for machine, held in cases.items() if name in held}
        yield from _concluded(name, {m: (_previous(row), row.step) for m, row in rows.items()})
        if not name.startswith(f"{reference}/"):
            same = f"{reference} on the same rung"
            yield from _concluded(name, {m: (same, row.vs_reference) for m, row in rows.items()})


def _previous(row: CaseRow) -> str:
    return f"{row.implementation}/{row.step_from}"


def _concluded(name: str, found: Mapping[str, tuple[str, Ratio | None]]) -> Iterator[Conclusion]:
    than = Counter(text for text, ratio in found.values() if ratio)
    for other in sorted(than):
        verdicts = {
            machine: verdict
            for machine, (text, ratio) in found.items()
            if text == other and ratio and (verdict := verdict_of(ratio))
        }
        if len(verdicts) > 1:
            most = Counter(verdicts.values()).most_common(1)[0][0]
            yield Conclusion(
                case=name,
                than=other,
                verdict=most,
                agree=tuple(machine for machine, verdict in verdicts.items() if verdict == most),
                differ={machine: verdict for machine, verdict in verdicts.items() if verdict != most},
            )


@dataclass(frozen=True)
class _Tried:
    risk: float
    found: Dependence


def _dependences(
    names: Iterable[str], cases: Mapping[str, Mapping[str, CaseRow]], facts: Mapping[str, MachineFacts]
) -> list[Dependence]:
    """The steps whose ratios go with a property by rank, at 95 % confidence for all that were tried together (Holm)."""
    tried = sorted(_tried(names, cases, facts), key=lambda each: each.risk)
    return [each.found for each in rejected_of(tried, lambda each, risk: each.risk <= risk, FALSE_ALARMS)]


def _tried(
    names: Iterable[str], cases: Mapping[str, Mapping[str, CaseRow]], facts: Mapping[str, MachineFacts]
) -> Iterator[_Tried]:
    for name in names:
        steps = {
            machine: (row.step, row.step_from)
            for machine, held in cases.items()
            if (row := held.get(name)) and row.step and row.step_from and machine in facts
        }
        for of, property_of in PROPERTIES.items():
            values = {m: value for m in steps if (value := property_of(facts[m])) is not None}
            if len(values) >= ENOUGH_MACHINES and len(set(values.values())) > 1:
                yield _ranked(name, of, values, {m: steps[m] for m in values})


def _ranked(name: str, of: Property, values: Mapping[str, float], steps: Mapping[str, tuple[Ratio, str]]) -> _Tried:
    from scipy.stats import kendalltau

    ratios = [steps[machine][0] for machine in values]
    ranked = kendalltau(list(values.values()), [ratio.value for ratio in ratios])
    ordered = sorted(ratios, key=lambda ratio: ratio.value)
    low, high = (Interval(value=r.value, low=r.low, high=r.high) for r in (ordered[0], ordered[-1]))
    correlation = float(ranked.statistic)
    found = Dependence(
        case=name,
        step_from=next(iter(steps.values()))[1],
        on=of,
        correlation=correlation if correlation == correlation else 0.0,  # noqa: PLR0124 (not a number: equal ratios)
        machines=len(ratios),
        low=low,
        high=high,
    )
    risk = float(ranked.pvalue)
    return _Tried(risk if risk == risk else 1.0, found)  # noqa: PLR0124


def _warnings(machines: Sequence[FleetMachine]) -> Iterator[str]:
    """What a reader must know: machines without a result, runs that are not believed, images that are not the same."""
    for machine in machines:
        if machine.state != "finished":
            yield f"{machine.name}: {machine.state}{f': {machine.reason}' if machine.reason else ''}"
        if machine.run and machine.run.problems:
            yield f"{machine.name}: its run is not believed: {'; '.join(machine.run.problems)}"
    digests: dict[tuple[str, str], dict[str, list[str]]] = {}
    for machine in machines:
        if machine.run and machine.run.machine:
            for image, digest in machine.run.digests.items():
                of = digests.setdefault((machine.run.machine.architecture, image), {})
                of.setdefault(digest, []).append(machine.name)
    for (architecture, image), found in digests.items():
        if len(found) > 1:
            groups = " and ".join(f"{', '.join(names[:3])} ({digest})" for digest, names in found.items())
            yield f"the image {image} is not the same on all machines of {architecture}: {groups}"
