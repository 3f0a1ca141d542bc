"""From journal entries to a comparison: means, intervals, ratios, warnings. Pure.

Intervals are 95 %, by a hierarchical bootstrap on a log scale, times being positive: rounds are drawn with
replacement, and samples within each. Few rounds make a bootstrap too narrow by sqrt((m - 1) / m) for m rounds, and its
tails too thin: the draws' distances from the mean are stretched by sqrt(m / (m - 1)) * t / z (T. Hesterberg, What
Teachers Should Know About the Bootstrap, The American Statistician 69, 2015, section 4.3), with Welch's and
Satterthwaite's degrees of freedom for ratios.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from harness.images import image_row
from harness.model import (
    Case,
    Comparison,
    Entry,
    Failure,
    Finished,
    Image,
    Interval,
    Machine,
    Manifest,
    Peak,
    PublishedRow,
    Rejected,
    Round,
    Row,
    Rung,
    Started,
    flop,
)
from harness.plan import counted, ladder_position

DRAWS = 4000
TAIL = 0.025
Z = 1.959964
BUSY = 0.9  # a kernel that keeps less than this share of its CPUs busy was disturbed, or waits
WIDE = 0.10  # half-widths above this share of the value are worth a warning

Draws = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Timing:
    """The seconds of one whole product, by a case's rounds."""

    mean: float
    spread: Spread | None  # None where a single round tells nothing of it
    cold: float | None
    busy_cores: float

    @property
    def interval(self) -> Interval:
        """The estimate with its interval."""
        return _interval(self.mean, self.spread)


@dataclass(frozen=True)
class Spread:
    """Draws of the logarithm of how many times off an estimate may be, with the degrees of freedom behind them."""

    draws: Draws
    freedom: float

    def minus(self, other: Spread) -> Spread:
        """The spread of the ratio of two independent estimates."""
        one, two = float(np.var(self.draws)), float(np.var(other.draws))
        weight = one**2 / self.freedom + two**2 / other.freedom
        return Spread(self.draws - other.draws, (one + two) ** 2 / weight if weight else self.freedom)


def timing(rounds: Sequence[Round], seed: int) -> Timing:
    """Seconds of a full product, scaled from the rows that were computed.

    The first sample of a container is cold (page faults, a JIT at work); it is left out wherever another follows.
    """
    warm = [np.array([s.wall_ns for s in steady(r)]) * (r.case.n / r.rows / 1e9) for r in rounds]
    cold = [r.samples[0].wall_ns * (r.case.n / r.rows / 1e9) for r in rounds if len(r.samples) > 1]
    samples = [sample for r in rounds for sample in steady(r)]
    return Timing(
        mean=float(np.mean([seconds.mean() for seconds in warm])),
        spread=bootstrap(warm, np.random.default_rng(seed)),
        cold=float(np.mean(cold)) if cold else None,
        busy_cores=sum(s.cpu_ns for s in samples) / sum(s.wall_ns for s in samples),
    )


def steady(entry: Round) -> Sequence[Any]:
    """The samples of a round without its cold one."""
    return entry.samples[1:] or entry.samples


def bootstrap(rounds: Sequence[Draws], generator: np.random.Generator) -> Spread | None:
    """How far off the mean may be, by rounds drawn with replacement and samples drawn within; None for a single one."""
    m = len(rounds)
    if m < 2:
        return None
    means = np.empty((DRAWS, m))
    for slot in range(m):
        chosen = generator.integers(m, size=DRAWS)
        for number, seconds in enumerate(rounds):
            here = chosen == number
            again = generator.integers(len(seconds), size=(int(here.sum()), len(seconds)))
            means[here, slot] = seconds[again].mean(axis=1)
    off = np.log(means.mean(axis=1)) - np.log(np.mean([seconds.mean() for seconds in rounds]))
    return Spread(np.sqrt(m / (m - 1)) * off, m - 1)


def _interval(value: float, spread: Spread | None) -> Interval:
    if spread is None:
        return Interval(value=value)
    stretch = float(stdtrit(spread.freedom, 1 - TAIL)) / Z
    low, high = value * np.exp(stretch * np.quantile(spread.draws, [TAIL, 1 - TAIL]))
    return Interval(value=value, low=float(low), high=float(high))


def ratio(above: Timing | None, below: Timing | None) -> Interval | None:
    """How many times less time `below` takes than `above`; both uncertainties are in the interval."""
    if above is None or below is None:
        return None
    if above is below:
        return Interval(value=1.0, low=1.0, high=1.0)
    spread = above.spread.minus(below.spread) if above.spread and below.spread else None
    return _interval(above.mean / below.mean, spread)


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
            peaks=tuple(by_kind[Peak]),
            rounds=dict(rounds),
            rejected={entry.case: entry.failure for entry in by_kind[Rejected]},
            finished=next(iter(by_kind[Finished]), None),
        )

    def failure(self, case: Case) -> Failure | None:
        """Why a case has no result, if it has none. One failed round is enough: its other times count for nothing."""
        failed = [r.failure for r in self.rounds.get(case, []) if r.failure]
        return self.rejected.get(case) or next(iter(failed), None)


def analyze(entries: Iterable[Entry]) -> Comparison:
    """All that a report shows, from the entries of a run, whole or cut short."""
    evidence = Evidence.of(entries)
    started = evidence.started
    timings = {
        case: timing(counted(rounds), started.options.seed + number)
        for number, (case, rounds) in enumerate(sorted(evidence.rounds.items(), key=lambda item: str(item[0])))
        if counted(rounds) and not evidence.failure(case)
    }
    rows = tuple(_rows(evidence, timings))
    return Comparison(
        run=started.run,
        at=started.at,
        harness=started.harness,
        options=started.options,
        machine=evidence.machine,
        peaks=evidence.peaks,
        rows=rows,
        published=_published(rows, started.options.baseline, evidence.machine),
        published_source=str(_published_table()["source"]),
        images=tuple(image_row(manifest, evidence.images.get(manifest.name)) for manifest in started.manifests),
        warnings=tuple(_warnings(evidence, rows)),
        finished=evidence.finished,
    )


