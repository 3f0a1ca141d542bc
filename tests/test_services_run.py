"""Runs of services on a scripted engine: interleaved, journalled, resumed, compared and reported like any other."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness.analysis.analyze import analyze
from harness.analysis.diff import diff
from harness.analysis.verify import verify
from harness.errors import EngineError, UsageError
from harness.events import Event
from harness.experiments.web import pair
from harness.experiments.web.experiment import WEB
from harness.experiments.web.rounds import LIMIT_CONTAINERS
from harness.images.catalog import Catalog
from harness.measure.compare import compare, resume
from harness.measure.plan import counted
from harness.model.comparison import Comparison
from harness.model.journal import Own, Round
from harness.report import FormatName, any_renderer, formats, renderer
from harness.report.as_text import render_section
from harness.report.difference import section_of
from harness.store import JOURNAL, load_run
from tests.conftest import Command
from tests.factories import a_catalog, a_manifest
from tests.fake_services import PAGE, Behaviour, FakeServices

ALPHA = a_manifest("alpha", rungs=(), scenarios=("page", "connect"))
BETA = a_manifest("beta", rungs=(), scenarios=("page", "connect"))
NGINX = a_manifest("reference", rungs=(), scenarios=("page",))
LOAD = a_manifest("load", rungs=())
SERVICES = {
    "alpha/page": Behaviour(cpu_s=1e-5, rate=20_000),
    "beta/page": Behaviour(cpu_s=2e-5, rate=10_000),
    "reference/page": Behaviour(cpu_s=1.1e-5, rate=18_000),
    "constant/page": Behaviour(rate=21_000),
}


@dataclass
class Session:
    """Runs of services into one folder."""

    folder: Path
    catalog: Catalog
    told: list[str] = field(default_factory=list)

    def options(self, **changes: Any) -> Any:
        typed: dict[str, Any] = {
            "langs": "all", "scenarios": "page,connect", "threads": 1, "connections": 64, "seconds": 2.0,
            "warm_up": 1.0,
            "rate": None, "cpus": 2, "cores": 2, "rounds": 3, "precision": 0.0, "budget": 0.0, "reference": "alpha",
            "seed": 3,
        }  # fmt: skip
        return WEB.options(self.catalog, **typed | changes)

    def run(self, engine: FakeServices, name: str = "r1", **changes: Any) -> bool:
        def watch(event: Event) -> None:
            self.told.append(event.text)

        return compare(WEB, engine, self.catalog, self.options(**changes), self.folder, name, watch)

    def comparison(self, name: str = "r1") -> Comparison:
        return analyze(load_run(self.folder / name))

    def rounds(self, name: str = "r1") -> list[Round]:
        return [entry for entry in load_run(self.folder / name) if isinstance(entry, Round)]


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setattr(pair, "READ_S", 0.001)
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "index.html").write_bytes(PAGE)
    return Session(tmp_path, a_catalog(tmp_path / "tree", ALPHA, BETA, NGINX, others=[LOAD]))


def scripted(**changes: Behaviour) -> FakeServices:
    services = SERVICES | {name.replace("_", "/"): behaviour for name, behaviour in changes.items()}
    return FakeServices((ALPHA, BETA, NGINX, LOAD), {}, services=services)


def test_services_are_measured_in_interleaved_rounds_after_one_pilot_each(session: Session) -> None:
    engine = scripted()
    assert session.run(engine)
    rounds = session.rounds()
    assert [entry.number for entry in rounds] == sorted(entry.number for entry in rounds)
    for case in {entry.case for entry in rounds}:
        own = [entry for entry in rounds if entry.case == case]
        assert [entry.pilot for entry in own] == [True] + [False] * (len(own) - 1)
        assert len(counted(own)) == 3
    assert engine.volumes == {}


def test_the_figures_are_those_of_the_script(session: Session) -> None:
    session.run(scripted())
    comparison = session.comparison()
    rows = {row.name: row for row in comparison.rows}
    assert {name: row.seconds.value for name, row in rows.items() if row.seconds} == pytest.approx(
        {"alpha/page": 1e-5, "beta/page": 2e-5, "reference/page": 1.1e-5, "alpha/connect": 1e-5, "beta/connect": 2e-5}
    )
    assert rows["beta/page"].vs_reference is not None
    assert rows["beta/page"].vs_reference.value == pytest.approx(0.5)
    found = {(each.case.name, each.metric): each for each in comparison.measured}
    assert found["beta/page", "rate"].value.value == pytest.approx(10_000)
    assert found["beta/page", "p99_s"].value.value == 0.0005
    assert found["beta/page", "start_s"].value.value == 1.0
    assert ("alpha/connect", "p99_s") not in found
    assert {name for (name, metric), each in found.items() if each.mark} == {
        "alpha/page",  # a rate of 20,000 where the load generator's own limit is 21,000
        "alpha/connect",
    }
    assert any("page 21,000/s" in text for text in comparison.warnings)


def test_the_service_and_its_load_have_cpus_of_their_own_and_one_loopback(session: Session) -> None:
    engine = scripted()
    session.run(engine)
    for load, service in engine.served:
        assert (service.cpus, load.cpus) == ((0,), (1,))
        assert (load.network, service.network) == (None, "container:load")
        assert service.arguments[-1] == "127.0.0.1" or service.entrypoint == ("/constant",)
        assert load.inputs == "inputs"
        assert service.inputs is None


@pytest.mark.parametrize(
    ("cores", "threads", "cpus"),
    [
        ({}, 1, (1, 2, 3)),
        ({0: (0, 0), 1: (0, 1), 2: (0, 0), 3: (0, 1)}, 1, (1, 3)),  # 2 shares the service's core
        ({0: (0, 0), 1: (0, 1), 2: (0, 0), 3: (0, 1)}, 2, (2, 3)),  # no others are left
        ({0: (0, 0), 1: (1, 0), 2: (0, 1), 3: (1, 1)}, 2, (2, 3)),
    ],
)
def test_the_load_shares_no_core_with_the_service(
    cores: dict[int, tuple[int, int]], threads: int, cpus: tuple[int, ...]
) -> None:
    place = pair.Bench(FakeServices([], {}), "load:1", "bodies", (0, 1, 2, 3), lambda: None, cores)
    assert place.load_cpus(threads) == cpus


def test_the_fixed_rate_is_half_of_the_pilots_or_what_the_user_says(session: Session) -> None:
    session.run(scripted())
    session.run(scripted(), "r2", rate=5000.0)
    for name, rates in (("r1", {10_000.0, 5000.0, 9000.0}), ("r2", {5000.0})):
        asked = [dict(r.asked) for r in session.rounds(name) if not r.pilot and r.case.rung == "page"]
        assert {each["rate"] for each in asked} == rates


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (Behaviour(bad=1), "1 of 40000 requests were not answered with status 200"),
        (Behaviour(body=b"another page"), "/ was answered with other bytes than are due"),
        (Behaviour(refuses="no such file: /web"), "its container does not start: no such file: /web"),
    ],
)
def test_a_wrong_service_fails_and_never_costs_the_others(session: Session, behaviour: Behaviour, reason: str) -> None:
    assert not session.run(scripted(beta_page=behaviour))
    rows = {row.name: row for row in session.comparison().rows}
    assert (rows["beta/page"].outcome, rows["alpha/page"].outcome) == ("failed", "measured")
    assert reason in (rows["beta/page"].reason or "")
    assert len([r for r in session.rounds() if r.case.name == "beta/page"]) == 1


def test_without_a_load_generator_nothing_is_measured_and_the_reason_is_told(session: Session) -> None:
    engine = scripted()
    engine.unbuildable = frozenset({"load"})
    with pytest.raises(EngineError, match=r"the load generator could not be built: .*\nBuild log: .*build-load\.log"):
        session.run(engine)
    assert session.rounds() == []


@pytest.mark.parametrize("lines", [3, 6, 12, 17])
def test_a_run_that_was_cut_short_is_resumed_and_measures_only_what_is_left(session: Session, lines: int) -> None:
    session.run(scripted())
    whole = (session.folder / "r1" / JOURNAL).read_bytes().splitlines(keepends=True)
    shutil.copytree(session.folder / "r1", session.folder / "r2")
    kept = b"".join(whole[:lines])
    (session.folder / "r2" / JOURNAL).write_bytes(kept)
    engine = scripted()
    engine.images |= {image for entry in load_run(session.folder / "r1") if (image := getattr(entry, "tag", None))}
    assert resume(WEB, engine, session.catalog, session.folder / "r2", lambda _: None)
    assert (session.folder / "r2" / JOURNAL).read_bytes().startswith(kept)
    again, before = session.rounds("r2"), session.rounds()
    assert [(r.case, r.number, r.asked) for r in again] == [(r.case, r.number, r.asked) for r in before]
    made = sum(b'"kind":"round"' in line or b'"kind":"own"' in line for line in whole[:lines])
    limits = sum(isinstance(entry, Own) for entry in load_run(session.folder / "r2"))
    assert limits == 2
    limits_made = sum(b'"kind":"own"' in line for line in whole[:lines])
    assert len(engine.served) == len(again) - (made - limits_made) + LIMIT_CONTAINERS * (limits - limits_made)


def test_the_journal_is_verified_and_compared_with_another(session: Session) -> None:
    session.run(scripted())
    session.run(scripted(beta_page=Behaviour(cpu_s=4e-5, rate=12_000)), "r2")
    entries = load_run(session.folder / "r1")
    assert verify(entries).problems == ()
    last = max(place for place, entry in enumerate(entries) if isinstance(entry, Round))
    entries[last] = entries[last].model_copy(update={"sha256": "0" * 64})
    (problem,) = verify(entries).problems
    assert "the SHA-256 of its answer is 0000" in problem
    difference = diff(load_run(session.folder / "r1"), load_run(session.folder / "r2"))
    verdicts = dict(zip([change.case.name for change in difference.changes], difference.verdicts(), strict=True))
    assert verdicts["beta/page"] == "slower"
    assert verdicts["reference/page"] == "not significant"
    others = [(metric.name, change.case.name, better) for metric, change, better in difference.better_or_worse()]
    assert others == [("rate", "beta/connect", True), ("rate", "beta/page", True)]
    text = render_section(section_of(difference))
    assert "20.0 [20.0–20.0]" in text
    assert "Requests a second at saturation: better: 10,000" in " ".join(text.split())


def test_a_metric_that_one_round_lacks_is_not_compared(session: Session) -> None:
    session.run(scripted())
    session.run(scripted(beta_page=Behaviour(cpu_s=4e-5, rate=12_000)), "r2")
    entries = load_run(session.folder / "r2")
    place, entry = next(
        (place, entry)
        for place, entry in enumerate(entries)
        if isinstance(entry, Round) and entry.case.name == "beta/page" and not entry.pilot
    )
    entries[place] = entry.model_copy(update={"values": {**entry.values, "rate": 0.0}})
    found = diff(load_run(session.folder / "r1"), entries).better_or_worse()
    assert [(metric.name, change.case.name) for metric, change, _ in found] == [("rate", "beta/connect")]


@pytest.mark.parametrize("name", sorted({*formats()} - {"png"}))  # pixels have no words
def test_every_format_reports_services(session: Session, name: FormatName) -> None:
    session.run(scripted())
    text = any_renderer(name).render(session.comparison())
    assert isinstance(text, str)
    assert "Beta" in text or "beta" in text
    assert "GFLOP/s" not in text


def test_a_table_says_each_metric_of_each_scenario_in_a_unit_that_fits(session: Session) -> None:
    session.run(scripted())
    text = renderer("md").render(session.comparison())
    assert "CPU time a request, µs (less is better)" in text
    assert "Requests a second at saturation (more is better)" in text
    line = next(line for line in text.splitlines() if line.startswith("| Beta"))
    assert [cell.strip() for cell in line.split("|")][2:4] == ["20.0 [20.0–20.0]", "20.0 [20.0–20.0]"]
    document = json.loads(renderer("json").render(session.comparison()))
    assert document["experiment"] == "web"
    assert {metric["name"]: metric["better"] for metric in document["metrics"]}["rate"] == "more"


def test_the_plan_lists_every_case_and_its_control_and_runs_nothing(harness: Command, tmp_path: Path) -> None:
    words = ["--langs", "c", "--scenarios", "page,json", "--out", str(tmp_path)]
    ended = harness("web", "compare", "--plan", *words)
    assert ended.code == 0, ended.err
    assert [line.split()[0] for line in ended.out.splitlines()[2:5]] == ["c/page", "c/json", "c/page"]
    assert "A/A control" in ended.out
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_resumed_with_its_own_options(harness: Command, tmp_path: Path) -> None:
    ended = harness("web", "compare", "--resume", "latest", "--seconds", "3", "--out", str(tmp_path))
    assert ended.code == 2
    assert "leave out --seconds" in ended.err


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"threads": 2}, "--threads 2 is out of range: 1 to 1 \\(the load has CPUs of its own\\)"),
        ({"cpus": 1}, "two CPUs at least"),
        ({"scenarios": "pages"}, "unknown scenario 'pages': did you mean page"),
        ({"langs": "gamma"}, "unknown implementation 'gamma'"),
        ({"langs": "reference", "scenarios": "json"}, "no case to run"),
        ({"reference": "gamma"}, "unknown implementation in --reference"),
    ],
)
def test_what_cannot_be_measured_is_refused_by_name(session: Session, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        session.options(**changes)


def test_the_reference_is_the_usual_one_or_the_first_that_was_chosen(session: Session) -> None:
    assert session.options(reference=None, langs="beta,alpha").reference == "alpha"
    assert session.options(reference=None, langs="beta").reference == "beta"
