"""What analysis makes of a journal, and all that a report shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Protocol, TypeVar

from pydantic import PlainSerializer, computed_field

from harness.model.cases import Case, Options
from harness.model.integrity import Chain, Verification
from harness.model.journal import Finished, Machine, Peak, Place, Reading, Tuned
from harness.model.manifests import DEFAULT_EXPERIMENT, Conventional, Kind
from harness.model.record import Record


class Interval(Record):
    """An estimate with its 95 % interval; without one where a single round says nothing about the spread."""

    value: float
    low: float | None = None
    high: float | None = None

    def holds(self, value: float) -> bool:
        """Whether the value lies within, or nothing is known that excludes it."""
        return self.low is None or self.high is None or self.low <= value <= self.high

    def over(self, number: int) -> Interval:
        """A share of it, as exactly known."""
        low, high = (None if end is None else end / number for end in (self.low, self.high))
        return Interval(value=self.value / number, low=low, high=high)

    def is_insignificant(self, floor: float) -> bool:
        """Whether a ratio is not significant: its interval holds 1, or it is below the noise floor (see Noise)."""
        return self.holds(1.0) or max(self.value, 1 / self.value) <= 1 + floor

    @property
    def half_width(self) -> float:
        """Half the interval's width as a share of the value."""
        return 0.0 if self.low is None or self.high is None else (self.high - self.low) / 2 / self.value


class Ratio(Interval):
    """The speedup of one case over another, and whether it is significant."""

    not_significant: bool  # by its interval, or the noise floor of these kinds of cases; never of a case and itself


class Row(Record):
    """One case, analyzed. What does not apply, or could not be measured, is None."""

    implementation: str
    label: str
    rung: str
    n: int
    threads: int
    outcome: Literal["measured", "failed", "not implemented"]
    key: str | None = None  # what it is a result of: see identity.key_of
    reason: str | None = None
    log: str | None = None
    seconds: Interval | None = None
    first_sample_seconds: float | None = None
    gflops: float | None = None
    peak_share: float | None = None
    ratio: Ratio | None = None
    step: Ratio | None = None
    step_from: str | None = None
    ratio_per_core: Interval | None = None
    efficiency: Interval | None = None
    vs_reference: Ratio | None = None  # speedup over the reference implementation, on the same rung and threads
    vs_reference_naive: Ratio | None = None
    busy_cores: float | None = None
    resident_bytes: int | None = None
    rows_computed: int | None = None
    rounds: int = 0
    samples: int = 0
    interference_rounds: int = 0  # of all that were measured
    excluded_rounds: int = 0  # of those: the ones that `rounds` leaves out
    warm_up: int | None = None  # samples at the beginning of each container that are left out
    warm_up_seconds: float | None = None  # of computing, in a container, until its samples were steady
    calls: int = 1  # of the kernel in a sample
    call_overhead_share: float | None = None  # share of a sample of some rows that does not depend on their number
    stop_reason: Literal["target reached", "time limit", "interrupted"] | None = None
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

    @property
    def is_estimate(self) -> bool:
        """Whether the time is scaled from some of the rows."""
        return self.rows_computed is not None and self.rows_computed != self.n


class Threaded(Protocol):
    """What was measured on a number of threads."""

    @property
    def implementation(self) -> str:
        """Whose rung it is."""

    @property
    def rung(self) -> str:
        """The rung."""

    @property
    def threads(self) -> int:
        """On how many."""


AnyThreaded = TypeVar("AnyThreaded", bound=Threaded)


def on_most_threads(cases: Sequence[AnyThreaded]) -> list[AnyThreaded]:
    """Of each rung that on the most threads, in their order."""
    most = {(case.implementation, case.rung): case for case in sorted(cases, key=lambda each: each.threads)}
    return [case for case in cases if most[case.implementation, case.rung] is case]


class Metric(Record):
    """A figure that an experiment has beside the one that statistics work on; `better` says which way is better."""

    name: str
    title: str
    unit: Literal["s", "/s", "bytes"]
    better: Literal["less", "more"]


