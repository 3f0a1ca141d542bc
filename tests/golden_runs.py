"""The three runs of the golden reports: a full one, one of two languages, one with failures and what is absent.

A scripted engine measures them, so that their figures are the same on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from harness.analysis.analyze import analyze
from harness.engine.engine import Exit
from harness.experiments.matmul.experiment import MATMUL
from harness.measure.compare import compare
from harness.model.comparison import Comparison, SourceFile
from harness.model.journal import Entry, Finished, Image, Round, Started
from harness.model.manifests import AbsentRung, Manifest
from harness.report import FormatName, any_renderer
from harness.store import load_run
from tests.factories import a_catalog, a_manifest, a_rung, a_variant, some_options
from tests.fake_engine import FakeEngine

N = 64
PYTHON = a_rung(layout="nested", bounds_checks=True, flags="-I -S", note="at module level | as published")
LIBRARY = a_rung("library", threads="all", rows_independent=False, image="library")
C = a_manifest("c", "naive", "parallel", LIBRARY, peak=True)
FAILING = (
    C,
    a_manifest("java", a_rung(layout="nested"), AbsentRung(name="parallel", absent="nobody asked for threads")),
    a_manifest("python", PYTHON, "parallel"),
    a_manifest("zig"),
)
VARIANTS = (a_variant(), a_variant("naive@fixed", flags="-O3", changes="n is a constant", sizes=(N,)))
FULL = (
    a_manifest("c", "naive", "parallel", LIBRARY, peak=True, variants=VARIANTS),
    a_manifest("java", a_rung(layout="nested"), "parallel"),
    a_manifest("python", PYTHON, "parallel"),
)
SECONDS = {
    "c/naive": 0.2, "c/parallel": 0.1, "c/library": 0.01, "c/naive@O0": 0.6, "c/naive@fixed": 0.15, "java/naive": 0.4,
    "java/parallel": 0.2, "python/naive": 9.4, "python/parallel": 4.7,
}  # fmt: skip
SOURCES = (
    SourceFile(implementation="c", path="kernels/naive.c", text="int a; // <naive>\nint b;\n"),
    SourceFile(implementation="c", path="kernels/parallel.c", text="int a; // <naive>\nint threads;\n"),
    SourceFile(implementation="python", path="kernels/naive.py", text="for i in range(n):\n    pass\n"),
)
DRAWING = re.compile(r"<svg.*?</svg>", re.DOTALL)


def run_of(name: str, folder: Path) -> Comparison:
    """One of the three, measured in a folder."""
    if name == "full":
        return _measured(folder, FULL, threads=(1, 2), controls=True, overhead=True, variants=True)
    if name == "two":
        return _measured(folder, (C, a_manifest("python", PYTHON)), controls=False)
    return _measured(folder, FAILING, failing=True, controls=True, overhead=True)


def _measured(folder: Path, manifests: Sequence[Manifest], *, failing: bool = False, **options: Any) -> Comparison:
    chosen = some_options(
        langs=tuple(manifest.name for manifest in manifests),
        rungs=("naive", "parallel", "library"),
        n=N,
        seed=2020,
        baseline="python/naive",
        reference="c",
        budget_s=4.0,
        **options,
    )
    engine = FakeEngine(
        manifests,
        {name: seconds / N for name, seconds in SECONDS.items()},
        noise=0.01,
        peak_gflops=8.0,
        unbuildable=frozenset({"zig"}) if failing else frozenset(),
        faults={"python/parallel": lambda _: Exit(code=3, stdout=b"", stderr=b"only one CPU here\n", elapsed_ns=1)}
        if failing
        else {},
    )
    catalog = a_catalog(folder / "tree", *manifests, others=[a_manifest("web", rungs=(), budget_bytes=800)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.images.base._authorities", lambda: b"")  # or hashes and keys would be this machine's
        patch.setattr("harness.images.recipes.FORM", "form")
        assert compare(MATMUL, engine, catalog, chosen, folder, "golden", lambda _: None) is not failing
    found = analyze([settled(entry) for entry in load_run(folder / "golden")])
    return found.model_copy(update={"sources": SOURCES})


def settled(entry: Entry) -> Entry:
    """An entry without what differs from run to run, and from one zlib to the next."""
    match entry:
        case Started():
            return entry.model_copy(update={"at": "2026-11-22T02:10:33Z", "harness": "0.1.0"})
        case Finished():
            return entry.model_copy(update={"wall_ns": 25 * 10**9, "build_ns": 2 * 10**9, "container_ns": 22 * 10**9})
        case Image() if entry.weight:
            weight = entry.weight.model_copy(update={"compressed_bytes": 140})
            return entry.model_copy(update={"weight": weight, "build_ns": 3 * 10**9})
        case Round():
            return entry.model_copy(update={"began_ns": None})
        case _:
            return entry


def golden_text(name: FormatName, comparison: Comparison) -> str:
    """A report of a format that is text, without what libraries draw otherwise from version to version.

    Of numbers nine digits: the last ones of logarithms differ between CPUs. Of the page what people read: without its
    style and its script, and of each chart its title and description.
    """
    text = any_renderer(name).render(comparison)
    assert isinstance(text, str)
    if name == "html":
        text = re.sub(r"<(style|script)>.*?</\1>", r"<\1></\1>", text, flags=re.DOTALL)
        text = re.sub(r"'sha256-[^']*'", "'sha256-'", text)
        text = DRAWING.sub(lambda found: _told(found[0]), text)
    return re.sub(r"\d+\.\d{7,}(?:e[+-]?\d+)?", lambda match: f"{float(match[0]):.9g}", text)


def _told(svg: str) -> str:
    title, description = list(ElementTree.fromstring(svg))[:2]  # noqa: S314 (our own)
    return f"<svg>{title.text}\n{description.text}</svg>"
