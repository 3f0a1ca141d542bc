"""What stands beside speed: start-up, memory, and what the filter of system calls costs."""

from __future__ import annotations

from collections.abc import Sequence

from harness.analysis.beside import overhead_rows, resident_bytes, startup_seconds
from harness.experiments.matmul.experiment import MATMUL
from harness.model.comparison import OverheadRow
from harness.model.journal import PLACES, OverheadRound, Place, Startup
from tests.factories import a_case, a_failed_round, a_round

CASE = a_case("alpha/naive")
HOST, CONTAINER, UNFILTERED = PLACES
SHARES = (0.999, 1.0, 1.0, 1.001)


def placed(place: Place, seconds: float, rows: int | None = None) -> list[OverheadRound]:
    """Rounds of a case in a place."""
    return [
        OverheadRound(place=place, round=a_round(CASE, share * seconds, rows=rows, number=number))
        for number, share in enumerate(SHARES, start=1)
    ]


def rows_of(entries: Sequence[OverheadRound], floor: float = 0.0) -> list[OverheadRow]:
    return list(overhead_rows(MATMUL, entries, lambda case: floor if case == CASE else 1.0))


def known(row: OverheadRow) -> tuple[float, bool]:
    assert row.ratio is not None
    return round(row.ratio.value, 6), row.ratio.not_significant


def test_a_place_is_beside_the_first_and_a_difference_below_the_noise_floor_is_not_significant() -> None:
    entries = [*placed(UNFILTERED, 0.98), *placed(CONTAINER, 1.0)]
    first, second = rows_of(entries)
    assert (first.place, second.place) == (CONTAINER, UNFILTERED)
    assert known(first) == (1.0, False)
    assert known(second) == (0.98, False)
    assert known(rows_of(entries, floor=0.03)[1]) == (0.98, True)
    assert known(rows_of([*placed(CONTAINER, 1.0), *placed(UNFILTERED, 1.0)])[1]) == (1.0, True)


def test_a_place_that_failed_says_why_and_the_next_one_is_the_first() -> None:
    failed = OverheadRound(place=HOST, round=a_failed_round(CASE, "no such file"))
    host, container, unfiltered = rows_of([*placed(CONTAINER, 2.0), failed, *placed(UNFILTERED, 4.0)])
    assert (host.reason, host.seconds, host.ratio) == ("no such file", None, None)
    assert (container.reason, known(container)) == (None, (1.0, False))
    assert known(unfiltered) == (2.0, False)


def test_the_start_up_of_an_image_is_the_median_of_its_lives() -> None:
    lives = [
        Startup(image=None, container_ns=5 * 10**7),
        *(Startup(image="a", container_ns=k * 10**8) for k in (1, 9, 2)),
    ]
    assert startup_seconds(lives) == {None: 0.05, "a": 0.2}


def test_memory_is_the_most_that_was_seen_and_not_known_where_nothing_was() -> None:
    rounds = [a_round(CASE, 1.0, resident_bytes=held) for held in (5, None, 7, 6)]
    assert resident_bytes(rounds) == 7
    assert resident_bytes([a_round(CASE, 1.0)]) is None
