"""What interrupted sessions took, by what they recorded."""

from __future__ import annotations

from harness.measure.cost import Cost, cost_of
from harness.model.journal import Entry, Peak, Resumed, Round, Startup
from tests.factories import a_case

PEAK = Peak(threads=1, gflops=1.0, container_ns=50)
STARTUP = Startup(image=None, container_ns=30)


def a_round(began_ns: int | None, container_ns: int = 1000) -> Round:
    return Round(case=a_case(), number=1, pilot=True, rows=1, began_ns=began_ns, container_ns=container_ns)


def test_a_session_lasts_until_the_end_of_its_last_round() -> None:
    entries: list[Entry] = [PEAK, STARTUP, a_round(began_ns=500), a_round(began_ns=2000)]
    assert cost_of(entries) == Cost(wall_ns=3000, build_ns=420, container_ns=2080)


def test_sessions_add_up() -> None:
    first: list[Entry] = [PEAK, a_round(began_ns=500)]
    second: list[Entry] = [Resumed(at="later"), STARTUP, a_round(began_ns=100)]
    assert cost_of([*first, *second]) == cost_of(first) + cost_of(second)
    assert cost_of([*first, *second]) == Cost(wall_ns=1500 + 1100, build_ns=450 + 70, container_ns=1050 + 1030)


def test_a_session_that_began_with_a_round_took_nothing_before_it() -> None:
    assert cost_of([PEAK, a_round(began_ns=40)]).build_ns == 0


def test_of_a_session_without_a_round_only_its_containers_are_known() -> None:
    assert cost_of([PEAK, Resumed(at="later")]) == Cost(container_ns=50)


def test_journals_that_do_not_say_when_a_round_began_tell_of_containers_only() -> None:
    assert cost_of([a_round(began_ns=None)]) == Cost(container_ns=1000)
