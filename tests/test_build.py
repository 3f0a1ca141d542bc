"""Recipes to images: built only when something changed, and one that fails never costs the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import EngineError
from harness.experiments import matmul
from harness.images.build import build, build_base
from harness.images.catalog import Catalog, load_catalog, root, targets_of
from harness.images.info import mismatches
from harness.images.recipes import plan_of, proves_naive
from harness.model.journal import Image
from harness.model.manifests import Manifest
from tests.factories import a_catalog, a_manifest, info_of
from tests.fake_engine import FakeEngine

ALPHA, BETA = a_manifest("alpha"), a_manifest("beta")


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return a_catalog(tmp_path, ALPHA, BETA, others=[a_manifest("web", rungs=())])


def built(
    engine: FakeEngine, catalog: Catalog, kept: dict[str, str | bytes] | None = None, *, rebuild: bool = False
) -> dict[str, Image]:
    logs: dict[str, str | bytes] = {} if kept is None else kept

    def keep(name: str, text: str | bytes) -> str:
        logs[name] = text
        return f"logs/{name}"

    targets = targets_of(catalog.images.values())
    return {image.name: image for image in build(engine, "base:1", targets, keep, lambda _: None, rebuild=rebuild)}


def fake_engine(**script: object) -> FakeEngine:
    return FakeEngine([ALPHA, BETA], {}, **script)  # type: ignore[arg-type]


def test_every_image_is_built_weighed_and_asked(catalog: Catalog) -> None:
    images = built(fake_engine(), catalog)
    assert set(images) == {"alpha", "beta", "web"}
    assert images["alpha"].info == info_of(ALPHA)
    assert images["alpha"].digest == f"sha256:{images['alpha'].tag}"
    assert images["web"].info is None
    for image in images.values():
        assert image.failure is None
        assert image.weight is not None
        assert (image.weight.unpacked_bytes, image.weight.payload_bytes) == (900, 300)


def test_what_is_there_is_not_built_again_and_has_no_time(catalog: Catalog) -> None:
    engine = fake_engine()
    first, second = built(engine, catalog), built(engine, catalog)
    assert {name: image.model_copy(update={"build_ns": None}) for name, image in first.items()} == second
    assert all(image.build_ns for image in first.values())
    assert len(engine.built) == 3


def test_what_is_built_anew_is_timed_whole(catalog: Catalog) -> None:
    engine = fake_engine()
    built(engine, catalog)
    assert all(image.build_ns for image in built(engine, catalog, rebuild=True).values())
    assert len(engine.built) == 6


def test_a_build_that_found_a_step_kept_from_before_has_no_time(catalog: Catalog) -> None:
    engine = fake_engine()
    built(engine, catalog)
    engine.images.clear()  # the steps of their builds are still there
    assert [image.build_ns for image in built(engine, catalog).values()] == [None] * 3
    assert len(engine.built) == 6


def test_a_recipe_that_fails_is_a_failed_outcome_with_its_log(catalog: Catalog) -> None:
    logs: dict[str, str | bytes] = {}
    images = built(fake_engine(unbuildable=frozenset({"alpha"})), catalog, logs)
    failure = images["alpha"].failure
    assert failure is not None
    assert (failure.stage, failure.log) == ("build", "logs/build-alpha.log")
    assert failure.reason == "error: expected ';' (exit code 1)"
    assert "main.x:1" in str(logs["build-alpha.log"])
    assert images["beta"].failure is None


def test_a_missing_recipe_is_a_failed_outcome(catalog: Catalog) -> None:
    catalog.implementations["alpha"].dockerfile.unlink()
    failure = built(fake_engine(), catalog)["alpha"].failure
    assert failure is not None
    assert failure.reason.startswith("its recipe cannot be read: ")


def test_an_image_that_breaks_the_contract_is_a_failed_outcome(catalog: Catalog) -> None:
    images = built(fake_engine(infos={"alpha": b"usage: matmul"}), catalog)
    failure = images["alpha"].failure
    assert failure is not None
    assert failure.stage == "info"
    assert "`matmul info` breaks the contract" in failure.reason
    assert images["beta"].failure is None


def test_an_engine_that_goes_away_ends_the_build(catalog: Catalog) -> None:
    class Gone(FakeEngine):
        def image_digest(self, tag: str) -> str | None:
            raise EngineError(f"stopped answering at {tag}")

    with pytest.raises(EngineError, match="stopped answering"):
        built(Gone([ALPHA, BETA], {}), catalog)


def test_a_tag_changes_with_everything_an_image_is_made_of(catalog: Catalog) -> None:
    source = catalog.implementations["alpha"]
    tags = [plan_of(source, base).tag for base in ("base:1", "base:2")]
    (source.context / "kernels").mkdir()
    for text in ("one", "two"):
        (source.context / "kernels" / "naive.x").write_text(text, encoding="utf-8")
        tags.append(plan_of(source, "base:1").tag)
    source.dockerfile.write_text("FROM scratch AS final\nUSER 1\nFROM scratch AS check\n", encoding="utf-8")
    tags.append(plan_of(source, "base:1").tag)
    tags.append(plan_of(source, "base:1", target="check").tag)
    assert len(set(tags)) == len(tags)
    source.dockerfile.write_text("FROM scratch AS final\nUSER 1\nFROM scratch AS check\nUSER 2\n", encoding="utf-8")
    assert plan_of(source, "base:1").tag == tags[-2]  # of no stage that it does not need


@pytest.mark.parametrize("left", ["target/debug/matmul", "__pycache__/matmul.pyc", "kernels/.zig-cache/x"])
def test_what_tools_leave_behind_changes_no_tag(left: str, catalog: Catalog) -> None:
    source = catalog.implementations["alpha"]
    before = plan_of(source, "base:1").tag
    path = source.context / left
    path.parent.mkdir(parents=True)
    path.write_text("left behind", encoding="utf-8")
    assert plan_of(source, "base:1").tag == before


def test_the_base_is_built_once_and_again_when_its_recipe_changes(catalog: Catalog) -> None:
    engine = fake_engine()
    tag = build_base(engine, catalog, lambda name, _: name, lambda _: None)
    assert build_base(engine, catalog, lambda name, _: name, lambda _: None) == tag
    (catalog.base / "Dockerfile").write_text("# another\n", encoding="utf-8")
    other = build_base(engine, catalog, lambda name, _: name, lambda _: None)
    assert engine.built == [tag, other]
    assert tag != other


def test_a_base_that_does_not_build_ends_the_run_and_names_the_log(catalog: Catalog) -> None:
    engine = fake_engine(unbuildable=frozenset({"base"}))
    with pytest.raises(EngineError, match=r"the base image does not build: error: .*\n.*: logs/build-base\.log"):
        build_base(engine, catalog, lambda name, _: f"logs/{name}", lambda _: None)


def changed(**traits: object) -> Manifest:
    rung = ALPHA.rungs[0]
    return ALPHA.model_copy(update={"rungs": (rung.model_copy(update=traits),)})


@pytest.mark.parametrize(
    ("trait", "really"),
    [
        ("loop_order", "ikj"),
        ("layout", "nested"),
        ("threads", "all"),
        ("bounds_checks", True),
        ("fast_math", True),
        ("flags", "-O0"),
    ],
)
def test_each_trait_that_was_built_otherwise_is_named(trait: str, really: object) -> None:
    rung = ALPHA.rungs[0]
    declared = getattr(rung, trait)
    said = f"{trait}: the manifest says {declared!r}, the image was built with {really!r}"
    assert mismatches(rung, info_of(changed(**{trait: really}))) == [said]


def test_what_was_built_as_declared_has_no_mismatch_and_a_missing_rung_is_one() -> None:
    rung = ALPHA.rungs[0]
    assert mismatches(rung, info_of(ALPHA)) == []
    assert mismatches(rung, info_of(a_manifest("alpha", "interchanged"))) == ["the image has no rung naive"]


@pytest.mark.parametrize(
    ("recipe", "proves"),
    [
        ("RUN assert-naive a.o f && assert-naive --rejects b.o f", True),
        ("RUN assert-naive a.o f \\\n && assert-naive \\\n", False),
        ("RUN assert-naive --rejects b.o f", False),
        ("RUN node matmul.js", False),
    ],
)
def test_only_a_check_that_bites_proves_naive_loops_naive(recipe: str, *, proves: bool) -> None:
    assert proves_naive(recipe) is proves


def test_the_recipes_that_prove_their_naive_loops_naive() -> None:
    sources = load_catalog(root(), matmul.NAME).implementations
    assert {name for name, source in sources.items() if not proves_naive(source.dockerfile.read_text())} == {"python"}


@pytest.mark.parametrize("place", ["beta/key", "beta/sub/key", "beta", "Dockerfile"])
@pytest.mark.parametrize("leads_to", ["a file", "a folder", "nothing"])
def test_a_link_in_what_was_contributed_is_refused_by_name_and_costs_no_other(
    place: str, leads_to: str, catalog: Catalog, tmp_path: Path
) -> None:
    secret = tmp_path / "private"
    if leads_to == "a folder":
        secret.mkdir()
        (secret / "key").write_text("s3cret")
    elif leads_to == "a file":
        secret.write_text("s3cret")
    source = catalog.images["beta"]
    link = source.dockerfile if place == "Dockerfile" else source.context.parent / place
    link.parent.mkdir(exist_ok=True)
    if link.exists():
        link.rename(tmp_path / "moved")
    link.symlink_to(secret)
    engine = fake_engine()
    images = built(engine, catalog)
    assert images["alpha"].failure is None
    assert images["beta"].failure is not None
    assert str(link) in images["beta"].failure.reason
    assert "a link, which is not followed" in images["beta"].failure.reason
