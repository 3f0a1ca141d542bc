"""The facts of a machine, out of what two machines' files said."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.engine.engine import Exit, Job
from harness.errors import EngineError
from harness.machine.machine import parse_machine, read_machine
from harness.model.journal import UNKNOWN, Machine
from tests.fake_engine import FakeEngine

RECORDED = Path(__file__).parent / "machines"


def machine(name: str) -> Machine:
    return parse_machine((RECORDED / f"{name}.txt").read_text(encoding="utf-8"), "an engine", cpus=(0, 1))


def test_an_x86_machine() -> None:
    found = machine("x86-64")
    assert found.cpu == "AMD EPYC (family 25, model 17, stepping 1)"
    assert {"avx2", "avx512f", "fma"} <= set(found.features)
    assert found.caches == {"L1 Data": "32K", "L1 Instruction": "32K", "L2": "1024K", "L3": "32768K"}
    assert found.memory_bytes == 24684096 * 1024
    assert (found.architecture, found.kernel) == ("x86_64", "6.12.48+deb13-cloud-amd64")
    assert (found.transparent_huge_pages, found.governor, found.load_1m) == ("madvise", UNKNOWN, 0.14)
    assert (found.engine, found.cores) == ("an engine", 2)


def test_an_arm64_machine() -> None:
    found = machine("arm64")
    assert found.cpu == "CPU implementer 0x41"
    assert "asimd" in found.features
    assert found.caches == {"L1 Data": "64K", "L1 Instruction": "64K", "L2": "1024K"}
    assert (found.architecture, found.transparent_huge_pages, found.governor) == ("aarch64", "always", "performance")


def test_a_machine_that_tells_nothing_is_unknown_and_not_an_error() -> None:
    found = parse_machine("== architecture\nriscv64\n", "an engine", cpus=(0,))
    assert (found.kernel, found.transparent_huge_pages, found.memory_bytes) == (UNKNOWN, UNKNOWN, 0)
    assert (found.features, found.caches) == ((), {})


def test_the_facts_are_read_in_a_container_of_the_base() -> None:
    engine = FakeEngine([], {}, images={"base:1"})
    expected = machine("x86-64").model_copy(update={"engine": engine.describe()})
    assert read_machine(engine, "base:1") == expected
    assert (engine.jobs[0].image, engine.jobs[0].entrypoint) == ("base:1", ("/bin/sh", "-c"))


def test_an_engine_that_cannot_run_the_base_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: FakeEngine, __: Job) -> Exit:
        return Exit(code=126, stdout=b"", stderr=b"exec format error", elapsed_ns=1)

    monkeypatch.setattr(FakeEngine, "run", fails)
    with pytest.raises(EngineError, match=r"cannot run a container of base:1:\nexec format error"):
        read_machine(FakeEngine([], {}), "base:1")
