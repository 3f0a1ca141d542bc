"""Whether what a journal says of its own results holds: keys, checksums and digests, worked out anew. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from harness.experiments import named
from harness.images.identity import key_of
from harness.model.cases import Case, Options
from harness.model.integrity import Chain, Verification
from harness.model.journal import Entry, Image, Machine, Round, Started, TaxRound
from harness.model.manifests import Manifest


@dataclass
class _Known:
    """What an entry's key is worked out from: what was written before it."""

    manifests: dict[str, Manifest]
    options: Options
    cases: tuple[Case, ...]
    machine: Machine | None = None
    images: dict[str, Image] = field(default_factory=dict)


def verify(entries: Sequence[Entry]) -> Verification:
    """Recompute the identity keys and, from the seed, every checksum and SHA-256 of a run."""
    started = entries[0]
    if not isinstance(started, Started):
        raise TypeError("a journal begins with how its run was started")
    known = _Known({it.name: it for it in started.manifests}, started.options, started.cases)
    rounds = [
        (number, entry.round if isinstance(entry, TaxRound) else entry)
        for number, entry in enumerate(entries, start=1)
        if isinstance(entry, Round | TaxRound)
    ]
    good = [(number, entry) for number, entry in rounds if not entry.failure]
    keyed = [entry for entry in entries if isinstance(entry, Round)]
    problems = [*_false_keys(entries, known), *_gaps(entries), *_false_answers(good, started)]
    return Verification(
        keys=len(keyed), products=len(good), problems=tuple(text for _, text in sorted(problems, key=_line_of))
    )


def chain_problems(chain: Chain) -> list[str]:
    """Each line that does not follow from what stands before it; a run of lines together."""
    return [
        f"line {first}: it was changed, or lines before it were changed or removed"
        if first == last
        else f"lines {first} to {last}: they were changed, or have no link of the chain"
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
            case Machine():
                known.machine = entry
            case Image():
                known.images[entry.name] = entry
            case Round():
                for what in _false_key(entry, known):
                    yield _problem(number, entry, what)
            case _:
                pass


def _false_key(entry: Round, known: _Known) -> Iterator[str]:
    case = entry.case
    if case not in known.cases:
        yield "the run was not asked for this case"
    manifest = known.manifests.get(case.implementation)
    rung = manifest.rung(case.rung) if manifest else None
    image = known.images.get(manifest.image_of(rung.image)) if manifest and rung else None
    if rung is None or image is None or known.machine is None:
        yield "no key can be worked out: the journal lacks its rung, its image or the machine"
    elif entry.key != (key := key_of(case, rung, image, known.machine)):
        yield f"its key is {entry.key}; what the journal says of it comes to {key}"


def _gaps(entries: Iterable[Entry]) -> Iterator[_Problem]:
    """Rounds that are missing among those of their case, or are there twice: numbers run from 1 without a gap."""
    seen: dict[Case, set[int]] = defaultdict(set)
    last: dict[Case, tuple[int, Round]] = {}
    for number, entry in enumerate(entries, start=1):
        if isinstance(entry, Round):
            if entry.number in seen[entry.case]:
                yield _problem(number, entry, "this round is there twice")
            seen[entry.case].add(entry.number)
            last[entry.case] = number, entry
    for case, numbers in seen.items():
        if missing := sorted(set(range(1, max(numbers) + 1)) - numbers):
            yield _problem(*last[case], f"rounds before it are missing: {', '.join(map(str, missing))}")


def _false_answers(rounds: Sequence[tuple[int, Round]], started: Started) -> Iterator[_Problem]:
    of = dict(rounds)
    for number, what in named(started.experiment).false_claims(rounds, started.options):
        yield _problem(number, of[number], what)
