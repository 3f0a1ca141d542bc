"""Every rung and variant of every implementation, as the harness runs it: bit for bit right, built as declared."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from harness.engine.docker import DockerEngine
from harness.engine.engine import Exit, Job
from harness.experiments import matmul
from harness.experiments.matmul.container import Bench, measure
from harness.experiments.matmul.peak import measure_peak
from harness.experiments.matmul.workload import Workload
from harness.images.catalog import Target, load_catalog, root, targets_of
from harness.images.info import mismatches
from harness.model.cases import Batch, Case
from harness.model.journal import Image
from harness.model.manifests import Rung, Variant
from harness.store import Log
from tests.engine.conftest import InShell

pytestmark = pytest.mark.engine

SEED = 20261122
CATALOG = load_catalog(root(), matmul.NAME)
RUNGS = [
    pytest.param(name, rung, id=f"{name}/{rung.name}")
    for name, source in CATALOG.implementations.items()
    for rung in (*source.manifest.rungs, *source.manifest.variants)
]

TARGETS = [
    pytest.param(target, id=target.name) for target in targets_of(CATALOG.implementations.values(), variants=True)
]

# n, rows, samples, threads, first row and calls: all rows and fewer, rows that wrap around, several samples, no calls,
# and calls that add up. Every size, number of threads and path is test_everywhere's, in one container for each image.
ONE_THREAD = [
    (3, 3, 4, 1, 2, 1),
    (16, 16, 1, 1, 0, 0),
    (33, 33, 3, 1, 32, 2),
    (100, 1, 3, 1, 98, 2),
]
ALL_THREADS = [
    (3, 2, 4, 5, 2, 1),
    (16, 16, 1, 1, 0, 0),
    (33, 33, 3, 2, 32, 2),
    (100, 1, 3, 2, 98, 2),
]
BAD_ARGUMENTS = [
    "",
    "nonesuch",
    "run nonesuch 4 1 0 4 1 1",
    "run {rung} 4 1 0 4 1",
    "run {rung} 4 1 0 4 1 1 1",
    "run {rung} 0 1 0 1 1 1",
    "run {rung} 4 0 0 4 1 1",
    "run {rung} 4 1 4 4 1 1",
    "run {rung} 4 1 -1 4 1 1",
    "run {rung} 4 1 0 5 1 1",
    "run {rung} 4 1 0 0 1 1",
    "run {rung} 4 1 0 4 -1 1",
    "run {rung} 4 1 0 4 1 0",
    "run {rung} 4x 1 0 4 1 1",
]

Bencher = Callable[[int], Bench]


def held(target: Target) -> list[Rung]:
    """The rungs or variants that an image holds."""
    manifest = target.source.manifest
    return [rung for rung in (*manifest.rungs, *manifest.variants) if rung.image == target.stage]


@pytest.fixture(scope="module")
def bench(engine: DockerEngine, base: str, keep: Log) -> Iterator[Bencher]:
    """Inputs of any size, drawn once for all rungs."""
    benches: dict[int, Bench] = {}

    def bench(n: int) -> Bench:
        if n not in benches:
            workload = Workload(n, SEED)
            inputs = engine.fill_volume(base, {"a.f64": workload.a.data, "b.f64": workload.b.data})
            benches[n] = Bench(engine, workload, inputs, 60, keep)
        return benches[n]

    yield bench
    for made in benches.values():
        engine.remove_volume(made.inputs)


@pytest.mark.parametrize(("name", "rung"), RUNGS)
def test_a_rung_computes_the_product(name: str, rung: Rung, bench: Bencher, images: dict[str, Image]) -> None:
    tag = images[CATALOG.implementations[name].manifest.image_of(rung.image)].tag
    assert tag
    shapes = ALL_THREADS if rung.threads == "all" else ONE_THREAD
    if isinstance(rung, Variant):
        shapes = [shape for shape in shapes if rung.takes(shape[0])]
        assert shapes
    for n, some_rows, samples, threads, first, calls in shapes:
        rows = some_rows if rung.rows_independent else n
        case = Case(implementation=name, rung=rung.name, n=n, threads=threads)
        batch = Batch(rows=rows, samples=samples, first=first, calls=calls)
        measured = measure(bench(n), tag, case, batch, 1)
        assert measured.failure is None, f"{case}, n = {n}, {batch}: {measured.failure}"
        assert len(measured.samples) == samples


@pytest.fixture(scope="module")
def call(engine: DockerEngine, images: dict[str, Image]) -> Callable[..., Exit]:
    """Calls an implementation's program with any arguments."""

    def call(name: str, *arguments: str) -> Exit:
        tag = images[name].tag or ""
        return engine.run(Job(tag, arguments, engine.cpus()[:1], memory_bytes=2**29, pids=64, timeout_s=60))

    return call


@pytest.mark.parametrize("target", TARGETS)
def test_bad_arguments_are_answered_with_the_usage(target: Target, images: dict[str, Image], in_shell: InShell) -> None:
    plan = [arguments.format(rung=held(target)[0].name) for arguments in BAD_ARGUMENTS]
    assert in_shell(images[target.name].tag or "", "usage.sh", [*plan, "info"]) == ["wrong 'info': exit code 0"]


@pytest.mark.parametrize("target", TARGETS)
def test_info_confirms_the_manifest(target: Target, images: dict[str, Image]) -> None:
    rungs, info = held(target), images[target.name].info
    assert info
    assert [mismatches(rung, info) for rung in rungs] == [[] for _ in rungs]
    assert set(info.rungs) == {rung.name for rung in rungs}
    assert re.search(r"\d+\.\d+", info.toolchain)  # a version
    assert all(built.instruction_sets for built in info.rungs.values())


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        pytest.param(name, variant, id=f"{name}/{variant.name}")
        for name, source in CATALOG.implementations.items()
        for variant in source.manifest.variants
        if variant.sizes
    ],
)
def test_a_variant_that_is_built_for_other_sizes_says_so(
    name: str, variant: Variant, call: Callable[..., Exit]
) -> None:
    ended = call(f"{name}-variants", *f"run {variant.name} 34 1 0 1 1 1".split())
    assert (ended.code, ended.stdout) == (3, b"")
    assert b"n = 34" in ended.stderr


@pytest.mark.parametrize("name", [name for name, source in CATALOG.implementations.items() if source.manifest.peak])
def test_an_offered_peak_is_measured(name: str, engine: DockerEngine, images: dict[str, Image]) -> None:
    assert measure_peak(engine, images[name].tag or "", engine.cpus()[:2]).gflops > 0
