"""Labels of charts never collide, whatever is to be labelled."""

from __future__ import annotations

import random

import pytest

from harness.report.page.charts.labels import Flag, flags, width_of

GAP = 6


def boxes(placed: list[Flag]) -> list[tuple[float, float, int]]:
    """The left and right ends of each text, and its level."""
    return [(flag.x + GAP, flag.x + GAP + width_of(flag.text), flag.level) for flag in placed]


@pytest.mark.parametrize("seed", range(200))
def test_no_flag_covers_another_or_its_leader(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 (no secret)
    words = ["naive 27.0×† ±2%", "plus AVX intrinsics 62,806×", "a", "vectorized 9,150× ±3%"]
    points = [
        (chance.choice([5.0, chance.uniform(0, 400)]), chance.choice(words)) for _ in range(chance.randint(1, 12))
    ]
    placed = flags(points)
    assert [(flag.x, flag.text) for flag in placed] == points
    for one, (left, right, level) in zip(placed, boxes(placed), strict=True):
        for other, (other_left, other_right, other_level) in zip(placed, boxes(placed), strict=True):
            if one is other:
                continue
            assert level != other_level or right <= other_left or other_right <= left
            crosses_leader = left < other.x < right and other_level > level
            assert not crosses_leader


def test_flags_stand_as_low_as_they_can() -> None:
    assert [flag.level for flag in flags([(0.0, "a"), (500.0, "b"), (505.0, "c")])] == [0, 1, 0]


def test_wide_letters_take_more_room() -> None:
    assert width_of("WWW") > width_of("nnn") > width_of("iii")
    assert width_of("nnn", 24) == 2 * width_of("nnn", 12)
