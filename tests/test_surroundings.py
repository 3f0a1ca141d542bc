"""Every command in surroundings that are hostile: our own messages and exit codes, and never a traceback.

A disk that is full, output that nobody reads or that cannot be written, encodings, folders that may not be read or
written, files that are not what they are taken for.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from harness.errors import FAULT
from harness.model.journal import Started
from harness.store import JOURNAL, RunFolder, load_run
from tests.conftest import Command
from tests.driver import Asked, Driver
from tests.engine.support import HARNESS

COMPARE = ("compare", "--n", "8", "--budget", "0.05", "--langs", "c,python", "--rungs", "naive")
REPORT = ("report", "r1")
DIFF = ("diff", "r1", "r2")
RESUME = ("compare", "--resume", "r1")
COMMANDS = [COMPARE, RESUME, REPORT, DIFF, ("images",), ("build",), ("clean",), ("doctor",), ("setup",), ("--help",)]
SILENT = {"build", "setup"}  # commands that print nothing to standard output
every_command = pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
Words = tuple[str, ...]


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    with closing(Driver()) as driver:
        yield driver


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass
class Place:
    """A folder with results of two runs, a home and a folder for temporary files, where commands are run."""

    folder: Path
    driver: Driver

    def __post_init__(self) -> None:
        for name in ("home", "tmp"):
            (self.folder / name).mkdir(parents=True)

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def run(self, command: Words, **surroundings: object) -> Ended:
        """Run it; whatever the surroundings, it ends with a documented code and without a traceback."""
        environment = {"HOME": str(self.folder / "home"), "TMPDIR": str(self.folder / "tmp"), "COLUMNS": "100"}
        asked = replace(Asked(command, str(self.folder), environment), **surroundings)  # type: ignore[arg-type]
        if more := surroundings.get("environment"):
            asked = replace(asked, environment=environment | more)  # type: ignore[operator]
        code = self.driver.code_of(asked)
        out, err = (self._said(name) for name in ("out", "err"))
        assert code in {0, 1, 2, 3}, err
        assert "Traceback" not in out + err
        assert "Exception ignored" not in out + err
        assert not re.search(r"Errno|\bunexpected\b", out + err)
        if code > 1 and asked.stderr == "err":
            assert err.strip()
        return Ended(code, out, err)

    def _said(self, name: str) -> str:
        path = self.folder / name
        return path.read_bytes().decode(errors="replace") if path.exists() else ""


@pytest.fixture(scope="module")
def made(driver: Driver, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs that came to their ends, under the names r1 and r2."""
    place = Place(tmp_path_factory.mktemp("made") / "place", driver)
    for name in ("r1", "r2"):
        assert place.run((*COMPARE, "--out", f"of-{name}")).code == 0
        (folder,) = (place.folder / f"of-{name}").iterdir()
        started, *entries = load_run(folder)
        assert isinstance(started, Started)
        with closing(RunFolder(place.results, name)) as written:
            for entry in (started.model_copy(update={"run": name}), *entries):
                written.append(entry)
    return place.results


@pytest.fixture
def place(driver: Driver, made: Path, tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path / "a place; with 'quotes'", driver)
    shutil.copytree(made, place.results)
    yield place
    for path in [tmp_path, *tmp_path.rglob("*")]:
        if not path.is_symlink() and path.is_dir():
            path.chmod(0o755)


# --- standard output and standard error ----------------------------------------------------------------------


@every_command
def test_a_full_device_for_standard_output_is_told_once_all_else_is_done(command: Words, place: Place) -> None:
    ended = place.run(command, stdout="/dev/full")
    if command[0] in SILENT:
        assert ended.code == 0
        return
    assert ended.code == 2
    assert ended.err.count("standard output cannot be written: No space left on device") == 1
    if command[0] == "compare":
        assert "The report is saved in results/" in ended.err
        assert len(list(place.results.glob("*/report.json"))) == 1


@every_command
@pytest.mark.parametrize(
    "surroundings",
    [
        {"stdout": None},
        {"stderr": None},
        {"stdout": None, "stderr": None},
        {"stderr": "/dev/full"},
        {"hangs_up": True},
        {"encoding": "ascii"},
        {"encoding": "latin-1"},
        {"encoding": "utf-16"},
    ],
    ids=str,
)
def test_what_becomes_of_the_output_changes_no_exit_code(
    command: Words, surroundings: dict[str, object], place: Place
) -> None:
    assert place.run(command, **surroundings).code == 0


