"""The report as headings, paragraphs and tables, for the formats that people read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from harness.model.cases import flop
from harness.model.comparison import Comparison, ImageRow, Interval, Noise, PublishedRow, Row
from harness.model.manifests import Conventional
from harness.plan import ladder_position
from harness.report import beside
from harness.report.circumstances import circumstances, disturbed_rows
from harness.report.figures import NONE, TIE, interval, number, percent, size, spread, step, value_of, yes


@dataclass(frozen=True)
class Table:
    """A table whose first column names its rows."""

    headers: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Section:
    """A heading with what stands below it."""

    heading: str
    intro: str = ""
    table: Table | None = None
    points: Sequence[str] = field(default_factory=tuple)


def sections(comparison: Comparison) -> list[Section]:
    """The whole report, in the order in which it is read; empty sections are left out."""
    everything = [
        what_was_run(comparison),
        published(comparison),
        differences(comparison),
        matrix(comparison),
        speeds(comparison),
        against_yardstick(comparison),
        climb(comparison),
        all_cases(comparison),
        build_facts(comparison),
        costs(comparison),
        tax(comparison),
        image_sizes(comparison.images),
        without_result(comparison),
        Section("Warnings", points=comparison.warnings),
        disturbed(comparison),
    ]
    return [section for section in everything if section.table or section.points or section.intro]


def what_was_run(comparison: Comparison) -> Section:
    """The work, the machine and the conditions: without them no figure means anything."""
    options, machine = comparison.options, comparison.machine
    points = [
        f"Work: C = A · B, {options.n} × {options.n}, float64, {flop(options.n) / 1e9:,.4g} GFLOP; "
        f"integer inputs from seed {options.seed}; every product checked bit for bit."
    ]
    if machine:
        caches = ", ".join(f"{name} {amount}" for name, amount in machine.caches.items())
        points += [
            f"Machine: {machine.cpu}, {machine.architecture}, {machine.cores} cores, {caches}, "
            f"{machine.memory_bytes / 2**30:.0f} GiB.",
            f"System: Linux {machine.kernel}, transparent huge pages {machine.transparent_huge_pages}, "
            f"governor {machine.governor}, load {machine.load_1m:g} at the start; {machine.engine}.",
        ]
    if comparison.peaks:
        peaks = ", ".join(f"{number(p.gflops)} on {p.threads} thread(s)" for p in comparison.peaks)
        points.append(f"Measured FMA peak, GFLOP/s: {peaks}.")
    points += circumstances(comparison)
    if comparison.finished:
        points.append(_cost(comparison))
    if comparison.noise:
        points.append(_noise(comparison.noise))
    points.append(
        "Brackets are 95 % intervals; ~ marks a difference that may be none. Ratios are against "
        f"{options.baseline}; a core's ratio is the ratio over the threads."
    )
    return Section(f"harness {comparison.run}", points=points)


def _noise(noise: Noise) -> str:
    return (
        f"Noise floor: {percent(noise.floor)}. {noise.case} ran as two cases, which came out at "
        f"{interval(noise.ratio)} of each other; differences below the floor are ties."
    )


def _cost(comparison: Comparison) -> str:
    finished = comparison.finished
    if finished is None:
        return ""
    measuring_ns = finished.wall_ns - finished.build_ns
    own = (measuring_ns - finished.container_ns) / measuring_ns
    return (
        f"Cost: {finished.wall_ns / 1e9:.0f} s in all, {finished.build_ns / 1e9:.0f} s of them for images; "
        f"of the rest containers ran {finished.container_ns / 1e9:.0f} s, the harness itself took {own:.1%}."
    )


def published(comparison: Comparison) -> Section:
    """The published rows, each above the case that repeats it."""
    rows: list[list[str]] = []
    above: Row | None = None
    for entry in comparison.published:
        rows += [_as_published(entry), _as_measured(entry, above)]
        above = entry.here
    headers = [
        "version", "", "threads", "seconds", "GFLOP/s", "peak", "× baseline", "× row above", "× a core", "efficiency",
        "flags",
    ]  # fmt: skip
    return Section("The published experiment, and here", f"{comparison.published_source}.", Table(headers, rows))


def _as_published(entry: PublishedRow) -> list[str]:
    return [
        entry.version,
        "published",
        str(entry.cores),
        f"{entry.seconds:,.2f}",
        number(entry.gflops),
        percent(entry.peak_share),
        number(entry.ratio),
        number(entry.ratio_to_row_above),
        number(entry.ratio / entry.cores),
        NONE,
        entry.flags,
    ]


def _as_measured(entry: PublishedRow, above: Row | None) -> list[str]:
    row = entry.here
    if row is None or row.seconds is None:
        return ["", f"{entry.case}: {row.outcome if row else 'not run'}", *[NONE] * 9]
    return [
        "",
        row.name,
        str(row.threads),
        interval(row.seconds),
        number(row.gflops),
        percent(row.peak_share),
        interval(row.ratio),
        number(above.seconds.value / row.seconds.value) if above and above.seconds else NONE,
        number(row.ratio_per_core),
        percent(row.efficiency),
        f"{row.toolchain}: {row.flags}",
    ]


def differences(comparison: Comparison) -> Section:
    """Where a measured ratio is not the published one, and what differs between the two."""
    points = [
        f"{row.case}: {interval(row.here.ratio)}× here, {row.ratio:g}× there. " + "; ".join(row.differences) + "."
        for row in comparison.published
        if row.here and row.differences
    ]
    return Section("Why the ratios differ", points=points)


def matrix(comparison: Comparison) -> Section:
    """Languages × rungs against the baseline."""
    heading = f"Languages × rungs: times faster than {comparison.options.baseline}"
    return _crossed(comparison, heading, lambda row: _times(row.ratio))


def speeds(comparison: Comparison) -> Section:
    """Languages × rungs against what the machine can do."""
    return _crossed(
        comparison,
        "Languages × rungs: GFLOP/s and share of the measured peak",
        lambda row: f"{number(row.gflops)} · {percent(row.peak_share)}",
    )


def against_yardstick(comparison: Comparison) -> Section:
    """Languages × rungs against the yardstick: the same rung first, which compares languages and not efforts."""
    yardstick = comparison.options.yardstick
    label = next((row.label for row in comparison.rows if row.implementation == yardstick), yardstick)
    section = _crossed(
        comparison,
        f"Faster than {label}? Times faster on the same rung · than its naive",
        lambda row: _beside(row, yardstick, comparison.noise_floor),
    )
    return section if any(row.to_yardstick_naive for row in comparison.rows) else Section(section.heading)


def climb(comparison: Comparison) -> Section:
    """What each step multiplied, language by language; every case's table names the rung that it was made from."""
    section = _crossed(
        comparison,
        "The climb: how many times faster each rung is than the one it was made from",
        lambda row: _marked(row.step, comparison.noise_floor) if row.step else "1",
    )
    return section if any(row.step for row in comparison.rows) else Section(section.heading)


