"""The figures of a comparison as one tidy frame: an observation a row. Tables are pivots of it.

pandas is only loaded by what makes a frame: half of the commands need no figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from harness.measure.plan import counted
from harness.model.cases import Case
from harness.model.comparison import Comparison, Interval, RoundRow, Row
from harness.model.journal import Round

if TYPE_CHECKING:
    import pandas as pd

CASE = ("implementation", "label", "rung", "n", "threads", "outcome", "reason")
FACTS = (
    "key", "log", "step_from", "stop_reason", "loop_order", "layout", "bounds_checks", "fast_math", "flags",
    "instruction_sets", "runs", "toolchain", "image", "sha256", "note",
)  # fmt: skip
FIGURES = tuple(name for name in Row.model_fields if name not in {*CASE, *FACTS})
PARTS = ("value", "low", "high", "not_significant")  # of a figure; a single number has its value only


def frame_of(comparison: Comparison) -> pd.DataFrame:
    """Every figure of every case, a row each: the case's columns, figure, value, low, high and not_significant.

    `estimate` says whether the case's time is scaled from some of the rows of the product; `variant_of` names the rung
    of a variant. What does not apply to a case, or was not measured, has no row. Units are those of Row: seconds,
    bytes, GFLOP/s, shares and ratios.
    """
    import pandas as pd

    columns = [*CASE, "variant_of", "estimate", "figure", *PARTS]
    frame = pd.DataFrame(list(_observations(comparison)), columns=columns)
    return frame.astype({"value": float, "low": float, "high": float, "not_significant": "boolean"})


def _observations(comparison: Comparison) -> Iterator[dict[str, Any]]:
    rungs = {each.row.name: each.of for each in comparison.variants}
    for row in comparison.everything:
        case = {name: getattr(row, name) for name in CASE}
        case |= {"variant_of": rungs.get(row.name), "estimate": row.is_estimate}
        for figure in FIGURES:
            found = getattr(row, figure)
            if found is not None:
                parts = found if isinstance(found, Interval) else Interval(value=found)
                yield {**case, "figure": figure, **{part: getattr(parts, part, None) for part in PARTS}}
        for each in comparison.measured:
            if (each.case.name, each.case.threads) == (row.name, row.threads):
                yield {**case, "figure": each.metric, **each.value.model_dump()}


def on_most_threads(frame: pd.DataFrame) -> pd.DataFrame:
    """Of each rung of the ladder the case on the most threads; no variants."""
    ladder = frame[frame["variant_of"].isna()]
    most = ladder.groupby(["implementation", "rung"])["threads"].transform("max")
    return ladder[ladder["threads"] == most]


def rounds_of(comparison: Comparison) -> pd.DataFrame:
    """Every round that a figure could be made of, in the order in which they were measured, a row each.

    The columns are those of RoundRow, the case's first; `counted` says whether figures are made of it. Of a case's
    pilots only those are here that count as rounds, and rounds that failed are not.
    """
    import pandas as pd

    columns = [*Case.model_fields, *(name for name in RoundRow.model_fields if name != "case")]
    rows = (
        {**dict(each.case), **{name: getattr(each, name) for name in columns[len(Case.model_fields) :]}}
        for each in comparison.rounds
    )
    return pd.DataFrame(list(rows), columns=columns).astype({"available_bytes": "Int64"})


def samples_of(rounds: Iterable[Iterable[Round]]) -> pd.DataFrame:
    """Every sample of some cases' rounds, a row each; `counts` says whether a figure is made of its round.

    `seconds` are those of a whole product, scaled from the rows and the calls that the sample had; `cpu_seconds` too.
    """
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "implementation": entry.case.implementation,
                "rung": entry.case.rung,
                "n": entry.case.n,
                "threads": entry.case.threads,
                "control": entry.case.control,
                "round": entry.number,
                "pilot": entry.pilot,
                "counts": entry.number in numbers,
                "rows": entry.rows,
                "calls": entry.calls,
                "sample": number,
                "seconds": sample.wall_ns / 1e9 * entry.case.n / entry.rows / max(1, entry.calls),
                "cpu_seconds": sample.cpu_ns / 1e9 * entry.case.n / entry.rows / max(1, entry.calls),
            }
            for entries, numbers in ((list(each), _counted(each)) for each in rounds)
            for entry in entries
            for number, sample in enumerate(entry.samples, start=1)
        ]
    )


def _counted(entries: Iterable[Round]) -> set[int]:
    return {entry.number for entry in counted(list(entries))}
