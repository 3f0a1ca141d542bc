"""The same sources and packages give the same image, byte for byte: every one is built once more, without cache."""

from __future__ import annotations

import os
import secrets
from dataclasses import replace

import pytest

from harness.docker_engine import DockerEngine
from harness.manifest import Target, load_catalog, root, targets_of
from harness.model.journal import Image
from harness.recipes import build_if_missing, plan_of
from tests.reproduction import differences

pytestmark = pytest.mark.engine

EVERY = {target.name: target for target in targets_of(load_catalog(root()).images.values())}
QUICK = ("c", "python", "web")  # the others take minutes each: `make reproducible`
TARGETS = EVERY if os.environ.get("EVERY_IMAGE") else {name: EVERY[name] for name in QUICK}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_an_image_built_again_is_the_same(
    target: Target, images: dict[str, Image], engine: DockerEngine, base: str
) -> None:
    plan = plan_of(target.source, base, target.stage)
    again = replace(plan, image=replace(plan.image, tag=f"{plan.tag}-{secrets.token_hex(4)}"))
    build_if_missing(engine, again, lambda _line: None, ships=True, anew=True)
    try:
        assert differences(engine.save(images[target.name].tag or ""), engine.save(again.tag)) == []
    finally:
        engine.remove_image(again.tag)
