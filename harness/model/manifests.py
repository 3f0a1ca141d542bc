"""What an implementation says of itself, and what its image answers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal, Self, get_args

from pydantic import Field, ValidationInfo, model_validator

from harness.model.record import Record, Words

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

Kind = Literal["row by row", "blocked"]
"""Of rungs: those that compute the rows of C one by one, slow and on some of the rows, and the fast ones."""

KINDS: tuple[Kind, ...] = get_args(Kind)

Stage = Literal["final", "library"]
"""The stages of a recipe that are run: what is our own, and what needs somebody else's library."""


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


class Traits(Record):
    """What a manifest declares of a rung and `matmul info` must confirm."""

    loop_order: Words
    layout: Literal["contiguous", "nested"]
    threads: Literal["one", "all"]
    bounds_checks: bool
    fast_math: bool
    flags: Words


class Rung(Traits):
    """A rung that an implementation holds."""

    name: Words
    rows_independent: bool
    bytes_per_element: int = Field(default=0, ge=0)  # in memory, of an n x n matrix, where it is more than A, B and C
    bytes_per_element_and_thread: int = Field(default=0, ge=0)  # where each thread or process has copies of its own
    note: Words | None = None
    serial: Words | None = None  # the rung that is this kernel on one thread
    image: Stage = "final"

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

    instruction_sets: tuple[Words, ...]
    runs: Words | None = None  # of the paths that a rung chooses from by what the CPU has, the one that it takes here


class Info(Record):
    """The answer of `matmul info`."""

    toolchain: Words
    rungs: dict[Words, RungInfo]
