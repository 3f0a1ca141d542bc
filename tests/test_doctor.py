"""What the doctor finds, and how grave it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.machine.doctor import Finding, as_json, as_text, examine, has_problems
from harness.model.journal import Machine, Reading
from tests.test_analyze import MACHINE

SECOND = 10**9
BEFORE = Reading(
    boot_id="b00t",
    uptime_ns=1000 * SECOND,
    cpus=2,
    busy_ns=500 * SECOND,
    steal_ns=SECOND,
    load_1m=0.1,
    available_bytes=2**33,
    swap_bytes=0,
    swap_used_bytes=0,
    swapped_pages=0,
    huge_pages="always",
    clock_source="tsc",
    governor="performance",
    turbo=False,
    smt=False,
    mains=None,
    mhz=2600.0,
    throttled=0,
)
AFTER = BEFORE.model_copy(update={"uptime_ns": 1002 * SECOND, "busy_ns": 500 * SECOND + SECOND // 20})
GUEST = MACHINE.model_copy(update={"features": ("hypervisor",)})


def found(machine: Machine = MACHINE, /, **after: Any) -> list[Finding]:
    return examine(machine, BEFORE, AFTER.model_copy(update=after))


def test_a_quiet_machine_of_metal_is_in_order() -> None:
    assert {finding.severity for finding in found()} == {"ok"}
    assert not has_problems(found())


@pytest.mark.parametrize(
    ("after", "said", "fix"),
    [
        ({"busy_ns": 501 * SECOND}, "other processes use 25.0% of the CPU time now, more than 5%", "`top`"),
        ({"steal_ns": SECOND * 6 // 5}, "steal 5.0% of the CPU time", "dedicated CPUs"),
        ({"swapped_pages": 40}, "swapping: 40 pages in 2.0 s", "free memory"),
        ({"throttled": 3}, "throttled 3 times just now", "cooling"),
        ({"governor": "powersave"}, "CPU governor powersave", "--tune"),
        ({"mains": False}, "on battery", "plug it in"),
        ({"available_bytes": 2**30}, "1.0 GiB of memory available", "smaller --n"),
        ({"clock_source": "hpet"}, "clock source hpet", "tsc"),
    ],
)
def test_what_distorts_measurements_is_a_problem_with_a_fix(after: dict[str, Any], said: str, fix: str) -> None:
    first = found(**after)[0]
    assert first.severity == "problem"
    assert said in first.what
    assert fix in first.fix
    assert has_problems(found(**after))


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ({"load_1m": 1.5}, "load 1.5"),
        ({"turbo": True}, "turbo is on"),
        ({"swap_used_bytes": 2**20}, "1 MiB are swapped out"),
        ({"huge_pages": "madvise"}, "huge pages madvise"),
        ({"smt": True}, "hyper-threading"),
        ({"clock_source": None}, "unknown"),
        ({"governor": None}, "no CPU governor"),
    ],
)
def test_what_is_worth_knowing_is_no_reason_to_stop(after: dict[str, Any], said: str) -> None:
    (note,) = [finding for finding in found(**after) if finding.severity == "note"]
    assert said in note.what
    assert not has_problems(found(**after))


def test_a_virtual_machine_is_told_what_is_beyond_control() -> None:
    beyond = [finding.what for finding in found(GUEST, governor=None) if finding.severity == "uncontrolled"]
    assert any("frequency" in text for text in beyond)
    assert any("memory bandwidth" in text for text in beyond)
    assert not any(finding.severity == "uncontrolled" for finding in found())
    assert not any("no CPU governor" in finding.what for finding in found(GUEST, governor=None))


def test_the_text_has_the_worst_first_and_what_to_do() -> None:
    text = as_text(found(GUEST, governor="powersave", turbo=True))
    headings = ["Problems", "Notes", "Cannot be controlled on a virtual machine", "OK"]
    assert [line for line in text.splitlines() if line in headings] == headings
    assert "  fix: `harness compare --tune`, or `cpupower frequency-set -g performance`" in text


def test_programs_get_the_same() -> None:
    assert [Finding(**each) for each in json.loads(as_json(found(GUEST)))] == found(GUEST)
