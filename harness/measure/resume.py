"""What is known of a run that is resumed, and whether it is still the same run. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness.errors import ChangedError
from harness.measure.cost import Cost, cost_of
from harness.model.cases import Case
from harness.model.journal import (
    Entry,
    Image,
    Machine,
    OverheadRound,
    Own,
    Peak,
    Rejected,
    Round,
    Started,
    Startup,
)
from harness.model.manifests import Manifest

COMPARED = (
    "cpu",
    "architecture",
    "features",
    "cores",
    "cpus",
    "memory_bytes",
    "kernel",
    "transparent_huge_pages",
    "governor",
    "engine",
)
"""The facts by which a machine is another one, or in another state."""


@dataclass(frozen=True)
class Past:
    """What the sessions of a run before this one recorded; of a new run, nothing."""

    started: Started | None = None
    machine: Machine | None = None
    images: Mapping[str, Image] = field(default_factory=dict)
    peaks: Sequence[Peak] = ()
    rejected: frozenset[Case] = frozenset()
    startups: tuple[Startup, ...] = ()
    overheads: tuple[OverheadRound, ...] = ()
    own: tuple[Own, ...] = ()
    cost: Cost = field(default_factory=Cost)
    rounds: Mapping[tuple[Case, int], Round] = field(default_factory=dict)

    @property
    def begun(self) -> Started:
        """How the run was started; there is one in every journal that could be loaded."""
        if self.started is None:
            raise ValueError("a new run has no past")
        return self.started

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Past:
        """Sort the entries of a journal."""
        entries = list(entries)
        return cls(
            started=next((entry for entry in entries if isinstance(entry, Started)), None),
            machine=next((entry for entry in reversed(entries) if isinstance(entry, Machine)), None),
            images={entry.name: entry for entry in entries if isinstance(entry, Image)},
            peaks=tuple(entry for entry in entries if isinstance(entry, Peak)),
            rejected=frozenset(entry.case for entry in entries if isinstance(entry, Rejected)),
            startups=tuple(entry for entry in entries if isinstance(entry, Startup)),
            overheads=tuple(entry for entry in entries if isinstance(entry, OverheadRound)),
            own=tuple(entry for entry in entries if isinstance(entry, Own)),
            cost=cost_of(entries),
            rounds={(entry.case, entry.number): entry for entry in entries if isinstance(entry, Round)},
        )


@dataclass(frozen=True)
class Present:
    """What a resumed run would be measured with now."""

    harness: str
    code: str
    manifests: Sequence[Manifest]
    machine: Machine
    tags: Mapping[str, str]  # of every image, by name
    digest: Callable[[str], str | None]  # of the image with a tag, where the engine has it


def check_unchanged(past: Past, present: Present) -> None:
    """Raise ChangedError, naming every difference, where rounds from before and after would not be comparable."""
    changes = [*_changed_harness(past, present), *_changed_machine(past, present), *_changed_images(past, present)]
    if changes:
        run = past.started.run if past.started else ""
        raise ChangedError(
            f"run {run} cannot be resumed: times from before and after would not be comparable:\n"
            + "".join(f"  {change}\n" for change in changes)
            + "Restore that, or start a new run with `harness compare`; "
            f"`{shlex.join(['harness', 'report', run])}` shows what was measured."
        )


def _changed_harness(past: Past, present: Present) -> Iterator[str]:
    then = past.begun
    if then.harness != present.harness:
        yield f"harness version: {then.harness} before, {present.harness} now"
    elif then.code not in {None, present.code}:
        yield f"harness code: {then.code} before, {present.code} now"


def _changed_machine(past: Past, present: Present) -> Iterator[str]:
    if past.machine is None:
        return
    for fact in COMPARED:
        then, now = getattr(past.machine, fact), getattr(present.machine, fact)
        if then != now:
            what = f"the machine's {fact}"
            yield (
                f"{what}: {_lost_and_gained(then, now)}" if fact == "features" else f"{what}: {then} before, {now} now"
            )


def _lost_and_gained(then: Sequence[str], now: Sequence[str]) -> str:
    """Of a hundred features, those that differ."""
    lost, gained = sorted(set(then) - set(now)), sorted(set(now) - set(then))
    return "; ".join(f"{word} {', '.join(names)}" for word, names in (("without", lost), ("with", gained)) if names)


def _changed_images(past: Past, present: Present) -> Iterator[str]:
    before = {manifest.name: manifest for manifest in past.started.manifests} if past.started else {}
    now = {manifest.name: manifest for manifest in present.manifests}
    for name in before.keys() | now.keys():
        if before.get(name) != now.get(name):
            yield f"{name}: manifest"
    for image in past.images.values():
        tag = present.tags.get(image.name)
        if image.tag is None or tag is None:
            continue  # it was never built, or its manifest says already that it is not what it was
        if image.canonical and image.digest == present.digest(tag):
            continue  # whatever it was made of, and when
        if image.tag != tag:
            yield f"{image.name}: sources, recipe or base image ({image.tag} before, {tag} now)"
        elif (digest := present.digest(tag)) is None:
            yield f"{image.name}: its image {tag} was removed, and a rebuilt one would differ"
        elif digest != image.digest:
            yield f"{image.name}: its image {tag} was rebuilt ({image.digest} before, {digest} now)"