def test_what_an_encoding_lacks_becomes_what_looks_like_it(place: Place) -> None:
    out = place.run((*REPORT, "--format", "text"), encoding="latin-1").out
    assert "speedup" in out.lower() or "x baseline" in out
    assert "------" in out
    assert "─" not in out


def test_head_ends_with_the_command_s_own_code_in_a_shell(place: Place) -> None:
    """For real: the installed command, a pipe, and a reader that leaves after one line."""
    line = f"{HARNESS} report r1 | head -1; echo ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", line], cwd=place.folder, capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[1:] == ["0"]
    assert ended.stderr == ""


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-", ">&- 2>&-", "2>&-"])
@pytest.mark.parametrize("command", ["--help", "report r1", "report r9", "compare --plan"])
def test_the_installed_command_has_no_traceback_either(redirection: str, command: str, place: Place) -> None:
    line = f"{HARNESS} {command} {redirection}"
    ended = subprocess.run(["bash", "-c", line], cwd=place.folder, capture_output=True, text=True, check=False)
    assert ended.returncode == (2 if redirection == ">/dev/full" or "r9" in command else 0)
    assert "Traceback" not in ended.stderr


# --- temporary files -----------------------------------------------------------------------------------------


@every_command
def test_no_room_for_temporary_files_is_told(command: Words, place: Place) -> None:
    ended = place.run(command, file_bytes=8000, stdout="/dev/null")
    if command[0] in {"build", "images"}:
        assert "the folder for temporary files is full: " in ended.err
        assert "set TMPDIR to a folder with more" in ended.err
    if command == COMPARE:
        assert "the disk is full: results/" in ended.err
    assert ended.code == (2 if command[0] in {"build", "images", "compare"} else 0)


@every_command
@pytest.mark.parametrize("kind", ["missing", "a file"])
def test_no_folder_for_temporary_files_is_told(command: Words, kind: str, place: Place) -> None:
    temporary = place.folder / "none"
    if kind == "a file":
        temporary.write_text("", encoding="utf-8")
    ended = place.run(command, temporary=str(temporary))
    if command[0] in {"build", "images"}:
        assert f"cannot create a temporary file in {temporary}" in ended.err
    assert ended.code == (2 if command[0] in {"build", "images"} or command == COMPARE else 0)


def test_what_others_left_in_the_shared_folder_is_neither_followed_nor_in_the_way(place: Place) -> None:
    victim = place.folder / "victim"
    victim.write_text("precious", encoding="utf-8")
    for name in ("harness-build-base.log", "harness-info-c.log"):
        (place.folder / "tmp" / name).symlink_to(victim)
    ended = place.run(("images",), unbuildable=("base",))
    assert ended.code == 2
    assert "the base image does not build: error: expected ';'" in ended.err
    log = Path(ended.err.strip().rpartition("Build log: ")[2])
    assert "main.x:1: error" in log.read_text(encoding="utf-8")
    assert log.parent.stat().st_mode & 0o077 == 0
    assert victim.read_text(encoding="utf-8") == "precious"


def test_a_log_that_cannot_be_kept_does_not_hide_what_it_was_to_explain(place: Place) -> None:
    ended = place.run(("images",), unbuildable=("base",), temporary=str(place.folder / "none"))
    assert ended.code == 2
    assert "the base image does not build: error: expected ';'" in ended.err
    assert f"not kept ({place.folder / 'none'}: No such file or directory)" in ended.err


def test_an_image_that_does_not_build_names_its_log(place: Place) -> None:
    ended = place.run(("build",), unbuildable=("zig",))
    assert ended.code == 1
    found = re.search(r"zig: failed at build: .*?\(log:\s+(.*?)\)\n", ended.err, re.DOTALL)
    assert found
    assert Path(re.sub(r"\n {4}", " ", found[1])).read_text(encoding="utf-8").startswith("Step 1/1")


# --- results -------------------------------------------------------------------------------------------------


def closed(path: Path) -> None:
    path.chmod(0)


def read_only(path: Path) -> None:
    path.chmod(0o555)


