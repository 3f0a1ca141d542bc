"""An experiment that harness knows nothing of, added by its folders alone: see example/."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.engine.docker import DockerEngine
from harness.images.catalog import root
from harness.model.journal import Round, Started
from harness.runs import find_run
from harness.store import JOURNAL, load_run

pytestmark = pytest.mark.engine

EXAMPLE = Path(__file__).parent / "example"
COMMAND = (
    f"import harness.experiments as it; it.__path__.append({str(EXAMPLE / 'experiments')!r}); "
    "from harness.cli import main; main()"
)
ASKED = "--experiment spawn --n 40 --rounds 3 --budget 0.5 --precision 0 --seed 3 --baseline c/fork"
PATIENCE_S = 100


@pytest.fixture(scope="module")
def place(engine: DockerEngine, base: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example's implementations and recipes, where results go too."""
    assert engine.image_digest(base)
    folder = tmp_path_factory.mktemp("example")
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
    shutil.copytree(root() / "containers" / "base", folder / "containers" / "base")
    return folder


def begun(place: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *words],
        env={**os.environ, "HARNESS_ROOT": str(place)},
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def done(place: Path, *words: str) -> str:
    process = begun(place, *words)
    out, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, out + said
    return out


def rounds_of(place: Path) -> list[Round]:
    return [entry for entry in load_run(find_run(place / "results", "latest")) if isinstance(entry, Round)]


def test_an_experiment_is_measured_resumed_after_a_kill_verified_compared_and_reported(place: Path) -> None:
    done(place, "compare", *ASKED.split())
    first = find_run(place / "results", "latest").name
    killed = begun(place, "compare", *ASKED.split())
    deadline = time.monotonic() + PATIENCE_S
    while not any('"round"' in path.read_text() for path in _others(place, first)):
        assert killed.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    begun_with = len(rounds_of(place))
    done(place, "compare", "--resume", "latest")
    assert len(rounds_of(place)) > begun_with
    entries = load_run(find_run(place / "results", "latest"))
    assert isinstance(entries[0], Started)
    assert (entries[0].experiment, entries[-1].kind) == ("spawn", "finished")

    report = json.loads(done(place, "report", "latest", "--format", "json", "--verify"))
    rows = {row["rung"]: row for row in report["rows"]}
    assert {name: (row["outcome"], row["rounds"] + row["excluded_rounds"] >= 3) for name, row in rows.items()} == {
        "fork": ("measured", True),
        "spawn": ("measured", True),
    }
    assert rows["spawn"]["ratio"]["low"] <= rows["spawn"]["ratio"]["value"] <= rows["spawn"]["ratio"]["high"]
    assert "Workload: 40 processes" in done(place, "report", "latest", "--format", "text")
    assert "c/spawn" in done(place, "diff", first, "latest")


def _others(place: Path, first: str) -> list[Path]:
    return [path for path in (place / "results").glob(f"*/{JOURNAL}") if path.parent.name != first]


def test_answers_that_are_not_so_are_failures(place: Path) -> None:
    source = place / "implementations" / "spawn" / "c" / "spawn.c"
    whole = source.read_text()
    try:
        source.write_text(whole.replace("% 64", "% 32"))
        process = begun(place, "compare", *ASKED.split())
        out, said = process.communicate(timeout=PATIENCE_S)
    finally:
        source.write_text(whole)
    assert process.returncode == 1, out + said
    assert "samples with the sum" in said
