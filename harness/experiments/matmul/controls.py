"""A/A controls: cases that are measured a second time under another name, to measure the noise. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness.measure.plan import rungs_by_case
from harness.model.cases import Case, Options
from harness.model.manifests import KINDS, LADDER, Held, Manifest


def controls(cases: Sequence[Case], manifests: Sequence[Manifest], options: Options) -> tuple[Case, ...]:
    """One of each kind of rung that is measured: noise affects slow and fast ones differently.

    Of the reference implementation, the first rung that is row by row, and the last one of its own that is blocked:
    other languages are closest to those. Of any implementation where the reference has none.
    """
    if not options.controls:
        return ()
    rungs = rungs_by_case(cases, manifests)
    found = (_original([case for case in cases if rungs[case].kind == kind], rungs, options) for kind in KINDS)
    return tuple(case.model_copy(update={"control": True}) for case in found if case)


def _original(cases: Sequence[Case], rungs: dict[Case, Held], options: Options) -> Case | None:
    """Which case of a kind has a control."""
    candidates = [case for case in cases if case.implementation == options.reference] or list(cases)
    if not candidates or rungs[candidates[0]].kind == "row by row":
        return next(iter(candidates), None)
    own = [case for case in candidates if rungs[case].image == "final"]
    return max(own or candidates, key=_height)


def _height(case: Case) -> tuple[int, int]:
    """How far up the ladder a case is, and then its threads; rungs that are on no other's ladder stand below it."""
    return (LADDER.index(case.rung) if case.rung in LADDER else -1, case.threads)
