"""Machines side by side: which conclusions hold on all of them, and what steps go with."""

from __future__ import annotations

from typing import Any

import pytest

from harness.analysis.fleet import ENOUGH_MACHINES, side_by_side
from harness.analysis.summarize import facts_of
from harness.model.comparison import Interval, Ratio
from harness.model.fleet import FleetStarted
from harness.model.journal import Machine
from harness.model.many import CaseRow, FleetComparison, FleetMachine, MachineFacts, RunSummary
from harness.report.fleet import FORMATS
from harness.report.fleet.sections import sections

STARTED = FleetStarted(
    harness="0.2.0", code="c0de", run="f1", at="now", hosts="h", experiment="matmul", typed={}, given=()
)
MACHINE = Machine(
    cpu="X", architecture="x86_64", features=("avx2", "sse2"), cores=4, caches={"L1": "32K", "L3": "16M"},
    memory_bytes=2**30, kernel="6", transparent_huge_pages="never", governor="performance", load_1m=0, engine="e",
)  # fmt: skip


def a_ratio(value: float, *, tie: bool = False) -> Ratio:
    return Ratio(value=value, low=0.99 * value, high=1.01 * value, not_significant=tie)


def a_row(name: str, **changes: Any) -> CaseRow:
    implementation, _, rung = name.partition("/")
    fields: dict[str, Any] = {
        "implementation": implementation, "label": implementation, "rung": rung, "n": 8, "threads": 1,
        "outcome": "measured", "seconds": Interval(value=1, low=0.9, high=1.1),
    }  # fmt: skip
    return CaseRow(**(fields | changes))


def a_machine(name: str, *rows: CaseRow, bits: int = 256, cores: int = 4, **changes: Any) -> FleetMachine:
    facts = facts_of(MACHINE).model_copy(update={"vector_bits": bits, "cores": cores})
    fields: dict[str, Any] = {"baseline": "py/naive", "reference": "c", "machine": facts, "rows": rows}
    run = RunSummary(folder=name, run=name, **(fields | changes))
    return FleetMachine(name=name, state="finished", reason="", run=run)


def compared(*machines: FleetMachine) -> FleetComparison:
    return side_by_side(STARTED, machines)


def vectorized(value: float, *, tie: bool = False) -> CaseRow:
    return a_row("go/vectorized", step=a_ratio(value, tie=tie), step_from="naive", ratio=a_ratio(9))


def test_the_facts_that_ratios_may_depend_on() -> None:
    assert facts_of(MACHINE) == MachineFacts(
        cpu="X", architecture="x86_64", cores=4, vector_bits=256, cache_bytes=16 * 2**20, memory_bytes=2**30,
        kernel="6", engine="e",
    )  # fmt: skip


def test_a_conclusion_that_all_machines_share_holds_everywhere() -> None:
    found = compared(*(a_machine(name, vectorized(3)) for name in "abc"))
    (everywhere,) = found.everywhere
    assert (everywhere.case, everywhere.than, everywhere.verdict) == ("go/vectorized", "go/naive", "faster")
    assert everywhere.agree == ("a", "b", "c")
    assert found.somewhere == ()


@pytest.mark.parametrize(
    ("other", "verdict"), [(vectorized(0.5), "slower"), (vectorized(1.01, tie=True), "not significant")]
)
def test_a_conclusion_that_one_machine_does_not_share_names_it(other: CaseRow, verdict: str) -> None:
    found = compared(a_machine("a", vectorized(3)), a_machine("b", vectorized(3)), a_machine("c", other))
    (somewhere,) = found.somewhere
    assert (somewhere.verdict, somewhere.differ) == ("faster", {"c": verdict})
    assert found.everywhere == ()


def test_one_machine_concludes_nothing_for_all() -> None:
    found = compared(a_machine("a", vectorized(3)))
    assert (found.everywhere, found.somewhere) == ((), ())


def test_a_ratio_without_an_interval_concludes_nothing() -> None:
    blind = a_row("go/vectorized", step=Ratio(value=3, not_significant=False), step_from="naive")
    assert compared(*(a_machine(name, blind) for name in "ab")).everywhere == ()


def test_the_reference_is_not_compared_with_itself() -> None:
    rows = [a_row("c/naive", vs_reference=a_ratio(1)), a_row("go/naive", vs_reference=a_ratio(2))]
    found = compared(*(a_machine(name, *rows) for name in "ab"))
    assert [each.case for each in found.everywhere] == ["go/naive"]


def test_a_step_that_goes_with_the_vector_width_is_told() -> None:
    machines = [
        a_machine(f"m{number}", vectorized(value), bits=bits, cores=4 + number % 2)
        for number, (bits, value) in enumerate([(128, 2.0), (128, 2.1), (128, 2.2), (256, 4.0), (256, 4.1), (256, 4.2),
                                                (512, 8.0), (512, 8.1), (512, 8.2)])
    ]  # fmt: skip
    (found,) = compared(*machines).dependences
    assert (found.case, found.on, found.machines) == ("go/vectorized", "vector width", 9)
    assert found.correlation > 0.8
    assert (found.low.value, found.high.value) == (2.0, 8.2)


def test_few_machines_or_equal_ones_say_nothing_of_what_a_step_goes_with() -> None:
    few = [a_machine(f"m{k}", vectorized(2 + k), bits=128 * 2**k) for k in range(ENOUGH_MACHINES - 1)]
    assert compared(*few).dependences == ()
    equal = [a_machine(f"m{k}", vectorized(2 + k)) for k in range(12)]
    assert compared(*equal).dependences == ()


def test_images_that_are_not_the_same_on_all_machines_are_a_warning() -> None:
    one, two = a_machine("a", digests={"go": "d1"}), a_machine("b", digests={"go": "d2"})
    assert any("the image go is not the same" in warning for warning in compared(one, two).warnings)


def test_a_run_that_is_not_believed_shows_no_figure() -> None:
    doubtful = a_row("go/vectorized", ratio=a_ratio(8))
    found = compared(a_machine("a", vectorized(3)), a_machine("b", doubtful, problems=("line 3: changed",)))
    assert any("line 3: changed" in warning for warning in found.warnings)
    for name in ("text", "html"):
        shown = FORMATS[name][1](found)
        assert ("9.00" in shown, "8.00" in shown) == (True, False)


def test_only_seconds_stand_across_machines() -> None:
    found = compared(
        a_machine("a", a_row("go/naive", ratio=a_ratio(3), seconds=Interval(value=1))),
        a_machine("b", a_row("go/naive", ratio=a_ratio(4), seconds=Interval(value=2))),
    )
    tables = {section.heading: section.table.rows for section in sections(found) if section.table}
    assert tables["Speedup over py/naive, each on its own machine"] == [
        ["go/naive", "3.00 [2.97–3.03]", "4.00 [3.96–4.04]"]
    ]
    assert tables["Seconds across machines: × the fastest machine's"] == [
        ["go/naive", "1.00 s · 1.00×", "2.00 s · 2.00×"]
    ]
