"""Each language's own checks pass, and a build stops where a naive kernel is no longer naive."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from harness.engine.docker import DockerEngine
from harness.errors import BuildError
from harness.experiments import matmul, web
from harness.images.build import check_image
from harness.images.catalog import Catalog, Source, load_catalog, root
from harness.images.recipes import build_if_missing, plan_of
from tests.engine.support import unwatched

pytestmark = [pytest.mark.engine, pytest.mark.beside]


AT_ONCE = 2  # each waits for downloads and for single threads most of the time


@pytest.fixture(scope="module")
def checks(
    request: pytest.FixtureRequest, engine: DockerEngine, base: str, catalog: Catalog
) -> Iterator[dict[str, Future[None]]]:
    """The checks of all languages whose tests were chosen."""
    tests = [item for item in request.session.items if isinstance(item, pytest.Function)]
    names = [str(item.callspec.params["name"]) for item in tests if "checks" in item.fixturenames]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {name: pool.submit(check_image, engine, catalog.images[name], base, unwatched) for name in names}


@pytest.mark.parametrize("name", load_catalog(root(), matmul.NAME).images)
def test_sources_pass_their_languages_own_checks(name: str, checks: dict[str, Future[None]]) -> None:
    checks[name].result()


@pytest.mark.parametrize("name", sorted({*load_catalog(root(), web.NAME).implementations} - {"zig"}))  # see test_zig
def test_services_pass_their_languages_own_checks(name: str, engine: DockerEngine, base: str) -> None:
    check_image(engine, load_catalog(root(), web.NAME).images[name], base, unwatched)


def changed(source: Source, folder: Path, file: str, old: str, new: str) -> Source:
    """A copy of an implementation in which one file reads otherwise."""
    shutil.copytree(source.context, folder, dirs_exist_ok=True)
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    return replace(source, context=folder)


def test_a_build_fails_where_the_naive_loops_were_interchanged(
    engine: DockerEngine, base: str, catalog: Catalog, tmp_path: Path
) -> None:
    ij, k = "for (size_t j = 0; j < n; j++)", "for (size_t k = 0; k < n; k++)"
    ijk, ikj = f"{ij}\n            {k}", f"{k}\n            {ij}"
    interchanged = changed(catalog.images["c"], tmp_path, "kernels/naive.c", ijk, ikj)
    with pytest.raises(BuildError, match=r"^assert-naive: multiply was vectorized"):
        build_if_missing(engine, plan_of(interchanged, base), lambda _line: None)


def test_a_check_fails_on_unformatted_sources(
    engine: DockerEngine, base: str, catalog: Catalog, tmp_path: Path
) -> None:
    unformatted = changed(catalog.images["c"], tmp_path, "kernels/naive.c", "size_t i = 0;", "size_t i=0;")
    with pytest.raises(BuildError) as failed:
        check_image(engine, unformatted, base, unwatched)
    assert "-Wclang-format-violations" in failed.value.log


def test_a_pin_that_left_the_archive_is_replaced_aloud(
    base: str, client: docker.DockerClient, labels: dict[str, str]
) -> None:
    said = client.containers.run(base, ["install-pinned", "tree=0.0-1"], labels=labels, remove=True, stderr=True)
    assert b"tree=0.0-1 has left the archive; installing its successor" in said
    assert b"Setting up tree" in said
