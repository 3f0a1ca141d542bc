"""The difference between two runs as a section, for the formats that people read."""

from __future__ import annotations

from harness.analysis.diff import FALSE_ALARMS, Change, Difference, Verdict
from harness.report.figures import NOT_SIGNIFICANT, interval, percent
from harness.report.section import Section, Table


def section_of(difference: Difference) -> Section:
    """Every case of both runs, and what else differs."""
    verdicts = difference.verdicts()
    unknown = f", {verdicts.count('unknown')} unknown (a single round)" if "unknown" in verdicts else ""
    intro = (
        f"{verdicts.count('slower')} slower, {verdicts.count('faster')} faster, "
        f"{verdicts.count('not significant')} not significant{unknown}. "
        f"[low–high]: 95 % confidence interval of each case by itself. Verdicts are corrected for the number of cases "
        f"(Holm): in at most {percent(FALSE_ALARMS)} of diffs of equal runs is any case called different, or does "
        f"--fail-above fail. {NOT_SIGNIFICANT.strip()}: not statistically significant, by the interval or the noise "
        "floor of that kind of case."
    )
    headers = ["case", "n", "seconds before", "seconds after", "relative time", "noise floor", "verdict"]
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
        interval(change.ratio, prefix=NOT_SIGNIFICANT if verdict == "not significant" else ""),
        percent(change.floor) if change.floor else "not measured",
        verdict,
    ]
