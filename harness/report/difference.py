"""The difference between two runs as a section, for the formats that people read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.analysis.diff import FALSE_ALARMS, Change, Difference, Verdict
from harness.model.comparison import Metric
from harness.report.figures import NOT_SIGNIFICANT, interval, percent
from harness.report.metrics import scaled, unit_of
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
    unit, scale = ("seconds", 1.0) if difference.metric is None else _unit(difference.metric, difference.changes)
    relative = "relative time" if difference.metric is None else "relative"
    headers = ["case", "n", f"{unit} before", f"{unit} after", relative, "noise floor", "verdict"]
    lines = [_line(change, verdict, scale) for change, verdict in zip(difference.changes, verdicts, strict=True)]
    return Section(
        f"{difference.before} → {difference.after}",
        intro,
        Table(headers, lines) if lines else None,
        [*difference.lost, *difference.gained, *difference.conditions, *_others(difference)],
    )


def _unit(metric: Metric, changes: Sequence[Change]) -> tuple[str, float]:
    unit, scale = unit_of(metric, [change.before.mean for change in changes])
    return f"{metric.title}, {unit},", scale


def _others(difference: Difference) -> Iterator[str]:
    """The other metrics that differ, and how many were compared."""
    for metric, change, is_better in difference.better_or_worse():
        unit, scale = unit_of(metric, [change.before.mean, change.after.mean])
        values = " → ".join(interval(scaled(each.interval, scale)) for each in (change.before, change.after))
        yield f"{change.case}: {metric.title}: {'better' if is_better else 'WORSE'}: {values} {unit}".rstrip()
    if difference.others:
        yield f"{len(difference.others)} other figures compared; those that differ significantly, if any, are listed"


def _line(change: Change, verdict: Verdict, scale: float) -> list[str]:
    return [
        str(change.case),
        str(change.case.n),
        interval(scaled(change.before.interval, scale)),
        interval(scaled(change.after.interval, scale)),
        interval(change.ratio, prefix=NOT_SIGNIFICANT if verdict == "not significant" else ""),
        percent(change.floor) if change.floor else "not measured",
        verdict,
    ]
