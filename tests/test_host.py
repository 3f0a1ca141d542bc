"""Which way the engine's host is read."""

from __future__ import annotations

from pathlib import Path

from harness.machine.conditions import BOOT_ID, gather
from harness.machine.host import is_here, watched
from tests.fake_engine import FakeEngine


class Spy(FakeEngine):
    """An engine on the machine with a boot id, which counts what it is asked."""

    boot_id = "b00t"
    asked = 0

    def reading(self) -> bytes | None:
        self.asked += 1
        answer = super().reading()
        return answer and answer + f"== {BOOT_ID}\n{self.boot_id}\n".encode()


def a_machine(folder: Path, boot_id: str) -> Path:
    path = folder / BOOT_ID.lstrip("/")
    path.parent.mkdir(parents=True)
    path.write_text(f"{boot_id}\n", encoding="utf-8")
    return folder


def test_an_engine_here_is_read_without_a_container(tmp_path: Path) -> None:
    engine, own = Spy([], {}, images={"base"}), a_machine(tmp_path, "b00t")
    with watched(engine, "base", own) as read:
        reading = read()
        read()
    assert engine.asked == 1  # to know that it is here
    assert is_here(reading, own)
    assert reading is not None
    assert reading.busy_ns == 0  # the files of `own`, which tell nothing more


def test_an_engine_elsewhere_is_read_through_its_probe(tmp_path: Path) -> None:
    engine, own = Spy([], {}, images={"base"}), a_machine(tmp_path, "another")
    with watched(engine, "base", own) as read:
        reading = read()
    assert engine.asked == 2
    assert not is_here(reading, own)
    assert reading is not None
    assert reading.busy_ns == engine.busy_ns


def test_a_probe_that_is_silent_gives_no_reading(tmp_path: Path) -> None:
    engine = Spy([], {}, images={"base"}, silent=True)
    with watched(engine, "base", a_machine(tmp_path, "b00t")) as read:
        assert read() is None


def test_machines_that_tell_no_boot_id_are_not_taken_for_each_other(tmp_path: Path) -> None:
    engine = FakeEngine([], {}, images={"base"})
    with watched(engine, "base", tmp_path) as read:
        reading = read()
    assert reading is not None
    assert reading.busy_ns == engine.busy_ns
    assert not is_here(reading, tmp_path)
    assert gather(tmp_path) == "\n"
