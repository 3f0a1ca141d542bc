"""One language as a user compares it: built, run, every product validated, and reported, by the command itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.manifest import load_catalog, root
from tests.engine.support import HARNESS

pytestmark = [pytest.mark.engine, pytest.mark.podman]

C = Path("implementations/c"), Path("containers/c"), Path("containers/base")


def test_c_is_compared_from_its_recipe_to_a_verified_report(tmp_path: Path) -> None:
    for folder in C:
        shutil.copytree(root() / folder, tmp_path / folder)
    results = tmp_path / "results"
    options = ["--langs", "c", "--n", "64", "--budget", "0", "--baseline", "c/naive", "--seed", "2026", "--wait"]
    command = [HARNESS, "compare", *options, "--out", results]
    environment = {**os.environ, "HARNESS_ROOT": str(tmp_path)}
    ended = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    report = [HARNESS, "report", "--verify", "--format", "json", "--out", results]
    document = json.loads(subprocess.run(report, check=True, capture_output=True).stdout)
    rungs = load_catalog(tmp_path).implementations["c"].manifest.rungs
    assert {row["rung"]: row["outcome"] for row in document["rows"]} == {rung.name: "measured" for rung in rungs}
    assert len({row["sha256"] for row in document["rows"]}) == 1
