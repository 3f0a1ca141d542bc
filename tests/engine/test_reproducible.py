"""The same sources and packages give the same image, byte for byte: twice on one engine, and on two engines."""

from __future__ import annotations

import os
import secrets
from contextlib import closing
from dataclasses import replace

import docker
import pytest

from harness.docker_engine import DockerEngine
from harness.engine import RUN_LABEL
from harness.manifest import Target, load_catalog, root, targets_of
from harness.model.journal import Image
from harness.recipes import build_if_missing, plan_of
from tests.engine.own_engine import OwnEngine, only_with_an_own_engine
from tests.reproduction import differences

pytestmark = pytest.mark.engine

EVERY = {target.name: target for target in targets_of(load_catalog(root()).images.values())}
QUICK = ("c", "python", "web")  # the others take minutes each: `make reproducible`
TARGETS = EVERY if os.environ.get("EVERY_IMAGE") else {name: EVERY[name] for name in QUICK}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_an_image_built_again_is_the_same(
    target: Target, images: dict[str, Image], engine: DockerEngine, base: str
) -> None:
    """Without cache, its packages included."""
    plan = plan_of(target.source, base, target.stage)
    again = replace(plan, image=replace(plan.image, tag=f"{plan.tag}-{secrets.token_hex(4)}"))
    build_if_missing(engine, again, lambda _line: None, ships=True, anew=True)
    first = images[target.name].tag or ""
    try:
        assert differences(engine.save(first), engine.save(again.tag)) == []
        assert engine.image_digest(first) == engine.image_digest(again.tag)
    finally:
        engine.remove_image(again.tag)


@only_with_an_own_engine
def test_another_engine_builds_the_same_image_of_the_same_packages(
    own_engine: OwnEngine,
    images: dict[str, Image],
    base: str,
    client: docker.DockerClient,
    labels: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    targets = [EVERY[name] for name in ("c", "python")]
    plans = {target.name: plan_of(target.source, base, target.stage) for target in targets}
    own_engine.start().close()
    for tag in {base, *(recipe.tag for plan in plans.values() for recipe in plan.packages)}:
        own_engine.take_over(client, tag)
    monkeypatch.setenv("DOCKER_HOST", own_engine.address)
    with closing(DockerEngine(labels[RUN_LABEL])) as other:
        for name, plan in plans.items():
            build_if_missing(other, plan, lambda _line: None, ships=True)
            assert other.image_digest(plan.tag) == images[name].digest
