"""What an implementation says of itself, and what its image answers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal, Self, get_args

from pydantic import Field, PositiveInt, ValidationInfo, model_validator

from harness.model.record import Record, Words

DEFAULT_EXPERIMENT = "matmul"
"""The one that commands and earlier journals mean where they name none; its images have no other name before theirs."""

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

Kind = Literal["row by row", "blocked", "service"]
"""Of cases: rungs that compute the rows of C one by one, slow and on some of the rows; the fast ones; services."""

KINDS: tuple[Kind, ...] = get_args(Kind)


def plural(kind: Kind) -> str:
    """All cases of a kind, in words."""
    return "services" if kind == "service" else f"{kind} rungs"


Stage = Literal["final", "library", "variants"]
"""The stages of a recipe that are run: what is our own, what needs somebody else's library, and variants of rungs."""

VARIANT_MARK = "@"
"""Between a rung and what a variant of it changes: `naive@O0`."""


class Conventional(Record):
    """The image that most users would have used instead, with the source of its published size.

    One of the two sizes at least: some registries publish only what is transferred.
    """

    image: Words
    unpacked_bytes: int | None = Field(default=None, gt=0)
    compressed_bytes: int | None = Field(default=None, gt=0)
    source: Words

    @model_validator(mode="after")
    def _has_a_size(self) -> Self:
        if self.unpacked_bytes is None and self.compressed_bytes is None:
            raise ValueError("needs unpacked_bytes or compressed_bytes")
        return self


class Held(Record):
    """What an implementation holds that can be measured: a rung of the matrix product, or a scenario of a service."""

    name: Words
    note: Words | None = None
    image: Stage = "final"
    flags: Words = ""

    @property
    def kind(self) -> Kind:
        """Cases of different kinds differ in their noise."""
        return "service"


class Traits(Record):
    """What a manifest declares of a rung and `matmul info` must confirm."""

    loop_order: Words
    layout: Literal["contiguous", "nested"]
    threads: Literal["one", "all"]
    bounds_checks: bool
    fast_math: bool
    flags: Words


class Rung(Traits, Held):
    """A rung that an implementation holds."""

    rows_independent: bool
    bytes_per_element: int = Field(default=0, ge=0)  # in memory, of an n x n matrix, where it is more than A, B and C
    bytes_per_element_and_thread: int = Field(default=0, ge=0)  # where each thread or process has copies of its own
    serial: Words | None = None  # the rung that is this kernel on one thread

    @property
    def kind(self) -> Kind:
        """What kind of kernel it is: noise differs between the two."""
        return "row by row" if self.rows_independent else "blocked"

    @model_validator(mode="before")
    @classmethod
    def _without_fewest_rows(cls, value: Any, info: ValidationInfo) -> Any:
        """Journals, which are JSON, of earlier versions have a key that manifests no longer have."""
        if info.mode == "json" and isinstance(value, dict):
            return {key: each for key, each in value.items() if key != "fewest_rows"}
        return value


class Variant(Rung):
    """A rung's kernel with other flags or in another form: measured beside the ladder, to explain its figures."""

    changes: Words  # from its rung, for a reader
    sizes: tuple[PositiveInt, ...] = ()  # the only n that it is built for; any, where there are none
    image: Literal["variants"] = "variants"

    @property
    def of(self) -> str:
        """The rung that it is a variant of."""
        return self.name.partition(VARIANT_MARK)[0]

    def takes(self, n: int) -> bool:
        """Whether it is built for this n."""
        return not self.sizes or n in self.sizes


class AbsentRung(Record):
    """A rung that an implementation does not hold, and why."""

    name: Words
    absent: Words


class Manifest(Record):
    """What an implementation says of itself."""

    name: str
    label: Words
    budget_bytes: int = Field(gt=0)
    payload: tuple[str, ...]
    conventional: Conventional
    peak: bool = False
    rungs: tuple[Rung, ...] = ()
    absent: tuple[AbsentRung, ...] = ()
    variants: tuple[Variant, ...] = ()
    scenarios: tuple[Words, ...] = ()  # that a service answers

    @model_validator(mode="after")
    def _rungs_agree(self) -> Self:
        names = [rung.name for rung in (*self.rungs, *self.variants)] + [rung.name for rung in self.absent]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"rungs listed twice: {', '.join(sorted(twice))}")
        if unknown := {rung.serial for rung in self.rungs if rung.serial} - set(names):
            raise ValueError(f"serial names no rung: {', '.join(sorted(unknown))}")
        return self

    @model_validator(mode="after")
    def _variants_are_of_rungs(self) -> Self:
        held = {rung.name for rung in self.rungs}
        if marked := sorted(name for name in held if VARIANT_MARK in name):
            raise ValueError(f"only variants have a {VARIANT_MARK} in their name: {', '.join(marked)}")
        astray = [it.name for it in self.variants if it.of not in held or not it.name.partition(VARIANT_MARK)[2]]
        if astray:
            raise ValueError(f"a variant is named rung{VARIANT_MARK}change, after a rung held: {', '.join(astray)}")
        return self

    def rung(self, name: str) -> Rung | None:
        """The rung or the variant of that name, or None."""
        return next((rung for rung in (*self.rungs, *self.variants) if rung.name == name), None)

    def find(self, name: str) -> Held | None:
        """The rung, the variant or the scenario of that name, or None."""
        return Held(name=name) if name in self.scenarios else self.rung(name)

    def held(self, name: str) -> Held:
        """The rung, the variant or the scenario of that name, which is among those held."""
        if (found := self.find(name)) is None:
            raise KeyError(name)
        return found

    def image_of(self, stage: Stage) -> str:
        """The name of the image that a stage makes."""
        return self.name if stage == "final" else f"{self.name}-{stage}"

    def stages(self, rungs: Collection[str], *, variants: bool = False) -> tuple[Stage, ...]:
        """The stages that hold any of these rungs, or `variants` of them; always the final one, which is weighed."""
        held: set[Stage] = {rung.image for rung in self.rungs if rung.name in rungs}
        held |= {each.image for each in self.variants if variants and each.of in rungs}
        return tuple(stage for stage in get_args(Stage) if stage in held | {"final"})


class RungInfo(Traits):
    """What an image says of a rung that was built into it."""

    instruction_sets: tuple[Words, ...]
    runs: Words | None = None  # of the paths that a rung chooses from by what the CPU has, the one that it takes here


class Info(Record):
    """The answer of `matmul info`."""

    toolchain: Words
    rungs: dict[Words, RungInfo]
