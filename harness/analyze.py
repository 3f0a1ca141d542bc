"""From journal entries to a comparison: rows, the published table, warnings. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from harness.beside import resident_bytes, startup_seconds, tax_rows, with_startup
from harness.disturbance import disturbed_rounds, overview
from harness.doctor import standing
from harness.images import image_row
from harness.model import (
    Case,
    Comparison,
    Disturbed,
    Entry,
    Failure,
    Finished,
    Image,
    Machine,
    Manifest,
    Peak,
    PublishedRow,
    Reading,
    Rejected,
    Resumed,
    Round,
    Row,
    Rung,
    Started,
    Startup,
    TaxRound,
    Tuned,
    flop,
)
from harness.noise import noise_of, noise_warnings
from harness.plan import candidates, counted, ladder_position
from harness.published import published
from harness.stopping import why_stopped
from harness.timing import Timing, ratio, timing

BUSY = 0.9  # a kernel that keeps less than this share of its CPUs busy was disturbed, or waits
WIDE = 0.10  # half-widths above this share of the value are worth a warning


@dataclass(frozen=True)
class Evidence:
    """The entries of a run, by kind."""

    started: Started
    machine: Machine | None
    images: dict[str, Image]
    peaks: tuple[Peak, ...]
    rounds: dict[Case, list[Round]]
    rejected: dict[Case, Failure]
    finished: Finished | None
    resumed: tuple[Resumed, ...]
    readings: tuple[Reading, ...]
    tuned: Tuned | None
    disturbed: tuple[Disturbed, ...]
    startups: tuple[Startup, ...]
    tax: tuple[TaxRound, ...]

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Evidence:
        """Sort the entries of a journal."""
        by_kind: dict[type, list[Any]] = defaultdict(list)
        for entry in entries:
            by_kind[type(entry)].append(entry)
        rounds: dict[Case, list[Round]] = defaultdict(list)
        for entry in by_kind[Round]:
            rounds[entry.case].append(entry)
        return cls(
            started=by_kind[Started][0],
            machine=next(iter(by_kind[Machine]), None),
            images={image.name: image for image in by_kind[Image]},
            peaks=tuple({peak.threads: peak for peak in sorted(by_kind[Peak], key=_gflops)}.values()),
            rounds=dict(rounds),
            rejected={entry.case: entry.failure for entry in by_kind[Rejected]},
            finished=next(iter(by_kind[Finished]), None),
            resumed=tuple(by_kind[Resumed]),
            readings=tuple(by_kind[Reading]),
            tuned=next(iter(by_kind[Tuned]), None),
            disturbed=disturbed_rounds({case: candidates(entries) for case, entries in rounds.items()}),
            startups=tuple(by_kind[Startup]),
            tax=tuple(by_kind[TaxRound]),
        )

    def failure(self, case: Case) -> Failure | None:
        """Why a case has no result, if it has none. One failed round is enough: its other times count for nothing."""
        failed = [r.failure for r in self.rounds.get(case, []) if r.failure]
        return self.rejected.get(case) or next(iter(failed), None)


def _gflops(peak: Peak) -> float:
    return peak.gflops


def analyze(entries: Iterable[Entry]) -> Comparison:
    """All that a report shows, from the entries of a run, whole or cut short."""
    evidence = Evidence.of(entries)
    started = evidence.started
    timings = timings_of(evidence)
    noise = noise_of(timings)
    timings = {case: taken for case, taken in timings.items() if not case.twin}
    rows = tuple(_rows(evidence, timings))
    startups = startup_seconds(evidence.startups)
    return Comparison(
        run=started.run,
        at=started.at,
        harness=started.harness,
        options=started.options,
        machine=evidence.machine,
        peaks=evidence.peaks,
        rows=rows,
        published=_published(rows, started.options.baseline, evidence.machine),
        published_source=str(published()["source"]),
        images=tuple(
            with_startup(image_row(manifest, stage, evidence.images.get(manifest.image_of(stage))), startups)
            for manifest in started.manifests
            for stage in manifest.stages(started.options.rungs)
        ),
        container_seconds=startups.get(None),
        tax=tuple(tax_rows(evidence.tax)),
        warnings=(*_warnings(evidence, rows), *noise_warnings(noise, asked=any(case.twin for case in started.cases))),
        finished=evidence.finished,
        readings=evidence.readings,
        conditions=overview(entry for entries in evidence.rounds.values() for entry in entries),
        disturbed=evidence.disturbed,
        tuned=evidence.tuned,
        noise=noise,
    )


def timings_of(evidence: Evidence) -> dict[Case, Timing]:
    """The timing of every case that was measured, twins among them."""
    return {
        case: timing(counted(rounds))
        for case, rounds in evidence.rounds.items()
        if counted(rounds) and not evidence.failure(case)
    }


def _rows(evidence: Evidence, timings: dict[Case, Timing]) -> Iterable[Row]:
    """A row for every case, and for every rung that a manifest calls absent; by language, up the ladder."""
    options = evidence.started.options
    for manifest in evidence.started.manifests:
        cases = [case for case in evidence.started.cases if case.implementation == manifest.name and not case.twin]
        rows = [_row(evidence, timings, manifest, case) for case in cases]
        rows += [
            Row(
                implementation=manifest.name,
                label=manifest.label,
                rung=rung.name,
                n=options.n,
                threads=max(options.threads),
                outcome="absent",
                reason=rung.absent,
            )
            for rung in manifest.absent
            if rung.name in options.rungs
        ]
        yield from sorted(rows, key=lambda row: ladder_position(row.rung))


def _row(evidence: Evidence, timings: dict[Case, Timing], manifest: Manifest, case: Case) -> Row:
    rung = manifest.held(case.rung)
    image = evidence.images.get(manifest.image_of(rung.image))
    info = image.info if image else None
    built = info.rungs.get(rung.name) if info else None
    failure = evidence.failure(case)
    taken = timings.get(case)
    facts: dict[str, Any] = {
        "implementation": case.implementation,
        "label": manifest.label,
        "rung": case.rung,
        "n": case.n,
        "threads": case.threads,
        "loop_order": rung.loop_order,
        "layout": rung.layout,
        "bounds_checks": rung.bounds_checks,
        "fast_math": rung.fast_math,
        "flags": rung.flags,
        "note": rung.note,
        "toolchain": info.toolchain if info else None,
        "instruction_sets": built.instruction_sets if built else (),
        "runs": built.runs if built else None,
        "image": manifest.image_of(rung.image),
    }
    if taken is None:
        reason = failure.reason if failure else "the run ended before it was measured"
        return Row(**facts, outcome="failed", reason=reason, log=failure.log if failure else None)
    return Row(**facts, outcome="measured", **_figures(evidence, timings, case, rung))


def _figures(evidence: Evidence, timings: dict[Case, Timing], case: Case, rung: Rung) -> dict[str, Any]:
    """What was measured of a case, alone and beside others."""
    taken, rounds = timings[case], counted(evidence.rounds[case])
    gflops = flop(case.n) / taken.mean / 1e9
    peak = next((p.gflops for p in evidence.peaks if p.threads == case.threads), None)
    options = evidence.started.options
    to_baseline = ratio(_find(timings, options.baseline), taken)
    above = _rung_above(timings, case, rung)
    serial = _serial(timings, case, rung)
    disturbed = [each for each in evidence.disturbed if each.case == case]
    return {
        "seconds": taken.interval,
        "cold_seconds": taken.cold,
        "gflops": gflops,
        "peak_share": gflops / peak if peak else None,
        "ratio": to_baseline,
        "step": ratio(timings[above], taken) if above else None,
        "step_from": above.rung if above else None,
        "ratio_per_core": to_baseline.value / case.threads if to_baseline else None,
        "efficiency": serial.mean / taken.mean / case.threads if serial else None,
        "to_yardstick": ratio(timings.get(case.model_copy(update={"implementation": options.yardstick})), taken),
        "to_yardstick_naive": ratio(_find(timings, f"{options.yardstick}/naive"), taken),
        "busy_cores": taken.busy_cores,
        "resident_bytes": resident_bytes(rounds),
        "rows_computed": rounds[-1].rows,
        "key": rounds[-1].key,
        "disturbed_rounds": len(disturbed),
        "set_aside_rounds": sum(not each.counted for each in disturbed),
        "rounds": taken.rounds,
        "samples": taken.samples,
        "warm_up": taken.warm_up,
        "stopped": why_stopped(rung, case, evidence.rounds, options, finished=evidence.finished is not None),
        "sha256": rounds[-1].sha256,
    }


def _find(timings: dict[Case, Timing], name: str) -> Timing | None:
    """The case of that name, on the most threads that it was measured on."""
    found = [case for case in timings if case.name == name]
    return timings[max(found, key=lambda case: case.threads)] if found else None


def _serial(timings: dict[Case, Timing], case: Case, rung: Rung) -> Timing | None:
    """The same kernel on one thread: measured as such, or the rung that is this kernel without the threads."""
    if case.threads == 1:
        return None
    alone = timings.get(case.model_copy(update={"threads": 1}))
    return alone or (_find(timings, f"{case.implementation}/{rung.serial}") if rung.serial else None)


def _rung_above(timings: dict[Case, Timing], case: Case, rung: Rung) -> Case | None:
    """The measured rung that this one was made from: the serial one it names, or else the nearest on the ladder."""
    if serial := next((other for other in timings if other.name == f"{case.implementation}/{rung.serial}"), None):
        return serial
    before = [
        other
        for other in timings
        if other.implementation == case.implementation and ladder_position(other.rung) < ladder_position(case.rung)
    ]
    return max(before, key=lambda it: (ladder_position(it.rung), it.threads == case.threads, it.threads), default=None)


def _published(rows: Sequence[Row], baseline: str, machine: Machine | None) -> tuple[PublishedRow, ...]:
    """The published rows, each beside the case that repeats it, with what differs between the two.

    Ratios against another baseline than the published one are not compared.
    """
    table = published()
    by_name = {row.name: row for row in sorted(rows, key=lambda row: row.threads)}
    found: list[PublishedRow] = []
    for entry in table["row"]:
        gflops = flop(table["n"]) / entry["seconds"] / 1e9
        row = PublishedRow(
            **entry,
            gflops=gflops,
            peak_share=gflops / table["peak_gflops"],
            ratio_to_row_above=found[-1].seconds / entry["seconds"] if found else None,
            here=by_name.get(entry["case"]),
        )
        comparable = baseline == table["row"][0]["case"]
        differences = tuple(_differences(row, table, by_name.get(baseline), machine)) if comparable else ()
        found.append(row.model_copy(update={"differences": differences}))
    return tuple(found)


def _differences(
    there: PublishedRow, table: dict[str, Any], baseline: Row | None, machine: Machine | None
) -> Iterable[str]:
    """What differs between a published row and ours, where their ratios do."""
    here = there.here
    if here is None or here.ratio is None or here.ratio.holds(there.ratio):
        return
    if here.threads != there.cores:
        yield f"cores: {there.cores} there, {here.threads} here"
    if here.n != table["n"]:
        yield f"n: {table['n']} there, {here.n} here"
    if baseline:
        yield f"baseline: {table['row'][0]['toolchain']} there, {baseline.toolchain} here"
    yield f"toolchain: {there.toolchain} there, {here.toolchain} here"
    yield f"flags: {there.flags} there, {here.flags} here"
    if machine:
        yield f"CPU: {table['machine']} there, {machine.cpu} here"


def _warnings(evidence: Evidence, rows: Sequence[Row]) -> Iterable[str]:
    """What a careful reader must know before believing the rows."""
    options, machine = evidence.started.options, evidence.machine
    if evidence.finished is None:
        yield "this run did not come to its end: its rows are what was measured until then"
    if evidence.resumed:
        times = ", ".join(entry.at for entry in evidence.resumed)
        yield f"this run was stopped and resumed ({times}): rounds from before and after are in one interval"
    if not evidence.peaks:
        yield "the machine's peak was not measured: shares of peak are missing"
    if machine and machine.load_1m > machine.cores / 2:
        load = f"load {machine.load_1m:g} on {machine.cores} CPUs"
        yield f"the machine was not idle when the run began ({load}): other work, or the set-up just before"
    yield from _unsteady(evidence)
    if options.baseline not in {row.name for row in rows if row.outcome == "measured"}:
        yield f"the baseline {options.baseline} was not measured: ratios to it are missing"
    measured = [row for row in rows if row.seconds and row.busy_cores]
    yield from _gathered("one round only, so nothing is known of the spread", measured, _unknown_spread)
    yield from _gathered("wide intervals, which a larger --budget narrows", measured, _wide)
    yield from _gathered("fewer CPUs busy than threads asked for: other work, or waiting", measured, _idle)
    yield from _gathered(
        "faster than this machine's peak: not to be believed before it is explained", measured, _beyond
    )


def _unsteady(evidence: Evidence) -> Iterable[str]:
    """What the engine's host did that the rounds did not ask for."""
    if evidence.machine and evidence.readings:
        findings = standing(evidence.machine, evidence.readings[0])
        yield from (f"{it.what} ({it.mend})" for it in findings if it.severity == "serious")
    if evidence.disturbed:
        counted_ones = sorted({each.case.name for each in evidence.disturbed if each.counted})
        made = sum(len(candidates(entries)) for entries in evidence.rounds.values())
        nevertheless = f"; they count, for want of others, in {', '.join(counted_ones)}" if counted_ones else ""
        yield f"{len(evidence.disturbed)} of {made} rounds were disturbed and are listed below{nevertheless}"
    if evidence.rounds and not any(entry.conditions for entries in evidence.rounds.values() for entry in entries):
        yield "the state of the engine's host could not be read: nobody knows whether other work disturbed the rounds"


def _gathered(what: str, rows: Iterable[Row], finding: Callable[[Row], str | None]) -> Iterable[str]:
    """One warning for all rows that have the same finding."""
    found = [f"{row.name}{text}" for row in rows if (text := finding(row)) is not None]
    if found:
        yield f"{what}: {', '.join(found)}"


def _unknown_spread(row: Row) -> str | None:
    return "" if row.seconds and row.seconds.low is None else None


def _wide(row: Row) -> str | None:
    half_width = row.seconds.half_width if row.seconds else 0
    return f" ± {half_width:.0%}" if half_width > WIDE else None


def _idle(row: Row) -> str | None:
    busy = row.busy_cores or 0
    return f" {busy:.2f} of {row.threads}" if busy < BUSY * row.threads else None


def _beyond(row: Row) -> str | None:
    return f" {row.peak_share:.0%}" if row.peak_share and row.peak_share > 1 else None
