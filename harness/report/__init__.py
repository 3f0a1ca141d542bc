"""One renderer a format, all fed the same comparison: a module `as_<format>` with the two functions of Renderer."""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from harness.model.comparison import Comparison, ImageRow

_PREFIX = "as_"


class Renderer(Protocol):
    """What every format's module offers."""

    def render(self, comparison: Comparison) -> str:
        """The whole report."""
        ...

    def render_images(self, images: Sequence[ImageRow]) -> str:
        """What the images weigh, alone."""
        ...


def formats() -> list[str]:
    """The names of all formats: one for each module here."""
    names = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name.removeprefix(_PREFIX) for name in names if name.startswith(_PREFIX))


def renderer(name: str) -> Renderer:
    """The renderer of a format."""
    return cast("Renderer", import_module(f"{__name__}.{_PREFIX}{name}"))
