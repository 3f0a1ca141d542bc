"""The journal: one entry a line, appended and flushed as things happen."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, ValidationInfo, field_validator, model_validator

from harness.model.cases import Accounts, Batch, Case, Conditions, Failure, Options, Sample
from harness.model.manifests import DEFAULT_EXPERIMENT, Info, Manifest
from harness.model.record import Record

SCHEMA = 5
"""Of journals. Since 3 every entry follows from the one before it by a hash (see chain); 4 renamed keys, and 5 has
figures by name, for experiments that have other figures than samples.
"""

UNCHAINED = 2
"""Of the oldest journals that are read: they have no chain."""


UNKNOWN = "not available on this machine"
"""A fact that a machine does not provide."""


class Started(Record):
    """The first entry: everything that was requested."""

    kind: Literal["started"] = "started"
    schema_version: int = SCHEMA
    harness: str
    run: str
    at: str
    code: str | None = None  # see identity.code_digest
    experiment: str = DEFAULT_EXPERIMENT
    options: Options
    manifests: tuple[Manifest, ...]
    cases: tuple[Case, ...]


class Cpu(Record):
    """One CPU of a machine, and what it shares with others: their numbers are equal."""

    number: int
    core: int  # within its package
    package: int = 0
    node: int = 0  # of memory
    cache: int = 0  # the third level
    capacity: int = 0  # against the fastest kind, which has 1024; 0 where the machine does not say
    max_khz: int = 0


class Machine(Record):
    """Facts of the machine that the kernels ran on (the engine's host), and of the engine."""

    kind: Literal["machine"] = "machine"
    cpu: str
    architecture: str
    features: tuple[str, ...]
    cores: int  # of those that containers are given
    cpus: tuple[int, ...] = ()  # that containers are given: the first ones to the first threads
    topology: tuple[Cpu, ...] = ()  # of the whole machine; empty where it does not say
    caches: dict[str, str]
    memory_bytes: int
    kernel: str
    transparent_huge_pages: str
    governor: str
    load_1m: float
    engine: str

    @model_validator(mode="before")
    @classmethod
    def _in_present_words(cls, value: Any, info: ValidationInfo) -> Any:
        if info.mode == "json" and isinstance(value, dict):
            return {key: UNKNOWN if each == "not readable" else each for key, each in value.items()}
        return value

    @property
    def cpu_count(self) -> int:
        """How many CPUs containers are given; older journals count them as cores."""
        return len(self.cpus) or self.cores


class Reading(Record):
    """The state of the engine's host at one moment, and its counters since it started; None: not available."""

    kind: Literal["reading"] = "reading"
    boot_id: str | None
    uptime_ns: int
    cpus: int
    busy_ns: int  # CPU time of all CPUs
    steal_ns: int
    load_1m: float
    available_bytes: int
    swap_bytes: int
    swap_used_bytes: int
    swapped_pages: int
    huge_pages: str | None
    clock_source: str | None
    governor: str | None
    turbo: bool | None
    smt: bool | None
    mains: bool | None  # whether it runs on mains power and not on a battery
    mhz: float | None
    throttled: int | None


class Change(Record):
    """A setting of the machine that a run changed and restores."""

    path: str
    before: str
    after: str


class Tuned(Record):
    """What `--tune` changed, and what it could not change, and why."""

    kind: Literal["tuned"] = "tuned"
    changes: tuple[Change, ...]
    refused: tuple[str, ...]


class Layer(Record):
    """One layer of an image: its files and what a registry would transfer of it."""

    unpacked_bytes: int
    compressed_bytes: int
    files: int


class Weight(Record):
    """An image weighed from its own saved layers."""

    unpacked_bytes: int
    compressed_bytes: int
    payload_bytes: int
    layers: tuple[Layer, ...]

    @property
    def runtime_bytes(self) -> int:
        """What is in the image besides our own program."""
        return self.unpacked_bytes - self.payload_bytes


class Image(Record):
    """The outcome of one stage of a recipe; `name` is the image's, as Manifest.image_of has it."""

    kind: Literal["image"] = "image"
    name: str
    tag: str | None = None
    digest: str | None = None
    canonical: bool = False  # whether equal contents give equal digests, on any machine; not in earlier versions
    info: Info | None = None
    weight: Weight | None = None
    build_ns: int | None = None  # from the base image alone; None where a step came from the build cache
    naive_checked: bool | None = None  # whether its recipe proves that compilers left the naive loops as they are
    failure: Failure | None = None


class Peak(Record):
    """Measured peak of this machine on a number of threads."""

    kind: Literal["peak"] = "peak"
    threads: int
    gflops: float
    container_ns: int


class Round(Record):
    """The result of one container. A pilot only sizes the rounds that follow."""

    kind: Literal["round"] = "round"
    case: Case
    key: str | None = None  # see identity.key_of
    number: int
    pilot: bool
    rows: int
    first: int | None = None  # the row that the first sample began at; None: all samples took the first rows, unmoved
    calls: int = 1  # of the kernel in a sample
    asked: tuple[tuple[str, float], ...] = ()  # see Batch
    samples: tuple[Sample, ...] = ()
    began_ns: int | None = None  # since its session began
    container_ns: int
    resident_bytes: int | None = None  # the most memory that it was seen to use
    sha256: str | None = None
    failure: Failure | None = None
    conditions: Conditions | None = None  # None where they could not be read
    accounts: Accounts | None = None  # what was counted of it
    untimed: Accounts | None = (
        None  # what all but its samples was measured to take, where its times were checked against it
    )
    values: dict[str, float] = Field(default_factory=dict)  # the experiment's figures, by name

    @property
    def request(self) -> Batch:
        """The request for its container, wherever its rows began; of a failed round, without samples."""
        return Batch(rows=self.rows, calls=self.calls, samples=len(self.samples), asked=self.asked)


class Startup(Record):
    """The life of one container of an image that only answers `matmul info`; of None, one that does nothing at all."""

    kind: Literal["startup"] = "startup"
    image: str | None
    container_ns: int
    accounts: Accounts | None = None  # what was counted of it


class Own(Record):
    """What only the experiment knows: figures that it measured before the rounds, under a name of its choice."""

    kind: Literal["own"] = "own"
    name: str
    values: dict[str, float]
    container_ns: int


Place = Literal["host", "container", "container without seccomp"]
"""Where the same program runs, to measure the container overhead."""

PLACES: tuple[Place, ...] = get_args(Place)


class OverheadRound(Record):
    """One round of a case in one of the places that are compared."""

    kind: Literal["overhead", "tax"] = "overhead"  # the second in earlier journals
    place: Place
    round: Round

    @field_validator("kind")
    @classmethod
    def _by_present_name(cls, _value: str) -> str:
        return "overhead"


class Rejected(Record):
    """A case that was not run, because its image contradicts its manifest or was not built."""

    kind: Literal["rejected"] = "rejected"
    case: Case
    failure: Failure


class Resumed(Record):
    """The run was resumed: what follows was measured later than what is above."""

    kind: Literal["resumed"] = "resumed"
    at: str


class Finished(Record):
    """The last entry of a run that finished. Its times are of all sessions together."""

    kind: Literal["finished"] = "finished"
    wall_ns: int
    container_ns: int
    build_ns: int


Entry = Annotated[
    Started
    | Machine
    | Reading
    | Tuned
    | Image
    | Peak
    | Startup
    | Round
    | Own
    | OverheadRound
    | Rejected
    | Resumed
    | Finished,
    Field(discriminator="kind"),
]
