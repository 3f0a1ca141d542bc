"""What charts show stands where its value is, and charts that nobody can draw are left out."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest

from harness.analysis.analyze import analyze
from harness.model.comparison import Comparison
from harness.report import renderer
from harness.report.page.cases import cases_of
from harness.report.page.charts.conditions import MOST, series_of
from harness.report.page.charts.scaling import scaling_lines
from harness.report.page.page import context
from tests.factories import a_journal, a_manifest, rounds_of

PLACE = re.compile(r"translate\(([\d.]+),[\d.]+\)")
SVG = "{http://www.w3.org/2000/svg}"


def a_ratio(ratio: float) -> Comparison:
    """A run in which beta is so many times as fast as alpha."""
    rounds = [*rounds_of("alpha/naive", [1.0], [1.0]), *rounds_of("beta/naive", [1 / ratio], [1 / ratio])]
    return analyze(a_journal([a_manifest("alpha"), a_manifest("beta")], rounds))


def places(svg: str) -> dict[str, float]:
    """Where each point is, in pixels from the left, by what its tooltip says."""
    found = {}
    for each in ElementTree.fromstring(svg).iter(f"{SVG}path"):  # noqa: S314 (our own)
        title, place = each.find(f"{SVG}title"), PLACE.fullmatch(each.get("transform", ""))
        if title is not None and place:
            found[str(title.text)] = float(place[1])
    return found


@pytest.mark.parametrize("ratio", [0.5, 2.0, 10.0, 5000.0])
def test_a_point_of_the_climb_stands_at_its_ratio(ratio: float) -> None:
    at = places(renderer("svg").render(a_ratio(ratio)))
    one, most = (at[f"Published, 18 cores, {step}×"] for step in ("Python 1", "plus AVX intrinsics 62,806"))
    beta = next(place for said, place in at.items() if said.startswith("Beta, naive"))
    assert beta - one == pytest.approx((most - one) * math.log(ratio, 62_806), abs=0.5)
    assert at["Alpha, naive 1.00×"] == pytest.approx(one, abs=0.2)


def test_the_picture_says_what_it_is_of() -> None:
    svg = renderer("svg").render(a_ratio(2.0))
    root = ElementTree.fromstring(svg)  # noqa: S314
    assert root.get("role") == "img"
    assert [child.tag.removeprefix(SVG) for child in root][:2] == ["title", "desc"]
    assert "times faster than alpha/naive" in svg
    assert "var(" not in svg
    assert 'href="' not in svg


def test_threads_are_drawn_where_several_were_measured() -> None:
    rounds = [
        *rounds_of("alpha/parallel", [4.0], [4.0]),
        *rounds_of("alpha/parallel", [2.0], [2.0], threads=2),
        *rounds_of("alpha/naive", [4.0], [4.0]),
    ]
    found = analyze(a_journal([a_manifest("alpha", "naive", "parallel")], rounds, threads=(1, 2)))
    (line,) = scaling_lines(cases_of(found))
    assert (line.name, [round(speedup, 6) for _, speedup in line.points]) == ("alpha/parallel", [1, 2])
    assert "dashed: ideal" in renderer("html").render(found)


def test_a_chart_without_anything_to_show_is_left_out() -> None:
    bare = context(analyze(a_journal([a_manifest()], [], finished=False)[:1]))
    assert [bare[name] for name in ("climb", "sizes", "scaling", "rounds", "conditions")] == [[], [], [], [], []]


def test_lines_of_conditions_are_thinned_to_the_worst() -> None:
    (row,) = analyze(a_journal([a_manifest()], rounds_of("alpha/naive", [1.0]))).rounds
    calm = row.model_copy(update={"steal_share": 0.0, "others_share": None, "mhz": None, "available_bytes": 2**33})
    many = [calm.model_copy(update={"began_s": 60.0 * number}) for number in range(10 * MOST)]
    many[777] = many[777].model_copy(update={"steal_share": 0.5})
    drawn = dict(series_of(many))
    assert len(drawn) == 2
    assert all(len(points) == MOST for points in drawn.values())
    assert max(value for _, value in next(iter(drawn.values()))) == 50.0