def damaged(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00 no journal\n")


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def a_loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def a_file(path: Path) -> None:
    shutil.rmtree(path)
    path.write_text("", encoding="utf-8")


def gone(path: Path) -> None:
    shutil.rmtree(path)


Change = Callable[[Path], None]


@pytest.mark.parametrize("change", [closed, damaged, a_folder, a_pipe, a_loop])
@pytest.mark.parametrize("command", [REPORT, DIFF, RESUME], ids=" ".join)
def test_a_journal_that_cannot_be_read_is_told(command: Words, change: Change, place: Place) -> None:
    change(place.results / "r1" / JOURNAL)
    assert place.run(command, is_unprivileged=True).code == 2


@pytest.mark.parametrize("change", [closed, damaged, a_folder, a_pipe, a_loop])
def test_a_run_that_cannot_be_read_does_not_hide_the_others(change: Change, place: Place) -> None:
    change(place.results / "r2" / JOURNAL)
    ended = place.run(("report",), is_unprivileged=True)
    assert ended.code == 0
    assert "harness report r1 " in ended.out
    if change in {closed, damaged}:
        assert "note: skipped: results/r2/journal.jsonl " in ended.err
    listed = place.run(("report", "r9"), is_unprivileged=True)
    assert (listed.code, "r1" in listed.err) == (2, True)


def test_a_run_whose_folder_may_not_be_entered_does_not_hide_the_others(place: Place) -> None:
    closed(place.results / "r2")
    ended = place.run(("report",), is_unprivileged=True)
    assert "harness report r1 " in ended.out
    assert "results/r2/journal.jsonl cannot be read: Permission denied" in ended.err
    assert "cannot read results/r2: Permission denied" in place.run(("report", "r2"), is_unprivileged=True).err


def test_where_no_run_can_be_read_it_says_why(place: Place) -> None:
    for name in ("r1", "r2"):
        closed(place.results / name)
    ended = place.run(("report",), is_unprivileged=True)
    assert ended.code == 2
    assert ended.err.count("cannot be read: Permission denied") == 2


@every_command
@pytest.mark.parametrize("change", [closed, read_only, a_file, gone])
def test_results_that_cannot_be_used_are_told(command: Words, change: Change, place: Place) -> None:
    change(place.results)
    ended = place.run(command, is_unprivileged=True)
    assert (ended.code == 0) == (
        command[0] not in {"compare", "report", "diff"}
        or (change is read_only and command[0] != "compare")
        or (change is read_only and command == RESUME)  # the run's own folder can be written
        or (change is gone and command == COMPARE)
    )


def test_a_run_whose_reports_cannot_be_written_says_so_and_keeps_the_old_ones_whole(place: Place) -> None:
    assert place.run(RESUME).code == 0
    before = (place.results / "r1" / "report.md").read_bytes()
    read_only(place.results / "r1")
    ended = place.run(RESUME, is_unprivileged=True)
    assert (ended.code, "cannot write results/r1: Permission denied" in ended.err) == (2, True)
    (place.results / "r1").chmod(0o755)
    assert place.run(RESUME, file_bytes=len(before) - 1, stdout="/dev/null").code == 2
    assert (place.results / "r1" / "report.md").read_bytes() == before
    assert not [path.name for path in (place.results / "r1").iterdir() if path.name.startswith(".")]


def test_advice_can_be_pasted_whatever_the_paths_are_called(place: Place) -> None:
    out = place.folder / "results"
    lines = (out / "r1" / JOURNAL).read_bytes().splitlines(keepends=True)
    (out / "r1" / JOURNAL).write_bytes(b"".join([*lines[:4], b"{\n", *lines[5:-1]]))
    advice = place.run(("report", str(out / "r1"))).err
    removal, resumption = re.findall(r"`(.*?)`", advice)
    subprocess.run(["bash", "-c", removal], cwd="/", check=True)
    arguments = subprocess.run(
        ["bash", "-c", f"printf '%s\\n' {resumption}"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert arguments == ["harness", "compare", "--resume", "r1", "--out", str(out)]
    assert place.run(("report", str(out / "r1"))).code == 0


@pytest.mark.parametrize("run", [".", "", ".."])
def test_the_folder_that_one_stands_in_can_be_the_run(run: str, place: Place) -> None:
    stands = place.results / "r1" / "logs" if run == ".." else place.results / "r1"
    ended = place.run(("compare", "--resume", run), folder=str(stands), stdout="out")
    assert ended.code == 0
    assert (stands / "err").read_text(encoding="utf-8").startswith("note: r1 has finished")


# --- home, implementations -----------------------------------------------------------------------------------


@every_command
@pytest.mark.parametrize("change", [closed, read_only, a_file, gone])
def test_a_home_that_cannot_be_used_is_not_needed(command: Words, change: Change, place: Place) -> None:
    change(place.folder / "home")
    assert place.run(command, is_unprivileged=True).code == 0


@pytest.mark.parametrize("settings", ["{", "[]", "\xff", '{"currentContext": "nowhere"}', '{"auths": 3}', None])
@pytest.mark.parametrize("command", [COMPARE, ("images",), ("clean",), ("doctor",)], ids=" ".join)
def test_docker_settings_that_make_no_sense_are_no_traceback(
    command: Words, settings: str | None, place: Place
) -> None:
    docker = place.folder / "home" / ".docker"
    docker.mkdir()
    (docker / "config.json").write_bytes((settings or "{}").encode("latin-1"))
    if settings is None:
        closed(docker / "config.json")
    environment = {"DOCKER_CONFIG": str(docker), "HARNESS_NO_INSTALL": "1"}
    for host in ({"DOCKER_HOST": f"unix://{place.folder}/no.sock"}, {"DOCKER_HOST": "nonsense://x"}):
        ended = place.run(command, is_scripted=False, is_unprivileged=True, environment=environment | host)
        assert ended.code == 2


WITH_CATALOG = [COMPARE, ("compare", "--plan"), ("images",), ("build",), ("doctor",)]


def a_root(place: Place) -> Path:
    """A root with one implementation, taken from the committed ones."""
    source, root = Path(__file__).parent.parent, place.folder / "root"
    for name in ("implementations/matmul/c", "containers/matmul/c", "containers/base"):
        shutil.copytree(source / name, root / name)
    return root


def bad_bytes(root: Path) -> None:
    (root / "implementations/matmul/c/manifest.toml").write_bytes(b'label = "\xff\xfe"\n')


def a_manifest_that_is_a_folder(root: Path) -> None:
    a_folder(root / "implementations/matmul/c/manifest.toml")


def a_closed_manifest(root: Path) -> None:
    closed(root / "implementations/matmul/c/manifest.toml")


def no_root(root: Path) -> None:
    shutil.rmtree(root)


def a_closed_root(root: Path) -> None:
    closed(root)


def no_implementation(root: Path) -> None:
    shutil.rmtree(root / "implementations/matmul/c")


def nothing_in_it(root: Path) -> None:
    (root / "implementations/matmul/c/manifest.toml").write_text("", encoding="utf-8")


@pytest.mark.parametrize(
    "change",
    [bad_bytes, a_manifest_that_is_a_folder, a_closed_manifest, no_root, a_closed_root, nothing_in_it],
)
@pytest.mark.parametrize("command", WITH_CATALOG, ids=" ".join)
def test_implementations_that_cannot_be_read_are_told(command: Words, change: Change, place: Place) -> None:
    root = a_root(place)
    change(root)
    ended = place.run(command, is_unprivileged=True, environment={"HARNESS_ROOT": str(root)})
    assert ended.code == 2
    assert "implementations" in ended.err


@pytest.mark.parametrize("command", [COMPARE, ("images",), ("build",), ("doctor",)], ids=" ".join)
def test_a_base_recipe_that_is_missing_is_told(command: Words, place: Place) -> None:
    root = a_root(place)
    shutil.rmtree(root / "containers/base")
    chosen = ("compare", "--n", "8", "--baseline", "c/naive") if command == COMPARE else command
    ended = place.run(chosen, environment={"HARNESS_ROOT": str(root)})
    assert ended.code == 2
    assert "the base image's recipe cannot be read: " in ended.err


# --- what nobody has foreseen --------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [KeyError("digest"), BrokenPipeError(32, "Broken pipe"), EOFError("short")])
def test_what_nobody_has_foreseen_is_told_in_two_lines_with_its_traceback_kept(
    error: Exception, harness: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fails(_name: str) -> None:
        raise error

    monkeypatch.setattr("harness.engine.docker.DockerEngine", fails)
    monkeypatch.setattr("harness.cli.arguments._own_folder", lambda: tmp_path)
    ended = harness("clean")
    assert (ended.code, ended.out) == (FAULT, "")
    assert f"harness: unexpected {type(error).__name__} at {__file__}:" in ended.err
    log = Path(ended.err.strip().rpartition(": ")[2])
    assert "Traceback (most recent call last)" in log.read_text(encoding="utf-8")
    assert len(ended.err.splitlines()) == 2


def test_too_little_memory_is_the_machine_s_and_not_a_fault(harness: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_name: str) -> None:
        raise MemoryError

    monkeypatch.setattr("harness.engine.docker.DockerEngine", fails)
    ended = harness("clean")
    assert (ended.code, ended.err.startswith("harness: out of memory on this machine")) == (2, True)
