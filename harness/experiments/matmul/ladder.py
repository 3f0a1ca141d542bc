"""Which cases there are: the rungs of the ladder in every language, and where a round's rows begin. Pure."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Iterator, Sequence

from harness.experiments.matmul.controls import controls
from harness.model.cases import Case, Options
from harness.model.manifests import LADDER, Held, Manifest, Rung


def ladder_position(rung: str) -> int:
    """Where a rung stands on the ladder; unknown ones come last."""
    return LADDER.index(rung) if rung in LADDER else len(LADDER)


def rungs_of(manifests: Iterable[Manifest]) -> list[str]:
    """All rungs that any manifest names, in the order of the ladder."""
    names: dict[str, None] = {}
    for manifest in manifests:
        names |= dict.fromkeys(rung.name for rung in manifest.rungs)
        names |= dict.fromkeys(rung.name for rung in manifest.absent)
    return sorted(names, key=ladder_position)


def cases_of(manifests: Sequence[Manifest], options: Options) -> tuple[Case, ...]:
    """The cases of the chosen languages, rungs and numbers of threads, rung by rung up the ladder; then controls.

    Variants, where they are asked for, come last: no control is one of theirs.
    """
    cases = tuple(
        case
        for name in options.rungs
        for manifest in manifests
        if (rung := manifest.rung(name)) and is_chosen(manifest, rung, options)
        for case in _cases_of_rung(manifest, rung, options)
    )
    return cases + controls(cases, manifests, options) + tuple(_variants(manifests, options))


def kernel_of(held: Held) -> Rung:
    """What an implementation of the matrix product holds: rungs, and nothing else."""
    if not isinstance(held, Rung):
        raise TypeError(f"{held.name} is no rung")
    return held


def is_chosen(manifest: Manifest, rung: Rung, options: Options) -> bool:
    """Whether a rung is among the cases that the options name, if they name any."""
    return not options.only or f"{manifest.name}/{rung.name}" in options.only


def quick_cases(manifests: Iterable[Manifest], published: Collection[str]) -> list[str]:
    """Of these languages the naive rung, the best one of their own, and those of some `published` cases."""
    names = []
    for manifest in manifests:
        own = [rung.name for rung in manifest.rungs if rung.image == "final"]
        best = max(own, key=lambda name: (name in LADDER, ladder_position(name)), default=None)
        names += [f"{manifest.name}/{name}" for name in own if name in {"naive", best}]
        names += [f"{manifest.name}/{name}" for name in own if f"{manifest.name}/{name}" in published]
    return list(dict.fromkeys(names))


def _cases_of_rung(manifest: Manifest, rung: Rung, options: Options) -> list[Case]:
    """A rung on every number of threads that it is measured on."""
    return [
        Case(implementation=manifest.name, rung=rung.name, n=options.n, threads=threads)
        for threads in (options.threads if rung.threads == "all" else (1,))
    ]


def _variants(manifests: Iterable[Manifest], options: Options) -> Iterator[Case]:
    """The variants of the chosen rungs that are built for this n."""
    for manifest in manifests if options.variants else ():
        for variant in manifest.variants:
            rung = manifest.rung(variant.of)
            if rung and rung.name in options.rungs and is_chosen(manifest, rung, options) and variant.takes(options.n):
                yield from _cases_of_rung(manifest, variant, options)


def first_row(n: int, seed: int, number: int) -> int:
    """Where the rows of a round begin: anywhere, so that rounds take others, and the same for all of its cases."""
    return random.Random(f"{seed}/{number}/first").randrange(n)  # noqa: S311 (rows, not a secret)