def _rows(evidence: Evidence, timings: dict[Case, Timing]) -> Iterable[Row]:
    """A row for every case, and for every rung that a manifest calls absent; by language, up the ladder."""
    options = evidence.started.options
    for manifest in evidence.started.manifests:
        cases = [case for case in evidence.started.cases if case.implementation == manifest.name]
        rows = [_row(evidence, timings, manifest, case) for case in cases]
        rows += [
            Row(
                implementation=manifest.name,
                label=manifest.label,
                rung=rung.name,
                n=options.n,
                threads=options.threads,
                outcome="absent",
                reason=rung.absent,
            )
            for rung in manifest.absent
            if rung.name in options.rungs
        ]
        yield from sorted(rows, key=lambda row: ladder_position(row.rung))


def _row(evidence: Evidence, timings: dict[Case, Timing], manifest: Manifest, case: Case) -> Row:
    rung = manifest.rung(case.rung)
    image = evidence.images.get(case.implementation)
    if rung is None:
        raise KeyError(str(case))
    info = image.info if image else None
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
        "instruction_sets": info.rungs[rung.name].instruction_sets if info and rung.name in info.rungs else (),
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
    to_baseline = ratio(_find(timings, evidence.started.options.baseline), taken)
    above = _rung_above(timings, case, rung)
    serial = _find(timings, f"{case.implementation}/{rung.serial}") if case.threads > 1 and rung.serial else None
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
        "busy_cores": taken.busy_cores,
        "rows_computed": rounds[-1].rows,
        "rounds": len(rounds),
        "samples": sum(len(steady(r)) for r in rounds),
        "sha256": rounds[-1].sha256,
    }


def _find(timings: dict[Case, Timing], name: str) -> Timing | None:
    return next((taken for case, taken in timings.items() if case.name == name), None)


def _rung_above(timings: dict[Case, Timing], case: Case, rung: Rung) -> Case | None:
    """The measured rung that this one was made from: the serial one it names, or else the nearest on the ladder."""
    if serial := next((other for other in timings if other.name == f"{case.implementation}/{rung.serial}"), None):
        return serial
    before = [
        other
        for other in timings
        if other.implementation == case.implementation and ladder_position(other.rung) < ladder_position(case.rung)
    ]
    return max(before, key=lambda other: ladder_position(other.rung), default=None)


def _published_table() -> dict[str, Any]:
    return tomllib.loads((files("harness") / "published.toml").read_text(encoding="utf-8"))


def _published(rows: Sequence[Row], baseline: str, machine: Machine | None) -> tuple[PublishedRow, ...]:
    """The published rows, each beside the case that repeats it, with what differs between the two.

    Ratios against another baseline than the published one are not compared.
    """
    table = _published_table()
    by_name = {row.name: row for row in rows}
    found: list[PublishedRow] = []
    for entry in table["row"]:
        gflops = flop(table["n"]) / entry["seconds"] / 1e9
        published = PublishedRow(
            **entry,
            gflops=gflops,
            peak_share=gflops / table["peak_gflops"],
            ratio_to_row_above=found[-1].seconds / entry["seconds"] if found else None,
            here=by_name.get(entry["case"]),
        )
        comparable = baseline == table["row"][0]["case"]
        differences = tuple(_differences(published, table, by_name.get(baseline), machine)) if comparable else ()
        found.append(published.model_copy(update={"differences": differences}))
    return tuple(found)


def _differences(
    published: PublishedRow, table: dict[str, Any], baseline: Row | None, machine: Machine | None
) -> Iterable[str]:
    """What differs between a published row and ours, where their ratios do."""
    here = published.here
    if here is None or here.ratio is None or here.ratio.holds(published.ratio):
        return
    if here.threads != published.cores:
        yield f"cores: {published.cores} there, {here.threads} here"
    if here.n != table["n"]:
        yield f"n: {table['n']} there, {here.n} here"
    if baseline:
        yield f"baseline: {table['row'][0]['toolchain']} there, {baseline.toolchain} here"
    yield f"toolchain: {published.toolchain} there, {here.toolchain} here"
    yield f"flags: {published.flags} there, {here.flags} here"
    if machine:
        yield f"CPU: {table['machine']} there, {machine.cpu} here"


def _warnings(evidence: Evidence, rows: Sequence[Row]) -> Iterable[str]:
    """What a careful reader must know before believing the rows."""
    options, machine = evidence.started.options, evidence.machine
    if evidence.finished is None:
        yield "this run did not come to its end: its rows are what was measured until then"
    if not evidence.peaks:
        yield "the machine's peak was not measured: shares of peak are missing"
    if machine and machine.load_1m > machine.cores / 2:
        yield f"other work ran on this machine when the run began (load {machine.load_1m:g} on {machine.cores} CPUs)"
    if options.baseline not in {row.name for row in rows if row.outcome == "measured"}:
        yield f"the baseline {options.baseline} was not measured: ratios to it are missing"
    measured = [row for row in rows if row.seconds and row.busy_cores]
    yield from _gathered("one round only, so nothing is known of the spread", measured, _unknown_spread)
    yield from _gathered("wide intervals, which a larger --budget narrows", measured, _wide)
    yield from _gathered("fewer CPUs busy than threads asked for: other work, or waiting", measured, _idle)
    yield from _gathered(
        "faster than this machine's peak: not to be believed before it is explained", measured, _beyond
    )


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
