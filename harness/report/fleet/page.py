"""A fleet as one page: a machine a row, which can be filtered by name, CPU and state."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.model.many import CaseRow, FleetComparison, FleetMachine
from harness.report import page as single
from harness.report.figures import NONE, number, ratio, times
from harness.report.fleet import sections

HERE = Path(__file__).parent
SINGLE = Path(single.__file__).parent
FEW = 200  # machines of which each cell's interval is told when pointed at; of more, the page would be too long


def page(comparison: FleetComparison) -> str:
    """One file, without anything that is fetched; without JavaScript it shows all machines."""
    return rendered("fleet.html.j2", _context(comparison))


def rendered(template: str, shown: Mapping[str, object]) -> str:
    """A template of this folder in the style of a run's page, with the script that filters rows."""
    script = _file(HERE / "filter.js")
    static = {
        "style": Markup(_file(SINGLE / "page.css")),  # noqa: S704 (our own files)
        "script": Markup(script),  # noqa: S704
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    }
    return _environment().get_template(template).render(**static, **shown) + "\n"


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader([HERE, SINGLE]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _file(path: Path) -> str:
    return path.read_text(encoding="utf-8")


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
