"""Journals of earlier versions: their keys are read, and their figures stay what they were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from harness.cli.results import comparison_of
from harness.machine.machine import parse_machine
from harness.model.cases import Case, Options
from harness.model.journal import UNKNOWN, Machine, OverheadRound
from harness.report.as_json import render
from tests.factories import a_case, a_round, some_options

FORMER = Path(__file__).parent / "golden" / "former"
"""A run of schema 2, and its report, then of schema 3."""
RENAMED = {
    "yardstick": "reference",
    "twin": "controls",
    "tax": "overhead",
    "tie": "not_significant",
    "cold_seconds": "first_sample_seconds",
    "to_yardstick": "vs_reference",
    "to_yardstick_naive": "vs_reference_naive",
    "disturbed_rounds": "interference_rounds",
    "set_aside_rounds": "excluded_rounds",
    "once_share": "call_overhead_share",
    "stopped": "stop_reason",
    "absent": "not implemented",
}


def renamed(value: Any) -> Any:
    """A value of the report of schema 3, by its present keys and words."""
    if isinstance(value, dict):
        return {RENAMED.get(key, key): renamed(each) for key, each in value.items()}
    if isinstance(value, list):
        return [renamed(each) for each in value]
    return RENAMED.get(value, value) if isinstance(value, str) else value


def selected(value: Any, wanted: Any) -> Any:
    """Of a value, the keys that another one has."""
    if isinstance(wanted, dict):
        return {key: selected(value[key], each) for key, each in wanted.items()}
    if isinstance(wanted, list):
        return [selected(*pair) for pair in zip(value, wanted, strict=True)]
    return value


@pytest.mark.drawn  # SciPy 1.12 differs in the tenth digit
def test_the_figures_of_a_former_run_are_those_of_its_report() -> None:
    before = renamed(json.loads((FORMER / "report.json").read_text(encoding="utf-8")))
    assert len(before["rows"]) > 40
    comparison = comparison_of(FORMER, verified=True)
    assert comparison.verification
    assert comparison.verification.problems == ()
    assert selected(json.loads(render(comparison)), before) == before


def test_former_keys_are_read_from_json_and_only_there() -> None:
    case = '{"implementation":"c","rung":"naive","n":8,"threads":1,"twin":true}'
    assert Case.model_validate_json(case) == a_case("c/naive", 8).model_copy(update={"control": True})
    options = some_options(overhead=True, controls=True)
    former = options.model_dump_json()
    for old, new in {"yardstick": "reference", "twin": "controls", "tax": "overhead"}.items():
        former = former.replace(f'"{new}":', f'"{old}":')
    assert "yardstick" in former
    assert Options.model_validate_json(former) == options
    with pytest.raises(ValidationError, match="twin"):
        Case.model_validate(json.loads(case))


def test_former_kinds_and_words_are_read_as_the_present_ones() -> None:
    entry = OverheadRound(place="container", round=a_round(a_case("alpha/naive"), 1.0))
    former = entry.model_dump_json().replace('"kind":"overhead"', '"kind":"tax"')
    assert OverheadRound.model_validate_json(former) == entry
    machine = parse_machine("", "an engine", (0, 1))
    former = machine.model_dump_json().replace(UNKNOWN, "not readable")
    assert (machine.governor, "not readable" in former) == (UNKNOWN, True)
    assert Machine.model_validate_json(former) == machine
