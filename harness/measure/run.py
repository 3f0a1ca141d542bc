"""One run while it lasts: its journal, and what it knows so far."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from harness.engine.engine import Engine
from harness.events import Watch
from harness.images.catalog import Source
from harness.images.identity import key_of
from harness.measure.cost import container_ns
from harness.measure.resume import Past
from harness.model.cases import Case, Options
from harness.model.journal import Entry, Image, Machine, Own, Peak, Round, Startup
from harness.model.manifests import Held
from harness.store import RunFolder


@dataclass
class Run:
    """One run while it lasts: its journal, and what it knows so far."""

    engine: Engine
    sources: dict[str, Source]
    tools: dict[str, Source]  # what the experiment needs beside them
    options: Options
    folder: RunFolder
    watch: Watch
    past: Past = field(default_factory=Past)
    machine: Machine | None = None
    images: dict[str, Image] = field(default_factory=dict)
    rounds: dict[Case, list[Round]] = field(default_factory=dict)
    peaks: dict[int, float] = field(default_factory=dict)
    startups: list[Startup] = field(default_factory=list)
    own: list[Own] = field(default_factory=list)
    container_ns: int = 0  # of this session
    base: str = ""
    began_ns: int = field(default_factory=time.monotonic_ns)  # this session

    @property
    def age_ns(self) -> int:
        """How long this session has lasted."""
        return time.monotonic_ns() - self.began_ns

    def record(self, entry: Entry) -> None:
        """Journal first; then remember."""
        self.folder.append(entry)
        self.remember(entry)
        self.container_ns += container_ns(entry)

    def remember(self, entry: Entry) -> None:
        """Know what is in the journal, written now or by an earlier session."""
        match entry:
            case Machine():
                self.machine = entry
            case Image():
                self.images[entry.name] = entry
            case Round():
                self.rounds[entry.case].append(entry)
            case Peak():
                self.peaks[entry.threads] = max(entry.gflops, self.peaks.get(entry.threads, 0.0))
            case Startup():
                self.startups.append(entry)
            case Own():
                self.own.append(entry)
            case _:
                pass

    @property
    def cpus(self) -> tuple[int, ...]:
        """The CPUs that containers may have, best first."""
        return self.machine.cpus if self.machine else self.engine.cpus()

    def rung(self, case: Case) -> Held:
        """The rung of a case."""
        return self.sources[case.implementation].manifest.held(case.rung)

    def image(self, case: Case) -> Image:
        """The image that holds a case's rung."""
        return self.images[self.sources[case.implementation].manifest.image_of(self.rung(case).image)]

    def key(self, case: Case) -> str | None:
        """What a result of this case is a result of."""
        return key_of(case, self.rung(case), self.image(case), self.machine) if self.machine else None
