"""Every rung of every implementation, for every size that has edges, thread counts, and every path for a CPU."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

import docker
import pytest
from docker.types import Mount

from harness.engine.docker import DockerEngine
from harness.experiments import matmul
from harness.experiments.matmul.workload import Workload
from harness.images.catalog import load_catalog, root, targets_of
from harness.model.cases import Batch
from harness.model.journal import Image
from harness.model.manifests import Manifest, Rung, Stage, Variant
from tests.engine.conftest import InShell

pytestmark = [pytest.mark.engine, pytest.mark.beside]

SEED = 20261122
EVERY_SIZE = (*range(1, 71), *range(127, 131), 201, *range(255, 258), 521, 1021)
SOME_SIZES = (1, 2, 3, 7, 16, 17, 25, 33, 49, 65, 129, 201, 257)  # around tiles, powers of two, and threads
SIZES = EVERY_SIZE if os.environ.get("EVERY_SIZE") == "1" else SOME_SIZES  # which takes half an hour
WHOLE_UP_TO = 257  # beyond it, of rows that do not depend on each other, only some are computed
SOME_ROWS = 3
CALLS = 2  # as products.sh has it: the second adds to what the first left
PATHS = ("any", "avx512", "avx2", "baseline")
FEATURES = {"avx512": {"avx512f", "avx512dq", "avx512bw", "avx512vl"}, "avx2": {"avx2", "fma"}}
TARGETS = [
    pytest.param(target.source.manifest, target.stage, id=target.name)
    for target in targets_of(load_catalog(root(), matmul.NAME).implementations.values(), variants=True)
]


@pytest.fixture(scope="module")
def products(engine: DockerEngine, base: str) -> Iterator[str]:
    """A volume with A, B and CALLS · A · B of every size, by the names that products.sh knows them by."""
    files: dict[str, memoryview] = {}
    for n in SIZES:
        workload = Workload(n, SEED)
        c = workload.product(Batch(rows=n, samples=1, calls=CALLS), 0)
        files |= {f"{n}.a": workload.a.data, f"{n}.b": workload.b.data, f"{n}.c": c.data}
    volume = engine.fill_volume(base, files)
    yield volume
    engine.remove_volume(volume)


@pytest.fixture(scope="module")
def features(base: str, client: docker.DockerClient, labels: dict[str, str]) -> set[str]:
    """What the CPU has, as the kernel names it."""
    said: bytes = client.containers.run(base, ["cat", "/proc/cpuinfo"], network_mode="none", labels=labels, remove=True)
    return set(said.decode().split())


@pytest.mark.parametrize(("manifest", "stage"), TARGETS)
def test_every_size_is_right_on_any_number_of_threads_and_every_path(
    manifest: Manifest,
    stage: Stage,
    images: dict[str, Image],
    products: str,
    features: set[str],
    in_shell: InShell,
) -> None:
    image = images[manifest.image_of(stage)]
    assert image.info
    runs = {name: built.runs for name, built in image.info.rungs.items()}
    mounts = [Mount("/products", products, type="volume", read_only=True)]
    found = in_shell(image.tag or "", "products.sh", plan(manifest, stage, runs), mounts)
    assert [line for line in found if not line.startswith("lacks ")] == []
    for path in PATHS[1:]:
        lacking = {line.split()[2] for line in found if line.startswith(f"lacks {path} ")}
        assert not lacking or not FEATURES.get(path, set()) <= features or path == "baseline", (path, lacking)


def plan(manifest: Manifest, stage: Stage, runs: Mapping[str, str | None]) -> list[str]:
    """A line for every call: path, rung, n, threads, rows. `runs` says which path each rung takes by itself."""
    return [
        f"{path} {rung.name} {n} {threads} {SOME_ROWS if rung.rows_independent and n > WHOLE_UP_TO else n}"
        for rung in (*manifest.rungs, *manifest.variants)
        if rung.image == stage
        for path in (PATHS if runs.get(rung.name) in FEATURES else PATHS[:1])
        for n in SIZES
        if not isinstance(rung, Variant) or rung.takes(n)
        for threads in ((1, 2, n + 3) if rung.threads == "all" and path == PATHS[0] else (thread_count(rung),))
    ]


def thread_count(rung: Rung) -> int:
    return 2 if rung.threads == "all" else 1
