"""The published table that a run is set beside, as published.toml has it."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def published() -> dict[str, Any]:
    """The table with its source, machine and conditions."""
    return tomllib.loads((files("harness") / "published.toml").read_text(encoding="utf-8"))
