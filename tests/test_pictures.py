"""Pictures for slides and READMEs: charts by their names, as SVG and in pixels."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

import pytest

from harness.model.comparison import Comparison
from harness.report import PICTURES, ChartName, formats, painter
from harness.report.page import drawings
from harness.report.page.charts.vega import PIXELS
from tests.golden_runs import run_of

CHARTS: tuple[ChartName, ...] = get_args(ChartName)
PNG = b"\x89PNG\r\n\x1a\n"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    return run_of("full", tmp_path_factory.mktemp("full"))


def svg_of(chart: ChartName, run: Comparison) -> ElementTree.Element:
    text = painter("svg").render(run, chart)
    assert isinstance(text, str)
    return ElementTree.fromstring(text)  # noqa: S314 (our own)


def test_every_chart_of_the_page_can_be_named() -> None:
    assert set(CHARTS) == set(drawings.CHARTS)
    assert set(PICTURES) <= set(formats())


def test_every_name_is_another_picture(full: Comparison) -> None:
    titles = {chart: str(svg_of(chart, full).findtext(f"{SVG}title")) for chart in CHARTS}
    assert len(set(titles.values())) == len(CHARTS)
    assert titles["climb"] == "The climb: times faster than python/naive"
    assert titles["variants"] == "Variants of rungs beside the published ratios"


def test_a_picture_in_pixels_is_twice_as_wide_as_the_same_drawn(full: Comparison) -> None:
    data = painter("png").render(full, "variants")
    assert isinstance(data, bytes)
    assert data.startswith(PNG)
    drawn = svg_of("variants", full)
    wide, high = struct.unpack(">II", data[16:24])
    assert (wide, high) == (PIXELS * int(drawn.attrib["width"]), PIXELS * int(drawn.attrib["height"]))
    assert data != painter("png").render(full, "climb")


def test_a_picture_in_pixels_reaches_a_file_whole() -> None:
    """By a process of its own: what it prints is bytes."""
    folder = Path("results") / "reference"
    command = [sys.executable, "-m", "harness", "report", str(folder), "--format", "png"]
    done = subprocess.run(command, capture_output=True, check=True, cwd=Path(__file__).parent.parent)
    assert done.stdout.startswith(PNG)
    assert done.stdout.endswith(b"IEND\xaeB`\x82")
    assert done.stderr == b""


def test_a_terminal_gets_no_bytes() -> None:
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "harness", "report", "results/reference", "--format", "png"]
    done = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, check=False, cwd=Path(__file__).parent.parent)
    os.close(theirs)
    os.close(ours)
    assert done.returncode == 2
    assert b"harness: a terminal shows no PNG: send it to a file" in done.stderr
