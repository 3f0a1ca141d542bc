"""The whole pipeline on a scripted engine: what one case does never costs the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import chain, repeat
from pathlib import Path

import numpy as np
import pytest

from harness.analysis.analyze import analyze
from harness.engine.engine import Exit
from harness.errors import EngineError
from harness.events import Event
from harness.experiments.matmul.experiment import MATMUL
from harness.experiments.matmul.workload import Workload
from harness.measure.compare import compare
from harness.model.cases import Accounts, Options
from harness.model.comparison import Comparison, Interval, Row
from harness.model.journal import Finished, Machine, OverheadRound, Peak, Round, Startup
from harness.model.manifests import Manifest
from harness.store import load_run
from tests.factories import a_catalog, a_manifest, info_of, some_options
from tests.fake_engine import LIFE_NS, Beside, FakeEngine, Fault, Kernel, compiled, on_container

ALPHA = a_manifest("alpha", "naive", "parallel", peak=True)
BETA = a_manifest("beta", "naive", "parallel")
WEB = a_manifest("web", rungs=())
ROW_S = {"alpha/naive": 4e-3, "alpha/parallel": 2e-3, "beta/naive": 2e-3, "beta/parallel": 1e-3}
OPTIONS = some_options()
Script = Callable[..., FakeEngine]


def scripted(manifests: tuple[Manifest, ...] = (ALPHA, BETA), **script: object) -> FakeEngine:
    return FakeEngine(manifests, ROW_S, **script)  # type: ignore[arg-type]


@dataclass
class Session:
    """Runs comparisons into one folder, and keeps what was told meanwhile."""

    folder: Path
    events: list[Event] = field(default_factory=list)

    def run(self, engine: FakeEngine, options: Options = OPTIONS) -> bool:
        catalog = a_catalog(self.folder / "tree", ALPHA, BETA, others=[WEB])
        return compare(MATMUL, engine, catalog, options, self.folder, "r1", self.events.append)

    def comparison(self) -> Comparison:
        return analyze(load_run(self.folder / "r1"))

    def rows(self) -> dict[str, Row]:
        return {row.name: row for row in self.comparison().rows}


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path)


def test_a_whole_run_is_measured_and_tells_the_scripted_ratios(session: Session) -> None:
    engine = scripted()
    assert session.run(engine)
    rows = session.rows()
    assert {row.outcome for row in rows.values()} == {"measured"}
    ratios = {name: row.ratio.value for name, row in rows.items() if row.ratio}
    expected = {"alpha/naive": 1, "alpha/parallel": 2, "beta/naive": 2, "beta/parallel": 4}
    assert ratios == pytest.approx(expected)
    assert rows["beta/parallel"].efficiency == Interval(value=1.0, low=1.0, high=1.0)
    assert rows["beta/naive"].sha256 == rows["alpha/parallel"].sha256
    assert all(row.rounds >= 3 for row in rows.values())
    assert engine.volumes == {}


def test_the_journal_holds_the_machine_the_peaks_every_container_and_the_cost(session: Session) -> None:
    engine = scripted()
    session.run(engine)
    entries = load_run(session.folder / "r1")
    kinds = [entry.kind for entry in entries]
    assert (kinds[0], kinds[1], kinds[-2], kinds[-1]) == ("started", "machine", "reading", "finished")
    assert kinds.count("reading") == 2
    assert kinds.index("reading") < kinds.index("peak")
    assert isinstance(entries[1], Machine)
    assert [entry.threads for entry in entries if isinstance(entry, Peak)] == [1, 1, 2, 2]
    rounds = [entry for entry in entries if isinstance(entry, Round)]
    assert len(rounds) == sum(job.arguments[0] == "run" for job in engine.jobs)
    end = entries[-1]
    assert isinstance(end, Finished)
    assert end.container_ns == sum(entry.container_ns for entry in entries if isinstance(entry, Round | Peak | Startup))


def test_rounds_are_interleaved_and_every_case_is_explored_first(session: Session) -> None:
    session.run(scripted())
    rounds = [entry for entry in load_run(session.folder / "r1") if isinstance(entry, Round)]
    numbers = [entry.number for entry in rounds]
    assert numbers == sorted(numbers)
    assert set(numbers) == set(range(1, max(numbers) + 1))
    for number in set(numbers):
        names = [entry.case.name for entry in rounds if entry.number == number]
        assert len(set(names)) == len(names)
    for case in {entry.case for entry in rounds}:
        pilots = [entry.pilot for entry in rounds if entry.case == case]
        assert pilots == sorted(pilots, reverse=True)
        assert pilots[0]
        assert pilots.count(False) >= OPTIONS.rounds
    orders = {tuple(e.case.name for e in rounds if e.number == number) for number in set(numbers)}
    assert len(orders) > 1


def test_other_images_are_built_and_weighed_with_every_run(session: Session) -> None:
    session.run(scripted())
    images = {image.name: image for image in session.comparison().images}
    assert images["web"].unpacked_bytes == 900
    assert images["web"].within_budget


def test_progress_is_told_with_what_is_left(session: Session) -> None:
    session.run(scripted())
    under_way = [event for event in session.events if event.stage == "measure"]
    assert all(event.total and event.left_s is not None for event in under_way)
    left = [event.left_s or 0 for event in under_way]
    assert left[0] > left[-1]
    assert any("beta/parallel (2 threads)" in event.text for event in session.events if event.stage == "measured")


def test_an_implementation_that_does_not_build_costs_only_itself(session: Session) -> None:
    assert not session.run(scripted(unbuildable=frozenset({"beta"})))
    rows = session.rows()
    assert {name: row.outcome for name, row in rows.items()} == {
        "alpha/naive": "measured",
        "alpha/parallel": "measured",
        "beta/naive": "failed",
        "beta/parallel": "failed",
    }
    assert rows["beta/naive"].reason == "error: expected ';' (exit code 1)"
    log = session.folder / "r1" / (rows["beta/naive"].log or "")
    assert "main.x:1" in log.read_text(encoding="utf-8")


def test_where_nothing_builds_the_run_still_ends_and_says_so(session: Session) -> None:
    assert not session.run(scripted(unbuildable=frozenset({"alpha", "beta", "web"})))
    assert {row.outcome for row in session.rows().values()} == {"failed"}
    assert session.comparison().finished is not None


def test_a_rung_built_otherwise_than_declared_costs_only_itself(session: Session) -> None:
    rung = BETA.rungs[1].model_copy(update={"flags": "-Ofast"})
    built = info_of(BETA.model_copy(update={"rungs": (BETA.rungs[0], rung)}))
    assert not session.run(scripted(infos={"beta": built}))
    rows = session.rows()
    failed = [name for name, row in rows.items() if row.outcome == "failed"]
    assert failed == ["beta/parallel"]
    assert rows["beta/parallel"].reason == "flags: the manifest says '-O3', the image was built with '-Ofast'"


def writes(wrong: Callable[[Workload], np.typing.NDArray[np.float64]]) -> Fault:
    """Prints the right checksums, but writes this instead of the first rows of C."""

    def fault(ended: Exit) -> Exit:
        length = len(ended.output or b"")
        return replace(ended, output=wrong(Workload(OPTIONS.n, OPTIONS.seed)).tobytes()[:length])

    return fault


FAULTS: dict[str, Fault] = {
    "swapped": writes(lambda w: w.b @ w.a),
    "transposed": writes(lambda w: np.ascontiguousarray((w.a @ w.b).T)),
    "stale": writes(lambda w: Workload(w.n, w.seed + 1).a @ w.b),
    "hangs": lambda ended: replace(ended, code=137, timed_out=True),
    "out of memory": lambda ended: replace(ended, code=137, out_of_memory=True),
    "crashes": lambda ended: replace(ended, code=139),
    "garbage": lambda ended: replace(ended, stdout=b"9" * 400 + b" 1 1\n"),
    "too few": lambda ended: replace(ended, stdout=b""),
    "in no time": lambda ended: replace(ended, stdout=b"0 0 0\n"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("container", [1, 3])
def test_a_fault_in_any_container_is_no_result_and_costs_no_other(
    container: int, fault: Fault, session: Session
) -> None:
    assert not session.run(scripted(faults={"beta/naive": on_container(container, fault)}))
    rows = session.rows()
    assert [name for name, row in rows.items() if row.outcome != "measured"] == ["beta/naive"]
    assert (rows["beta/naive"].ratio, rows["beta/naive"].seconds) == (None, None)
    assert rows["beta/naive"].reason
    rounds = [e for e in load_run(session.folder / "r1") if isinstance(e, Round) and e.case.name == "beta/naive"]
    assert len(rounds) == container


def stopped(error: BaseException) -> Fault:
    def fault(_: Exit) -> Exit:
        raise error

    return fault


@pytest.mark.parametrize("error", [KeyboardInterrupt(), EngineError("the container engine stopped answering")])
def test_an_interrupted_run_keeps_its_rounds_and_leaves_no_volume(error: BaseException, session: Session) -> None:
    engine = scripted(faults={"beta/parallel": on_container(6, stopped(error))})
    with pytest.raises(type(error)):
        session.run(engine)
    assert engine.volumes == {}
    comparison = session.comparison()
    assert comparison.finished is None
    assert any("was interrupted" in warning for warning in comparison.warnings)
    assert all(row.ratio for row in comparison.rows)


def test_a_run_interrupted_before_a_case_was_measured_says_so(session: Session) -> None:
    engine = scripted(faults={"beta/parallel": stopped(KeyboardInterrupt())})
    with pytest.raises(KeyboardInterrupt):
        session.run(engine)
    row = session.rows()["beta/parallel"]
    assert (row.outcome, row.reason) == ("failed", "the run was interrupted before it was measured")


def test_a_peak_is_measured_until_two_agree(session: Session) -> None:
    seen = [100.0, 2000.0, 1000.0, 1990.0, 1000.0, 1000.0]  # on one thread, until 1990 agrees with 2000; then on two
    session.run(scripted(peaks_gflops=iter(seen)))
    assert {peak.threads: peak.gflops for peak in session.comparison().peaks} == {1: 2000.0, 2: 1000.0}


def test_a_peak_that_was_measured_too_low_fails_no_case_and_is_measured_again(session: Session) -> None:
    """Twice as low as the quickest case on one thread, and thrice on two, although two measurements agreed."""
    seen = chain([2.6e-4 / 2] * 2, [5.2e-4 / 3] * 2, repeat(1e-3))
    assert session.run(scripted(peaks_gflops=seen))
    comparison = session.comparison()
    assert {peak.threads: peak.gflops for peak in comparison.peaks} == {1: 1e-3, 2: 1e-3}
    assert not any("peak" in warning for warning in comparison.warnings)
    again = [event.text for event in session.events if "again: a case came close to it" in event.text]
    assert len(again) == 2


def test_a_peak_is_measured_again_five_times_and_then_a_warning_has_to_do(session: Session) -> None:
    assert session.run(scripted(peak_gflops=1e-4))
    assert sum(isinstance(entry, Peak) for entry in load_run(session.folder / "r1")) == 2 * (2 + 5)
    assert any("faster than the measured peak" in warning for warning in session.comparison().warnings)


def test_the_cpu_time_of_containers_is_kept_with_what_they_took_beside_their_samples(session: Session) -> None:
    session.run(scripted())
    journal = load_run(session.folder / "r1")
    starts = [entry.accounts for entry in journal if isinstance(entry, Startup)]
    rounds = [entry for entry in journal if isinstance(entry, Round)]
    assert set(starts) == {Accounts(life_ns=LIFE_NS, cpu_ns=LIFE_NS)}
    assert {entry.untimed for entry in rounds} == set(starts)
    assert all(entry.accounts and entry.accounts.cpu_ns for entry in rounds)
    assert not any(warning.startswith("CPU time not verified in") for warning in session.comparison().warnings)


def test_what_no_account_was_read_of_is_told(session: Session) -> None:
    session.run(scripted(unaccounted=True))
    told = [warning for warning in session.comparison().warnings if warning.startswith("CPU time not verified in")]
    assert len(told) == 1


def hides_a_second(ended: Exit) -> Exit:
    hidden_ns = 10**9 if (ended.cpu_ns or 0) > LIFE_NS else 0  # where it computes anything
    return replace(ended, cpu_ns=(ended.cpu_ns or 0) + hidden_ns)


def test_a_case_that_hides_its_work_fails_and_no_other(session: Session) -> None:
    assert not session.run(scripted(faults={"beta/naive": hides_a_second}))
    rows = session.rows()
    assert {name for name, row in rows.items() if row.outcome == "failed"} == {"beta/naive"}
    assert "s were counted" in (rows["beta/naive"].reason or "")


def test_a_peak_that_cannot_be_measured_costs_only_the_shares(session: Session) -> None:
    assert session.run(scripted(peak_gflops=-1.0))
    assert any("peak was not measured" in warning for warning in session.comparison().warnings)
    assert any("peak could not be measured" in event.text for event in session.events)


def test_the_same_seed_asks_for_the_same_containers_in_the_same_order(tmp_path: Path) -> None:
    asked = []
    for name in ("one", "two"):
        engine = scripted()
        Session(tmp_path / name).run(engine)
        asked.append([(job.image, job.arguments) for job in engine.jobs if job.arguments[0] == "run"])
    assert asked[0] == asked[1]


# --- conditions ----------------------------------------------------------------------------------------------


def noisy(case: str, *containers: int, beside: Beside) -> Callable[[str], Beside]:
    """Something goes on beside these containers of a case, counted from 1."""
    count = 0

    def script(name: str) -> Beside:
        nonlocal count
        count += name == case
        return beside if name == case and (count in containers or not containers) else Beside()

    return script


LOUD, ROBBED = Beside(others=0.5), Beside(steal=0.1)
LONGER = OPTIONS.model_copy(update={"budget_s": 4.0})  # so that samples are most of what a container lives


@pytest.mark.parametrize(("beside", "said"), [(LOUD, "other processes used"), (ROBBED, "steal")])
def test_a_round_with_interference_is_repeated_and_excluded(beside: Beside, said: str, session: Session) -> None:
    session.run(scripted(beside=noisy("beta/naive", 5, beside=beside)), LONGER)
    comparison = session.comparison()
    (found,) = comparison.interference
    assert (found.case.name, found.number, found.counted) == ("beta/naive", 5, False)
    assert said in found.what
    row = session.rows()["beta/naive"]
    assert row.rounds >= OPTIONS.rounds
    assert (row.interference_rounds, row.excluded_rounds) == (1, 1)
    assert any("1 of " in text and "interference" in text for text in comparison.warnings)
    assert any(event.stage == "measured" and f"(interference: {said}" in event.text for event in session.events)


def test_where_every_round_has_interference_all_are_kept_and_the_report_says_so(session: Session) -> None:
    assert session.run(scripted(beside=noisy("beta/naive", beside=LOUD)), LONGER)
    row = session.rows()["beta/naive"]
    assert row.outcome == "measured"
    assert (row.interference_rounds, row.excluded_rounds) == (row.rounds, 0)
    (warning,) = [text for text in session.comparison().warnings if "interference" in text]
    assert warning.endswith("kept (too few clean rounds): beta/naive")


def test_a_clean_run_reports_its_conditions_and_no_interference(session: Session) -> None:
    session.run(scripted())
    comparison = session.comparison()
    assert comparison.interference == ()
    assert comparison.conditions is not None
    assert comparison.conditions.others_share_worst == pytest.approx(0, abs=0.01)
    assert len(comparison.readings) == 2


def test_a_host_that_cannot_be_read_costs_no_results(session: Session) -> None:
    assert session.run(scripted(silent=True))
    comparison = session.comparison()
    assert (comparison.conditions, comparison.readings, comparison.interference) == (None, (), ())
    assert any("is not available" in text for text in comparison.warnings)


def test_every_image_is_started_and_a_container_that_does_nothing(session: Session) -> None:
    engine = scripted()
    session.run(engine)
    startups = [entry for entry in load_run(session.folder / "r1") if isinstance(entry, Startup)]
    assert Counter(entry.image for entry in startups) == {"alpha": 2, "beta": 2, None: 2}
    comparison = session.comparison()
    assert comparison.container_seconds == pytest.approx(0.05)
    assert {image.name: image.startup_seconds for image in comparison.images} == {
        "alpha": pytest.approx(0.05),
        "beta": pytest.approx(0.05),
        "web": None,
    }


def test_the_containers_overhead_is_measured_where_it_is_asked_for(session: Session) -> None:
    engine = scripted()
    assert session.run(engine, OPTIONS.model_copy(update={"overhead": True}))
    rows = session.comparison().overhead
    assert {row.case.name for row in rows} == {"alpha/naive", "beta/naive"}
    of_alpha = [row for row in rows if row.case.name == "alpha/naive"]
    assert [row.place for row in of_alpha] == ["container", "container without seccomp"]
    assert [row.ratio.value for row in of_alpha if row.ratio] == pytest.approx([1.0, 1.0])
    rounds = [entry for entry in load_run(session.folder / "r1") if isinstance(entry, OverheadRound)]
    assert sum(not job.seccomp for job in engine.jobs) == len(rounds) // 2


def test_the_overhead_costs_no_case_its_result(session: Session) -> None:
    engine = scripted()
    engine.faults = {"beta/naive": lambda ended: ended if engine.jobs[-1].seccomp else replace(ended, code=1)}
    assert session.run(engine, OPTIONS.model_copy(update={"overhead": True}))
    failed = {(row.case.name, row.place) for row in session.comparison().overhead if row.reason and row.place != "host"}
    assert failed == {("beta/naive", "container without seccomp")}
    assert {row.outcome for row in session.rows().values()} == {"measured"}


KERNELS = {
    "alpha/naive": Kernel(5e-3 / 64, slower=compiled((0.2, 20.0), (0.6, 4.0))),  # as a just-in-time compiler makes it
    "beta/parallel": Kernel(1e-4 / 64, once_s=0.1, cold=0.2),  # as workers that must start in every call
    "alpha/parallel": Kernel(1e-2, cold=0.3),
    "beta/naive": Kernel(1e-2 / 64, slower=lambda computed_s: 1 + 100 * 0.8**computed_s),
}


def test_whatever_a_kernel_does_at_first_its_figure_is_of_a_steady_whole_product(session: Session) -> None:
    options = OPTIONS.model_copy(update={"n": 64, "budget_s": 2.0})
    assert not session.run(scripted(kernels=KERNELS), options)
    rows = session.rows()
    expected = {"alpha/naive": 5e-3, "beta/parallel": 0.1001, "alpha/parallel": 0.64}
    for name, seconds in expected.items():
        assert (row := rows[name]).seconds is not None
        assert row.seconds.value == pytest.approx(seconds, rel=0.02)
    assert rows["alpha/naive"].first_sample_seconds == pytest.approx(20 * 5e-3)
    assert rows["alpha/naive"].warm_up_seconds == pytest.approx(0.6, abs=0.1)
    assert (rows["alpha/naive"].rows_computed, rows["beta/parallel"].rows_computed) == (64, 64)
    assert rows["alpha/naive"].calls > 1
    assert rows["beta/naive"].outcome == "failed"
    assert (rows["beta/naive"].reason or "").startswith("no steady state")
