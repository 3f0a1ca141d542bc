"""A run that is cut short anywhere and resumed measures what it would have measured, each container once."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from harness.analysis.analyze import analyze
from harness.engine.engine import Exit
from harness.errors import ChangedError, ResultsError
from harness.events import Event
from harness.experiments.matmul.experiment import MATMUL
from harness.images.catalog import Catalog
from harness.images.identity import key_of
from harness.machine.machine import parse_machine
from harness.measure.compare import compare, resume
from harness.measure.cost import container_ns
from harness.measure.overhead import ROUNDS
from harness.measure.resume import Past, Present, check_unchanged
from harness.model.journal import Entry, Finished, Image, Machine, OverheadRound, Round, Startup
from harness.store import JOURNAL, RunFolder, load_run
from tests.factories import a_case, a_catalog, a_journal, a_manifest, a_rung, some_options
from tests.fake_engine import MACHINE, FakeEngine

ALPHA = a_manifest("alpha", "naive", "parallel", peak=True)
BETA = a_manifest("beta", "naive", "parallel")
ROW_S = {"alpha/naive": 4e-3, "alpha/parallel": 2e-3, "beta/naive": 2e-3, "beta/parallel": 1e-3}
OPTIONS = some_options()
FACTS = parse_machine(MACHINE.decode(), "an engine", (0, 1))


def unwatched(_event: Event) -> None:
    """Progress that nobody looks at."""


def crashes_after_the_pilot(ended: Exit) -> Exit:
    return replace(ended, code=1) if ended.stdout.count(b"\n") > 1 else ended


@dataclass
class Whole:
    """A run that came to its end, in which one case failed, to be cut short anywhere."""

    folder: Path
    catalog: Catalog
    engine: FakeEngine = field(init=False)

    def __post_init__(self) -> None:
        self.engine = FakeEngine((ALPHA, BETA), ROW_S, faults={"beta/naive": crashes_after_the_pilot})
        compare(MATMUL, self.engine, self.catalog, OPTIONS, self.folder, "whole", unwatched)
        self.engine.jobs.clear()

    def cut(self, name: str, journal: bytes) -> Path:
        """The same run with this for its journal."""
        path = self.folder / name
        shutil.copytree(self.folder / "whole", path)
        (path / JOURNAL).write_bytes(journal)
        return path

    @property
    def journal(self) -> bytes:
        return (self.folder / "whole" / JOURNAL).read_bytes()

    @property
    def entries(self) -> list[Entry]:
        return load_run(self.folder / "whole")

    def measured(self) -> list[tuple[str, ...]]:
        """What containers were asked for since."""
        return [job.arguments for job in self.engine.jobs if job.arguments[0] == "run"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("runs")
    return Whole(folder, a_catalog(folder / "tree", ALPHA, BETA))


@pytest.fixture(autouse=True)
def forgotten(whole: Whole) -> None:
    whole.engine.jobs.clear()


def rounds(entries: Sequence[Entry]) -> list[Round]:
    """The rounds without their conditions and their time, which no two sessions share."""
    return [
        entry.model_copy(update={"conditions": None, "began_ns": None}) for entry in entries if isinstance(entry, Round)
    ]


def startups(entries: Sequence[Entry]) -> Counter[str | None]:
    """How often the start of each image was measured."""
    return Counter(entry.image for entry in entries if isinstance(entry, Startup))


def resumed(whole: Whole, path: Path) -> list[Entry]:
    assert not resume(MATMUL, whole.engine, whole.catalog, path, unwatched)  # the failed case stays failed
    return load_run(path)


@pytest.mark.parametrize("torn", [b"", b'{"kind":"round","case":{"impl'])
def test_interrupted_after_any_entry_it_ends_with_what_it_would_have_measured(torn: bytes, whole: Whole) -> None:
    lines = whole.journal.splitlines(keepends=True)
    for kept in range(1, len(lines)):
        whole.engine.jobs.clear()
        path = whole.cut(f"cut-{len(torn)}-{kept}", b"".join(lines[:kept]) + torn)
        entries = resumed(whole, path)
        assert (path / JOURNAL).read_bytes().startswith(b"".join(lines[:kept]))
        assert rounds(entries) == rounds(whole.entries)
        assert len(whole.measured()) == len(rounds(whole.entries)) - len(rounds(whole.entries[:kept]))
        assert entries[-1].kind == "finished"
        assert [entry.kind for entry in entries].count("resumed") == 1
        assert startups(entries) == startups(whole.entries)
        assert analyze(entries).rows == analyze(whole.entries).rows


def test_overhead_and_the_cost_of_every_session_are_counted_once(tmp_path: Path) -> None:
    """A run of everything there is, cut short in the middle of measuring its overhead and resumed."""
    engine, catalog = FakeEngine((ALPHA, BETA), ROW_S), a_catalog(tmp_path / "tree", ALPHA, BETA)
    compare(MATMUL, engine, catalog, some_options(overhead=True), tmp_path, "overhead", unwatched)
    lines = (tmp_path / "overhead" / JOURNAL).read_bytes().splitlines(keepends=True)
    whole = load_run(tmp_path / "overhead")
    overheads = [number for number, entry in enumerate(whole) if isinstance(entry, OverheadRound)]
    assert len(overheads) == 2 * 2 * ROUNDS
    (tmp_path / "overhead" / JOURNAL).write_bytes(b"".join(lines[: overheads[len(overheads) // 2]]))
    resume(MATMUL, engine, catalog, tmp_path / "overhead", unwatched)
    entries = load_run(tmp_path / "overhead")
    made = Counter((e.round.case, e.place, e.round.number) for e in entries if isinstance(e, OverheadRound))
    assert (len(made), set(made.values())) == (len(overheads), {1})
    assert startups(entries) == Counter({None: 2, "alpha": 2, "beta": 2})
    end = entries[-1]
    assert isinstance(end, Finished)
    assert end.container_ns == sum(map(container_ns, entries))


def test_a_line_that_was_damaged_and_removed_is_measured_again_alone(whole: Whole) -> None:
    lines = whole.journal.splitlines(keepends=True)[:-1]
    third = next(number for number, line in enumerate(lines) if b'"number":2' in line)
    path = whole.cut("mended", b"".join(lines[:third] + lines[third + 1 :]))
    entries = resumed(whole, path)
    assert sorted(map(str, rounds(entries))) == sorted(map(str, rounds(whole.entries)))
    assert len(whole.measured()) == 1


def test_a_resumed_run_says_so(whole: Whole) -> None:
    path = whole.cut("said", b"".join(whole.journal.splitlines(keepends=True)[:-3]))
    assert any("was interrupted and resumed" in warning for warning in analyze(resumed(whole, path)).warnings)
    assert not any("resumed" in warning for warning in analyze(whole.entries).warnings)


def test_the_last_of_several_machines_is_the_one_to_be_compared_with() -> None:
    entries = a_journal([ALPHA], [], finished=False)
    newer = FACTS.model_copy(update={"kernel": "7.0"})
    assert Past.of([entries[0], FACTS, newer]).machine == newer


def test_a_journal_without_the_code_s_digest_is_held_to_its_version() -> None:
    started = a_journal([ALPHA], [], finished=False)[0]
    check_unchanged(Past.of([started, FACTS]), present(code="whatever"))


def test_two_harnesses_never_write_one_run(whole: Whole) -> None:
    path = whole.cut("held", whole.journal[:-200])
    before = (path / JOURNAL).read_bytes()
    held = RunFolder(path.parent, path.name, again=True)
    with pytest.raises(ResultsError, match="still being measured by another harness"):
        resume(MATMUL, whole.engine, whole.catalog, path, unwatched)
    held.close()
    assert before.startswith((path / JOURNAL).read_bytes())
    resume(MATMUL, whole.engine, whole.catalog, path, unwatched)


def test_other_sources_are_refused_and_the_journal_stays_as_it_was(whole: Whole, tmp_path: Path) -> None:
    journal = b"".join(whole.journal.splitlines(keepends=True)[:-3])
    path = whole.cut("edited", journal)
    other = a_catalog(tmp_path / "tree", ALPHA, BETA)
    (tmp_path / "tree" / "beta" / "main.x").write_text("faster", encoding="utf-8")
    said = r"run whole cannot be resumed.*\n  beta: sources, recipe or base image \(harness-beta:\w+ before"
    with pytest.raises(ChangedError, match=said):
        resume(MATMUL, whole.engine, other, path, unwatched)
    assert (path / JOURNAL).read_bytes() == journal
    assert whole.measured() == []


# --- what is another run -------------------------------------------------------------------------------------


def past_of(machine: Machine = FACTS, **image: str | bool | None) -> Past:
    started = a_journal([ALPHA], [], finished=False)[0].model_copy(update={"code": "c0de"})
    images = [Image(name="alpha", tag="alpha:1", digest="sha256:1").model_copy(update=image)]
    return Past.of([started, machine, *images])


def present(**changes: object) -> Present:
    now = Present(
        harness="0.1.0",
        code="c0de",
        manifests=(ALPHA,),
        machine=FACTS,
        tags={"alpha": "alpha:1"},
        digest={"alpha:1": "sha256:1", "alpha:2": "sha256:2"}.get,
    )
    return replace(now, **changes)  # type: ignore[arg-type]


def test_what_is_as_it_was_goes_on() -> None:
    check_unchanged(past_of(), present())
    check_unchanged(past_of(), present(machine=FACTS.model_copy(update={"load_1m": 9.0})))
    check_unchanged(past_of(tag=None, digest=None), present(tags={"alpha": "alpha:2"}))  # it was never built


def test_an_image_of_the_same_bytes_is_no_other() -> None:
    check_unchanged(past_of(canonical=True), present(tags={"alpha": "alpha:3"}, digest=lambda _: "sha256:1"))
    with pytest.raises(ChangedError, match="sources, recipe"):
        check_unchanged(past_of(canonical=True), present(tags={"alpha": "alpha:3"}, digest=lambda _: "sha256:3"))
    with pytest.raises(ChangedError, match="sources, recipe"):
        check_unchanged(past_of(), present(tags={"alpha": "alpha:3"}, digest=lambda _: "sha256:1"))


def test_an_image_that_the_engine_lost_is_built_again_and_the_run_goes_on(whole: Whole) -> None:
    path = whole.cut("lost", b"".join(whole.journal.splitlines(keepends=True)[:-2]))
    whole.engine.images = {tag for tag in whole.engine.images if not tag.startswith("harness-alpha")}
    assert rounds(resumed(whole, path)) == rounds(whole.entries)


def test_a_recipe_that_was_refused_does_not_keep_a_run_from_going_on(tmp_path: Path) -> None:
    catalog = a_catalog(tmp_path / "tree", ALPHA, BETA)
    catalog.implementations["beta"].dockerfile.write_text("FROM other AS final\n")
    whole = Whole(tmp_path, catalog)
    path = whole.cut("cut", b"".join(whole.journal.splitlines(keepends=True)[:-2]))
    assert rounds(resumed(whole, path)) == rounds(whole.entries)


FEWER = tuple(feature for feature in FACTS.features if feature != "avx2")

CHANGES: dict[str, tuple[dict[str, object], str]] = {
    "harness": ({"harness": "0.2.0"}, "harness version: 0.1.0 before, 0.2.0 now"),
    "code": ({"code": "another"}, "harness code: c0de before, another now"),
    "kernel": ({"machine": FACTS.model_copy(update={"kernel": "7.0"})}, f"the machine's kernel: {FACTS.kernel} before"),
    "memory": ({"machine": FACTS.model_copy(update={"memory_bytes": 1})}, "the machine's memory_bytes: "),
    "huge pages": (
        {"machine": FACTS.model_copy(update={"transparent_huge_pages": "never"})},
        "the machine's transparent_huge_pages: madvise before, never now",
    ),
    "governor": (
        {"machine": FACTS.model_copy(update={"governor": "powersave"})},
        f"the machine's governor: {FACTS.governor} before, powersave now",
    ),
    "engine": ({"machine": FACTS.model_copy(update={"engine": "Podman"})}, "the machine's engine: an engine before"),
    "cpu": ({"machine": FACTS.model_copy(update={"cpu": "Z80"})}, f"the machine's cpu: {FACTS.cpu} before, Z80 now"),
    "features": ({"machine": FACTS.model_copy(update={"features": FEWER})}, "the machine's features: without avx2"),
    "cores": ({"machine": FACTS.model_copy(update={"cores": 4})}, "the machine's cores: 2 before, 4 now"),
    "cpus": ({"machine": FACTS.model_copy(update={"cpus": (0, 2)})}, "the machine's cpus: (0, 1) before, (0, 2) now"),
    "manifest": ({"manifests": (a_manifest("alpha", "naive"),)}, "alpha: manifest"),
    "sources": ({"tags": {"alpha": "alpha:2"}}, "alpha: sources, recipe or base image (alpha:1 before"),
    "gone": ({"digest": lambda _: None}, "alpha: its image alpha:1 was removed, and a rebuilt one would differ"),
    "built anew": ({"digest": lambda _: "sha256:9"}, "alpha: its image alpha:1 was rebuilt (sha256:1 before"),
}


def test_every_change_is_named_and_what_can_be_done() -> None:
    machine = FACTS.model_copy(update={"features": ("amx", "bmi", "new"), "cores": 4})
    then = past_of(machine=FACTS.model_copy(update={"features": ("avx2", "avx", "new")}))
    with pytest.raises(ChangedError) as refused:
        check_unchanged(then, present(machine=machine, code="another"))
    assert str(refused.value) == (
        "run r1 cannot be resumed: times from before and after would not be comparable:\n"
        "  harness code: c0de before, another now\n"
        "  the machine's features: without avx, avx2; with amx, bmi\n"
        "  the machine's cores: 2 before, 4 now\n"
        "Restore that, or start a new run with `harness compare`; `harness report r1` shows what was measured."
    )


@pytest.mark.parametrize(("change", "said"), CHANGES.values(), ids=CHANGES)
def test_what_changed_is_named(change: dict[str, object], said: str) -> None:
    with pytest.raises(ChangedError) as refused:
        check_unchanged(past_of(), present(**change))
    assert f"\n  {said}" in str(refused.value)
    assert str(refused.value).count("\n  ") == 1
    assert "start a new run with `harness compare`" in str(refused.value)
    assert refused.value.exit_code == 2


# --- the key of a result -------------------------------------------------------------------------------------

IMAGE = Image(name="alpha", tag="alpha:1", digest="sha256:1")

OTHERS: dict[str, Callable[[], str]] = {
    "sources": lambda: key_of(a_case(), a_rung(), IMAGE.model_copy(update={"tag": "alpha:2"}), FACTS),
    "digest": lambda: key_of(a_case(), a_rung(), IMAGE.model_copy(update={"digest": "sha256:2"}), FACTS),
    "cpu": lambda: key_of(a_case(), a_rung(), IMAGE, FACTS.model_copy(update={"cpu": "Z80"})),
    "features": lambda: key_of(a_case(), a_rung(), IMAGE, FACTS.model_copy(update={"features": FEWER})),
    "rung": lambda: key_of(a_case("alpha/parallel"), a_rung(), IMAGE, FACTS),
    "n": lambda: key_of(a_case(n=17), a_rung(), IMAGE, FACTS),
    "threads": lambda: key_of(a_case(threads=2), a_rung(), IMAGE, FACTS),
    "flags": lambda: key_of(a_case(), a_rung(flags="-O2"), IMAGE, FACTS),
}


def test_a_key_tells_any_two_results_apart_and_only_those() -> None:
    key = key_of(a_case(), a_rung(), IMAGE, FACTS)
    assert len({key, *(other() for other in OTHERS.values())}) == 1 + len(OTHERS)
    idle = FACTS.model_copy(update={"load_1m": 0.0, "engine": "another"})
    assert key_of(a_case(), a_rung(), IMAGE, idle) == key


def test_the_key_of_a_canonical_image_is_that_of_its_bytes() -> None:
    """The tag hangs on the machine that built it, by its base; the digest does not."""
    image = IMAGE.model_copy(update={"canonical": True})
    elsewhere = image.model_copy(update={"tag": "alpha:2"})
    assert key_of(a_case(), a_rung(), image, FACTS) == key_of(a_case(), a_rung(), elsewhere, FACTS)
    other = image.model_copy(update={"digest": "sha256:2"})
    assert key_of(a_case(), a_rung(), image, FACTS) != key_of(a_case(), a_rung(), other, FACTS)


def test_every_round_and_row_has_the_key_of_its_case(whole: Whole) -> None:
    by_case = {(entry.case, entry.key) for entry in rounds(whole.entries)}
    assert len(by_case) == len({key for _, key in by_case}) == 4
    keys = {case.name: key for case, key in by_case}
    measured = [row for row in analyze(whole.entries).rows if row.outcome == "measured"]
    assert {row.name: row.key for row in measured} == {row.name: keys[row.name] for row in measured}
    assert len(measured) == 3


def test_nothing_is_measured_where_everything_was(whole: Whole) -> None:
    path = whole.cut("all", b"".join(whole.journal.splitlines(keepends=True)[:-1]))
    assert rounds(resumed(whole, path)) == rounds(whole.entries)
    assert whole.measured() == []
