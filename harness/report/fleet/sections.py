"""A fleet's report as headings, paragraphs and tables."""

from __future__ import annotations

from collections.abc import Sequence

from harness.model.comparison import Interval
from harness.model.many import Conclusion, Dependence, FleetComparison, FleetMachine, MachineFacts
from harness.report.figures import NONE, interval, number, ratio
from harness.report.section import Section, Table

TOGETHER = (
    "By rank (Kendall), at 95 % confidence for all that were tried together. Machines differ in much at once: "
    "this says what goes together, not why."
)
MOST = 12  # machines that stand in one table of text, and names that are listed: the page and the JSON have all


def sections(comparison: FleetComparison) -> list[Section]:
    """The whole report, in the order in which it is read; empty sections are left out."""
    everything = [
        machines(comparison),
        Section("Warnings", points=_cut(comparison.warnings)),
        ratios(comparison),
        everywhere(comparison),
        somewhere(comparison),
        dependences(comparison),
        seconds(comparison),
    ]
    return [section for section in everything if section.table or section.points or section.intro]


def machines(comparison: FleetComparison) -> Section:
    """Every machine, what it is and what became of it."""
    found = comparison.machines
    finished = sum(machine.state == "finished" for machine in found)
    return Section(
        f"harness {comparison.run}: {finished} of {len(found)} machines finished",
        intro="Each machine has its own baseline, peak and noise floor; every ratio is one of a single machine.",
        table=Table(
            ["machine", "", "CPU", "cores", "vectors", "last cache", "noise floor", "run"],
            [_machine(each) for each in found[:MOST]],
        ),
        points=[f"and {len(found) - MOST} more: see the page"] if len(found) > MOST else (),
    )


def _machine(machine: FleetMachine) -> list[str]:
    run = machine.run
    facts = facts_of(run.machine) if run and run.machine else [NONE] * 4
    floor = f"{100 * run.noise_floor:.1f} %" if run and run.noise_floor is not None else NONE
    return [machine.name, machine.state, *facts, floor, run.run if run else NONE]


def facts_of(machine: MachineFacts) -> list[str]:
    """CPU, cores, vector width and last cache, in words."""
    vectors = f"{machine.vector_bits} bits" if machine.vector_bits else NONE
    cache = f"{machine.cache_bytes / 2**20:.4g} MiB" if machine.cache_bytes else NONE
    return [machine.cpu, str(machine.cores), vectors, cache]


def shown(comparison: FleetComparison) -> list[FleetMachine]:
    """The machines whose runs are believed."""
    return [machine for machine in comparison.machines if machine.run and not machine.run.problems]


def ratios(comparison: FleetComparison) -> Section:
    """Every case: its speedup over the baseline, on each machine its own."""
    columns = shown(comparison)[:MOST]
    cells = {machine.name: _ratios(machine) for machine in columns}
    rows = [[case, *(cells[machine.name].get(case, NONE) for machine in columns)] for case in comparison.cases]
    more = len(shown(comparison)) - len(columns)
    return Section(
        f"Speedup over {comparison.baseline}, each on its own machine",
        table=Table(["", *(machine.name for machine in columns)], rows) if columns else None,
        points=[f"and {more} more machines: see the page"] if more else (),
    )


def _ratios(machine: FleetMachine) -> dict[str, str]:
    return {
        row.name: ratio(row.ratio, estimate=row.is_estimate) if row.outcome == "measured" else row.outcome
        for row in (machine.run.rows if machine.run else ())
    }


def everywhere(comparison: FleetComparison) -> Section:
    """What holds on every machine that measured it."""
    return Section("Holds on every machine", points=[statement(each) for each in comparison.everywhere])


def somewhere(comparison: FleetComparison) -> Section:
    """What holds on some machines only, and on which it is otherwise."""
    points = [f"{statement(each)}; {_otherwise(each)}" for each in comparison.somewhere]
    return Section("Holds on some machines only", points=points)


def statement(each: Conclusion) -> str:
    """A conclusion in words."""
    what = f"not significantly different from {each.than}"
    if each.verdict != "not significant":
        what = f"{each.verdict} than {each.than}"
    everyone = len(each.agree) + len(each.differ)
    return f"{each.case} is {what} on {len(each.agree)} of {everyone} machines"


def _otherwise(each: Conclusion) -> str:
    groups: dict[str, list[str]] = {}
    for machine, verdict in each.differ.items():
        groups.setdefault(verdict, []).append(machine)
    return "; ".join(f"{verdict} on {_names(names)}" for verdict, names in groups.items())


def dependences(comparison: FleetComparison) -> Section:
    """Which steps go with what the machines are."""
    return Section(
        "Steps that go with a property of the machine",
        intro=TOGETHER if comparison.dependences else "",
        points=[depends(each) for each in comparison.dependences],
    )


def depends(each: Dependence) -> str:
    """A dependence in words."""
    how = "larger" if each.correlation > 0 else "smaller"
    range_ = f"from {interval(each.low)}× to {interval(each.high)}×"
    return (
        f"{each.case}: its step from {each.step_from} is {how} with more {_PROPERTY[each.on]} "
        f"(τ = {each.correlation:+.2f} on {each.machines} machines; {range_})"
    )


_PROPERTY = {"vector width": "vector width", "last cache": "cache", "cores": "cores"}


def seconds(comparison: FleetComparison) -> Section:
    """Seconds, the one thing that is compared across machines."""
    columns = shown(comparison)[:MOST]
    heading = "Seconds across machines: × the fastest machine's"
    if len(columns) < 2:
        return Section(heading)
    rows = []
    for case in comparison.cases:
        found = seconds_of(columns, case)
        least = min((each.value for each in found.values()), default=None)
        rows.append([case, *(_second(found.get(machine.name), least) for machine in columns)])
    return Section(
        heading,
        intro="This table alone compares machines with each other: each as a whole, with its clock, memory and cores.",
        table=Table(["", *(machine.name for machine in columns)], rows),
    )


def seconds_of(machines: Sequence[FleetMachine], case: str) -> dict[str, Interval]:
    """The seconds of a case by machine."""
    found = ((machine.name, row) for machine in machines for row in (machine.run.rows if machine.run else ()))
    return {name: row.seconds for name, row in found if row.name == case and row.seconds}


def _second(found: Interval | None, least: float | None) -> str:
    if found is None or not least:
        return NONE
    return f"{number(found.value)} s · {number(found.value / least)}×"


def _cut(texts: Sequence[str]) -> list[str]:
    kept = list(texts[:MOST])
    return kept + ([f"and {len(texts) - MOST} more: see the page"] if len(texts) > MOST else [])


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(names[:MOST]) + more
