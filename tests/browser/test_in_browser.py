"""The page in a real browser: nothing asked of anybody, all of it by mouse and by keyboard, readable for everyone."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from harness.report import renderer
from harness.report.page.sections import SECTIONS
from harness.report.page.several import page_of_several
from tests.browser.conftest import Open
from tests.golden_runs import run_of
from tests.test_page import HOSTILE, a_run

pytestmark = pytest.mark.browser

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
VIOLATIONS = """async () => (await axe.run()).violations.map(
    (each) => `${each.id}: ${each.nodes.length} times, first ${each.nodes[0].html.slice(0, 200)}`)"""
OPEN_ALL = "() => { for (const each of document.querySelectorAll('details')) each.open = true }"
FOCUSED = """() => {
    const it = document.activeElement;
    const { outlineStyle } = getComputedStyle(it.tagName === "INPUT" ? it.parentElement : it);
    if (it === document.body) return "the end";
    return outlineStyle !== "none" ? it.tagName : `unseen ${it.outerHTML.slice(0, 99)}`;
}"""
EVERY_FOURTH = OPEN_ALL.replace("'details'", "'details:nth-of-type(4n+1)'")
WIDTHS = (360, 768, 1440)

LAYOUT = (Path(__file__).parent / "layout.js").read_text(encoding="utf-8")


def test_nothing_is_asked_of_anybody_and_nothing_goes_wrong(reference_page: Path, opened: Open) -> None:
    seen = opened(reference_page)
    seen.page.evaluate(OPEN_ALL)
    assert seen.requests == [reference_page.as_uri()]
    assert seen.console == []


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_with_everything_open(dark: bool, small_page: Path, opened: Open) -> None:
    page = opened(small_page, dark=dark).page
    page.evaluate(OPEN_ALL)
    page.evaluate("() => { for (const each of document.querySelectorAll('.source button')) each.click() }")
    page.evaluate(AXE)
    assert page.evaluate(VIOLATIONS) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_sticks_out_and_nothing_is_upon_another(width: int, reference_page: Path, opened: Open) -> None:
    page = opened(reference_page, width=width).page
    assert page.evaluate(LAYOUT) == []
    page.locator("#climb-core").check(force=True)
    page.evaluate(EVERY_FOURTH)
    assert page.evaluate(LAYOUT) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_a_run_with_everything_fits_too(width: int, small_page: Path, opened: Open) -> None:
    page = opened(small_page, width=width).page
    page.evaluate(OPEN_ALL)
    assert page.evaluate(LAYOUT) == []


def shown(page: Page, *choices: str) -> list[bool]:
    return [page.locator(choice).first.is_visible() for choice in choices]


def test_every_switch_works_by_mouse(small_page: Path, opened: Open) -> None:
    page = opened(small_page).page
    assert shown(page, ".in-all svg", ".a-core svg") == [True, False]
    page.get_by_text("per core", exact=True).first.click()
    assert shown(page, ".in-all svg", ".a-core svg") == [False, True]
    measures = page.locator("#matrix .switch label")
    names = [str(each.get_attribute("id")) for each in page.locator("#matrix .switch input").all()]
    assert len(names) == 4
    for place, name in enumerate(names):
        measures.nth(place).click()
        assert shown(page, *(f"#matrix .of-{other.removeprefix('show-')}" for other in names)) == [
            other == name for other in names
        ]


def test_every_switch_works_by_keyboard(small_page: Path, opened: Open) -> None:
    page = opened(small_page).page
    page.locator("#climb-all").focus()
    page.keyboard.press("ArrowRight")
    assert shown(page, ".in-all svg", ".a-core svg") == [False, True]
    page.locator("#show-speedup").focus()
    for name in ("gflops", "share", "reference", "speedup"):
        page.keyboard.press("ArrowRight")
        assert page.locator(f"#matrix .of-{name}").first.is_visible()


def background(page: Page) -> str:
    return str(page.evaluate("() => getComputedStyle(document.body).backgroundColor"))


@pytest.mark.parametrize("key", ["Enter", None])
def test_dark_and_light_are_a_button_away(key: str | None, small_page: Path, opened: Open) -> None:
    page = opened(small_page).page
    before = background(page)
    button = page.locator("#theme")
    if key:
        button.press(key)
    else:
        button.click()
    assert background(page) != before


def test_every_link_leads_to_what_it_names(small_page: Path, opened: Open) -> None:
    page = opened(small_page).page
    found: list[Any] = page.evaluate("""() => [...document.querySelectorAll('a[href^="#"]')].map((link) => {
        for (const each of document.querySelectorAll("details")) each.open = false;
        for (let it = link; it; it = it.parentElement) if (it.tagName === "DETAILS") it.open = true;
        link.click();
        dispatchEvent(new HashChangeEvent("hashchange"));
        const target = document.getElementById(link.hash.slice(1));
        const box = target && target.getBoundingClientRect();
        return [link.hash, Boolean(target) && target.checkVisibility() && box.top < innerHeight && box.bottom > 0
            && (target.tagName !== "DETAILS" || target.open)];
    })""")
    assert len(found) > 50
    assert [link for link, is_there in found if not is_there] == []


def test_a_link_opens_its_case_by_keyboard(small_page: Path, opened: Open) -> None:
    page = opened(small_page).page
    link = page.locator("#matrix td a").first
    target = str(link.get_attribute("href"))
    link.press("Enter")
    expect(page.locator(f'[id="{target[1:]}"][open]')).to_be_visible()
    assert page.evaluate("() => document.activeElement.tagName") == "SUMMARY"
    page.keyboard.press("Space")
    expect(page.locator(f'[id="{target[1:]}"][open]')).to_have_count(0)


def test_a_mark_of_a_chart_opens_its_case(small_page: Path, opened: Open) -> None:
    page = opened(small_page).page
    mark = page.locator("#variants svg:visible [data-case]").last
    target = mark.get_attribute("data-case")
    mark.click()
    expect(page.locator(f'[id="{target}"][open]')).to_be_visible()


def test_the_keyboard_reaches_everything_and_shows_where_it_is(small_page: Path, opened: Open) -> None:
    page = opened(small_page).page
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.className") == "skip"
    seen = set()
    for _ in range(300):
        page.keyboard.press("Tab")
        seen.add(page.evaluate(FOCUSED))
        if "the end" in seen:
            break
    assert not {each for each in seen if each.startswith("unseen")}
    assert seen >= {"A", "BUTTON", "INPUT", "SUMMARY", "DIV"}


def test_a_kernel_stands_beside_the_one_before(small_page: Path, opened: Open) -> None:
    page = opened(small_page).page
    page.evaluate(OPEN_ALL)
    button = page.get_by_role("button", name="Set c/naive").first
    button.press("Enter")
    assert page.locator(".beside .line.gone").first.inner_text() == "int b;"
    assert page.locator(".beside .line.new").first.inner_text() == "int threads;"


def test_without_javascript_everything_is_there(small_page: Path, opened: Open) -> None:
    page = opened(small_page, script=False).page
    for section in SECTIONS:
        assert page.locator(f"#{section.id} h2").is_visible()
    for chart in ("climb", "variants", "size", "scaling", "certainty"):
        assert page.locator(f"#{chart} svg:visible").count() >= 1
    tables = page.locator("table").count()
    summaries = page.locator("summary")
    for place in range(summaries.count()):
        if summaries.nth(place).is_visible():
            summaries.nth(place).click()
    assert page.locator("#climb table").is_visible()
    assert tables > 10
    assert page.get_by_text("int threads;").first.is_visible()
    assert page.locator("#theme").is_hidden()  # what would do nothing is not there


def test_hostile_text_is_text_for_a_browser(tmp_path: Path, opened: Open) -> None:
    path = tmp_path / "hostile.html"
    path.write_text(renderer("html").render(a_run(label=HOSTILE, flags=HOSTILE, note=HOSTILE)), encoding="utf-8")
    seen = opened(path)
    seen.page.evaluate(OPEN_ALL)
    assert seen.requests == [path.as_uri()]
    assert seen.console == []
    assert seen.page.locator("img").count() == 0
    assert "<img src=x onerror=alert(1)>" in seen.page.inner_text("main")


def test_several_runs_fit_side_by_side(tmp_path: Path, opened: Open) -> None:
    path = tmp_path / "several.html"
    runs = [run_of(name, tmp_path / name) for name in ("two", "failures")]
    path.write_text(page_of_several([*runs, a_run()]), encoding="utf-8")
    for width in WIDTHS:
        seen = opened(path, width=width, dark=width == WIDTHS[1])
        assert seen.page.evaluate(LAYOUT) == []
        assert (seen.requests, seen.console) == ([path.as_uri()], [])
    seen.page.evaluate(AXE)
    assert seen.page.evaluate(VIOLATIONS) == []