def _crossed(comparison: Comparison, heading: str, cell: Callable[[Row], str]) -> Section:
    """A table of languages × rungs, each on the most threads that it was measured on."""
    rows = sorted(comparison.rows, key=lambda row: row.threads)
    rungs = sorted({row.rung for row in rows}, key=ladder_position)
    cells = {(row.implementation, row.rung): cell(row) if row.seconds else row.outcome for row in rows}
    labels = {row.implementation: row.label for row in comparison.rows}
    lines = [[label, *(cells.get((name, rung), NONE) for rung in rungs)] for name, label in labels.items()]
    return Section(heading, table=Table(["", *rungs], lines))


def _times(ratio: Interval | None) -> str:
    return f"{number(ratio.value)}×{spread(ratio)}" if ratio else NONE


def _beside(row: Row, yardstick: str, floor: float) -> str:
    """Times faster than the yardstick on the same rung, and than its naive one."""
    same = _times(row.to_yardstick) if row.implementation == yardstick else _marked(row.to_yardstick, floor)
    return f"{same} · {number(value_of(row.to_yardstick_naive))}×"


def _marked(ratio: Interval | None, floor: float) -> str:
    """A ratio, marked where it may be none."""
    return (TIE if ratio and ratio.ties(floor) else "") + _times(ratio)


