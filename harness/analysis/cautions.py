"""What a careful reader must know before believing a comparison. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from harness.analysis.evidence import Evidence
from harness.machine.doctor import standing
from harness.model.cases import Case, Options
from harness.model.comparison import Row
from harness.model.journal import Machine

BUSY = 0.9  # a kernel that uses less than this share of its CPUs shared them with others, or waits
MAX_CALL_OVERHEAD = 0.05  # share of a sample that does not depend on its number of rows
NAIVE = "naive"
WIDE = 0.10  # half-widths above this share of the value are worth a warning


def cautions(evidence: Evidence, rows: Sequence[Row]) -> Iterable[str]:
    """What a careful reader must know before believing the rows."""
    options, machine = evidence.started.options, evidence.machine
    if options.quick:
        yield (
            f"a quick run, for a first impression: n = {options.n}, few rounds, wide intervals, no A/A control; "
            "`harness compare` without --quick measures in full"
        )
    if evidence.finished is None:
        yield "this run was interrupted: its rows are what was measured until then"
    if evidence.resumed:
        times = ", ".join(entry.at for entry in evidence.resumed)
        yield f"this run was interrupted and resumed ({times}): intervals combine rounds from before and after"
    if not evidence.peaks and any(manifest.rungs for manifest in evidence.started.manifests):
        yield "the peak was not measured: shares of peak are missing"
    yield from _not_idle(evidence.machines)
    if machine and machine.topology and max(options.threads) > machine.cores:
        yield f"{max(options.threads)} threads ran on {machine.cores} cores: some threads shared a core"
    yield from _unsteady(evidence)
    yield from _unaccounted(evidence)
    if options.baseline and options.baseline not in {row.name for row in rows if row.outcome == "measured"}:
        yield f"the baseline {options.baseline} was not measured: speedups over it are missing"
    measured = [row for row in rows if row.seconds]
    yield from _gathered(
        "naive loops not checked in the machine code (no assert-naive in the recipe, or none shown to reject others)",
        [row for row in measured if row.rung == NAIVE],
        lambda row: "" if _is_unchecked(evidence, row) else None,
    )
    yield from _gathered("only one round, so the spread is unknown", measured, _unknown_spread)
    yield from _gathered("wide confidence intervals (a larger --budget narrows them)", measured, _wide)
    yield from _short_of_the_target(measured, options)
    yield from _gathered(
        "per-call overhead is a large share of the timed rows, so these estimates are too high",
        measured,
        _overhead,
    )
    unmoved = {(case.name, case.threads) for case in evidence.rounds if _took_the_same_rows(evidence, case)}
    yield from _gathered(
        "every round timed the same rows, as in earlier versions: these intervals exclude differences between rows",
        measured,
        lambda row: "" if (row.name, row.threads) in unmoved else None,
    )
    yield from _gathered("low CPU utilization (CPUs used of threads): other processes, or waiting", measured, _idle)
    yield from _gathered("faster than the measured peak, which other processes can make too low", measured, _beyond)


def _not_idle(sessions: Sequence[Machine]) -> Iterable[str]:
    """Whether the machine was busy when the run began, or when it was resumed."""
    for number, machine in enumerate(sessions):
        if machine.load_1m > machine.cpu_count / 2:
            when = "was resumed" if number else "began"
            load = f"load {machine.load_1m:g} on {machine.cpu_count} CPUs"
            yield f"the machine was not idle when the run {when} ({load}): other processes, or the set-up just before"


def _unsteady(evidence: Evidence) -> Iterable[str]:
    """What happened on the engine's host besides the rounds."""
    if evidence.machine and evidence.readings:
        findings = (it for reading in evidence.readings for it in standing(evidence.machine, reading))
        yield from dict.fromkeys(f"{it.what} ({it.fix})" for it in findings if it.severity == "problem")
    if evidence.interference:
        counted_ones = sorted({each.case.name for each in evidence.interference if each.counted})
        made = sum(map(len, evidence.candidates.values()))
        nevertheless = f"; kept (too few clean rounds): {', '.join(counted_ones)}" if counted_ones else ""
        yield f"{len(evidence.interference)} of {made} rounds had interference and are listed below{nevertheless}"
    if evidence.rounds and not any(entry.conditions for entries in evidence.rounds.values() for entry in entries):
        yield "the state of the engine's host is not available: interference is unknown"


def _unaccounted(evidence: Evidence) -> Iterable[str]:
    """Rounds whose CPU time was checked against nothing outside the program."""
    rounds = [entry for entries in evidence.rounds.values() for entry in entries if entry.samples]
    unread = [entry for entry in rounds if entry.accounts is None or entry.accounts.cpu_ns is None]
    if unread:
        yield (
            f"CPU time not verified in {len(unread)} of {len(rounds)} containers: their control group's accounting "
            "was not available"
        )


def _gathered(what: str, rows: Iterable[Row], finding: Callable[[Row], str | None]) -> Iterable[str]:
    """One warning for all rows that have the same finding."""
    found = [f"{row.name}{text}" for row in rows if (text := finding(row)) is not None]
    if found:
        yield f"{what}: {', '.join(found)}"


def _is_unchecked(evidence: Evidence, row: Row) -> bool:
    """Whether the recipe of a row's image has no check, or none that is known to reject other loops."""
    image = evidence.images.get(row.image or "")
    return image is not None and image.naive_checked is False


def _took_the_same_rows(evidence: Evidence, case: Case) -> bool:
    return any(r.first is None and r.rows < case.n for r in evidence.rounds[case] if not r.pilot)


def _unknown_spread(row: Row) -> str | None:
    return "" if row.seconds and row.seconds.low is None else None


def _wide(row: Row) -> str | None:
    half_width = row.seconds.half_width if row.seconds else 0
    return f" ± {half_width:.0%}" if half_width > WIDE else None


def _short_of_the_target(rows: Iterable[Row], options: Options) -> Iterable[str]:
    """Ratios whose intervals did not reach the target, and why."""
    ratios = [row for row in rows if row.ratio and row.name != options.baseline]
    short = [row for row in ratios if row.stop_reason != "target reached"]
    if options.precision and short:
        yield (
            f"{len(short)} of {len(ratios)} ratios did not reach ± {100 * options.precision:g} %: the time limit or "
            "the end of the run came first; see their intervals"
        )


def _overhead(row: Row) -> str | None:
    return (
        f" {row.call_overhead_share:.0%}"
        if row.call_overhead_share and row.call_overhead_share > MAX_CALL_OVERHEAD
        else None
    )


def _idle(row: Row) -> str | None:
    busy = row.busy_cores
    return f" {busy:.2f} of {row.threads}" if busy is not None and busy < BUSY * row.threads else None


def _beyond(row: Row) -> str | None:
    return f" {row.peak_share:.0%}" if row.peak_share and row.peak_share > 1 else None
