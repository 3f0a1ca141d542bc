"""Templates of pages, rendered with every text escaped, each page's style sheet and script within it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.report.page.images import said_bytes

SINGLE = Path(__file__).parent / "page"
"""What the page of one run is made of, and others use."""

STYLE = SINGLE / "page.css"


def self_contained(template: str, shown: Mapping[str, object], script: Path, *folders: Path) -> str:
    """A template of these folders, or of one run's page, with its style sheet and a script.

    The page is told the script's hash, by which a browser runs it and no other.
    """
    text = written(script)
    static = {
        "style": Markup(written(STYLE)),  # noqa: S704 (our own files)
        "script": Markup(text),  # noqa: S704
        "script_hash": base64.b64encode(hashlib.sha256(text.encode()).digest()).decode(),
    }
    return rendered(template, {**static, **shown}, *folders, SINGLE) + "\n"


def rendered(template: str, shown: Mapping[str, Any], *folders: Path) -> str:
    """A template, looked for in these folders in their order."""
    return _environment(folders).get_template(template).render(**shown)


@cache
def _environment(folders: tuple[Path, ...]) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["bytes"] = said_bytes
    return environment


@cache
def written(path: Path) -> str:
    """A file of ours, read once."""
    return path.read_text(encoding="utf-8")
