"""Where labels go so that none touches another: flags on leaders, by widths that no usual font exceeds. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDE, NARROW = set("mwMW@%×±†–ABCDEGHKNOPQRSUVXYZ+~"), set("iljtfrI.,:;'|()[]/ ")


def width_of(text: str, size: float = 12) -> float:
    """Pixels that a text takes at the most, in any of the usual sans-serif fonts."""
    return size * sum(0.95 if each in WIDE else 0.4 if each in NARROW else 0.64 for each in text)


@dataclass(frozen=True)
class Flag:
    """A label beside the top of a leader that stands on a point."""

    x: float  # of the point and its leader, in pixels
    text: str
    level: int  # 0 is the lowest


def flags(points: Sequence[tuple[float, str]], size: float = 12, gap: float = 6) -> list[Flag]:
    """Labels to the right of leaders at these places, in the order given: none crosses another or another's leader.

    From the right to the left: whoever's text would reach the leader of a flag on its right stands above that flag.
    """
    placed: dict[int, Flag] = {}
    for place in sorted(range(len(points)), key=lambda each: points[each][0], reverse=True):
        x, text = points[place]
        end = x + gap + width_of(text, size) + gap
        level = max((flag.level + 1 for flag in placed.values() if flag.x < end), default=0)
        placed[place] = Flag(x, text, level)
    return [placed[place] for place in range(len(points))]
