"""The figures of a service beside its CPU time for a request, and what is to be known of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from harness.experiments.web.settings import SHARE, limit_name
from harness.model.cases import Case
from harness.model.comparison import Measured, Metric
from harness.model.journal import Own, Round
from harness.statistics.estimates import estimate

BELOW = f"at {SHARE:.0%} of that rate"
METRICS = (
    Metric(name="cpu_s", title="CPU time a request", unit="s", better="less"),
    Metric(name="rate", title="Requests a second at saturation", unit="/s", better="more"),
    Metric(name="p50_s", title=f"Median latency {BELOW}", unit="s", better="less"),
    Metric(name="p99_s", title=f"99th percentile of latency {BELOW}", unit="s", better="less"),
    Metric(name="p999_s", title=f"99.9th percentile of latency {BELOW}", unit="s", better="less"),
    Metric(name="start_s", title="From the start of the container to the first answer", unit="s", better="less"),
    Metric(name="idle_bytes", title="Memory before the first load", unit="bytes", better="less"),
    Metric(name="loaded_bytes", title="Most memory under load", unit="bytes", better="less"),
)
NEAR = 0.9  # of the load generator's own limit: a service may be faster than a figure that is so near
BUSY = 0.9  # of its CPUs: a service that uses less was not saturated
MARK = "‡"


def measured(rounds: Mapping[Case, Sequence[Round]], own: Sequence[Own]) -> Iterable[Measured]:
    """Every metric of every case that has it in all of its rounds."""
    limits = _limits(own)
    for case, entries in rounds.items():
        for metric in METRICS:
            figures = [entry.values[metric.name] for entry in entries if metric.name in entry.values]
            if case.control or len(figures) < len(entries) or not all(figures):
                continue
            found = estimate(figures)
            near = metric.name == "rate" and found.mean > NEAR * limits.get(limit_name(case), float("inf"))
            yield Measured(case=case, metric=metric.name, value=found.interval, mark=MARK if near else "")


def remarks(rounds: Mapping[Case, Sequence[Round]], own: Sequence[Own]) -> Iterable[str]:
    """The load generator's own limit, and who was not saturated."""
    limits = _limits(own)
    if limits:
        told = ", ".join(f"{name.split('-')[1]} {rate:,.0f}/s" for name, rate in limits.items())
        yield f"the load generator's own limit, against a server of constants: {told}; rates near it are marked {MARK}"
    unknown = sorted({case.rung for case in rounds if limit_name(case) not in limits})
    if unknown:
        yield f"the load generator's own limit was not measured: {', '.join(unknown)}"
    idle = [case for case, entries in rounds.items() if _cpus(entries) < BUSY * case.threads and not case.control]
    if idle:
        told = ", ".join(f"{case.name} {_cpus(rounds[case]):.2f} of {case.threads}" for case in idle)
        yield f"services that had CPU time to spare, so that their rates are the load's rather than their own: {told}"


def _limits(own: Sequence[Own]) -> dict[str, float]:
    """The rates, by limit_name; the latest where there are several."""
    return {entry.name: entry.values["rate"] for entry in own if "rate" in entry.values}


def _cpus(entries: Sequence[Round]) -> float:
    return estimate([entry.values["service_cpus"] for entry in entries]).mean
