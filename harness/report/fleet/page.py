"""A fleet as one page: a machine a row, which can be filtered by name, CPU and state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.model.many import CaseRow, FleetComparison, FleetMachine
from harness.report.figures import NONE, number, ratio, times
from harness.report.fleet import sections
from harness.report.templates import self_contained

HERE = Path(__file__).parent
FILTER = HERE / "filter.js"
FEW = 200  # machines of which each cell's interval is told when pointed at; of more, the page would be too long


def page(comparison: FleetComparison) -> str:
    """One file, without anything that is fetched; without JavaScript it shows all machines."""
    return self_contained("fleet.html.j2", _context(comparison), FILTER, HERE)


def _context(comparison: FleetComparison) -> dict[str, Any]:
    return {
        "comparison": comparison,
        "finished": sum(machine.state == "finished" for machine in comparison.machines),
        "machines": [_machine(machine, comparison) for machine in comparison.machines],
        "everywhere": [sections.statement(each) for each in comparison.everywhere],
        "somewhere": sections.somewhere(comparison).points,
        "dependences": sections.dependences(comparison),
        "with_intervals": len(comparison.machines) <= FEW,
    }


def _machine(machine: FleetMachine, comparison: FleetComparison) -> dict[str, Any]:
    run = machine.run if machine.run and not machine.run.problems else None
    rows = {row.name: row for row in run.rows} if run else {}
    return {
        "name": machine.name,
        "state": machine.state,
        "reason": machine.reason,
        "facts": sections.facts_of(run.machine) if run and run.machine else [NONE] * 4,
        "floor": f"{100 * run.noise_floor:.1f} %" if run and run.noise_floor is not None else NONE,
        "run": run.run if run else "",
        "cells": [cell(rows.get(case)) for case in comparison.cases],
        "seconds": [_seconds(rows.get(case)) for case in comparison.cases],
    }


def cell(row: CaseRow | None) -> tuple[str, str]:
    """What a cell shows of a case, and the whole of it."""
    if row is None:
        return NONE, ""
    if row.outcome != "measured":
        return row.outcome, row.reason or ""
    if row.ratio is None:
        return NONE, ""
    return times(row.ratio, estimate=row.is_estimate), ratio(row.ratio, estimate=row.is_estimate)


def _seconds(row: CaseRow | None) -> str:
    return number(row.seconds.value) if row and row.seconds else NONE
