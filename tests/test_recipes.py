"""Recipes to plans: packages first, with the network and with no more than they name; the rest without it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.engine.engine import Recipe
from harness.engine.redaction import redacted
from harness.errors import BuildError
from harness.images import recipes
from harness.images.catalog import Source
from harness.images.recipes import build_if_missing, plan_of
from tests.factories import a_catalog, a_manifest
from tests.fake_engine import FakeEngine

RECIPE = """ARG BASE
FROM ${BASE} AS packages
COPY wheels /wheels
COPY locks/*.lock sub/manifest ./
FROM packages AS build
COPY . .
FROM scratch AS final
COPY --from=build /program /
FROM packages AS check-packages
FROM check-packages AS check
"""
PIN = f"planted==1.0 --hash=sha256:{'0' * 64}"


@pytest.fixture
def source(tmp_path: Path) -> Source:
    source = a_catalog(tmp_path, a_manifest("alpha")).implementations["alpha"]
    source.dockerfile.write_text(RECIPE)
    source.dockerfile.with_name("requirements.txt").write_text(PIN)
    for name in ("locks/a.lock", "sub/manifest", "sub/main.x"):
        (source.context / name).parent.mkdir(exist_ok=True)
        (source.context / name).write_text(name)
    return source


@pytest.fixture(autouse=True)
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], str]]:
    """What wheels are asked for."""
    asked = []

    def wheels(pins: list[str], architecture: str) -> dict[str, bytes]:
        asked.append((pins, architecture))
        return {"planted.whl": b"wheel"}

    monkeypatch.setattr(recipes, "wheels", wheels)
    return asked


def quiet(_line: str) -> None:
    pass


def built(source: Source, engine: FakeEngine, target: str = "final", *, rebuild: bool = False) -> list[Recipe]:
    before = len(engine.sent)
    build_if_missing(engine, plan_of(source, "base:1", target), quiet, rebuild=rebuild)
    return engine.sent[before:]


def test_packages_are_built_first_and_alone_have_the_network(source: Source) -> None:
    packages, image = built(source, FakeEngine([], {}))
    assert (packages.target, packages.network) == ("packages", True)
    assert (image.target, image.network) == ("final", False)
    assert f"FROM {packages.tag} AS packages" in bytes(image.files["Dockerfile"]).decode()
    assert image.packages == (packages.tag,)
    *_, check = built(source, engine := FakeEngine([], {}), "check")
    assert [recipe.target for recipe in engine.sent if recipe.network] == ["packages", "check-packages"]
    assert check.target == "check"


def test_packages_see_what_they_name_and_their_wheels(source: Source) -> None:
    packages, image = built(source, FakeEngine([], {}))
    assert set(packages.files) == {
        "Dockerfile",
        "locks/a.lock",
        "sub/manifest",
        "wheels/requirements.txt",
        "wheels/planted.whl",
    }
    assert {"sub/main.x", "locks/a.lock"} <= set(image.files)
    assert not any(name.startswith("wheels/") for name in image.files)


def test_packages_are_built_again_only_for_what_they_are_made_of(
    source: Source, fetched: list[tuple[list[str], str]]
) -> None:
    engine = FakeEngine([], {})
    built(source, engine)
    assert fetched == [([PIN], "x86_64")]
    (source.context / "sub" / "main.x").write_text("changed")
    assert [recipe.target for recipe in built(source, engine)] == ["final"]
    (source.context / "locks" / "a.lock").write_text("changed")
    assert [recipe.target for recipe in built(source, engine)] == ["packages", "final"]
    source.dockerfile.with_name("requirements.txt").write_text(PIN.replace("1.0", "1.1"))
    assert [recipe.target for recipe in built(source, engine)] == ["packages", "final"]


def test_an_image_that_was_made_in_another_form_does_not_count(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = FakeEngine([], {})
    built(source, engine)
    monkeypatch.setattr(recipes, "FORM", "of an earlier version")
    assert [recipe.target for recipe in built(source, engine)] == ["final"]


def test_anew_is_anew_with_packages_and_wheels(source: Source, fetched: list[tuple[list[str], str]]) -> None:
    engine = FakeEngine([], {})
    built(source, engine)
    assert [recipe.target for recipe in built(source, engine, rebuild=True)] == ["packages", "final"]
    assert fetched == 2 * [([PIN], "x86_64")]


def test_a_build_on_packages_from_before_has_no_time(source: Source) -> None:
    engine = FakeEngine([], {})
    assert build_if_missing(engine, plan_of(source, "base:1"), quiet)
    (source.context / "sub" / "main.x").write_text("changed")
    assert build_if_missing(engine, plan_of(source, "base:1"), quiet) is None
    assert build_if_missing(engine, plan_of(source, "base:1"), quiet, rebuild=True)


class Failing(FakeEngine):
    """An engine whose builds fail, once with each log."""

    log = ""

    def build(self, _recipe: Recipe, _on_line: Callable[[str], None], *, rebuild: bool = False) -> None:
        raise BuildError(f"it failed (exit code {1 + rebuild})", self.log)


@pytest.mark.parametrize(
    ("log", "hint"),
    [
        ("Temporary failure resolving 'mirror.example'", True),
        ("curl: (6) Could not resolve host: mirror.example", True),
        ("dial tcp: lookup mirror.example on 127.0.0.1:53: no such host", True),
        ("main.x:1: error: expected ';'", False),
    ],
)
def test_a_step_that_wanted_the_network_is_told_where_it_is(log: str, source: Source, *, hint: bool) -> None:
    source.dockerfile.write_text("ARG BASE\nFROM ${BASE} AS final\nRUN fetch\n")
    engine = Failing([], {})
    engine.log = log
    with pytest.raises(BuildError) as failed:
        built(source, engine)
    assert ("builds have no network outside stages named …-packages" in str(failed.value)) == hint


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("from http://user:pa%55@mirror.example/x and", "from http://***@mirror.example/x and"),
        ("'https://token@a:1' ftp://u:p@ss@b", "'https://***@a:1' ftp://***@b"),
        ("https://a/b@c, me@example", "https://a/b@c, me@example"),
    ],
)
def test_addresses_are_shown_without_passwords(text: str, shown: str) -> None:
    assert redacted(text) == shown
