"""What a recipe's steps can reach: the network where packages are installed, and no password anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from harness.engine.docker import DockerEngine
from harness.errors import BuildError
from harness.images.catalog import Source
from harness.images.recipes import Plan, build_if_missing, plan_of
from tests.factories import a_catalog, a_manifest
from tests.private_index import NAME, PIN, PLANTED, private_index

pytestmark = pytest.mark.engine

HAS_NETWORK = "grep -q : /proc/net/dev && grep -vq -e lo: -e '|' /proc/net/dev"
PROXY = f"http://user:{PLANTED}@127.0.0.1:9"

Build = Callable[[str], Plan]


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return a_catalog(tmp_path, a_manifest("planted")).implementations["planted"]


@pytest.fixture
def build(source: Source, engine: DockerEngine, base: str) -> Iterator[Build]:
    """Builds a recipe, its base named as usual; what it made is removed afterwards."""
    tags: set[str] = set()

    def build(recipe: str) -> Plan:
        source.dockerfile.write_text(f"ARG BASE\n{recipe}")
        plan = plan_of(source, base)
        tags.update(recipe.tag for recipe in (*plan.packages, plan.image))
        build_if_missing(engine, plan, lambda _line: None, rebuild=True)
        return plan

    yield build
    for tag in tags:
        if engine.image_digest(tag):
            engine.remove_image(f"{tag.partition(':')[0]}:latest")
            engine.remove_image(tag)


@pytest.mark.podman
def test_a_step_has_the_network_where_packages_are_installed_and_nowhere_else(build: Build) -> None:
    build(
        f"FROM ${{BASE}} AS packages\nRUN {HAS_NETWORK}\n"
        f"FROM packages AS more-packages\nRUN {HAS_NETWORK}\n"
        f"FROM more-packages AS build\nRUN ! ({HAS_NETWORK})\n"
        f"FROM ${{BASE}} AS final\nRUN ! ({HAS_NETWORK})\n"
    )


@pytest.mark.podman
def test_a_step_that_wants_the_network_elsewhere_fails_and_says_where_it_is(build: Build) -> None:
    with pytest.raises(BuildError, match="builds have no network outside stages named …-packages"):
        build("FROM ${BASE} AS final\nRUN install-pinned tree=2.2.1-1\n")


def test_packages_have_the_files_that_they_name_and_the_rest_has_no_wheels(
    source: Source, build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source.context / "secret").write_text("not for packages")
    (source.context / "lock").write_text("for packages")
    source.dockerfile.with_name("requirements.txt").write_text(PIN)
    with private_index(tmp_path, monkeypatch):
        build(
            "FROM ${BASE} AS packages\nCOPY lock ./\nCOPY wheels /wheels\n"
            f"RUN test -f lock && test -f /wheels/{NAME}\n"
            "FROM packages AS final\nCOPY . /src\nRUN test -f /src/secret && test ! -e /src/wheels\n"
        )
        with pytest.raises(BuildError, match="nonesuch"):
            build("FROM ${BASE} AS packages\nCOPY nonesuch /\nFROM packages AS final\n")


def test_a_planted_password_is_in_no_layer_history_or_configuration(
    source: Source,
    build: Build,
    base: str,
    engine: DockerEngine,
    client: docker.DockerClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source.dockerfile.with_name("requirements.txt").write_text(PIN)
    with private_index(tmp_path, monkeypatch) as asked:
        monkeypatch.setenv("FTP_PROXY", PROXY)
        plan = build(
            "FROM ${BASE} AS packages\nCOPY wheels /wheels\n"
            'RUN test -n "$FTP_PROXY"\n'
            'FROM packages AS final\nRUN test -z "$FTP_PROXY" && test ! -e /etc/pip.conf\n'
        )
    assert asked
    for tag in (base, *(recipe.tag for recipe in plan.packages), plan.tag):
        image = client.images.get(tag)
        assert PLANTED not in str(image.attrs)
        assert PLANTED not in str(image.history())
        assert not holds(engine, tag, PLANTED.encode())


def holds(engine: DockerEngine, tag: str, searched: bytes) -> bool:
    """Whether a saved image has these bytes anywhere: its layers are not compressed."""
    end = b""
    for chunk in engine.save(tag):
        if searched in end + chunk:
            return True
        end = chunk[-len(searched) :]
    return False


def test_the_search_for_a_password_finds_one(build: Build, engine: DockerEngine) -> None:
    plan = build(f"FROM ${{BASE}} AS final\nRUN echo {PLANTED[:4]}''{PLANTED[4:]} >/planted\n")
    assert holds(engine, plan.tag, PLANTED.encode())


def test_a_log_has_no_password(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTP_PROXY", PROXY)
    with pytest.raises(BuildError) as failed:
        build('FROM ${BASE} AS packages\nRUN echo "from $FTP_PROXY" && exit 3\nFROM packages AS final\n')
    assert str(failed.value) == "from http://***@127.0.0.1:9 (exit code 3)"
    assert PLANTED not in failed.value.log
