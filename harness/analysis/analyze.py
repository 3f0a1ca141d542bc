"""From journal entries to a comparison: rows, the published table, warnings. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from harness.analysis.beside import overhead_rows, resident_bytes, startup_seconds, with_startup
from harness.analysis.cautions import cautions
from harness.analysis.evidence import Evidence, timings_of
from harness.analysis.noise import Floors, noise_of, noise_warnings
from harness.analysis.ratios import Ratios
from harness.analysis.rounds import round_rows
from harness.images.weight import image_row
from harness.machine.interference import overview
from harness.measure.plan import rungs_by_case
from harness.measure.stopping import why_stopped
from harness.model.cases import Case
from harness.model.comparison import Comparison, Row, VariantRow
from harness.model.integrity import Chain, Verification
from harness.model.journal import Entry
from harness.model.manifests import Held, Manifest, Rung


def analyze(
    entries: Iterable[Entry], chain: Chain | None = None, verification: Verification | None = None
) -> Comparison:
    """All that a report shows, from the entries of a run, finished or interrupted, and their verification."""
    evidence = Evidence.of(entries)
    started, experiment = evidence.started, evidence.experiment
    timings = timings_of(evidence)
    rungs = rungs_by_case(started.cases, started.manifests)
    noise = noise_of(timings, rungs)
    floors = Floors(noise, rungs)
    ratios = Ratios({case: taken for case, taken in timings.items() if not case.control}, floors)
    rows, variants = tuple(_rows(evidence, ratios)), tuple(_variants(evidence, ratios))
    source, published = experiment.published(rows, started.options, evidence.machine, ratios.between_rows)
    startups = startup_seconds(evidence.startups)
    made = {case: evidence.counted[case] for case in ratios.timings}
    return Comparison(
        run=started.run,
        at=started.at,
        harness=started.harness,
        options=started.options,
        machine=evidence.machine,
        peaks=evidence.peaks,
        rows=rows,
        experiment=started.experiment,
        work=experiment.work(started.options),
        published=published,
        published_source=source,
        variants=variants,
        images=tuple(
            with_startup(image_row(manifest, stage, evidence.images.get(manifest.image_of(stage))), startups)
            for manifest in started.manifests
            for stage in manifest.stages(started.options.rungs, variants=started.options.variants)
        ),
        container_seconds=startups.get(None),
        overhead=tuple(overhead_rows(experiment, evidence.overhead, floors.of)),
        warnings=(
            *cautions(evidence, [*rows, *(variant.row for variant in variants)]),
            *experiment.remarks(made, evidence.own),
            *noise_warnings(noise, [case for case in started.cases if case.control], rungs),
        ),
        finished=evidence.finished,
        readings=evidence.readings,
        conditions=overview(entry for entries in evidence.rounds.values() for entry in entries),
        interference=evidence.interference,
        tuned=evidence.tuned,
        rounds=tuple(round_rows(evidence)),
        noise=noise,
        metrics=tuple(experiment.metrics),
        measured=tuple(experiment.measured(made, evidence.own)),
        chain=chain,
        verification=verification,
    )


def _rows(evidence: Evidence, ratios: Ratios) -> Iterable[Row]:
    """A row for every case, and for every rung that a manifest declares absent; by language, up the ladder."""
    options = evidence.started.options
    for manifest in evidence.started.manifests:
        variants = {variant.name for variant in manifest.variants}
        cases = [case for case in _originals(evidence, manifest) if case.rung not in variants]
        rows = [_row(evidence, ratios, manifest, case) for case in cases]
        rows += [
            Row(
                implementation=manifest.name,
                label=manifest.label,
                rung=rung.name,
                n=options.n,
                threads=max(options.threads),
                outcome="not implemented",
                reason=rung.absent,
            )
            for rung in manifest.absent
            if rung.name in options.rungs
        ]
        yield from sorted(rows, key=lambda row: options.rungs.index(row.rung))


def _originals(evidence: Evidence, manifest: Manifest) -> list[Case]:
    """The cases of an implementation, without its A/A controls."""
    return [case for case in evidence.started.cases if case.implementation == manifest.name and not case.control]


def _variants(evidence: Evidence, ratios: Ratios) -> Iterable[VariantRow]:
    """A row for every case of a variant, in the order of the manifests."""
    for manifest in evidence.started.manifests:
        variants = {variant.name: variant for variant in manifest.variants}
        for case in _originals(evidence, manifest):
            if variant := variants.get(case.rung):
                original = case.model_copy(update={"rung": variant.of})
                yield VariantRow(
                    of=variant.of,
                    changes=variant.changes,
                    row=_row(evidence, ratios, manifest, case),
                    to_rung=ratios.between(original, case),
                )


def _row(evidence: Evidence, ratios: Ratios, manifest: Manifest, case: Case) -> Row:
    rung = manifest.held(case.rung)
    image = evidence.images.get(manifest.image_of(rung.image))
    info = image.info if image else None
    built = info.rungs.get(rung.name) if info else None
    facts: dict[str, Any] = {
        "implementation": case.implementation,
        "label": manifest.label,
        "rung": case.rung,
        "n": case.n,
        "threads": case.threads,
        "flags": rung.flags or None,
        "note": rung.note,
        "toolchain": info.toolchain if info else None,
        "instruction_sets": built.instruction_sets if built else (),
        "runs": built.runs if built else None,
        "image": manifest.image_of(rung.image),
        **(rung.model_dump(include={"loop_order", "layout", "bounds_checks", "fast_math"})),
    }
    if case not in ratios.timings:
        failure = evidence.failure(case)
        reason = failure.reason if failure else "the run was interrupted before it was measured"
        return Row(**facts, outcome="failed", reason=reason, log=failure.log if failure else None)
    return Row(**facts, outcome="measured", **_figures(evidence, ratios, case, rung))


def _figures(evidence: Evidence, ratios: Ratios, case: Case, rung: Held) -> dict[str, Any]:
    """The figures of a measured case, alone and beside others."""
    taken, rounds = ratios.timings[case], evidence.counted[case]
    options = evidence.started.options
    to_baseline = ratios.between(ratios.find(options.baseline), case)
    experiment = evidence.experiment
    previous = _previous_rung(options.rungs, ratios.timings, case, rung)
    speedup = ratios.between(_serial(ratios, case, rung), case)
    interference = [each for each in evidence.interference if each.case == case]
    return {
        "seconds": taken.interval,
        "first_sample_seconds": taken.cold,
        "ratio": to_baseline,
        "step": ratios.between(previous, case),
        "step_from": previous.rung if previous else None,
        "ratio_per_core": to_baseline.over(case.threads) if to_baseline else None,
        "efficiency": speedup.over(case.threads) if speedup else None,
        "vs_reference": ratios.between(case.model_copy(update={"implementation": options.reference}), case),
        "vs_reference_naive": ratios.between(ratios.find(f"{options.reference}/naive"), case),
        "busy_cores": taken.busy_cores,
        "resident_bytes": resident_bytes(rounds),
        "key": rounds[-1].key,
        "interference_rounds": len(interference),
        "excluded_rounds": sum(not each.counted for each in interference),
        "rounds": taken.rounds,
        "samples": taken.samples,
        "warm_up": taken.warm_up,
        "warm_up_seconds": taken.warming_s,
        "stop_reason": why_stopped(
            experiment, rung, case, evidence.rounds, options, finished=evidence.finished is not None
        ),
        "sha256": rounds[-1].sha256,
        **experiment.figures(case, evidence.rounds[case], taken, evidence.peaks),
    }


def _serial(ratios: Ratios, case: Case, rung: Held) -> Case | None:
    """The same kernel on one thread: measured as such, or the rung that is this kernel without the threads."""
    if case.threads == 1 or not isinstance(rung, Rung):
        return None
    alone = case.model_copy(update={"threads": 1})
    if alone in ratios.timings:
        return alone
    return ratios.find(f"{case.implementation}/{rung.serial}") if rung.serial else None


def _previous_rung(rungs: Sequence[str], measured: Collection[Case], case: Case, rung: Held) -> Case | None:
    """The previous rung that was measured: the serial one it names, or else the nearest on the ladder."""
    if not isinstance(rung, Rung):
        return None
    own = [other for other in measured if other.implementation == case.implementation]
    if serial := next((other for other in own if other.rung == rung.serial), None):
        return serial
    before = [other for other in own if _height(rungs, other) < _height(rungs, case)]
    return max(before, key=lambda it: (_height(rungs, it), it.threads == case.threads, it.threads), default=None)


def _height(rungs: Sequence[str], case: Case) -> int:
    """The position of a case's rung on the ladder; variants are above it."""
    return rungs.index(case.rung) if case.rung in rungs else len(rungs)
