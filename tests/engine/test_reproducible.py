"""The same sources and packages give the same image, byte for byte: twice on one engine, and on two engines."""

from __future__ import annotations

import os
import secrets
from contextlib import closing
from dataclasses import replace

import docker
import pytest

from harness.engine.docker import DockerEngine
from harness.engine.engine import RUN_LABEL
from harness.experiments import matmul
from harness.images.catalog import Target, load_catalog, root, targets_of
from harness.images.recipes import Plan, build_if_missing, plan_of
from tests.engine.own_engine import OwnEngine, only_with_an_own_engine
from tests.reproduction import differences

pytestmark = [pytest.mark.engine, pytest.mark.beside]

EVERY = {target.name: target for target in targets_of(load_catalog(root(), matmul.NAME).images.values(), variants=True)}
EVERY |= {f"web-{target.name}": target for target in targets_of(load_catalog(root(), "web").implementations.values())}
QUICK = ("c", "python", "web-zig")  # the others take minutes each: `make reproducible`
THOROUGH = bool(os.environ.get("EVERY_IMAGE"))
TARGETS = EVERY if THOROUGH else {name: EVERY[name] for name in QUICK}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_an_image_built_again_is_the_same(target: Target, engine: DockerEngine, base: str) -> None:
    """Without cache, its packages included."""
    first = built(engine, target, base)
    again = replace(first, image=replace(first.image, tag=f"{first.tag}-{secrets.token_hex(4)}"))
    build_if_missing(engine, again, quiet, ships=True, rebuild=True)
    try:
        assert differences(engine.save(first.tag), engine.save(again.tag)) == []
        assert engine.image_digest(first.tag) == engine.image_digest(again.tag)
    finally:
        engine.remove_image(again.tag)


@only_with_an_own_engine
def test_another_engine_builds_the_same_image_of_the_same_packages(
    own_engine: OwnEngine,
    engine: DockerEngine,
    base: str,
    client: docker.DockerClient,
    labels: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plans = [built(engine, EVERY[name], base) for name in ("c", "python")]
    own_engine.start().close()
    for tag in {base, *(recipe.tag for plan in plans for recipe in plan.packages)}:
        own_engine.take_over(client, tag)
    monkeypatch.setenv("DOCKER_HOST", own_engine.address)
    with closing(DockerEngine(labels[RUN_LABEL])) as other:
        for plan in plans:
            build_if_missing(other, plan, quiet, ships=True)
            assert other.image_digest(plan.tag) == engine.image_digest(plan.tag)


def built(engine: DockerEngine, target: Target, base: str) -> Plan:
    """How an image is built, once it is; `make reproducible` takes none that was built before."""
    plan = plan_of(target.source, base, target.stage)
    build_if_missing(engine, plan, quiet, ships=True, rebuild=THOROUGH)
    return plan


def quiet(_line: str) -> None:
    """What a builder prints and nobody reads."""
