"""Whether a journal's own results are right: keys, checksums and digests, recomputed. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from harness.experiments import named
from harness.images.identity import key_of
from harness.model.cases import Case, Options
from harness.model.integrity import Chain, Verification
from harness.model.journal import Entry, Image, Machine, OverheadRound, Round, Started
from harness.model.manifests import Manifest


@dataclass
class _Known:
    """What an entry's key is computed from: what was written before it."""

    experiment: str
    manifests: dict[str, Manifest]
    options: Options
    cases: frozenset[Case]
    machine: Machine | None = None
    images: dict[str, Image] = field(default_factory=dict)
    keys: dict[Case, str | None] = field(default_factory=dict)  # that were computed from these

    def learn(self, entry: Machine | Image) -> None:
        """Take what is written next into account."""
        if isinstance(entry, Machine):
            self.machine = entry
        else:
            self.images[entry.name] = entry
        self.keys.clear()

    def key(self, case: Case) -> str | None:
        """The key of a case; None where its rung, its image or the machine is not known."""
        if case not in self.keys:
            self.keys[case] = self._computed(case)
        return self.keys[case]

    def _computed(self, case: Case) -> str | None:
        manifest = self.manifests.get(case.implementation)
        rung = manifest.find(case.rung) if manifest else None
        image = self.images.get(manifest.image_of(rung.image)) if manifest and rung else None
        return key_of(case, rung, image, self.machine) if rung and image and self.machine else None


def verify(entries: Sequence[Entry]) -> Verification:
    """Recompute the identity keys and, from the seed, every checksum and SHA-256 of a run."""
    known = _known(entries)
    rounds = [
        (number, entry.round if isinstance(entry, OverheadRound) else entry)
        for number, entry in enumerate(entries, start=1)
        if isinstance(entry, Round | OverheadRound)
    ]
    good = [(number, entry) for number, entry in rounds if not entry.failure]
    keyed = [entry for entry in entries if isinstance(entry, Round)]
    problems = [*_false_keys(entries, known), *_gaps(entries), *_false_answers(good, known)]
    return Verification(
        keys=len(keyed), products=len(good), problems=tuple(text for _, text in sorted(problems, key=_line_of))
    )


def false_keys(entries: Sequence[Entry]) -> list[str]:
    """The rounds whose identity key is not the one that the journal's own facts give, and missing or double rounds."""
    problems = [*_false_keys(entries, _known(entries)), *_gaps(entries)]
    return [text for _, text in sorted(problems, key=_line_of)]


def _known(entries: Sequence[Entry]) -> _Known:
    started = entries[0]
    if not isinstance(started, Started):
        raise TypeError("a journal begins with how its run was started")
    manifests = {it.name: it for it in started.manifests}
    return _Known(started.experiment, manifests, started.options, frozenset(started.cases))


def chain_problems(chain: Chain) -> list[str]:
    """Each line that does not follow from the one before it; consecutive lines together."""
    return [
        f"line {first}: changed, or lines before it were changed or removed"
        if first == last
        else f"lines {first} to {last}: changed, or without a link of the chain"
        for first, last in _runs(chain.breaks)
    ]


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The first and the last of each sequence of numbers that follow one another."""
    firsts = [number for number in numbers if number - 1 not in numbers]
    lasts = [number for number in numbers if number + 1 not in numbers]
    return zip(firsts, lasts, strict=True)


_Problem = tuple[int, str]


def _line_of(problem: _Problem) -> int:
    return problem[0]


def _problem(number: int, entry: Round, what: str) -> _Problem:
    return number, f"line {number}, round {entry.number} of {entry.case}: {what}"


def _false_keys(entries: Iterable[Entry], known: _Known) -> Iterator[_Problem]:
    for number, entry in enumerate(entries, start=1):
        match entry:
            case Machine() | Image():
                known.learn(entry)
            case Round():
                for what in _false_key(entry, known):
                    yield _problem(number, entry, what)
            case _:
                pass


def _false_key(entry: Round, known: _Known) -> Iterator[str]:
    case = entry.case
    if case not in known.cases:
        yield "this case is not part of the run"
    key = known.key(case)
    if key is None:
        yield "its key cannot be recomputed: the journal lacks its rung, its image or the machine"
    elif entry.key != key:
        yield f"its key is {entry.key}; recomputed it is {key}"


def _gaps(entries: Iterable[Entry]) -> Iterator[_Problem]:
    """Missing or duplicate rounds of a case: numbers run from 1 without a gap."""
    seen: dict[Case, set[int]] = defaultdict(set)
    last: dict[Case, tuple[int, Round]] = {}
    for number, entry in enumerate(entries, start=1):
        if isinstance(entry, Round):
            if entry.number in seen[entry.case]:
                yield _problem(number, entry, "duplicate round")
            seen[entry.case].add(entry.number)
            last[entry.case] = number, entry
    for case, numbers in seen.items():
        if missing := sorted(set(range(1, max(numbers) + 1)) - numbers):
            yield _problem(*last[case], f"missing rounds before it: {', '.join(map(str, missing))}")


def _false_answers(rounds: Sequence[tuple[int, Round]], known: _Known) -> Iterator[_Problem]:
    of = dict(rounds)
    for number, what in named(known.experiment).false_claims(rounds, known.options):
        yield _problem(number, of[number], what)
