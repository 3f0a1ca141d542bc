"""The records that all modules share, in the words of the glossary. Times are nanoseconds, sizes are bytes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

SCHEMA = 2

LADDER = (
    "naive",
    "interchanged",
    "parallel",
    "builtin",
    "recursive",
    "vectorized",
    "intrinsics",
    "assembly",
    "library",
)
"""The rungs in the order in which they are climbed; others follow in the order of their manifest."""

Stage = Literal["final", "library"]
"""The stages of a recipe that are run: what is our own, and what needs somebody else's library."""


def flop(n: int) -> int:
    """Floating-point operations of an n x n product: n multiplications and n additions an element."""
    return 2 * n**3


class Record(BaseModel):
    """A value that never changes once made, and rejects keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# --- manifests -----------------------------------------------------------------------------------------------


class Conventional(Record):
    """The image that most users would have used instead, with the source of its published size.

    One of the two sizes at least: some registries publish only what is transferred.
    """

    image: str
    unpacked_bytes: int | None = Field(default=None, gt=0)
    compressed_bytes: int | None = Field(default=None, gt=0)
    source: str

    @model_validator(mode="after")
    def _has_a_size(self) -> Self:
        if self.unpacked_bytes is None and self.compressed_bytes is None:
            raise ValueError("needs unpacked_bytes or compressed_bytes")
        return self


class Traits(Record):
    """What a manifest declares of a rung and `matmul info` must confirm."""

    loop_order: str
    layout: Literal["contiguous", "nested"]
    threads: Literal["one", "all"]
    bounds_checks: bool
    fast_math: bool
    flags: str


class Rung(Traits):
    """A rung that an implementation holds."""

    name: str
    rows_independent: bool
    fewest_rows: int = Field(default=1, ge=1)  # of a sample: what a kernel does once a call would weigh on fewer
    note: str | None = None
    serial: str | None = None  # the rung that is this kernel on one thread
    image: Stage = "final"


class AbsentRung(Record):
    """A rung that an implementation does not hold, and why."""

    name: str
    absent: str


class Manifest(Record):
    """What an implementation says of itself."""

    name: str
    label: str
    budget_bytes: int = Field(gt=0)
    payload: tuple[str, ...]
    conventional: Conventional
    peak: bool = False
    rungs: tuple[Rung, ...] = ()
    absent: tuple[AbsentRung, ...] = ()

    @model_validator(mode="after")
    def _rungs_agree(self) -> Self:
        names = [rung.name for rung in self.rungs] + [rung.name for rung in self.absent]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"rungs listed twice: {', '.join(sorted(twice))}")
        if unknown := {rung.serial for rung in self.rungs if rung.serial} - set(names):
            raise ValueError(f"serial names no rung: {', '.join(sorted(unknown))}")
        return self

    def rung(self, name: str) -> Rung | None:
        """The rung of that name, or None."""
        return next((rung for rung in self.rungs if rung.name == name), None)

    def held(self, name: str) -> Rung:
        """The rung of that name, which is among those held."""
        return next(rung for rung in self.rungs if rung.name == name)

    def image_of(self, stage: Stage) -> str:
        """The name of the image that a stage makes."""
        return self.name if stage == "final" else f"{self.name}-{stage}"

    def stages(self, rungs: Collection[str]) -> tuple[Stage, ...]:
        """The stages that hold any of these rungs, and always the final one: it is what is weighed."""
        held = {rung.image for rung in self.rungs if rung.name in rungs}
        return ("final", "library") if "library" in held else ("final",)


class RungInfo(Traits):
    """What an image says of a rung that was built into it."""

    instruction_sets: tuple[str, ...]
    runs: str | None = None  # of the paths that a rung chooses from by what the CPU has, the one that it takes here


class Info(Record):
    """The answer of `matmul info`."""

    toolchain: str
    rungs: dict[str, RungInfo]


# --- what is run ---------------------------------------------------------------------------------------------


class Case(Record):
    """One row of a result."""

    implementation: str
    rung: str
    n: int
    threads: int
    twin: bool = False  # the second of the two cases that are the same

    @property
    def name(self) -> str:
        """`implementation/rung`, as options and tables say it; a twin has a name of its own."""
        return f"{self.implementation}/{self.rung}" + (" (twin)" if self.twin else "")

    def __str__(self) -> str:
        """The case with its threads, for progress and messages."""
        return f"{self.name} ({self.threads} thread{'s' if self.threads > 1 else ''})"


class Options(Record):
    """What the user asked for, after defaults."""

    langs: tuple[str, ...]
    rungs: tuple[str, ...]
    n: int
    threads: tuple[int, ...]  # ascending
    rounds: int
    precision: float
    budget_s: float
    baseline: str
    yardstick: str
    seed: int
    tune: bool = False
    twin: bool = True
    tax: bool = False  # measure what the container itself costs
    rebuild: bool = False  # build every image from nothing, to time it


class Batch(Record):
    """What one container is asked for: SAMPLES executions of the first ROWS rows."""

    rows: int
    samples: int


class Sample(Record):
    """One timed execution of a kernel, as the implementation printed it."""

    wall_ns: int
    cpu_ns: int
    checksum: int


class Failure(Record):
    """Why a case came to nothing."""

    stage: Literal["build", "info", "run", "validate"]
    reason: str
    log: str | None = None  # path of the log, relative to the run's folder


class Conditions(Record):
    """What the engine's host did from just before a container's start until just after its end."""

    wall_ns: int  # by the host's own clock
    cpus: int
    busy_ns: int  # CPU time of all CPUs, whoever used it
    steal_ns: int  # CPU time that a hypervisor gave to others
    swapped_pages: int
    throttled: int | None  # how often CPUs were, for heat or power
    available_bytes: int
    mhz: float | None


# --- the journal: one entry a line, appended and flushed as things happen ------------------------------------


class Started(Record):
    """The first entry: everything that was asked for."""

    kind: Literal["started"] = "started"
    schema_version: int = SCHEMA
    harness: str
    run: str
    at: str
    options: Options
    manifests: tuple[Manifest, ...]
    cases: tuple[Case, ...]


class Machine(Record):
    """Facts of the machine that the kernels ran on (the engine's host), and of the engine."""

    kind: Literal["machine"] = "machine"
    cpu: str
    architecture: str
    features: tuple[str, ...]
    cores: int
    cpus: tuple[int, ...] = ()  # those of them that containers are given
    caches: dict[str, str]
    memory_bytes: int
    kernel: str
    transparent_huge_pages: str
    governor: str
    load_1m: float
    engine: str


class Reading(Record):
    """The state of the engine's host at one moment, and what it has counted since it started; None: it does not say."""

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
    mains: bool | None  # whether power comes from a socket and not from a battery
    mhz: float | None
    throttled: int | None


class Change(Record):
    """A setting of the machine that a run changed and puts back."""

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
        """What is in the image beside our own program."""
        return self.unpacked_bytes - self.payload_bytes


class Image(Record):
    """What became of one stage of a recipe; `name` is the image's, as Manifest.image_of has it."""

    kind: Literal["image"] = "image"
    name: str
    tag: str | None = None
    digest: str | None = None
    info: Info | None = None
    weight: Weight | None = None
    build_ns: int | None = None  # from nothing but the base image; None where a step of it was kept from before
    failure: Failure | None = None


class Peak(Record):
    """Measured peak of this machine on a number of threads."""

    kind: Literal["peak"] = "peak"
    threads: int
    gflops: float
    container_ns: int


class Round(Record):
    """What one container came to. A pilot only sizes the rounds that follow."""

    kind: Literal["round"] = "round"
    case: Case
    key: str | None = None  # see identity.key_of
    number: int
    pilot: bool
    rows: int
    samples: tuple[Sample, ...] = ()
    container_ns: int
    resident_bytes: int | None = None  # the most memory that was seen to be held
    sha256: str | None = None
    failure: Failure | None = None
    conditions: Conditions | None = None  # None where they could not be read


class Startup(Record):
    """The life of one container of an image that only answers `matmul info`; of None, one that does nothing at all."""

    kind: Literal["startup"] = "startup"
    image: str | None
    container_ns: int


Place = Literal["host", "container", "container without seccomp"]
"""Where the same program runs, to tell what the container itself costs."""

PLACES: tuple[Place, ...] = get_args(Place)


class TaxRound(Record):
    """One round of a case in one of the places that are compared."""

    kind: Literal["tax"] = "tax"
    place: Place
    round: Round


class Rejected(Record):
    """A case that was not run, because its image says otherwise than its manifest or was not built."""

    kind: Literal["rejected"] = "rejected"
    case: Case
    failure: Failure


class Resumed(Record):
    """The run was gone on with: what follows was measured later than what is above."""

    kind: Literal["resumed"] = "resumed"
    at: str


class Finished(Record):
    """The last entry, where the run came to its end. Its times are of the session that came there."""

    kind: Literal["finished"] = "finished"
    wall_ns: int
    container_ns: int
    build_ns: int


Entry = Annotated[
    Started | Machine | Reading | Tuned | Image | Peak | Startup | Round | TaxRound | Rejected | Resumed | Finished,
    Field(discriminator="kind"),
]


# --- what analysis makes of it -------------------------------------------------------------------------------


class Interval(Record):
    """An estimate with its 95 % interval; without one where a single round tells nothing of the spread."""

    value: float
    low: float | None = None
    high: float | None = None

    def holds(self, value: float) -> bool:
        """Whether the value lies within, or nothing is known that excludes it."""
        return self.low is None or self.high is None or self.low <= value <= self.high

    def ties(self, floor: float) -> bool:
        """Whether a ratio may be none: its interval holds 1, or it is below the noise floor (see Noise)."""
        return self.holds(1.0) or max(self.value, 1 / self.value) <= 1 + floor

    @property
    def half_width(self) -> float:
        """Half the interval's width as a share of the value."""
        return 0.0 if self.low is None or self.high is None else (self.high - self.low) / 2 / self.value


class Row(Record):
    """One case, analyzed. What does not apply, or could not be measured, is None."""

    implementation: str
    label: str
    rung: str
    n: int
    threads: int
    outcome: Literal["measured", "failed", "absent"]
    key: str | None = None  # what it is a result of: see identity.key_of
    reason: str | None = None
    log: str | None = None
    seconds: Interval | None = None
    cold_seconds: float | None = None
    gflops: float | None = None
    peak_share: float | None = None
    ratio: Interval | None = None
    step: Interval | None = None
    step_from: str | None = None
    ratio_per_core: float | None = None
    efficiency: float | None = None
    to_yardstick: Interval | None = None  # times faster than the yardstick on the same rung and threads
    to_yardstick_naive: Interval | None = None
    busy_cores: float | None = None
    resident_bytes: int | None = None
    rows_computed: int | None = None
    rounds: int = 0
    samples: int = 0
    disturbed_rounds: int = 0  # of all that were made
    set_aside_rounds: int = 0  # of those: the ones that `rounds` does not count
    warm_up: int | None = None  # samples at the beginning of each container that the data showed to be cold
    stopped: Literal["precise", "budget spent", "cut short"] | None = None
    loop_order: str | None = None
    layout: str | None = None
    bounds_checks: bool | None = None
    fast_math: bool | None = None
    flags: str | None = None
    instruction_sets: tuple[str, ...] = ()
    runs: str | None = None
    toolchain: str | None = None
    image: str | None = None
    sha256: str | None = None
    note: str | None = None

    @property
    def name(self) -> str:
        """`implementation/rung`."""
        return f"{self.implementation}/{self.rung}"


class Noise(Record):
    """What two cases that are the same differed by in this run."""

    case: str  # with its threads
    ratio: Interval

    @property
    def floor(self) -> float:
        """The largest difference, as a share, that this run cannot tell from none."""
        ends = (self.ratio.value, self.ratio.low or 1.0, self.ratio.high or 1.0)
        return max(max(end, 1 / end) for end in ends) - 1


class PublishedRow(Record):
    """One row of the published table beside the case that reproduces it here."""

    version: str
    case: str
    seconds: float
    gflops: float
    ratio: float
    peak_share: float
    ratio_to_row_above: float | None
    cores: int
    toolchain: str
    flags: str
    here: Row | None = None
    differences: tuple[str, ...] = ()


class ImageRow(Record):
    """One image beside its budget and the image most users would have used; a library's image has neither."""

    name: str
    label: str
    digest: str | None
    unpacked_bytes: int | None
    compressed_bytes: int | None
    payload_bytes: int | None
    runtime_bytes: int | None
    layers: int | None
    budget_bytes: int | None
    conventional: Conventional | None
    build_seconds: float | None = None
    startup_seconds: float | None = None  # of the container and the runtime in it
    failure: str | None = None

    @property
    def within_budget(self) -> bool:
        """Whether the image was weighed and keeps its budget, if it has one."""
        if self.unpacked_bytes is None:
            return False
        return self.budget_bytes is None or self.unpacked_bytes <= self.budget_bytes


class Disturbed(Record):
    """A round that something disturbed, and whether it counts nevertheless, for want of others."""

    case: Case
    number: int
    what: str
    counted: bool


class Overview(Record):
    """The conditions of all rounds together: shares of the host's CPU time, the worst of a round beside the mean."""

    containers: int
    others_share: float
    others_share_worst: float
    steal_share: float
    steal_share_worst: float
    swapped_pages: int
    throttled: int | None
    available_bytes: int
    mhz_low: float | None
    mhz_high: float | None


class TaxRow(Record):
    """A case in one place; `ratio` is how many times the seconds of the first place listed for it."""

    case: Case
    place: Place
    seconds: Interval | None = None
    ratio: Interval | None = None
    reason: str | None = None


class Comparison(Record):
    """All that a report shows, whatever its format."""

    run: str
    at: str
    harness: str
    options: Options
    machine: Machine | None
    peaks: tuple[Peak, ...]
    rows: tuple[Row, ...]
    published: tuple[PublishedRow, ...]
    published_source: str
    images: tuple[ImageRow, ...]
    container_seconds: float | None = None  # start-up of a container that does nothing
    tax: tuple[TaxRow, ...] = ()
    warnings: tuple[str, ...]
    finished: Finished | None
    readings: tuple[Reading, ...] = ()
    conditions: Overview | None = None
    disturbed: tuple[Disturbed, ...] = ()
    tuned: Tuned | None = None
    noise: Noise | None = None

    @property
    def noise_floor(self) -> float:
        """The share below which differences are ties; 0 where it was not measured."""
        return self.noise.floor if self.noise else 0.0
