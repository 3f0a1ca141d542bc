"""The ranges of the options that only services have."""

from __future__ import annotations

MAX_CONNECTIONS = 1000
MAX_RATE = 10_000_000  # requests a second
MIN_S, MAX_S = 0.1, 600  # of a phase
