"""A real Chromium, headless, that opens pages from disk. `scripts/with-browser` names it in HARNESS_BROWSER."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from harness.report import file_of, renderer
from tests.documents import REFERENCE
from tests.golden_runs import run_of

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests, each of whose pages is in a context of its own."""
    path = os.environ.get("HARNESS_BROWSER") or shutil.which("chromium")
    assert path, "no browser: run this through scripts/with-browser, which installs one"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@dataclass
class Opened:
    """A page with what it said and asked for."""

    page: Page
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


Open = Callable[..., Opened]


@pytest.fixture
def opened(chromium: Browser) -> Iterator[Open]:
    """Opens a file: as wide as said, light or dark, with or without JavaScript."""
    contexts = []

    def open_(path: Path, *, width: int = 1440, dark: bool = False, script: bool = True) -> Opened:
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
        )
        context.set_default_timeout(5000)
        contexts.append(context)
        seen = Opened(context.new_page())
        seen.page.on("console", lambda message: seen.console.append(message.text))
        seen.page.on("pageerror", lambda error: seen.console.append(str(error)))
        seen.page.on("request", lambda request: seen.requests.append(request.url))
        seen.page.goto(path.as_uri())
        return seen

    yield open_
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def reference_page() -> Path:
    """The page of the reference run, the largest that there is: test_documents makes sure that it is fresh."""
    return REFERENCE / file_of("html")


@pytest.fixture(scope="session")
def small_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a small run that has everything: variants, several threads, container overhead, sources."""
    folder = tmp_path_factory.mktemp("small")
    path = folder / "report.html"
    path.write_text(renderer("html").render(run_of("full", folder)), encoding="utf-8")
    return path
