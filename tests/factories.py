"""Small makers of records: a test says what matters to it, and the rest is filled in."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.experiments.matmul.ladder import cases_of
from harness.images.catalog import Catalog, Source
from harness.model.cases import Accounts, Case, Conditions, Failure, Options, Sample
from harness.model.journal import Entry, Finished, Image, Peak, Round, Started
from harness.model.manifests import AbsentRung, Conventional, Info, Manifest, Rung, RungInfo, Traits, Variant

STARTUP_NS = 100_000_000
CALM = Conditions(
    wall_ns=10**9,
    cpus=2,
    busy_ns=0,
    steal_ns=0,
    swapped_pages=0,
    throttled=0,
    available_bytes=2**33,
    mhz=None,
)
CONVENTIONAL = Conventional(image="big:1", unpacked_bytes=1_000_000_000, source="its registry's page")


def a_rung(name: str = "naive", **changes: Any) -> Rung:
    """A rung; `parallel` runs on all threads and has `naive` for its serial kernel."""
    parallel = name == "parallel"
    fields: dict[str, Any] = {
        "name": name,
        "loop_order": "ijk",
        "layout": "contiguous",
        "threads": "all" if parallel else "one",
        "rows_independent": True,
        "bounds_checks": False,
        "fast_math": False,
        "flags": "-O3",
        "serial": "naive" if parallel else None,
    }
    return Rung.model_validate(fields | changes)


def a_manifest(name: str = "alpha", *rungs: str | Rung | AbsentRung, **changes: Any) -> Manifest:
    """The manifest of an implementation that holds these rungs, `naive` if none is named."""
    held = [a_rung(rung) if isinstance(rung, str) else rung for rung in rungs or ("naive",)]
    fields: dict[str, Any] = {
        "name": name,
        "label": name.title(),
        "budget_bytes": 1000,
        "payload": ("matmul",),
        "conventional": CONVENTIONAL,
        "rungs": tuple(rung for rung in held if isinstance(rung, Rung)),
        "absent": tuple(rung for rung in held if isinstance(rung, AbsentRung)),
    }
    return Manifest.model_validate(fields | changes)


def a_variant(name: str = "naive@O0", **changes: Any) -> Variant:
    """A variant of `naive`, without optimization."""
    fields = a_rung(name, flags="-O0").model_dump(exclude={"image"}) | {"changes": "no optimization"}
    return Variant.model_validate(fields | changes)


def info_of(manifest: Manifest) -> Info:
    """What an image says that was built just as its manifest declares."""
    return Info(
        toolchain=f"{manifest.name} compiler 1.0",
        rungs={
            rung.name: RungInfo(**rung.model_dump(include=set(Traits.model_fields)), instruction_sets=("x86-64",))
            for rung in (*manifest.rungs, *manifest.variants)
        },
    )


def some_options(**changes: Any) -> Options:
    """Two languages, two rungs, two threads, a second each."""
    fields: dict[str, Any] = {
        "langs": ("alpha", "beta"),
        "rungs": ("naive", "parallel"),
        "n": 16,
        "threads": (2,),
        "rounds": 3,
        "precision": 0.0,
        "budget_s": 1.0,
        "baseline": "alpha/naive",
        "reference": "beta",
        "seed": 7,
        "controls": False,
    }
    return Options.model_validate(fields | changes)


def a_case(name: str = "alpha/naive", n: int = 16, threads: int = 1) -> Case:
    implementation, _, rung = name.partition("/")
    return Case(implementation=implementation, rung=rung, n=n, threads=threads)


def a_round(case: Case, *seconds: float, rows: int | None = None, number: int = 2, **changes: Any) -> Round:
    """A good round whose samples took so many seconds, with every thread busy."""
    samples = tuple(Sample(wall_ns=round(s * 1e9), cpu_ns=round(s * 1e9) * case.threads, checksum=1) for s in seconds)
    fields: dict[str, Any] = {
        "case": case,
        "number": number,
        "pilot": number == 1,
        "rows": rows or case.n,
        "samples": samples,
        "container_ns": sum(sample.wall_ns for sample in samples) + STARTUP_NS,
        "sha256": "5ca1ab1e",
        "conditions": CALM,
        "accounts": Accounts(
            life_ns=sum(sample.wall_ns for sample in samples) + STARTUP_NS,
            cpu_ns=sum(sample.cpu_ns for sample in samples) + STARTUP_NS,
        ),
    }
    return Round.model_validate(fields | changes)


def rounds_of(name: str, *rounds: Sequence[float], threads: int = 1, n: int = 16) -> list[Round]:
    """Rounds of whole products, each given by the seconds of its samples."""
    return [a_round(a_case(name, n, threads), *seconds, number=k) for k, seconds in enumerate(rounds, start=2)]


def a_failed_round(case: Case, reason: str, number: int = 2) -> Round:
    return a_round(case, number=number, sha256=None, failure=Failure(stage="run", reason=reason, log="logs/x.log"))


def a_journal(
    manifests: Sequence[Manifest], rounds: Iterable[Entry], *, finished: bool = True, **options: Any
) -> list[Entry]:
    """The journal of a run of these manifests in which these rounds were made."""
    chosen = some_options(langs=tuple(manifest.name for manifest in manifests), **options)
    started = Started(
        harness="0.1.0",
        run="r1",
        at="2026-11-22T02:10:33Z",
        options=chosen,
        manifests=tuple(manifests),
        cases=cases_of(manifests, chosen),
    )
    images = [Image(name=manifest.name, tag=manifest.name, info=info_of(manifest)) for manifest in manifests]
    peaks = [Peak(threads=threads, gflops=40.0 * threads, container_ns=1) for threads in (1, 2)]
    end = [Finished(wall_ns=60_000_000_000, container_ns=47_500_000_000, build_ns=10_000_000_000)] if finished else []
    return [started, *images, *peaks, *rounds, *end]


def a_catalog(folder: Path, *manifests: Manifest, others: Sequence[Manifest] = ()) -> Catalog:
    """Folders that these manifests' images can be built from."""

    def source(manifest: Manifest) -> Source:
        context = folder / manifest.name
        context.mkdir(parents=True)
        (context / "Dockerfile").write_text(
            "".join(f"FROM scratch AS {stage}\n" for stage in ("final", "library", "variants", "check"))
        )
        return Source(manifest, context, context / "Dockerfile")

    base = folder / "base"
    base.mkdir(parents=True)
    (base / "Dockerfile").write_text("# base\n", encoding="utf-8")
    return Catalog(
        implementations={manifest.name: source(manifest) for manifest in manifests},
        others={manifest.name: source(manifest) for manifest in others},
        base=base,
    )


def saved_image(*layers: Mapping[str, bytes], gzipped: bool = False) -> bytes:
    """What `docker save` writes of an image with these layers of files."""
    blobs = {f"blobs/{number}": archive_of(files) for number, files in enumerate(layers)}
    if gzipped:
        blobs = {name: gzip.compress(blob, mtime=0) for name, blob in blobs.items()}
    index = json.dumps([{"Config": "config.json", "Layers": list(blobs)}]).encode()
    settings = json.dumps({"config": {"Entrypoint": ["/matmul"], "Env": ["LANG=C.UTF-8"]}}).encode()
    return archive_of({"manifest.json": index, "config.json": settings, **blobs})


def archive_of(files: Mapping[str, bytes]) -> bytes:
    """A tar archive of these files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()
