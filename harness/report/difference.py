"""The difference between two runs as a section, for the formats that people read."""

from __future__ import annotations

from harness.analysis.diff import FALSE_ALARMS, Change, Difference, Verdict
from harness.report.figures import TIE, interval, percent
from harness.report.section import Section, Table


def section_of(difference: Difference) -> Section:
    """Every case of both runs, and what else differs."""
    verdicts = difference.verdicts()
    unknown = f", {verdicts.count('not known')} not known (a single round)" if "not known" in verdicts else ""
    intro = (
        f"{verdicts.count('slower')} slower, {verdicts.count('faster')} faster, {verdicts.count('tie')} ties{unknown}. "
        f"[low–high]: 95 % confidence interval of each case by itself. Verdicts are corrected for the number of cases "
        f"(Holm): of diffs of equal runs, {percent(FALSE_ALARMS)} at the most call any case different or fail "
        f"--fail-above. {TIE.strip()} marks a tie: not significant, or below the noise floor of that kind of case."
    )
    headers = ["case", "n", "seconds before", "seconds after", "times as long", "noise floor", ""]
    lines = [_line(change, verdict) for change, verdict in zip(difference.changes, verdicts, strict=True)]
    return Section(
        f"{difference.before} → {difference.after}",
        intro,
        Table(headers, lines) if lines else None,
        [*difference.lost, *difference.gained, *difference.conditions],
    )


def _line(change: Change, verdict: Verdict) -> list[str]:
    return [
        str(change.case),
        str(change.case.n),
        interval(change.before.interval),
        interval(change.after.interval),
        interval(change.ratio, prefix=TIE if verdict == "tie" else ""),
        percent(change.floor) if change.floor else "not measured",
        verdict,
    ]
