"""Latencies at a fixed rate, corrected for coordinated omission. Pure.

A connection sends its next request when the last one was answered. One that waits longer than the interval between its
requests therefore leaves out the requests that were due meanwhile, whose latencies would have been long. They are added
as G. Tene's HdrHistogram adds them: for a latency of l, others of l - i, l - 2i, … down to the interval i.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

PERCENTILES = {"p50_s": (0.5, 2), "p99_s": (0.99, 200), "p999_s": (0.999, 2000)}
"""By name the share, and how many requests it takes to see it."""


@dataclass(frozen=True)
class Latencies:
    """How often each latency was seen, in microseconds, and the interval at which a connection was to send requests."""

    counts: Mapping[int, int]
    interval_us: float

    def corrected(self) -> Counter[int]:
        """With the requests that were omitted because others were waited for."""
        found = Counter(self.counts)
        for latency_us, count in self.counts.items():
            missed_us = latency_us - self.interval_us
            while missed_us >= self.interval_us:
                found[round(missed_us)] += count
                missed_us -= self.interval_us
        return found

    def percentiles(self) -> dict[str, float]:
        """Seconds, of those percentiles that there are enough requests for."""
        counts = self.corrected()
        total, made = counts.total(), sum(self.counts.values())
        return {
            name: _at(counts, share * total) / 1e6 for name, (share, enough) in PERCENTILES.items() if made >= enough
        }


def _at(counts: Counter[int], rank: float) -> int:
    """The smallest latency that so many requests do not exceed."""
    seen = 0
    for latency_us in sorted(counts):
        seen += counts[latency_us]
        if seen >= rank:
            return latency_us
    return max(counts)
