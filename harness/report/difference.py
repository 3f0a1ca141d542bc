"""The difference between two runs as a section, for the formats that people read."""

from __future__ import annotations

from harness.diff import FALSE_ALARMS, Change, Difference
from harness.report.figures import TIE, interval, percent
from harness.report.section import Section, Table


def section_of(difference: Difference) -> Section:
    """Every case of both runs, and what else differs."""
    counted = [change.verdict for change in difference.changes]
    intro = (
        f"{counted.count('slower')} slower, {counted.count('faster')} faster, {counted.count('tie')} ties. "
        f"Brackets are 95 % intervals; {TIE.strip()} marks a tie: the interval holds 1, or the difference is below the "
        f"noise floor ({percent(difference.floor) if difference.floor else 'not measured'}). --fail-above fails by "
        f"chance in {percent(FALSE_ALARMS)} of diffs of equal runs at the most."
    )
    headers = ["case", "n", "seconds before", "seconds after", "times as long", ""]
    return Section(
        f"{difference.before} → {difference.after}",
        intro,
        Table(headers, [_line(change) for change in difference.changes]),
        [*difference.lost, *difference.conditions],
    )


def _line(change: Change) -> list[str]:
    return [
        str(change.case),
        str(change.case.n),
        interval(change.before.interval),
        interval(change.after.interval),
        interval(change.ratio, prefix=TIE if change.verdict == "tie" else ""),
        change.verdict,
    ]
