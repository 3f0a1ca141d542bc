"""One room for each experiment. No experiment imports another."""

from __future__ import annotations

import difflib
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.measure.experiment import Experiment


@cache
def named(name: str) -> Experiment:
    """EXPERIMENT in `experiments/<name>/experiment.py`. Raises UsageError where this version has no such experiment."""
    names = sorted(module.name for module in iter_modules(__path__))
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(names)}"
        raise UsageError(f"unknown experiment {name!r}: {hint}")
    found: Experiment = import_module(f"{__name__}.{name}.experiment").EXPERIMENT
    return found
