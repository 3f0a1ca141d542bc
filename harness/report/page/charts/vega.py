"""Vega's marks, scales and axes as this project uses them, and the SVG that they become, offline and without a browser.

Vega draws from data, so that nothing here places a pixel of a scale or an axis. vl-convert has it in one library: no
cache, no font list and no setting of the user's, which matplotlib would need, and no second schema between, as with
Altair.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from harness.report.page.charts.palette import Palette

SVG = "http://www.w3.org/2000/svg"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
DECADE = 34  # pixels of a logarithmic axis between two of its words
PIXELS = 2  # of a picture, for each of its SVG's
NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
NEEDLESS = {"role", "aria-roledescription", "aria-hidden", "pointer-events", "class", "font-family"}  # or said once
INHERITED = (
    "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "font-size", "font-weight",
    "text-anchor", "paint-order",
)  # fmt: skip
CASE = "case:"  # before the id of the case that a mark stands for, in its description
Values = Sequence[Mapping[str, object]]

ElementTree.register_namespace("", SVG)


@dataclass(frozen=True)
class Mark:
    """One mark for each of the values. A channel is a field's name in a list, a (scale, field) pair or a constant."""

    kind: str
    values: Values
    channels: Mapping[str, object]

    def specification(self, data: str) -> dict[str, object]:
        """As Vega has it, of the data of that name."""
        enter = {name: _channel(channel) for name, channel in self.channels.items()}
        return {"type": self.kind, "from": {"data": data}, "encode": {"enter": enter}}


def mark(kind: str, values: Values, **channels: object) -> Mark:
    """A mark with its channels as keywords."""
    return Mark(kind, values, channels)


@dataclass(frozen=True)
class Chart:
    """What is to be drawn. Its title and description are what a screen reader says of it."""

    title: str
    description: str
    width: int
    height: int
    scales: Sequence[Mapping[str, object]]
    axes: Sequence[Mapping[str, object]]
    marks: Sequence[Mark]
    left: int = 0  # room beside what the scales span
    right: int = 0
    top: int = 0
    bottom: int = 0


def _channel(channel: object) -> object:
    match channel:
        case [str(field)]:
            return {"field": field}
        case (str(scale), str(field)):
            return {"scale": scale, "field": field}
        case _:
            return {"value": channel}


def scale(name: str, kind: str, domain: Sequence[float], pixels: Sequence[float]) -> dict[str, object]:
    """A scale from numbers to pixels."""
    return {"name": name, "type": kind, "domain": list(domain), "range": list(pixels), "zero": False, "nice": False}


def axis(name: str, orient: str, values: Sequence[float], palette: Palette, **more: object) -> dict[str, object]:
    """An axis with a line across the chart at each of the values."""
    return {
        "scale": name, "orient": orient, "values": list(values), "grid": True, "gridColor": palette.grid,
        "domain": False, "ticks": False, "labelColor": palette.soft, "titleColor": palette.soft, "labelPadding": 6,
        "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelFont": FONT, "titleFont": FONT,
        "labelOverlap": False, **more,
    }  # fmt: skip


def svg(chart: Chart, palette: Palette, *, alone: bool = False, tooltips: bool = True, links: bool = True) -> str:
    """The chart as SVG, to stand in a page, or alone in a file of its own.

    Tooltips are for those who have a mouse, links for a page that has what the marks stand for.
    """
    import vl_convert  # here: it is large, and only what draws needs it

    drawn = ElementTree.fromstring(vl_convert.vega_to_svg(_specification(chart, palette)))  # noqa: S314 (our own)
    _tidy(drawn, tooltips=tooltips, links=links)
    return _finished(drawn, chart, palette, alone=alone)


def png(picture: str) -> bytes:
    """An SVG that stands alone, as PNG of twice its width and height: sharp on a projector."""
    import vl_convert

    return vl_convert.svg_to_png(picture, scale=PIXELS)


def _specification(chart: Chart, palette: Palette) -> dict[str, Any]:
    return {
        "width": chart.width,
        "height": chart.height,
        "autosize": "none",
        "padding": {"left": chart.left, "right": chart.right, "top": chart.top, "bottom": chart.bottom},
        "config": {"text": {"font": FONT, "fill": palette.ink, "fontSize": 12}, "axis": {"aria": False}},
        "data": [{"name": f"data-{place}", "values": list(each.values)} for place, each in enumerate(chart.marks)],
        "scales": list(chart.scales),
        "axes": list(chart.axes),
        "marks": [each.specification(f"data-{place}") for place, each in enumerate(chart.marks)],
    }