def all_cases(comparison: Comparison) -> Section:
    """Every measured case with all its figures."""
    rows = [
        [
            row.name,
            str(row.threads),
            interval(row.seconds),
            number(row.cold_seconds),
            number(row.gflops),
            percent(row.peak_share),
            interval(row.ratio),
            step(row.step, row.step_from, comparison.noise_floor),
            number(row.ratio_per_core),
            percent(row.efficiency),
            number(row.busy_cores),
            rows_text(row),
            f"{row.rounds} / {row.samples}",
            NONE if row.warm_up is None else str(row.warm_up),
            row.stopped or NONE,
        ]
        for row in comparison.rows
        if row.outcome == "measured"
    ]
    headers = [
        "case", "threads", "seconds", "cold s", "GFLOP/s", "peak", "× baseline", "× the rung it was made from",
        "× a core", "efficiency", "busy CPUs", "rows", "rounds / samples",
        "warm-up", "stopped",
    ]  # fmt: skip
    return Section("Every case", table=Table(headers, rows))


def rows_text(row: Row) -> str:
    """Whether the time is of the whole product or scaled from some of its rows."""
    return "all" if row.rows_computed == row.n else f"estimate from {row.rows_computed} of {row.n} rows"


def build_facts(comparison: Comparison) -> Section:
    """What each case was built from: part of its identity."""
    rows = [
        [
            row.name,
            row.toolchain or NONE,
            row.flags or NONE,
            row.loop_order or NONE,
            row.layout or NONE,
            yes(row.bounds_checks),
            yes(row.fast_math),
            ", ".join(row.instruction_sets) or NONE,
            row.runs or NONE,
            row.note or "",
        ]
        for row in comparison.rows
        if row.outcome == "measured"
    ]
    headers = ["case", "toolchain", "flags", "loops", "layout", "bounds checks", "fast-math", "needs", "ran", "note"]
    return Section("What was built", table=Table(headers, rows))


def costs(comparison: Comparison) -> Section:
    """What a case costs beside its time."""
    headers, rows = beside.costs(comparison)
    section = Section("Beside speed", table=Table(headers, rows), points=beside.legend(comparison))
    return section if rows else Section(section.heading)


def tax(comparison: Comparison) -> Section:
    """What the container itself costs, where that was asked for."""
    headers, rows = beside.taxes(comparison)
    section = Section("The container's own tax: the same program in and out of it", table=Table(headers, rows))
    return section if rows else Section(section.heading)


def image_sizes(images: Iterable[ImageRow]) -> Section:
    """What each image weighs, beside its budget and a conventional image."""
    rows = [
        [
            row.name,
            size(row.unpacked_bytes),
            size(row.compressed_bytes),
            number(row.layers) if row.layers is None else str(row.layers),
            size(row.runtime_bytes),
            size(row.payload_bytes),
            size(row.budget_bytes),
            _kept(row),
            _conventional(row.conventional),
        ]
        for row in images
    ]
    headers = [
        "image", "unpacked", "compressed", "layers", "runtime", "payload", "budget", "", "conventional",
    ]  # fmt: skip
    return Section("Images, bytes", table=Table(headers, rows))


def _kept(row: ImageRow) -> str:
    if row.unpacked_bytes is None:
        return "not built"
    if row.budget_bytes is None:
        return NONE
    return "kept" if row.within_budget else "BROKEN"


def _conventional(other: Conventional | None) -> str:
    if other is None:
        return NONE
    if other.unpacked_bytes:
        return f"{other.image}: {size(other.unpacked_bytes)}"
    return f"{other.image}: {size(other.compressed_bytes)} compressed"


def disturbed(comparison: Comparison) -> Section:
    """The rounds that something disturbed, judged by what the engine's host did and never by their times."""
    rows = disturbed_rows(comparison)
    headers = ["case", "threads", "round", "what disturbed it", "counts"]
    return Section("Disturbed rounds", table=Table(headers, rows) if rows else None)


def without_result(comparison: Comparison) -> Section:
    """Cases that failed, with the reason and the log; rungs that are absent, with theirs."""
    points = [
        f"{row.name}: {row.outcome}: {row.reason}" + (f" (log: {row.log})" if row.log else "")
        for row in comparison.rows
        if row.outcome != "measured"
    ]
    return Section("Without a result", points=points)
