"""Manifests: TOML on disk to records. Finds the folders of implementations and recipes."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.errors import ManifestError, RecipeError, UsageError
from harness.images.sources import read_file, refuse_link
from harness.model.manifests import (
    DEFAULT_EXPERIMENT,
    VARIANT_MARK,
    AbsentRung,
    Conventional,
    Manifest,
    Rung,
    Stage,
    Variant,
)

ROOT_VARIABLE = "HARNESS_ROOT"
BORROWED = re.compile(r"[\w-]+/[\w-]+", re.ASCII)
NOT_INHERITED = {"name", "note", "image", "serial"}  # by a variant from its rung


@dataclass(frozen=True)
class Source:
    """A manifest with the folders that its image is built from."""

    manifest: Manifest
    context: Path
    dockerfile: Path
    family: str = ""  # what its tags have before its name


@dataclass(frozen=True)
class Target:
    """One stage of a source that is to be an image."""

    source: Source
    stage: Stage = "final"

    @property
    def name(self) -> str:
        """The image's name."""
        return self.source.manifest.image_of(self.stage)


@dataclass(frozen=True)
class Catalog:
    """All that an experiment builds: implementations by name, and what measures them, by name."""

    implementations: dict[str, Source]
    others: dict[str, Source]
    base: Path  # the recipe of the base image

    @property
    def images(self) -> dict[str, Source]:
        """Every source, implementations first."""
        return {**self.implementations, **self.others}

    def named(self, names: Iterable[str]) -> dict[str, Source]:
        """The implementations of those names. Raises UsageError, naming the nearest, for one unknown."""
        return {name: self.implementations[known(name, self.implementations, "implementation")] for name in names}


def targets_of(
    sources: Iterable[Source], rungs: Collection[str] | None = None, *, variants: bool = False
) -> list[Target]:
    """The images that hold these rungs of these sources, or all of their rungs; with `variants`, theirs too."""
    targets = []
    for source in sources:
        names = [rung.name for rung in source.manifest.rungs] if rungs is None else rungs
        targets += [Target(source, stage) for stage in source.manifest.stages(names, variants=variants)]
    return targets


def root() -> Path:
    """The folder that holds implementations/ and containers/: $HARNESS_ROOT, the clone, or the package's own."""
    if chosen := os.environ.get(ROOT_VARIABLE):
        return Path(chosen)
    package = Path(__file__).parent.parent
    clone = package.parent
    return clone if (clone / "implementations").is_dir() else package / "bundled"


def load_catalog(folder: Path, experiment: str) -> Catalog:
    """Read every manifest of an experiment below a root. Raises ManifestError for the first that is wrong."""
    implementations, containers = folder / "implementations" / experiment, folder / "containers"
    try:
        is_root = implementations.is_dir()
    except OSError as error:
        raise UsageError(
            f"cannot read {implementations}: {error.strerror}; set {ROOT_VARIABLE} to the folder that holds it"
        ) from error
    if not is_root:
        raise UsageError(f"no implementations in {folder}: set {ROOT_VARIABLE} to a folder that holds them")
    _refuse_links(folder / "implementations", containers)
    family = "" if experiment == DEFAULT_EXPERIMENT else f"{experiment}-"
    return Catalog(
        implementations={
            path.parent.name: Source(
                load_manifest(path), path.parent, containers / experiment / path.parent.name / "Dockerfile", family
            )
            for path in sorted(implementations.glob("*/manifest.toml"))
        },
        others={
            path.parent.name: Source(load_manifest(path), path.parent, path.parent / "Dockerfile", family)
            for path in sorted((containers / experiment).glob("*/manifest.toml"))
        }
        | {path.stem: _borrowed(folder, path) for path in sorted((containers / experiment).glob("*.toml"))},
        base=containers / "base",
    )


def _borrowed(folder: Path, path: Path) -> Source:
    """Another experiment's implementation, to be built and weighed beside this one's under a name of its own."""
    try:
        borrowed = str(tomllib.loads(read_file(path).decode())["implementation"])
    except (KeyError, OSError, ValueError, RecipeError) as error:
        raise ManifestError(f"{_short(path)} names no implementation: {error}") from error
    if not BORROWED.fullmatch(borrowed):  # no path that leads elsewhere: what is there is sent to a builder
        raise ManifestError(f"{_short(path)}: {borrowed!r} is not of the form experiment/implementation")
    place = folder / "implementations" / borrowed
    manifest = load_manifest(place / "manifest.toml")
    return Source(
        manifest.model_copy(update={"name": path.stem}), place, folder / "containers" / borrowed / "Dockerfile"
    )


def _refuse_links(*folders: Path) -> None:
    try:
        for folder in folders:
            refuse_link(folder)
    except RecipeError as error:
        raise ManifestError(str(error)) from error


def load_manifest(path: Path) -> Manifest:
    """One manifest. Raises ManifestError with the file, the key and what is wrong with it."""
    try:
        for folder in (path.parent.parent, path.parent):
            refuse_link(folder)
        document = tomllib.loads(read_file(path).decode())
        tables = document.pop("rung", [])
        rungs = tuple(Rung(**table) for table in tables if "absent" not in table)
        variants = tuple(_variant(path, table, rungs) for table in document.pop("variant", []))
        return Manifest(
            **document,
            name=path.parent.name,
            rungs=rungs,
            absent=tuple(AbsentRung(**table) for table in tables if "absent" in table),
            variants=variants,
        )
    except RecipeError as error:
        raise ManifestError(str(error)) from error
    except ValidationError as error:
        raise ManifestError(f"{_short(path)}: {_explained(error)}") from error
    except OSError as error:
        raise ManifestError(f"{_short(path)} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError, AttributeError) as error:
        raise ManifestError(f"{_short(path)} is not a manifest: {error}") from error


def _variant(path: Path, table: Mapping[str, Any], rungs: Iterable[Rung]) -> Variant:
    """A variant: what its table does not say is as in the rung that it is of. Raises ManifestError if there is none."""
    name = str(table.get("name", ""))
    rung = next((rung for rung in rungs if rung.name == name.partition(VARIANT_MARK)[0]), None)
    if rung is None:
        raise ManifestError(f"{_short(path)}: a variant is named rung{VARIANT_MARK}change, after a rung held: {name!r}")
    return Variant(**{**rung.model_dump(exclude=NOT_INHERITED), **table})


def known(name: str, names: Iterable[str], what: str) -> str:
    """The name, if it is among the names. Raises UsageError with the near match otherwise."""
    names = list(names)
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(names)}"
    raise UsageError(f"unknown {what} {name!r}: {hint}")


def _short(path: Path) -> str:
    """Of a manifest, from the top-level folder that it is below."""
    tops = [place for place, part in enumerate(path.parts) if part in {"implementations", "containers"}]
    return "/".join(path.parts[tops[-1] if tops else -3 :])


def _explained(error: ValidationError) -> str:
    fields: Sequence[str] = [*Manifest.model_fields, *Variant.model_fields, *Conventional.model_fields]
    lines = []
    for detail in error.errors():
        key = ".".join(map(str, detail["loc"]))
        if detail["type"] == "extra_forbidden":
            near = difflib.get_close_matches(str(detail["loc"][-1]), fields, n=1)
            lines.append(f"unknown key {key!r}" + (f", did you mean {near[0]!r}?" if near else ""))
        else:
            lines.append(f"{key}: {detail['msg']}")
    tables = {"Rung": "rung", "AbsentRung": "rung", "Variant": "variant"}
    of_table = f" (in a [[{tables[error.title]}]] of it, {error.title})" if error.title in tables else ""
    return "; ".join(lines) + of_table