def _finished(root: ElementTree.Element, chart: Chart, palette: Palette, *, alone: bool) -> str:
    """With what it is for those who do not see it, and as large as its place."""
    width, height = root.attrib.pop("width"), root.attrib.pop("height")
    title, description = ElementTree.Element(f"{{{SVG}}}title"), ElementTree.Element(f"{{{SVG}}}desc")
    title.text, description.text = chart.title, chart.description
    root[:0] = [title, description]
    root.attrib.pop("version", None)
    root.set("role", "img")
    root.set("font-family", FONT)
    if alone:
        root.set("width", width)
        root.set("height", height)
        paper = {"width": width, "height": height, "fill": palette.paper}
        root.insert(2, ElementTree.Element(f"{{{SVG}}}rect", paper))
        return ElementTree.tostring(root, encoding="unicode") + "\n"
    root.set("style", f"max-width:{width}px")
    return ElementTree.tostring(root, encoding="unicode").replace(f' xmlns="{SVG}"', "", 1)


def _tidy(element: ElementTree.Element, *, tooltips: bool, links: bool) -> None:
    """Without what Vega's own script would need, and with everything said once: a fourth of the bytes."""
    for child in list(element):
        if child.get("class") in {"background", "foreground"} or (child.tag.endswith("text") and not child.text):
            element.remove(child)
            continue
        _tidy(child, tooltips=tooltips, links=links)
        if child.tag.endswith("}g") and not len(child):
            element.remove(child)
    _share(element)
    for name in NEEDLESS & set(element.attrib):
        del element.attrib[name]
    if element.tag.endswith("}text") and "stroke" in element.attrib:
        element.set("paint-order", "stroke")  # a halo: lines pass behind words
    if element.get("opacity") == "1":
        del element.attrib["opacity"]
    for name in {"transform", "d", "x2", "y2", "width", "height"} & set(element.attrib):
        element.set(name, NUMBER.sub(_short, element.attrib[name]))
    if element.get("transform") == "translate(0,0)":
        del element.attrib["transform"]
    if said := element.attrib.pop("aria-label", None):
        _explain(element, said, tooltips=tooltips, links=links)


def _share(group: ElementTree.Element) -> None:
    """Say once, at a group, what all in it have in common and inherit."""
    for name in INHERITED if len(group) > 1 else ():
        values = {child.get(name) for child in group}
        if len(values) == 1 and (value := values.pop()) is not None:
            group.set(name, value)
            for child in group:
                del child.attrib[name]


def _explain(element: ElementTree.Element, said: str, *, tooltips: bool, links: bool) -> None:
    """What a mark's description says as its tooltip, and the case that it leads to."""
    case, _, text = said.removeprefix(CASE).partition(" ") if said.startswith(CASE) else ("", "", said)
    if case and links:
        element.set("data-case", case)
    if tooltips:
        ElementTree.SubElement(element, f"{{{SVG}}}title").text = text


def _short(found: re.Match[str]) -> str:
    return f"{float(found[0]):.1f}".removesuffix(".0")


def decades(low: float, high: float, width: float = math.inf) -> list[float]:
    """The powers of ten within two ends; every second or third where the axis is too short for the words of all."""
    first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
    every = max(1, math.ceil(DECADE * math.log10(high / low) / width))
    return [10.0**power for power in range(first, last + 1, every)]


def around(values: Sequence[float]) -> tuple[float, float]:
    """The powers of ten below and above some values."""
    return 10.0 ** math.floor(math.log10(min(values))), 10.0 ** (math.floor(math.log10(max(values))) + 1)


def ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 of every decade within two ends."""
    return [tick for power in decades(low / 10, high) for tick in (power, 2 * power, 5 * power) if low <= tick <= high]


def bytes_axis(ends: tuple[float, float], palette: Palette, title: str, width: float = math.inf) -> dict[str, Any]:
    """Sizes of images on a logarithmic axis below a chart."""
    bottom = axis("x", "bottom", decades(*ends, width), palette, title=title)
    bottom["encode"] = {"labels": {"update": {"text": {"signal": "format(datum.value, '~s') + 'B'"}}}}
    return bottom
