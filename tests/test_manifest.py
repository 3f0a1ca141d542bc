"""Manifests: those that are committed, and every way to get one wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.errors import ManifestError, UsageError
from harness.experiments import matmul
from harness.images.catalog import Source, known, load_catalog, load_manifest, root
from harness.images.recipes import plan_of
from harness.model.manifests import LADDER, Rung

REPOSITORY = Path(__file__).parent.parent
CATALOG = load_catalog(REPOSITORY, matmul.NAME)

GOOD = """
label = "Alpha"
budget_bytes = 65536
payload = ["matmul"]
conventional = { image = "big:1", unpacked_bytes = 1_400_000_000, source = "its registry's page" }

[[rung]]
name = "naive"
loop_order = "ijk"
layout = "contiguous"
threads = "one"
rows_independent = true
bounds_checks = false
fast_math = false
flags = "-O3"

[[rung]]
name = "library"
absent = "nobody wrote one"
"""


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "implementations" / "matmul" / "alpha" / "manifest.toml"
    path.parent.mkdir(parents=True)
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_a_manifest_is_read_with_its_folder_for_a_name(manifest: Path) -> None:
    read = load_manifest(manifest)
    assert (read.name, read.label, read.budget_bytes, read.peak) == ("alpha", "Alpha", 65536, False)
    assert [rung.name for rung in read.rungs] == ["naive"]
    assert [(rung.name, rung.absent) for rung in read.absent] == [("library", "nobody wrote one")]


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("budget_bytes", "budget_byte", "unknown key 'budget_byte', did you mean 'budget_bytes'?"),
        ("loop_order", "loop_oder", "unknown key 'loop_oder', did you mean 'loop_order'?"),
        ("unpacked_bytes", "unpacked_byte", "unknown key 'conventional.unpacked_byte', did you mean 'unpacked_bytes'?"),
        ("absent =", "abscent =", "unknown key 'abscent', did you mean 'absent'?"),
        ("rows_independent = true", "rows_independent = true\nfewest_rows = 64", "unknown key 'fewest_rows'"),
        ('label = "Alpha"', "", "label: Field required"),
        ("65536", '"small"', "budget_bytes: Input should be a valid integer"),
        ("65536", "0", "budget_bytes: Input should be greater than 0"),
        ('["matmul"]', '"matmul"', "payload: Input should be a valid tuple"),
        ('"contiguous"', '"diagonal"', "layout: Input should be 'contiguous' or 'nested' (in a [[rung]] of it, Rung)"),
        ('"one"', "1", "threads: Input should be 'one' or 'all'"),
        ("fast_math = false", 'fast_math = "perhaps"', "fast_math: Input should be a valid boolean"),
        ("unpacked_bytes = 1_400_000_000,", "", "needs unpacked_bytes or compressed_bytes"),
        ("[[rung]]", "[rung]", "is not a manifest"),
        ("[[rung]]", "[[rungs]]", "'rungs'"),
        ('label = "Alpha"', "label = Alpha", "is not a manifest: Invalid value"),
        ('label = "Alpha"', 'label = "Alpha"\nlabel = "Beta"', "is not a manifest: Cannot overwrite a value"),
    ],
)
def test_what_is_wrong_with_a_manifest_is_said(right: str, wrong: str, said: str, manifest: Path) -> None:
    assert right in GOOD
    manifest.write_text(GOOD.replace(right, wrong), encoding="utf-8")
    with pytest.raises(ManifestError) as error:
        load_manifest(manifest)
    assert said in str(error.value)
    assert "implementations/matmul/alpha/manifest.toml" in str(error.value)


def test_a_manifest_that_is_no_text_is_told(manifest: Path) -> None:
    manifest.write_bytes(b"label = \xff")
    with pytest.raises(ManifestError, match="is not a manifest"):
        load_manifest(manifest)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("pyhton", "did you mean python?"), ("rst", "did you mean rust?"), ("cobol", "choose from python, rust, zig")],
)
def test_an_unknown_name_gets_the_near_one_or_all(name: str, hint: str) -> None:
    with pytest.raises(UsageError) as error:
        known(name, ["python", "rust", "zig"], "implementation")
    assert str(error.value) == f"unknown implementation {name!r}: {hint}"


def test_the_catalog_names_implementations_and_other_images_apart(manifest: Path) -> None:
    tree = manifest.parents[3]
    other = tree / "containers" / "matmul" / "load" / "manifest.toml"
    other.parent.mkdir(parents=True)
    other.write_text(GOOD.partition("[[rung]]")[0], encoding="utf-8")
    catalog = load_catalog(tree, matmul.NAME)
    assert list(catalog.images) == ["alpha", "load"]
    alpha, load = catalog.images.values()
    assert (alpha.context, alpha.dockerfile) == (
        manifest.parent,
        tree / "containers" / "matmul" / "alpha" / "Dockerfile",
    )
    assert (load.context, load.dockerfile) == (other.parent, other.parent / "Dockerfile")
    assert list(catalog.named(["alpha"])) == ["alpha"]
    assert alpha.family == ""
    with pytest.raises(UsageError, match="unknown implementation 'load'"):
        catalog.named(["load"])


def test_the_root_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HARNESS_ROOT", raising=False)
    assert root() == REPOSITORY
    monkeypatch.setenv("HARNESS_ROOT", str(tmp_path))
    assert root() == tmp_path
    with pytest.raises(UsageError, match="set HARNESS_ROOT to a folder that holds them"):
        load_catalog(root(), matmul.NAME)


@pytest.mark.parametrize("source", CATALOG.images.values(), ids=CATALOG.images)
def test_every_committed_image_has_a_recipe_and_says_what_is_its_own(source: Source) -> None:
    assert source.dockerfile.is_file()
    assert source.manifest.payload


@pytest.mark.parametrize("source", CATALOG.implementations.values(), ids=CATALOG.implementations)
def test_every_committed_rung_is_one_kernel_and_every_kernel_a_rung(source: Source) -> None:
    manifest = source.manifest
    paths = [path for path in (source.context / "kernels").iterdir() if path.is_file()]
    kernels = {path.stem.lower().partition("_")[0] for path in paths}  # intrinsics_arm64 is intrinsics for arm64
    held = {rung.name for rung in manifest.rungs}
    assert kernels & set(LADDER) == held
    assert all(rung.serial in held for rung in manifest.rungs if rung.serial)
    assert {"naive", "interchanged", "parallel"} <= {*held, *(rung.name for rung in manifest.absent)}


def test_one_committed_implementation_can_measure_the_peak() -> None:
    assert any(source.manifest.peak for source in CATALOG.implementations.values())


@pytest.mark.parametrize("source", CATALOG.implementations.values(), ids=CATALOG.implementations)
def test_a_kernel_fits_beside_its_neighbour(source: Source) -> None:
    for path in (source.context / "kernels").iterdir():
        rung = path.stem.lower().partition("_")[0]
        limit = 150 if rung in {"intrinsics", "assembly"} else 60
        if rung in LADDER:
            assert len(path.read_text().splitlines()) <= limit, path.name


def test_journals_of_earlier_versions_may_have_a_key_that_manifests_cannot() -> None:
    journal = CATALOG.implementations["c"].manifest.rungs[0].model_dump_json()
    older = journal.replace('"rows_independent":true', '"rows_independent":true,"fewest_rows":64')
    assert older != journal
    assert Rung.model_validate_json(older) == CATALOG.implementations["c"].manifest.rungs[0]


def test_the_images_of_another_experiment_have_its_name_before_theirs(manifest: Path) -> None:
    tree = manifest.parents[3]
    shutil.copytree(tree / "implementations" / "matmul", tree / "implementations" / "web")
    other = tree / "containers" / "web" / "alpha"
    other.mkdir(parents=True)
    (other / "Dockerfile").write_text("FROM scratch AS final\n", encoding="utf-8")
    (source,) = load_catalog(tree, "web").implementations.values()
    assert plan_of(source, "base:1").tag.startswith("harness-web-alpha:")


def test_an_image_of_another_experiment_stands_beside_under_a_name_of_its_own(manifest: Path) -> None:
    tree = manifest.parents[3]
    shutil.copytree(tree / "implementations" / "matmul", tree / "implementations" / "web")
    (tree / "containers" / "matmul").mkdir(parents=True)
    beside = tree / "containers" / "matmul" / "server.toml"
    beside.write_text('implementation = "web/alpha"\n', encoding="utf-8")
    other = load_catalog(tree, matmul.NAME).others["server"]
    assert other.manifest.name == "server"
    assert other.context == tree / "implementations" / "web" / "alpha"
    assert other.dockerfile == tree / "containers" / "web" / "alpha" / "Dockerfile"


@pytest.mark.parametrize("text", ["", 'implementation = "../../secret"', "implementation = 1", "= 1"])
def test_what_stands_beside_is_an_implementation_and_nothing_else(text: str, manifest: Path) -> None:
    tree = manifest.parents[3]
    (tree / "containers" / "matmul").mkdir(parents=True)
    (tree / "containers" / "matmul" / "server.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ManifestError, match=r"server\.toml"):
        load_catalog(tree, matmul.NAME)


def test_a_web_server_is_weighed_beside_the_matrix_product() -> None:
    assert set(CATALOG.others) == {"web"}
