"""Many machines, in this process: Dask's own scheduler and workers, a scripted engine on each."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import shutil
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import dask
import pytest
from distributed import Scheduler, Worker, get_worker

import harness.cli.fleet
import harness.engine.docker
from harness.engine.engine import Exit
from harness.errors import EngineError, UsageError
from harness.experiments import matmul
from harness.fleet import clusters, lead
from harness.fleet.hosts import check_encrypted, hosts_of
from harness.fleet.orders import Greeting, Piece
from harness.fleet.record import FleetFolder, run_name
from harness.images.catalog import load_catalog, root
from harness.model.fleet import Shipped
from harness.model.journal import Resumed, Round
from harness.model.many import FleetComparison
from harness.store import JOURNAL, load_journal, load_run
from tests.conftest import Command, Ended, without_pip
from tests.fake_engine import FakeEngine, on_container
from tests.fleet import Engines, cluster_of

MANIFESTS = [each.manifest for each in load_catalog(root(), matmul.NAME).implementations.values()]
ROW_S = {f"{manifest.name}/{rung.name}": 1e-3 for manifest in MANIFESTS for rung in manifest.rungs}
QUICK = {**ROW_S, "c/naive": 1e-4, "c/interchanged": 2e-5}
SHORT = "--rounds 1 --precision 100 --budget 0.05".split()  # noqa: SIM905 (it reads as it is typed)
LONG = "--rounds 3 --budget 0.2".split()  # noqa: SIM905
CHOSEN = ["--langs", "c,python", "--rungs", "naive,interchanged", "--n", "16", "--threads", "1", "--seed", "7", *SHORT]


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Engines:
    """What machines connect to, instead of the engine of this one."""
    engines = Engines(lambda _: FakeEngine(MANIFESTS, QUICK))
    without_pip(monkeypatch)
    monkeypatch.setattr(harness.engine.docker, "DockerEngine", engines)
    monkeypatch.setattr(harness.cli.fleet, "IDLE_S", 0.0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return engines


@pytest.fixture
def fleet(engines: Engines, tmp_path: Path, harness: Command) -> Iterator[Fleet]:
    assert engines
    with cluster_of("one", "two", "three") as cluster:
        yield Fleet(cluster.scheduler_address, harness, tmp_path)


class Fleet:
    """Three machines, and what is asked of them."""

    def __init__(self, address: str, harness: Command, place: Path) -> None:
        self.address, self.harness, self.place = address, harness, place

    def compare(self, *options: str) -> Ended:
        return self.harness("compare", "--fleet", self.address, *CHOSEN, *options)

    def resume(self, *options: str) -> Ended:
        return self.harness("compare", "--resume", self.folder.path.name, *options)

    def listed(self, *lines: str) -> str:
        """A fleet file that says these things of the machines of this scheduler."""
        path = self.place / "fleet.txt"
        path.write_text("\n".join([f"scheduler={self.address}", *lines]))
        return str(path)

    @property
    def folder(self) -> FleetFolder:
        (path,) = (self.place / "results").iterdir()
        return FleetFolder(path)

    def states(self) -> dict[str, str]:
        return {name: member.state for name, member in self.folder.members.items()}

    def report(self) -> FleetComparison:
        return FleetComparison.model_validate_json((self.folder.path / "report.json").read_text())


def test_each_machine_has_a_run_of_its_own_that_came_back_whole(fleet: Fleet, engines: Engines) -> None:
    ended = fleet.compare()
    assert (ended.code, fleet.states()) == (0, dict.fromkeys(["one", "two", "three"], "finished"))
    for name, folder in fleet.folder.runs().items():
        journal = load_journal(folder)
        assert (journal.chain.breaks, journal.entries[-1].kind) == ((), "finished")
        assert folder.name == f"{fleet.folder.path.name}.{name}"
    assert not list((fleet.place / "cache" / "harness" / "fleet").iterdir())  # nothing is left on the machines
    assert (fleet.folder.path / "sources" / "c" / "manifest.toml").is_file()
    # Images were built once, and shipped.
    (builder,) = [name for name, engine in engines.made.items() if engine.built]
    assert fleet.folder.shipped["x86_64"].builder == builder
    assert len({json.dumps(machine.run.digests) for machine in fleet.report().machines if machine.run}) == 1


def test_a_machine_of_another_architecture_builds_its_own(fleet: Fleet, engines: Engines) -> None:
    engines.make = lambda name: (Arm if name == "two" else FakeEngine)(MANIFESTS, QUICK)
    assert fleet.compare().code == 0
    assert {name for name, engine in engines.made.items() if engine.built} >= {"two"}
    assert set(fleet.folder.shipped) == {"x86_64", "aarch64"}


class Arm(FakeEngine):
    def architecture(self) -> str:
        return "aarch64"


def test_the_report_sets_ratios_of_their_own_machines_side_by_side(fleet: Fleet, engines: Engines) -> None:
    slow = {**QUICK, "c/interchanged": 2e-4}  # on this machine, interchanging the loops does not pay
    engines.make = lambda name: FakeEngine(MANIFESTS, slow if name == "two" else QUICK)
    said = fleet.compare(*LONG).out
    found = {machine.name: machine.run for machine in fleet.report().machines}
    ratios = {name: {row.name: row.ratio.value for row in run.rows if row.ratio} for name, run in found.items() if run}
    assert ratios["one"]["c/interchanged"] == pytest.approx(50, rel=0.01)
    assert ratios["two"]["c/interchanged"] == pytest.approx(5, rel=0.01)
    assert "c/interchanged is faster than c/naive on 2 of 3 machines; slower on two" in said
    assert "c/naive is faster" not in said  # it is made from nothing, and the reference itself
    everywhere = {(each.case, each.than): each.verdict for each in fleet.report().everywhere}
    assert everywhere["python/naive", "c on the same rung"] == "slower"
    assert everywhere["python/interchanged", "python/naive"] == "not significant"
    check_the_page(fleet)


def check_the_page(fleet: Fleet) -> None:
    """It needs nothing, and names every machine."""
    page = (fleet.folder.path / "report.html").read_text()
    assert all(f'<th scope="row">{name}</th>' in page for name in ("one", "two", "three"))
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
    assert "src=" not in page
    assert fleet.harness("report", fleet.folder.path.name, "--format", "json").out.startswith("{")
    run = fleet.folder.runs()["one"]
    assert "python/naive" in fleet.harness("report", str(run), "--format", "text").out


def stopped_at(rounds: int) -> dict[str, object]:
    count = 0

    def fault(ended: Exit) -> Exit:
        nonlocal count
        count += 1
        if count > rounds:
            raise EngineError("the engine went away")
        return ended

    return {"c/naive": fault}


def test_a_machine_that_fails_keeps_what_it_measured_and_goes_on_when_resumed(fleet: Fleet, engines: Engines) -> None:
    broken = FakeEngine(MANIFESTS, QUICK, faults=stopped_at(3))  # type: ignore[arg-type]
    engines.make = lambda name: broken if name == "two" else FakeEngine(MANIFESTS, QUICK)
    ended = fleet.compare(*LONG)
    assert (ended.code, fleet.states()["two"]) == (1, "failed")
    assert "--resume" in ended.err
    assert "two: failed: the engine went away" in ended.out
    before = {name: (folder / JOURNAL).read_bytes() for name, folder in fleet.folder.runs().items()}
    assert sum(isinstance(entry, Round) for entry in load_run(fleet.folder.runs()["two"])) > 3
    broken.faults = {}
    assert fleet.resume().code == 0
    after = {name: (folder / JOURNAL).read_bytes() for name, folder in fleet.folder.runs().items()}
    assert after["one"] == before["one"]
    assert after["two"].startswith(before["two"])
    assert any(isinstance(entry, Resumed) for entry in load_run(fleet.folder.runs()["two"]))
    assert set(fleet.states().values()) == {"finished"}


def test_a_machine_that_lost_its_disk_goes_on_from_what_came_back(fleet: Fleet, engines: Engines) -> None:
    broken = FakeEngine(MANIFESTS, QUICK, faults=stopped_at(3))  # type: ignore[arg-type]
    engines.make = lambda name: broken if name == "two" else FakeEngine(MANIFESTS, QUICK)
    fleet.compare(*LONG)
    shutil.rmtree(fleet.place / "cache")
    broken.faults = {}
    before = fleet.folder.journal_of("two")
    assert fleet.resume().code == 0
    assert fleet.folder.journal_of("two").startswith(before)


def test_a_machine_that_joins_later_is_given_the_images_of_one_that_has_finished(
    fleet: Fleet, engines: Engines
) -> None:
    first = fleet.listed("one", "two")
    assert fleet.harness("compare", "--fleet", first, *CHOSEN).code == 0
    before = fleet.folder.journal_of("one")
    built = {name: list(engine.built) for name, engine in engines.made.items()}
    assert fleet.resume("--fleet", fleet.listed("one", "two", "three")).code == 0
    assert set(fleet.states().values()) == {"finished"}
    assert fleet.folder.journal_of("one") == before
    assert {name: engine.built for name, engine in engines.made.items()} == {**built, "three": []}
    assert len({json.dumps(machine.run.digests) for machine in fleet.report().machines if machine.run}) == 1


def test_images_that_nobody_has_any_more_are_built_anew(fleet: Fleet, engines: Engines) -> None:
    fleet.harness("compare", "--fleet", fleet.listed("one"), *CHOSEN)
    engines.made["one"].images.clear()
    assert fleet.resume("--fleet", fleet.listed("two", "three")).code == 0
    assert set(fleet.states().values()) == {"finished"}
    assert sum(bool(engines.made[name].built) for name in ("two", "three")) == 1


def end(server: Scheduler | Worker) -> None:
    """Have a part of the cluster go away."""
    asyncio.run_coroutine_threadsafe(server.close(), server.loop.asyncio_loop)  # type: ignore[attr-defined]
    time.sleep(1)


def test_nobody_waits_for_the_images_of_a_machine_that_had_finished_and_is_gone(
    fleet: Fleet, engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fleet.harness("compare", "--fleet", fleet.listed("one"), *CHOSEN).code == 0

    def leave(_tag: str) -> Iterable[bytes]:
        end(get_worker())
        return []

    monkeypatch.setattr(engines.made["one"], "save", leave)
    assert fleet.resume("--fleet", fleet.listed("one", "two")).code == 0
    assert fleet.states() == {"one": "finished", "two": "finished", "three": "left out"}
    assert engines.made["two"].built


# An interrupt may strike where a piece of a journal is being opened: the file is then closed as it is collected.
@pytest.mark.filterwarnings(
    "ignore:.*<_io.FileIO name='results/.*/journal.jsonl:pytest.PytestUnraisableExceptionWarning"
)
def test_an_interrupted_fleet_stops_its_machines_and_is_resumed(fleet: Fleet, engines: Engines) -> None:
    def interrupt(ended: Exit) -> Exit:
        os.kill(os.getpid(), signal.SIGINT)
        return ended

    interrupting = FakeEngine(MANIFESTS, QUICK, faults={"c/naive": on_container(3, interrupt)})

    def wait(ended: Exit) -> Exit:  # so that nobody has finished by then
        time.sleep(0.3)
        return ended

    engines.make = lambda name: (
        interrupting if name == "two" else FakeEngine(MANIFESTS, QUICK, faults={"python/interchanged": wait})
    )
    ended = fleet.compare(*LONG)
    assert ended.code == 130
    assert "harness compare --resume" in ended.err
    assert set(fleet.states().values()) == {"failed"}
    assert all("interrupted" in member.reason for member in fleet.folder.members.values())
    assert all(engine.swept for engine in engines.made.values())
    for engine in engines.made.values():
        engine.faults, engine.swept = {}, False
    assert fleet.resume().code == 0
    assert set(fleet.states().values()) == {"finished"}


def test_a_scheduler_that_ends_leaves_no_command_waiting(
    engines: Engines, harness: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lead, "PATIENCE_S", 0.0)
    quickly = dask.config.set({"distributed.comm.timeouts.connect": "1s"})  # it looks for the scheduler as long
    with quickly, cluster_of("one", "two") as cluster:
        scheduler = cluster.scheduler
        assert scheduler

        def leave(ended: Exit) -> Exit:
            end(scheduler)
            return ended

        engines.make = lambda _: FakeEngine(MANIFESTS, QUICK, faults={"c/naive": on_container(3, leave)})
        fleet = Fleet(cluster.scheduler_address, harness, tmp_path)
        ended = fleet.compare(*LONG)
    assert ended.code == 1
    assert set(fleet.states().values()) == {"lost"}
    assert "--resume" in ended.err
    assert any(fleet.folder.journal_of(name) for name in ("one", "two"))  # of the one that was far enough


def test_machines_that_are_not_as_the_fleet_file_says_are_left_out(fleet: Fleet) -> None:
    listed = fleet.listed("one cores=2 cpu='AMD EPYC' architecture=x86_64", "two cores=96", "three cpu='AMD EPYC 9654'")
    assert fleet.harness("compare", "--fleet", listed, *CHOSEN).code == 0
    assert fleet.states() == {"one": "finished", "two": "left out", "three": "left out"}
    assert fleet.folder.members["two"].reason == "differs from the fleet file: cores is 2, not 96"
    assert fleet.folder.members["three"].reason.startswith("differs from the fleet file: cpu is AMD EPYC (family")


def test_told_otherwise_it_is_measured(fleet: Fleet) -> None:
    assert fleet.harness("compare", "--fleet", fleet.listed("two cores=96"), *CHOSEN, "--unfit").code == 0
    assert fleet.states() == {"one": "left out", "two": "finished", "three": "left out"}


class Starved(FakeEngine):
    def reading(self) -> bytes | None:
        found = super().reading()
        return found and found.replace(b"MemAvailable: 23054540", b"MemAvailable: 230545")


class Odd(FakeEngine):
    def image_digest(self, tag: str) -> str | None:
        return "sha256:odd" if tag in self.images else None


def test_machines_that_cannot_take_part_are_named_with_the_reason(
    engines: Engines, harness: Command, tmp_path: Path
) -> None:
    engines.made = {
        "busy": FakeEngine(MANIFESTS, QUICK, busy=["run r7 is using this container engine"] * 9),
        "odd": Odd(MANIFESTS, QUICK),
        "starved": Starved(MANIFESTS, QUICK),
    }
    engines.missing = {"bare"}
    with cluster_of("able", "bare", "busy", "odd", "starved") as cluster:
        fleet = Fleet(cluster.scheduler_address, harness, tmp_path)
        ended = fleet.compare()
    assert ended.code == 0
    left = {name: member.reason for name, member in fleet.folder.members.items() if member.state == "left out"}
    assert left.keys() == {"bare", "busy", "odd", "starved"}
    for name, reason in (
        ("bare", "no container engine answers"),
        ("busy", "busy: run r7 is using this container engine"),
        ("odd", "its engine made other images of the same bytes: harness-base"),
        ("starved", "doctor: 0.2 GiB of memory available"),
    ):
        assert left[name].startswith(reason)
        assert f"{name}: left out: {reason[:20]}" in ended.out


def test_a_machine_whose_harness_is_another_is_left_out(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    import harness.fleet.machine as there

    monkeypatch.setattr(there, "_greeting", lambda _: Greeting("0.1.0", "abc", "x86_64"))
    assert fleet.compare().code == 1
    assert {member.reason.partition(",")[0] for member in fleet.folder.members.values()} == {
        "its harness is another: 0.1.0 (abc)"
    }


# --- what --fleet names, and what is refused ------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["tls://10.0.0.1:8786", "tcp://127.0.0.1:8786", "tcp://localhost:1", "tcp://[::1]:1"]
)
def test_an_encrypted_or_a_local_scheduler_is_used(address: str) -> None:
    check_encrypted(address, insecure=False)


@pytest.mark.parametrize("address", ["tcp://10.0.0.1:8786", "tcp://example:8786", "ws://10.0.0.1:1", "tcp://0.0.0.0:1"])
def test_a_scheduler_that_anybody_reaches_is_refused_unless_told_otherwise(address: str) -> None:
    with pytest.raises(UsageError, match="does not use TLS"):
        check_encrypted(address, insecure=False)
    check_encrypted(address, insecure=True)


def test_nothing_is_kept_of_a_fleet_that_is_refused(harness: Command, tmp_path: Path) -> None:
    ended = harness("compare", "--fleet", "tcp://192.0.2.1:8786", "--out", str(tmp_path / "results"))
    assert (ended.code, (tmp_path / "results").exists()) == (2, False)
    assert "--insecure" in ended.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("one cores=2\none", "line 2: one is listed twice"),
        ("one core=2", "line 1: unknown core"),
        ("one cpu='AMD", "line 1: No closing quotation"),
        ("# nothing", "lists no host"),
    ],
)
def test_a_fleet_file_that_is_wrong_is_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text(text)
    with pytest.raises(UsageError, match=said):
        hosts_of(str(tmp_path / "hosts"))


def test_slurm_says_how_many_machines() -> None:
    assert hosts_of("slurm:machines=4,queue=long").slurm == {"machines": "4", "queue": "long"}
    for text in ("slurm:queue=long", "slurm:machines=x", "slurm:machines"):
        with pytest.raises(UsageError):
            hosts_of(text)


def test_what_is_neither_is_refused() -> None:
    with pytest.raises(UsageError, match="not a readable file of hosts"):
        hosts_of("10.0.0.1:8786")


@pytest.mark.parametrize("option", ["--insecure", "--unfit"])
def test_options_of_a_fleet_are_refused_without_one(option: str, harness: Command) -> None:
    ended = harness("compare", option, "--plan")
    assert (ended.code, "only with --fleet" in ended.err) == (2, True)


@pytest.mark.parametrize("options", [["--verify"], ["--format", "svg", "--chart", "sizes"]])
def test_what_is_of_one_run_is_not_said_of_a_fleet(options: list[str], harness: Command, tmp_path: Path) -> None:
    (tmp_path / "fleet").mkdir()
    (tmp_path / "fleet" / "fleet.jsonl").write_text("")
    ended = harness("report", str(tmp_path / "fleet"), *options)
    assert ended.code == 2
    assert "--verify and --chart are of one run: name a machine's" in ended.err


def test_a_scheduler_that_does_not_answer_is_named(
    harness: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "CONNECT_S", 0.5)
    for address in ("tcp://127.0.0.1:9", "tls://127.0.0.1:9"):
        ended = harness("compare", "--fleet", address, "--out", str(tmp_path / "results"))
        assert ended.code == 2
        assert f"the fleet's scheduler at {address} does not answer" in ended.err


def test_without_the_extra_it_says_what_to_install(harness: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "distributed" else found(name))
    ended = harness("compare", "--fleet", "tcp://127.0.0.1:9")
    assert (ended.code, "fleets and galleries need distributed: pip install 'harness[fleet]'" in ended.err) == (2, True)


# --- journals that come back ----------------------------------------------------------------------------------


def test_pieces_are_put_where_they_belong(tmp_path: Path) -> None:
    folder = FleetFolder(tmp_path / "f1")
    assert folder.take(Piece("m", 0, b"first\n")) == 6
    assert folder.take(Piece("m", 0, b"first\nsecond\n")) == 13  # what is known already is not doubled
    assert folder.take(Piece("m", 20, b"fourth\n")) == 13  # no gap
    assert folder.take(Piece("m", 13, b"third\n")) == 19
    assert folder.journal_of("m") == b"first\nsecond\nthird\n"


def test_machines_of_like_names_have_folders_of_their_own() -> None:
    names = ["a", "a/b", "a-b", "a b", "../a", "tls://10.0.0.1:9"]
    folders = {run_name("f", name) for name in names}
    assert len(folders) == len(names)
    assert not any("/" in folder for folder in folders)


def test_half_a_line_of_a_record_is_left_out(tmp_path: Path) -> None:
    folder = FleetFolder(tmp_path)
    folder.record(Shipped(architecture="x86_64", builder="one", base="b:1", digests={"t": "d"}))
    with (tmp_path / "fleet.jsonl").open("a") as file:
        file.write('{"kind":"member"')
    assert set(FleetFolder(tmp_path).shipped) == {"x86_64"}
