"""The parser of the service in Zig under libFuzzer, which is guided by the code that an input reaches.

A minute, or as many seconds as `make fuzz` is told.
"""

from __future__ import annotations

import os
import platform
import re

import docker
import pytest

from harness.engine.docker import DockerEngine
from harness.images.catalog import Catalog
from harness.images.recipes import build_if_missing, plan_of

pytestmark = [pytest.mark.engine, pytest.mark.beside]

FUZZ_SECONDS = int(os.environ.get("FUZZ_SECONDS", "60"))


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the recipe links libFuzzer for x86-64")
def test_the_fuzzer_finds_nothing(
    engine: DockerEngine, base: str, services: Catalog, client: docker.DockerClient, labels: dict[str, str]
) -> None:
    plan = plan_of(services.images["zig"], base, "fuzz")
    build_if_missing(engine, plan, lambda _line: None)
    container = client.containers.run(
        plan.tag, [f"-max_total_time={FUZZ_SECONDS}"], detach=True, network_mode="none", mem_limit="1g", labels=labels
    )
    try:
        code = container.wait(timeout=FUZZ_SECONDS + 120)["StatusCode"]
        log = container.logs().decode(errors="replace")
        assert code == 0, log
        assert stat(log, "number_of_executed_units") > 1000 * FUZZ_SECONDS
        assert stat(log, "new_units_added") > 50  # it is guided: inputs that reach more are kept
    finally:
        container.remove(force=True)


def stat(log: str, name: str) -> int:
    found = re.search(rf"stat::{name}:\s+(\d+)", log)
    assert found, log
    return int(found[1])
