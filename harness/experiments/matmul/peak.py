"""The machine's peak, by an implementation's own FMA loop: measured before the rounds, and again near it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from harness.engine.engine import Engine, Job
from harness.errors import ProtocolError
from harness.events import Event
from harness.experiments.matmul.container import check_exit
from harness.experiments.matmul.limits import process_limit
from harness.experiments.matmul.protocol import parse_peak
from harness.images.catalog import Catalog, Source
from harness.measure.run import Run
from harness.model.cases import Case
from harness.model.journal import Peak, Round

PEAK_TIMEOUT_S = 60.0
PEAKS_AGREE = 0.03
PEAK_TRIES = 5
NEAR_PEAK = 0.95


def peak_source(catalog: Catalog, chosen: dict[str, Source]) -> dict[str, Source]:
    """The chosen implementation that measures this machine's peak, or else any that does: every run has a peak."""
    offers = {name: source for name, source in {**chosen, **catalog.implementations}.items() if source.manifest.peak}
    return dict(list(offers.items())[:1])


def measure_peaks(run: Run, cases: Sequence[Case]) -> None:
    """The machine's peak for every number of threads in use; until two agree, for other work makes one too low.

    A quick run believes the first: where a case comes near it, it is measured again.
    """
    tag = next((run.images[name].tag for name in run.tools if not run.images[name].failure), None)
    tries = 1 if run.options.quick else PEAK_TRIES
    for threads in sorted({case.threads for case in cases} - run.peaks.keys()) if tag else []:
        run.watch(Event("prepare", f"measuring the peak on {threads} thread(s)"))
        cpus = run.cpus[:threads]
        try:
            peaks = [measure_peak(run.engine, tag or "", cpus)]
            while len(peaks) < tries and not agree(peaks):
                peaks.append(measure_peak(run.engine, tag or "", cpus))
            for peak in sorted(peaks, key=lambda peak: peak.gflops):
                run.record(peak)
        except ProtocolError as error:
            run.watch(Event("measured", f"the peak could not be measured: {error}"))


def measure_peak_again(run: Run, threads: int, tries: Counter[int]) -> None:
    """Measure it once more, where a case came near it: what was measured while others worked is too low.

    `tries` counts how often, by threads.
    """
    tag = next((run.images[name].tag for name in run.tools if not run.images[name].failure), None)
    if tag is None or tries[threads] >= PEAK_TRIES:
        return
    tries[threads] += 1
    run.watch(Event("prepare", f"measuring the peak on {threads} thread(s) again: a case came close to it"))
    try:
        run.record(measure_peak(run.engine, tag, run.cpus[:threads]))
    except ProtocolError as error:
        run.watch(Event("measured", f"the peak could not be measured again: {error}"))


def is_near_peak(run: Run, entry: Round) -> bool:
    """Whether a sample of a round came near the highest peak that was measured, or above it."""
    if entry.case.threads not in run.peaks or not entry.samples:
        return False
    best_ns = min(sample.wall_ns for sample in entry.samples)
    return 2 * entry.case.n**2 * entry.rows * entry.calls > NEAR_PEAK * run.peaks[entry.case.threads] * best_ns


def measure_peak(engine: Engine, tag: str, cpus: tuple[int, ...]) -> Peak:
    """The machine's peak on one thread a CPU, by the image's own FMA loop. Raises ProtocolError if it fails."""
    job = Job(
        image=tag,
        arguments=("peak", str(len(cpus))),
        cpus=cpus,
        memory_bytes=2**28,
        pids=process_limit(len(cpus)),
        timeout_s=PEAK_TIMEOUT_S,
    )
    ended = engine.run(job)
    check_exit(ended, PEAK_TIMEOUT_S)
    return Peak(threads=len(cpus), gflops=parse_peak(ended.stdout), container_ns=ended.elapsed_ns)


def agree(peaks: Sequence[Peak]) -> bool:
    """Whether the two highest measurements are so close that a higher one is not to be expected."""
    highest = sorted((peak.gflops for peak in peaks), reverse=True)[:2]
    return len(highest) == 2 and highest[1] >= (1 - PEAKS_AGREE) * highest[0]
