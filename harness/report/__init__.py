"""One renderer a format, all fed the same comparison: a module `as_<format>` with the two functions of Renderer."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar, cast, get_args

if TYPE_CHECKING:
    from harness.model.comparison import Comparison, ImageRow

_PREFIX = "as_"
FILES = {"text": "report.txt", "summary": "report.summary.txt", "rounds": "rounds.csv"}
"""Of formats whose files in a run's folder are not called report.<format>."""

Text = Literal["csv", "html", "json", "md", "rounds", "summary", "svg", "text"]
"""The formats that are text."""

FormatName = Literal[Text, "png"]
"""All formats; PNG is bytes."""

ChartName = Literal["climb", "climb-per-core", "variants", "sizes", "scaling", "rounds", "conditions"]
"""What the formats that are pictures can show: the page's charts."""

Made_co = TypeVar("Made_co", bound=str | bytes, covariant=True)


class Renderer(Protocol[Made_co]):
    """What every format's module offers."""

    def render(self, comparison: Comparison) -> Made_co:
        """The whole report."""
        ...

    def render_images(self, images: Sequence[ImageRow]) -> Made_co:
        """What the images weigh, alone."""
        ...


def formats() -> list[FormatName]:
    """The names of all formats."""
    return sorted(get_args(FormatName))


def file_of(name: FormatName) -> str:
    """What the file of a format is called in a run's folder."""
    return FILES.get(name, f"report.{name}")


class Painter(Protocol):
    """What the formats that are pictures offer besides."""

    def render(self, comparison: Comparison, chart: ChartName = ...) -> str | bytes:
        """One chart. Raises ResultsError where the run has nothing to show in it."""
        ...


PICTURES = ("png", "svg")


def painter(name: FormatName) -> Painter:
    """The renderer of one of the formats that are pictures."""
    return cast("Painter", any_renderer(name))


def renderer(name: Text) -> Renderer[str]:
    """The renderer of a format that is text."""
    return cast("Renderer[str]", any_renderer(name))


def any_renderer(name: FormatName) -> Renderer[str | bytes]:
    """The renderer of a format."""
    return cast("Renderer[str | bytes]", import_module(f"{__name__}.{_PREFIX}{name}"))