class Measured(Record):
    """A metric of a case, over the rounds that count; `mark` says why the figure is not quite what it seems."""

    case: Case
    metric: str
    value: Interval
    mark: str = ""


class VariantRow(Record):
    """A variant of a rung, analyzed: the same kernel with other flags or in another form."""

    of: str  # the rung
    changes: str
    row: Row
    to_rung: Ratio | None = None  # times faster than its rung, on as many threads


class Noise(Record):
    """What a case and its A/A control, which are the same, differed by in this run."""

    kind: Kind
    case: str  # with its threads
    ratio: Interval

    @computed_field  # type: ignore[prop-decorator]
    @property
    def floor(self) -> float:
        """The upper 95 % confidence limit, as a share, of the difference between the two.

        It is an estimate of what any two cases of the kind differ by for no reason, from a single pair.
        """
        ends = (self.ratio.value, self.ratio.low or 1.0, self.ratio.high or 1.0)
        return max(max(end, 1 / end) for end in ends) - 1


def _name_of(row: Row | None) -> str | None:
    return row.name if row else None


class PublishedRow(Record):
    """One row of the published table beside the case that reproduces it here."""

    version: str
    case: str
    seconds: float
    gflops: float
    ratio: float
    peak_share: float
    ratio_to_row_above: float | None
    here_to_row_above: Ratio | None = None
    cores: int
    toolchain: str
    flags: str
    here: Annotated[Row | None, PlainSerializer(_name_of, return_type=str | None)] = None  # told by its name
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

    @computed_field  # type: ignore[prop-decorator]
    @property
    def within_budget(self) -> bool:
        """Whether the image was weighed and keeps its budget, if it has one."""
        if self.unpacked_bytes is None:
            return False
        return self.budget_bytes is None or self.unpacked_bytes <= self.budget_bytes


class Interference(Record):
    """A round with interference, and whether it is kept all the same, because too few rounds are clean."""

    case: Case
    number: int
    what: str
    counted: bool


class RoundRow(Record):
    """One round of a case that could count, as a chart shows it: its figure, and what the host did meanwhile."""

    case: Case
    number: int
    order: int  # among all rounds of the run, from 1: the journal's
    seconds: float  # of a whole product
    began_s: float  # since the first container; where no clock said so, the containers' own time before it
    counted: bool
    interference: str | None = None
    others_share: float | None = None  # of the host's CPU time; None where its conditions could not be read
    steal_share: float | None = None
    available_bytes: int | None = None
    mhz: float | None = None


class SourceFile(Record):
    """A file that an image was built from, as the run's folder keeps it."""

    implementation: str
    path: str  # below the implementation's folder
    text: str


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


class OverheadRow(Record):
    """A case in one place; `ratio` is how many times the seconds of the first place listed for it."""

    case: Case
    place: Place
    seconds: Interval | None = None
    ratio: Ratio | None = None
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
    experiment: str = DEFAULT_EXPERIMENT
    work: str
    published: tuple[PublishedRow, ...]
    published_source: str
    variants: tuple[VariantRow, ...] = ()  # of the rungs; no table of the ladder has them
    images: tuple[ImageRow, ...]
    container_seconds: float | None = None  # start-up of a container that does nothing
    overhead: tuple[OverheadRow, ...] = ()
    warnings: tuple[str, ...]
    finished: Finished | None
    readings: tuple[Reading, ...] = ()
    conditions: Overview | None = None
    interference: tuple[Interference, ...] = ()
    tuned: Tuned | None = None
    rounds: tuple[RoundRow, ...] = ()
    sources: tuple[SourceFile, ...] = ()  # none where the run's folder keeps none
    noise: tuple[Noise, ...] = ()  # one of each kind of cases that had a control
    metrics: tuple[Metric, ...] = ()
    measured: tuple[Measured, ...] = ()
    chain: Chain | None = None
    verification: Verification | None = None  # None where nothing was recomputed

    @property
    def everything(self) -> tuple[Row, ...]:
        """The rows of the ladder, and those of variants."""
        return (*self.rows, *(variant.row for variant in self.variants))
