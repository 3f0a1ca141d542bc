"""The style that matters is a test: layers, who may print, and what no file may name."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
PACKAGE = REPOSITORY / "harness"

# From the top down: a room imports only from rooms below it, and from what stands beside them.
ROOMS = (
    "cli",
    "fleet",
    "gallery",
    "report",
    "analysis",
    "experiments",
    "measure",
    "machine",
    "images",
    "engine",
    "statistics",
    "model",
)
BESIDE = {"errors", "events", "files", "progress", "runs", "store", "version"}  # of the rooms they know only the model
PATHS = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").removesuffix("."): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
MAX_FUNCTION_LINES = 70
DEFAULT_BASELINE = "python/naive"

# In pieces, so that this file names none of them.
HOSTS = [
    ".".join(parts)
    for parts in [
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
        ("npmjs", "org"),
        ("maven", "org"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
        ("snapshot", "debian", "org"),
        ("registry-1", "docker", "io"),
        ("index", "docker", "io"),
        ("ghcr", "io"),
        ("quay", "io"),
    ]
]

every_module = pytest.mark.parametrize("module", PATHS)


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(PATHS[module].read_text(encoding="utf-8"))


def imported(module: str) -> Iterator[str]:
    """The full name of every module that a module imports, wherever in it."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name.removeprefix("harness.") in PATHS else node.module or "" for name in whole)


def room_of(module: str) -> str:
    return module.partition(".")[0]


@every_module
def test_a_room_imports_only_from_rooms_below(module: str) -> None:
    ours = {name.partition(".")[2] for name in imported(module) if name.partition(".")[0] == "harness"}
    rooms = {room_of(name) for name in ours} - BESIDE - {room_of(module), ""}
    if module not in {"", "__main__"}:
        assert rooms <= set(ROOMS[ROOMS.index(room_of(module)) + 1 :] if room_of(module) not in BESIDE else {"model"})


@every_module
def test_no_experiment_knows_another(module: str) -> None:
    named = {name for name in imported(module) if name.startswith("harness.experiments.")}
    if room_of(module) == "experiments":
        assert {name.split(".")[2] for name in named} <= {*module.split(".")[1:2]}


def test_every_room_says_what_it_is_for() -> None:
    assert {room_of(module) for module in PATHS} == {*ROOMS, *BESIDE, "", "__main__"}
    for room in ROOMS:
        assert ast.get_docstring(tree(room))


@every_module
def test_only_the_docker_engine_knows_docker(module: str) -> None:
    foreign = {"docker", "requests"} & {name.partition(".")[0] for name in imported(module)}
    assert not foreign or module.startswith("engine.docker")


@every_module
def test_only_a_fleet_knows_dask(module: str) -> None:
    """It is an extra, and everything else works without."""
    foreign = {"asyncssh", "dask", "dask_jobqueue", "distributed"} & {
        name.partition(".")[0] for name in imported(module)
    }
    assert not foreign or room_of(module) == "fleet"


@every_module
def test_only_the_command_line_prints_or_exits(module: str) -> None:
    calls = {ast.unparse(node.func) for node in ast.walk(tree(module)) if isinstance(node, ast.Call)}
    names = {node.id for node in ast.walk(tree(module)) if isinstance(node, ast.Name)}
    ending = {"print", "input", "exit", "quit", "sys.exit", "os._exit", "typer.echo", "typer.Exit"} & calls
    assert module.partition(".")[0] == "cli" or not ending | ({"SystemExit"} & names)
    talking = {"rich", "typer"} & {name.partition(".")[0] for name in imported(module)}
    assert module.partition(".")[0] in {"cli", "progress"} or not talking


def literals(module: str) -> Iterator[str]:
    """Every string in a module that is no docstring."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {
        id(statement.value)
        for node in ast.walk(tree(module))
        if isinstance(node, documented)
        for statement in node.body
        if isinstance(statement, ast.Expr)
    }
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


IMPLEMENTATIONS = sorted(path.parent.name for path in REPOSITORY.glob("implementations/matmul/*/manifest.toml"))
ENGLISH = {"c", "go"}  # words and letters of their own: only a literal that is nothing else counts


def names_an_implementation(literal: str) -> bool:
    if set(re.split(r"[/:,]", literal.lower())) & set(IMPLEMENTATIONS):
        return True
    return bool(set(re.findall(r"\w+", literal.lower())) & (set(IMPLEMENTATIONS) - ENGLISH))


@pytest.mark.parametrize("literal", ["c", "python/naive", "go:1", "the Rust image", "containers/matmul/go/Dockerfile"])
def test_an_implementation_is_recognized(literal: str) -> None:
    assert names_an_implementation(literal)


@pytest.mark.parametrize("literal", ["nothing can go on", "c.f64", "/out/c.f64", "rusty pythons"])
def test_a_word_is_not_taken_for_an_implementation(literal: str) -> None:
    assert not names_an_implementation(literal)


@every_module
def test_the_harness_knows_no_implementation_by_name(module: str) -> None:
    named = {literal for literal in literals(module) if names_an_implementation(literal)}
    assert named <= ({DEFAULT_BASELINE} if module == "cli.measuring" else set())


def functions(module: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (n for n in ast.walk(tree(module)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


@every_module
def test_functions_fit_on_a_screen(module: str) -> None:
    long = [f.name for f in functions(module) if (f.end_lineno or 0) - f.lineno >= MAX_FUNCTION_LINES]
    assert not long


def public(parent: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """The functions and classes, and the methods of those, whose names do not begin with an underscore."""
    for node in parent.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node)


@every_module
def test_what_is_public_is_documented(module: str) -> None:
    assert ast.get_docstring(tree(module))
    undocumented = [node.name for node in public(tree(module)) if not ast.get_docstring(node)]
    assert not undocumented


@cache
def tracked() -> dict[str, str]:
    """The text of every file that is committed, or would be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.split("\0")
    paths = {name: REPOSITORY / name for name in names if name}
    return {name: path.read_text(encoding="utf-8", errors="replace") for name, path in paths.items() if path.is_file()}


def test_no_file_names_a_registry() -> None:
    assert "harness/cli/__init__.py" in tracked()
    found = {(name, host) for name, text in tracked().items() for host in HOSTS if host in text}
    assert not found


def test_no_file_names_a_folder_of_this_machine_or_leaves_work_undone() -> None:
    undone = re.compile("|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"]))
    assert not {name for name, text in tracked().items() if undone.search(text)}
    machine = re.compile("|".join([r"/home/\w+/", "/work/" + "main", "/work/" + "shared"]))
    assert not {name for name, text in tracked().items() if machine.search(text)}
