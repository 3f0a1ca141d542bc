"""The pages of a gallery: one overview, and a short page for each run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from harness.model.many import CaseRow, RunSummary
from harness.report.figures import ESTIMATE, NONE, interval, number, ratio
from harness.report.fleet import sections
from harness.report.fleet.page import FILTER
from harness.report.templates import rendered, written

HERE = Path(__file__).parent
STYLE = "gallery.css"


@dataclass(frozen=True)
class Line:
    """A run in the overview: as little as tells it from others, for there may be ten thousand."""

    page: int  # its number: the name of its page
    run: str
    cpu: str
    cores: int
    n: int
    measured: int
    failed: int
    fastest: str  # the case, and its speedup over the run's own baseline
    is_finished: bool
    problems: int


def line_of(page: int, summary: RunSummary) -> Line:
    """The overview's line of a run."""
    rows = summary.rows
    best = max((row for row in rows if row.ratio), key=_speedup, default=None)
    return Line(
        page=page,
        run=summary.run,
        cpu=summary.machine.cpu if summary.machine else "",
        cores=summary.machine.cores if summary.machine else 0,
        n=summary.n,
        measured=sum(row.outcome == "measured" for row in rows),
        failed=sum(row.outcome == "failed" for row in rows),
        fastest=f"{best.name} {number(_speedup(best))}×" if best else NONE,
        is_finished=summary.is_finished,
        problems=len(summary.problems),
    )


def _speedup(row: CaseRow) -> float:
    return row.ratio.value if row.ratio else 0.0


def run_page(summary: RunSummary) -> str:
    """The page of one run: what it was measured on, every case, and why it is not believed where it is not."""
    rows = [] if summary.problems else [_cells(row) for row in summary.rows]
    facts = sections.facts_of(summary.machine) if summary.machine else [NONE] * 4
    return rendered("run.html.j2", {"summary": summary, "rows": rows, "facts": facts, "style": f"../{STYLE}"}, HERE)


def _cells(row: CaseRow) -> list[str]:
    mark = ESTIMATE if row.is_estimate else ""
    if row.outcome != "measured":
        return [row.name, str(row.threads), row.outcome, row.reason or "", "", "", ""]
    return [
        row.name,
        str(row.threads),
        f"{interval(row.seconds)}{mark}",
        ratio(row.ratio, estimate=row.is_estimate),
        f"{ratio(row.step, estimate=row.is_estimate)}{f' over {row.step_from}' if row.step_from else ''}",
        ratio(row.vs_reference, estimate=row.is_estimate),
        row.key or "",
    ]


def overview(lines: Sequence[Line], title: str) -> str:
    """One page of all runs: the believed ones, the CPUs that they were measured on, and the others."""
    believed = [line for line in lines if not line.problems]
    cpus = {cpu: number for number, cpu in enumerate(dict.fromkeys(line.cpu for line in believed), start=1)}
    counts = {cpu: sum(line.cpu == cpu for line in believed) for cpu in cpus} if len(cpus) < len(lines) else {}
    shown = {
        "title": title,
        "believed": believed,
        "refused": [line for line in lines if line.problems],
        "cpus": cpus,
        "counts": counts,
        "style": STYLE,
        "script": Markup(written(FILTER)),  # noqa: S704 (our own file)
    }
    return rendered("overview.html.j2", shown, HERE)


def stylesheet() -> str:
    """The style of all pages of a gallery, which each page links: it would stand ten thousand times otherwise."""
    return written(HERE / STYLE)
