"""The ranges of options: the command line declares them to typer, and the records to pydantic."""

from __future__ import annotations

MAX_N = 32_768  # rows of a matrix; of a service, connections
MAX_ROUNDS = 1000
MAX_PERCENT = 100
DAY_S = 86_400
MAX_SEED = 2**63 - 1
