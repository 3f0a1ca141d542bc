"""One language as a user compares it: built, run, every product validated, and reported, by the command itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.images.catalog import root
from tests.engine.support import HARNESS

pytestmark = [pytest.mark.engine, pytest.mark.podman]

FOLDERS = ("implementations/matmul/c", "containers/matmul/c", "containers/base")
RUNGS = ("naive", "parallel", "recursive")  # so slow that a busy machine's peak, measured low, does not refute them


def test_c_is_compared_from_its_recipe_to_a_verified_report(tmp_path: Path) -> None:
    for folder in FOLDERS:
        shutil.copytree(root() / folder, tmp_path / folder)
    results = str(tmp_path / "results")
    options = ["--langs", "c", "--rungs", ",".join(RUNGS), "--n", "64", "--budget", "0", "--baseline", "c/naive"]
    command = [str(HARNESS), "compare", *options, "--seed", "2026", "--wait", "--out", results]
    environment = {**os.environ, "HARNESS_ROOT": str(tmp_path)}
    ended = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr + ended.stdout
    report = [str(HARNESS), "report", "--verify", "--format", "json", "--out", results]
    document = json.loads(subprocess.run(report, check=True, capture_output=True).stdout)
    assert {row["rung"]: row["outcome"] for row in document["rows"]} == dict.fromkeys(RUNGS, "measured")
    assert document["verification"]["products"] >= len(RUNGS)
    assert document["verification"]["problems"] == []
