"""What the options of all experiments have in common: names among known ones, and numbers within a range. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from harness.errors import UsageError
from harness.images.catalog import known

ALL = "all"


def chosen(text: str, names: Iterable[str], what: str) -> list[str]:
    """The names in a comma-separated option, in their own order, each once; all of them for `all`."""
    names = list(names)
    wanted = [part.strip() for part in text.split(",") if part.strip()]
    if not wanted:
        raise UsageError(f"no {what} chosen: name some of {', '.join(names)}, or all")
    if wanted == [ALL]:
        return names
    asked = {known(name, names, what) for name in wanted}
    return [name for name in names if name in asked]


def check_range(option: str, value: float, low: float, high: float, why: str = "") -> None:
    """Raise UsageError for a number out of its range, with the reason for the range if it needs one."""
    if not low <= value <= high:
        raise UsageError(f"{option} {value:g} is out of range: {low:g} to {high:g}" + (f" ({why})" if why else ""))
