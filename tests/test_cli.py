"""The command line: what it prints, and what it ends with."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

import harness.cli.upkeep
import harness.engine.docker
from harness import __version__
from harness.engine.engine import Exit
from harness.engine.interrupts import SIGNALS
from harness.errors import EngineError
from harness.experiments import matmul
from harness.images.catalog import load_catalog, root, targets_of
from harness.model.journal import Entry
from harness.report import formats
from harness.store import JOURNAL, RunFolder, load_run
from tests.conftest import Command, without_pip
from tests.factories import a_case, a_failed_round, a_journal, a_manifest, rounds_of
from tests.fake_engine import FakeEngine, Fault, on_container

CATALOG = load_catalog(root(), matmul.NAME)
MANIFESTS = [source.manifest for source in CATALOG.implementations.values()]
PLAN = ("compare", "--plan")
SERVICES = ("web", "compare", "--plan")


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Generator[None]:
    """An empty folder to work in, no engine that answers, and signals that are afterwards as they were."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    handlers = [signal.getsignal(number) for number in SIGNALS]
    yield
    assert [signal.getsignal(number) for number in SIGNALS] == handlers
    assert signal.getitimer(signal.ITIMER_REAL)[1] == 0  # ours repeats; pytest's own, for tests that hang, does not


# --- what the user can get wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--langs", "pyhton"], "unknown implementation 'pyhton': did you mean python?"),
        (["--langs", "c,jva"], "unknown implementation 'jva': did you mean java?"),
        (["--langs", ","], "no implementation chosen: name some of c, go, java"),
        (["--rungs", "naiv"], "unknown rung 'naiv': did you mean naive?"),
        (["--rungs", "all,naive"], "unknown rung 'all'"),
        (["--baseline", "pyton/naive"], "unknown implementation in --baseline 'pyton': did you mean python?"),
        (["--baseline", "python/naiv"], "'naiv': did you mean naive?"),
        (["--baseline", "python"], "format: implementation/rung"),
        (["--threads", "two"], "--threads 'two' is neither comma-separated numbers nor all"),
        (["--threads", "0"], "--threads 0 is out of range: 1 to "),
        (["--threads", "100000"], "(the number of CPUs that this process can use)"),
    ],
)
def test_an_option_that_cannot_be_right_is_explained(arguments: list[str], said: str, harness: Command) -> None:
    ended = harness(*PLAN, *arguments)
    assert said in ended.err
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("harness: ")


