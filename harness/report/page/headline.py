"""The result in one sentence, with this machine's figures and the published ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.report.page.shown import Shown
from harness.report.page.view import CaseView, Figure, Published, short


@dataclass(frozen=True)
class Part:
    """A piece of a sentence: words, or a figure of a case."""

    words: str
    case: CaseView | None = None
    figure: Figure | None = None


def headline(shown: Shown) -> list[Part]:
    """What the naive loop and the best of the reference implementation are worth; what there is, where one is missing.

    Libraries, which are somebody else's work, and variants are left out.
    """
    options, machine = shown.comparison.options, shown.comparison.machine
    cases = [case for case in shown.cases if case.variant_of is None]
    baseline, reference, cores = options.baseline, options.reference, max(options.threads)
    own = [case for case in cases if "gflops" in case.figures and not case.is_library]
    compared = [case for case in own if case.implementation == reference and case.name != baseline] or own
    best = max(compared, key=lambda case: case.figures["gflops"].value, default=None)
    if best is None:
        return [Part("No case was measured.")]
    where = f"On {cores} core{'s' if cores > 1 else ''} of {machine.cpu.partition(' (')[0]}" if machine else "Here"
    measured_baseline = next((case for case in cases if case.name == baseline and "seconds" in case.figures), None)
    if measured_baseline is None or "ratio" not in best.figures:
        return [
            Part(f"{where}, the fastest case is {best.name} with "),
            _figure(best, "gflops"),
            Part(" GFLOP/s."),
            *_share(best),
        ]
    naive = next((case for case in compared if case.rung == measured_baseline.rung and case is not best), None)
    return [
        Part(f"{where}, "),
        *_beside(naive, best, measured_baseline),
        *_share(best),
        *_published(naive, best, shown.published),
    ]


def _beside(naive: CaseView | None, best: CaseView, baseline: CaseView) -> Iterator[Part]:
    before = f"{baseline.rung} {short(baseline.language)}"
    if naive:
        yield Part(f"{naive.rung} {short(naive.language)} is ")
        yield _figure(naive, "ratio")
        yield Part(f" as fast as {before}; its fastest kernel, {best.rung} on {_threads(best)}, ")
    else:
        yield Part(f"{best.rung} {short(best.language)} on {_threads(best)} is ")
    yield _figure(best, "ratio")
    yield Part("" if naive else f" as fast as {before}")


def _share(best: CaseView) -> Iterator[Part]:
    if "peak_share" in best.figures:
        yield Part(", which is ")
        yield _figure(best, "peak_share")
        yield Part(" of what the machine can do")
    yield Part(".")


def _published(naive: CaseView | None, best: CaseView, rows: Sequence[Published]) -> Iterator[Part]:
    by_case = {row.here: row for row in rows}
    found = [by_case[case.id] for case in (naive, best) if case and case.id in by_case]
    if found:
        said = " and ".join(f"{row.ratio:,g}×{f' on {row.cores} cores' if row.cores > 1 else ''}" for row in found)
        yield Part(f" Published: {said}.")


def _figure(case: CaseView, key: str) -> Part:
    figure = case.figures[key]
    return Part(figure.long or figure.text, case, figure)


def _threads(case: CaseView) -> str:
    return f"{case.threads} thread{'s' if case.threads > 1 else ''}"
