"""Several runs on one page: machines or dates side by side, each ratio within its own run and none across machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.model.comparison import Comparison
from harness.report.figures import number
from harness.report.page.drawings import Drawing, drawings_of
from harness.report.page.headline import Part, headline
from harness.report.page.page import alarms, rendered
from harness.report.page.shown import Shown, shown_of
from harness.report.page.view import CaseView

MEASURES = (
    ("ratio", "Speedup over the run's own baseline"),
    ("seconds", "Time of a product, seconds"),
    ("gflops", "GFLOP/s"),
    ("peak_share", "Share of the machine's own measured peak"),
)


@dataclass(frozen=True)
class OneOfSeveral:
    """One run: what it is called here, and what the page shows of it."""

    letter: str
    shown: Shown
    headline: Sequence[Part]
    alarms: Sequence[str]
    climb: Sequence[Drawing]
    facts: Sequence[str]  # in the order of FACTS

    @property
    def name(self) -> str:
        """For a column."""
        return f"{self.letter}: {self.shown.comparison.run}"


FACTS = (
    "machine", "cores", "memory, GiB", "peak, GFLOP/s", "n", "threads", "seed", "baseline", "system", "harness",
)  # fmt: skip


@dataclass(frozen=True)
class CaseRow:
    """A case with what each run has of it; None where a run has no such case."""

    name: str
    cells: Sequence[CaseView | None]


@dataclass(frozen=True)
class MeasureTable:
    """One figure of every case, a column each run."""

    key: str
    name: str
    rows: Sequence[CaseRow]


def page_of_several(comparisons: Sequence[Comparison]) -> str:
    """The page of these runs, in this order."""
    runs = [_one(place, comparison) for place, comparison in enumerate(comparisons)]
    machines = {run.facts[: FACTS.index("memory, GiB")] for run in runs}
    shown = {"runs": runs, "facts": FACTS, "tables": _tables(runs), "machines": len(machines)}
    return rendered("several.html.j2", shown)


def _one(place: int, comparison: Comparison) -> OneOfSeveral:
    shown = shown_of(comparison)
    return OneOfSeveral(
        letter=_letter(place),
        shown=shown,
        headline=headline(shown),
        alarms=list(alarms(comparison)),
        climb=drawings_of("climb", shown, widths=("wide", "narrow"), links=False),
        facts=_facts(shown),
    )


def _letter(place: int) -> str:
    """A to Z, and then A2 and so on."""
    return f"{chr(ord('A') + place % 26)}{place // 26 + 1 if place >= 26 else ''}"


def _facts(shown: Shown) -> tuple[str, ...]:
    comparison = shown.comparison
    machine, options = comparison.machine, comparison.options
    return (
        machine.cpu if machine else "not known",
        str(machine.cores) if machine else "not known",
        f"{machine.memory_bytes / 2**30:.0f}" if machine else "not known",
        ", ".join(f"{number(peak.gflops)} on {peak.threads}" for peak in shown.peaks) or "not measured",
        str(options.n),
        ", ".join(map(str, options.threads)),
        str(options.seed),
        options.baseline,
        f"Linux {machine.kernel}; {machine.engine}" if machine else "not known",
        comparison.harness,
    )


def _tables(runs: Sequence[OneOfSeveral]) -> list[MeasureTable]:
    """A table for each measure that any run has, of the cases in the order of the first run that has them."""
    held = [{case.full_name: case for case in run.shown.cases} for run in runs]
    names = list(dict.fromkeys(name for cases in held for name in cases))
    rows = [CaseRow(name, [cases.get(name) for cases in held]) for name in names]
    return [
        MeasureTable(key, name, rows)
        for key, name in MEASURES
        if any(case and key in case.figures for row in rows for case in row.cells)
    ]