@pytest.mark.parametrize("arguments", [[*PLAN, "--n", "many"], [*PLAN, "--what"], ["compar"]])
def test_what_is_no_command_or_option_ends_with_2(arguments: list[str], harness: Command) -> None:
    assert harness(*arguments).code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([*PLAN, "--n", "0"], "'--n'"),
        ([*PLAN, "--n", "32769"], "'--n'"),
        ([*PLAN, "--rounds", "0"], "'--rounds'"),
        ([*PLAN, "--precision", "101"], "'--precision'"),
        ([*PLAN, "--budget", "-1"], "'--budget'"),
        ([*PLAN, "--budget", "nan"], "'--budget'"),
        ([*PLAN, "--budget", "1e9"], "'--budget'"),
        ([*PLAN, "--seed", "-1"], "'--seed'"),
        ([*PLAN, "--seed", str(2**63)], "'--seed'"),
        ([*SERVICES, "--threads", "0"], "'--threads'"),
        ([*SERVICES, "--connections", "0"], "'--connections'"),
        ([*SERVICES, "--connections", "1001"], "'--connections'"),
        ([*SERVICES, "--seconds", "0"], "'--seconds'"),
        ([*SERVICES, "--warm-up", "601"], "'--warm-up'"),
        ([*SERVICES, "--rate", "0.5"], "'--rate'"),
        (["report", "--format", "xml"], "'--format'"),
        (["report", "--chart", "pie"], "'--chart'"),
        (["doctor", "--format", "xml"], "'--format'"),
    ],
)
def test_a_number_out_of_its_range_and_an_unknown_choice_are_refused_by_name(
    arguments: list[str], said: str, harness: Command
) -> None:
    ended = harness(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert f"Invalid value for {said}: " in ended.err


@pytest.mark.parametrize("command", ["compare", "images"])
def test_without_an_engine_it_says_what_to_do(command: str, tmp_path: Path) -> None:
    # In a process of its own: the Docker SDK leaves the socket open that it could not connect.
    line = [sys.executable, "-c", "from harness.cli import main; main()", command]
    ended = subprocess.run(line, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"harness: no container engine answers at unix://{tmp_path}/no.sock")
    assert "start it, or unset DOCKER_HOST" in ended.stderr
    assert "`harness setup`" not in ended.stderr  # which would not help
    assert list(tmp_path.iterdir()) == []


def test_a_manifest_with_a_typo_is_explained(harness: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = tmp_path / "implementations" / "matmul" / "alpha" / "manifest.toml"
    manifest.parent.mkdir(parents=True)
    manifest.write_text('lable = "Alpha"\n', encoding="utf-8")
    monkeypatch.setenv("HARNESS_ROOT", str(tmp_path))
    ended = harness(*PLAN)
    assert ended.code == 2
    assert "implementations/matmul/alpha/manifest.toml" in ended.err
    assert "unknown key 'lable', did you mean 'label'?" in ended.err


# --- what needs no engine ------------------------------------------------------------------------------------


def test_help_lists_the_commands(harness: Command) -> None:
    ended = harness("--help")
    assert ended.code == 0
    for command in ("compare", "report", "images", "build", "clean", "setup"):
        assert f"\n  {command} " in ended.out


def test_the_version_is_told(harness: Command) -> None:
    ended = harness("--version")
    assert (ended.code, ended.out) == (0, f"harness {__version__}\n")


def test_help_has_a_short_form(harness: Command) -> None:
    assert harness("report", "-h").out == harness("report", "--help").out


def test_the_package_is_a_command() -> None:
    command = [sys.executable, "-m", "harness", "--version"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == f"harness {__version__}\n"


def test_help_loads_nothing_heavy() -> None:
    code = "import sys, harness.cli; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "typer" in loaded
    assert {"numpy", "pandas", "scipy", "pydantic", "docker", "requests"}.isdisjoint(loaded)


def test_a_plan_lists_the_cases_in_order_and_runs_nothing(harness: Command, tmp_path: Path) -> None:
    ended = harness(*PLAN, "--langs", "python, c", "--rungs", "parallel,naive", "--threads", "1", "--budget", "30")
    cases = [line.split() for line in ended.out.splitlines()[2:7]]
    assert cases == [
        ["c/naive", "1", "4096", "30", "s", "time", "limit"],
        ["python/naive", "1", "4096", "240", "s", "time", "limit"],
        ["c/parallel", "1", "4096", "30", "s", "time", "limit"],
        ["python/parallel", "1", "4096", "30", "s", "time", "limit"],
        ["c/naive", "(A/A", "control)", "1", "4096", "30", "s", "time", "limit"],
    ]
    assert "5 cases, about 6.0 minutes" in ended.out
    assert (ended.code, list(tmp_path.iterdir())) == (0, [])


def test_published_rungs_are_those_of_the_table(harness: Command) -> None:
    out = harness(*PLAN, "--langs", "c", "--rungs", "published").out
    assert [line.split()[0] for line in out.splitlines()[2:7]] == [
        "c/naive", "c/parallel", "c/recursive", "c/vectorized", "c/intrinsics",
    ]  # fmt: skip


def test_all_is_every_implementation_on_every_rung(harness: Command) -> None:
    out = harness(*PLAN).out
    for manifest in MANIFESTS:
        for rung in manifest.rungs:
            assert f"\n{manifest.name}/{rung.name} " in out


# --- report --------------------------------------------------------------------------------------------------


def write_run(results: Path, entries: list[Entry]) -> Path:
    folder = RunFolder(results, "r1")
    for entry in entries:
        folder.append(entry)
    return folder.path


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run in which one of two languages failed."""
    rounds: list[Entry] = [*rounds_of("alpha/naive", [1.0], [1.1], [0.9]), a_failed_round(a_case("beta/naive"), "hung")]
    return write_run(tmp_path / "results", a_journal([a_manifest("alpha"), a_manifest("beta")], rounds))


@pytest.mark.parametrize("name", [name for name in formats() if name != "png"])
@pytest.mark.parametrize("chosen", [[], ["latest"], ["r1"], ["results/r1"], ["r1", "--out", "results"]])
@pytest.mark.usefixtures("run")
def test_a_run_is_reported_in_every_format(name: str, chosen: list[str], harness: Command) -> None:
    ended = harness("report", *chosen, "--format", name)
    assert (ended.code, ended.err) == (0, "")
    assert "alpha" in ended.out
    assert ended.out.endswith("\n")
    assert not ended.out.endswith("\n\n")


@pytest.mark.usefixtures("run")
def test_a_reported_failure_has_its_reason_and_no_speed_up(harness: Command) -> None:
    rows = json.loads(harness("report", "--format", "json").out)["rows"]
    failed = next(row for row in rows if row["implementation"] == "beta")
    assert (failed["outcome"], failed["reason"], failed["ratio"]) == ("failed", "hung", None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["r2"], "no run 'r2' in results/ (available: r1)"),
        (["--out", "elsewhere"], "no run in elsewhere/ yet: `harness compare --out elsewhere` makes one"),
        (["--format", "svg", "--chart", "scaling"], "run r1 measured nothing that the chart scaling shows"),
        (["--chart", "climb"], "--chart chooses what png or svg show: add --format png"),
        (["r1", "latest"], "several runs are set side by side on a page: add --format html"),
    ],
)
@pytest.mark.usefixtures("run")
def test_a_report_that_cannot_be_is_explained(arguments: list[str], said: str, harness: Command) -> None:
    ended = harness("report", *arguments)
    assert said in ended.err
    assert (ended.code, ended.out) == (2, "")


def test_a_damaged_run_is_explained(run: Path, harness: Command) -> None:
    journal = run / JOURNAL
    journal.write_bytes(journal.read_bytes().replace(b'{"kind":"round"', b'{"kind":"rou"', 1))
    ended = harness("report")
    assert ended.code == 2
    assert f"{JOURNAL}, line 6, is damaged" in ended.err


# --- with an engine ------------------------------------------------------------------------------------------


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """A scripted engine in the place of the real one, for the committed implementations."""
    row_s = {f"{manifest.name}/{rung.name}": 1e-3 for manifest in MANIFESTS for rung in manifest.rungs}
    without_pip(monkeypatch)
    scripted = FakeEngine(MANIFESTS, row_s | {"python/naive": 0.1})
    monkeypatch.setattr(harness.engine.docker, "DockerEngine", lambda _: scripted)
    return scripted


COMPARE = ("compare", "--n", "8", "--budget", "0.1")


@pytest.mark.usefixtures("engine")
def test_compare_measures_everything_and_writes_every_report(harness: Command, tmp_path: Path) -> None:
    ended = harness(*COMPARE)
    assert ended.code == 0
    (folder,) = (tmp_path / "results").iterdir()
    assert {path.name for path in folder.iterdir()} == {
        JOURNAL, "logs", "sources", "report.summary.txt", "report.txt", "report.md", "report.json", "report.csv",
        "report.html", "report.svg", "report.png", "rounds.csv",
    }  # fmt: skip
    rows = json.loads((folder / "report.json").read_text(encoding="utf-8"))["rows"]
    assert {row["outcome"] for row in rows} == {"measured", "not implemented"}
    assert next(row["ratio"]["value"] for row in rows if row["implementation"] == "zig") == pytest.approx(100)
    assert (folder / "report.summary.txt").read_text(encoding="utf-8") in ended.out
    assert f"Saved in results/{folder.name}" in ended.out
    assert "python/naive (1 thread): 0.8 s for all 8 rows" in ended.err


def stopped(number: int) -> Fault:
    """The process gets a signal while a container runs."""

    def fault(_: Exit) -> Exit:
        signal.raise_signal(number)
        raise AssertionError("the signal was not heard")

    return fault


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_an_interrupted_compare_says_how_to_read_what_was_kept(
    number: int, code: int, engine: FakeEngine, harness: Command, tmp_path: Path
) -> None:
    engine.faults = {"python/parallel": stopped(number)}
    alarm = signal.getsignal(signal.SIGALRM)
    ended = harness(*COMPARE, "--out", "kept")
    assert signal.getsignal(signal.SIGALRM) is alarm
    (folder,) = (tmp_path / "kept").iterdir()
    assert ended.code == code
    place = f"{folder.name} --out kept"
    assert f"harness: interrupted\nWhat was measured is kept: `harness report {place}` shows it" in ended.err
    assert f"`harness compare --resume {place}` resumes it." in ended.err
    assert engine.swept
    assert engine.volumes == {}
    assert harness("report", folder.name, "--out", "kept").code == 0


def test_a_timer_of_somebody_else_s_goes_on_where_no_signal_comes(engine: FakeEngine, harness: Command) -> None:
    before = signal.setitimer(signal.ITIMER_REAL, 500)
    try:
        assert harness(*COMPARE).code == 0
        assert engine.swept is False
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    finally:
        signal.setitimer(signal.ITIMER_REAL, *before)


def test_an_interrupted_compare_goes_on_where_it_stopped(engine: FakeEngine, harness: Command, tmp_path: Path) -> None:
    engine.faults = {"python/parallel": on_container(2, stopped(signal.SIGTERM))}
    assert harness(*COMPARE, "--out", "kept").code == 143
    (folder,) = (tmp_path / "kept").iterdir()
    kept = (folder / JOURNAL).read_bytes()
    asked = len(engine.jobs)
    assert harness("compare", "--resume", "latest", "--out", "kept").code == 0
    assert (folder / JOURNAL).read_bytes().startswith(kept)
    assert load_run(folder)[-1].kind == "finished"
    assert not any(job.arguments[0] in {"info", "peak"} for job in engine.jobs[asked:])
    assert list((tmp_path / "kept").iterdir()) == [folder]


def test_a_finished_run_is_reported_when_resumed(engine: FakeEngine, harness: Command, tmp_path: Path) -> None:
    engine.faults = {"go/naive": lambda ended: replace(ended, code=1)}
    whole = harness(*COMPARE)
    (folder,) = (tmp_path / "results").iterdir()
    journal, asked = (folder / JOURNAL).read_bytes(), len(engine.jobs)
    again = harness("compare", "--resume", folder.name)
    assert f"note: {folder.name} has finished: nothing is left to measure" in again.err
    assert (again.code, again.out) == (1, whole.out)
    assert (len(engine.jobs), (folder / JOURNAL).read_bytes()) == (asked, journal)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["latest"], "no run in results/ yet: `harness compare` makes one"),
        (["latest", "--n", "8", "--langs", "c"], "uses the run's original options: leave out --n, --langs"),
        (["latest", "--plan"], "leave out --plan"),
    ],
)
def test_a_resume_that_cannot_be_is_explained(arguments: list[str], said: str, harness: Command) -> None:
    ended = harness("compare", "--resume", *arguments)
    assert said in ended.err
    assert (ended.code, ended.out) == (2, "")


def test_a_case_that_fails_ends_compare_with_1_and_a_report(
    engine: FakeEngine, harness: Command, tmp_path: Path
) -> None:
    engine.faults = {"go/naive": lambda ended: replace(ended, code=1)}
    ended = harness(*COMPARE)
    assert ended.code == 1
    assert "- go/naive failed: ended with exit code 1" in ended.out
    assert len(list(tmp_path.glob("results/*/report.json"))) == 1


def test_an_engine_that_goes_away_ends_compare_with_2_and_a_report_of_what_was_measured(
    engine: FakeEngine, harness: Command, tmp_path: Path
) -> None:
    def gone(_: Exit) -> Exit:
        raise EngineError("the container engine stopped answering")

    engine.faults = {"go/naive": on_container(3, gone)}
    ended = harness(*COMPARE)
    assert (ended.code, engine.swept) == (2, True)
    assert "harness: the container engine stopped answering" in ended.err
    (report,) = tmp_path.glob("results/*/report.json")
    rows = json.loads(report.read_text(encoding="utf-8"))["rows"]
    assert any(row["outcome"] == "measured" for row in rows)


def test_a_baseline_that_is_not_among_the_cases_is_noted(engine: FakeEngine, harness: Command) -> None:
    ended = harness(*COMPARE, "--langs", "go")
    assert "note: python/naive is not among the cases, so there will be no speedups over it" in ended.err
    assert ended.code == 0
    assert any(job.arguments[0] == "peak" for job in engine.jobs)  # by an implementation that was not chosen


def test_build_ends_with_1_where_an_image_does_not_build(engine: FakeEngine, harness: Command) -> None:
    assert harness("build", "--langs", "c,go").code == 0
    assert len(engine.built) == 9  # the base, and of each two and their packages
    engine.unbuildable = frozenset({"zig"})
    ended = harness("build", "--langs", "zig,rust")
    assert ended.code == 1
    assert "zig: failed at build: error: expected ';'" in ended.err


@pytest.mark.usefixtures("engine")
def test_images_are_listed_and_their_budgets_can_be_a_gate(harness: Command) -> None:
    ended = harness("images", "--format", "json", "--check")
    images = json.loads(ended.out)
    assert ended.code == 0
    assert [image["name"] for image in images] == [target.name for target in targets_of(CATALOG.images.values())]
    assert all(image["unpacked_bytes"] == 900 for image in images)


def test_a_broken_budget_ends_with_3_after_the_table(engine: FakeEngine, harness: Command) -> None:
    engine.unbuildable = frozenset({"zig"})
    ended = harness("images", "--langs", "zig,c", "--check")
    assert ended.code == 3
    assert "zig: not weighed" in ended.err
    assert "not built" in ended.out
    assert harness("images", "--langs", "zig,c").code == 0


@pytest.mark.usefixtures("engine")
def test_an_images_bytes_are_explained(harness: Command) -> None:
    ended = harness("images", "--why", "zig")
    assert ended.code == 0
    assert ended.out.split()[:3] == ["zig:", "files,", "bytes"]
    assert ended.out.split()[-4:] == ["/lib/runtime", "600", "/matmul", "300"]
    ended = harness("images", "--why", "zgi")
    assert (ended.code, "did you mean zig?" in ended.err) == (2, True)


def test_images_that_do_not_build_are_not_explained(engine: FakeEngine, harness: Command) -> None:
    engine.unbuildable = frozenset({"zig"})
    ended = harness("images", "--why", "zig")
    assert (ended.code, ended.out) == (2, "")
    assert "zig did not build: error: expected ';'" in ended.err


def test_two_images_are_compared_by_name_by_clone_and_by_tag(engine: FakeEngine, harness: Command) -> None:
    engine.images.add("mine:1")
    for other in ("zig", f"{root()}:zig", "mine:1"):
        ended = harness("images", "--diff", "c", other)
        assert ended.code == 0
        assert f"From c to {other}" in ended.out
        assert "All parts are of the same sizes." in ended.out
    ended = harness("images", "--diff", "c", "mine:2")
    assert (ended.code, "has no image mine:2" in ended.err) == (2, True)


def test_clean_tells_what_it_removed_and_what_it_left(engine: FakeEngine, harness: Command) -> None:
    assert harness("clean").out == (
        "removed 2 containers, 1 volumes and 0 images\n"
        "kept: r9 (process 9 on here): still running\n"
        "kept: r8 (process 8 on there): unknown: it runs on another machine, or ran on this one before a "
        "restart; if it has ended, `harness clean --run r8` removes it\n"
    )
    assert "r8" not in harness("clean", "--run", "r8").out
    assert engine.cleaned == [None, "r8"]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A doctor that does not look for long."""
    monkeypatch.setattr(harness.cli.upkeep, "LOOK_S", 0)


@pytest.mark.usefixtures("engine", "at_once")
def test_the_doctor_says_what_it_found_and_ends_with_0_where_nothing_has_problems(harness: Command) -> None:
    ended = harness("doctor")
    assert "OK" in ended.out
    assert ended.code == 0
    assert {"severity", "what", "fix"} == set(json.loads(harness("doctor", "--format", "json").out)[0])


@pytest.mark.usefixtures("at_once")
def test_the_doctor_ends_with_3_where_something_has_problems(
    engine: FakeEngine, harness: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    calm = engine.reading() or b""
    monkeypatch.setattr(engine, "reading", lambda: calm.replace(b"\ntsc\n", b"\nhpet\n"))
    ended = harness("doctor")
    assert ended.code == 3
    assert ended.out.startswith("Problems")
    assert "clock source hpet" in ended.out


@pytest.mark.usefixtures("at_once")
def test_the_doctor_says_where_the_engine_s_machine_cannot_be_read(engine: FakeEngine, harness: Command) -> None:
    engine.silent = True
    ended = harness("doctor")
    assert (ended.code, ended.out) == (2, "")
    assert "cannot read the state of" in ended.err


@pytest.mark.usefixtures("engine")
def test_tune_is_refused_for_an_engine_on_another_machine(harness: Command) -> None:
    ended = harness(*COMPARE, "--tune", "--langs", "c", "--rungs", "naive", "--baseline", "c/naive")
    assert ended.code == 2
    assert "the engine is on another: run harness there" in ended.err


@pytest.mark.parametrize("command", [("clean",), ("doctor",), COMPARE])
@pytest.mark.usefixtures("engine", "at_once")
def test_what_a_killed_run_left_tuned_is_restored_first(
    command: tuple[str, ...], harness: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.machine.tune.restore", lambda: ["restored /sys/x: madvise"])
    assert "a killed run left this machine tuned: restored /sys/x: madvise" in harness(*command).err


def test_a_run_that_was_reported_once_can_be_read_again(engine: FakeEngine, harness: Command, tmp_path: Path) -> None:
    harness(*COMPARE, "--langs", "c", "--rungs", "naive", "--baseline", "c/naive", "--seed", "5")
    (folder,) = (tmp_path / "results").iterdir()
    assert harness("report").out == (folder / "report.summary.txt").read_text(encoding="utf-8")
    assert harness("report", "--format", "text").out == (folder / "report.txt").read_text(encoding="utf-8")
    assert load_run(folder)[-1].kind == "finished"
    assert {job.arguments[1] for job in engine.jobs if job.arguments[0] == "run"} == {"naive"}


def test_who_comes_second_is_refused_and_makes_no_run(engine: FakeEngine, harness: Command, tmp_path: Path) -> None:
    for command in (COMPARE, ("build",), ("images",), ("doctor",)):
        engine.busy = ["run r9 is using this container engine.\nWait for its end."]
        ended = harness(*command)
        assert (ended.code, ended.out) == (2, "")
        assert "harness: run r9 is using this container engine.\nWait for its end." in ended.err
    assert not (tmp_path / "results").exists()
    assert engine.jobs == []


def test_who_waits_goes_on_when_the_engine_is_free(
    engine: FakeEngine, harness: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.measure.turn.POLL_S", 0)
    engine.busy = ["run r9 is using it.\nWait."] * 3
    ended = harness(*COMPARE, "--langs", "c", "--rungs", "naive", "--baseline", "c/naive", "--wait")
    assert ended.code == 0
    assert ended.err.count("waiting: run r9 is using it.") == 1
    assert engine.claimed == ["measuring"]
