"""What was run, on which machine and under which conditions: the context of every figure."""

from __future__ import annotations

from collections.abc import Iterable

from harness.model.comparison import Comparison, Noise
from harness.model.journal import Machine
from harness.model.manifests import plural
from harness.report.circumstances import circumstances
from harness.report.figures import ESTIMATE, interval, number, percent
from harness.report.integrity import integrity
from harness.report.section import Section


def what_was_run(comparison: Comparison) -> Section:
    """The work, the machine and the conditions: the context of every figure."""
    options, machine = comparison.options, comparison.machine
    points = [f"Workload: {comparison.work}."]
    if machine:
        caches = ", ".join(f"{name} {amount}" for name, amount in machine.caches.items())
        points += [
            f"Machine: {machine.cpu}, {machine.architecture}, {_cores(machine)}, {caches}, "
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
    points += [_noise(noise) for noise in comparison.noise]
    points += integrity(comparison)
    points += _legend(options.baseline, options.reference)
    return Section(f"harness {comparison.run}", points=points)


def _cores(machine: Machine) -> str:
    """Cores, and the CPUs that they show themselves as where that are more."""
    cpus = f" ({machine.cpu_count} CPUs)" if machine.cpu_count != machine.cores else ""
    return f"{machine.cores} cores{cpus}"


def _noise(noise: Noise) -> str:
    return (
        f"Noise floor of {plural(noise.kind)}: {percent(noise.floor)}. {noise.case} and its A/A control, the same case "
        f"measured twice, have the ratio {interval(noise.ratio)}; the noise floor is the end of that interval farther "
        "from 1, an estimate from this one pair. Smaller differences are not significant."
    )


def _legend(baseline: str, reference: str) -> Iterable[str]:
    yield (
        "[low–high] and ±: 95 % confidence interval of each figure by itself, not corrected for the number of cases. "
        f"~: not statistically significant. {ESTIMATE}: a time scaled from some of the rows."
    )
    if not baseline:
        yield f"Ratios are to {reference} in the same scenario, and include its uncertainty."
        return
    yield (
        f"Speedups are over {baseline} unless stated otherwise, and include its uncertainty; speedup per core is the "
        "speedup divided by the threads."
    )


def _cost(comparison: Comparison) -> str:
    finished = comparison.finished
    if finished is None:
        return ""
    measuring_ns = finished.wall_ns - finished.build_ns
    own = (measuring_ns - finished.container_ns) / measuring_ns
    return (
        f"Duration: {finished.wall_ns / 1e9:.0f} s, of which {finished.build_ns / 1e9:.0f} s to build images; "
        f"while measuring, containers ran {finished.container_ns / 1e9:.0f} s, and harness itself took {own:.1%}."
    )
