"""The report's page in a headless Chromium: no network, no overflow on a phone, both colour schemes, readable text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from maskwright.jsonschemabench.report.pages import write_report

from .bench_samples import ENGINES, write_model_run, write_run
from .chromium import EXECUTABLE, Chromium

pytestmark = pytest.mark.skipif(EXECUTABLE is None, reason="there is no chromium (apt-get install chromium)")

PHONE, DESKTOP = 360, 1280
SMALLEST_TEXT = 13.9  # pixels: 14, but for rounding

WIDEST = "document.documentElement.scrollWidth"
BACKGROUND = "getComputedStyle(document.body).backgroundColor"
UNFOLD = "document.querySelectorAll('details').forEach(each => { each.open = true; })"
SIZES_OF_TEXT = """
Math.min(...[...document.querySelectorAll('p, th, td, li, dt, dd, code, summary, svg text')]
  .filter(each => each.getClientRects().length)
  .map(each => {
    const drawing = each.closest('svg');
    const scale = drawing ? drawing.getBoundingClientRect().width / drawing.viewBox.baseVal.width : 1;
    return parseFloat(getComputedStyle(each).fontSize) * scale;
  }))
"""
CLIPPED_TEXTS = """
[...document.querySelectorAll('svg text')]
  .filter(each => each.getClientRects().length)
  .filter(each => {
    const box = each.getBoundingClientRect();
    return box.left < 0 || box.right > document.documentElement.clientWidth;
  })
  .map(each => each.textContent)
"""
MARKS = """
[...document.querySelectorAll('#coverage-maskbench svg.wide path.dot')]
  .filter(each => !each.querySelector('title'))
  .map(each => [each.getAttribute('d'), getComputedStyle(each).fill])
"""
LINES_OF_COMMAND = """
(() => {
  const range = document.createRange();
  range.selectNodeContents(document.querySelector('pre code'));
  return new Set([...range.getClientRects()].map(each => Math.round(each.top))).size;
})()
"""
PLOTS_SHOWN = "[...document.querySelectorAll('svg')].filter(each => each.getClientRects().length).length"
TABLES_THAT_SCROLL = """
[...document.querySelectorAll('.table')].filter(each => each.scrollWidth > each.clientWidth).length
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(write_run(tmp_path_factory.mktemp("run"), every=40))[1]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with Chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture(scope="module")
def model_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(write_model_run(tmp_path_factory.mktemp("model")))[1]


def test_nothing_is_asked_of_the_network(browser: Chromium, page: Path) -> None:
    browser.requests.clear()
    browser.show(page, DESKTOP)
    assert browser.requests == [page.as_uri()]


@pytest.mark.parametrize("width", [320, PHONE, 480, 768, DESKTOP])
def test_the_page_never_scrolls_sideways(browser: Chromium, page: Path, width: int) -> None:
    browser.show(page, width)
    browser.evaluate(UNFOLD)
    assert browser.evaluate(WIDEST) == width


def test_tables_scroll_in_their_box_on_a_phone(browser: Chromium, page: Path) -> None:
    browser.show(page, PHONE)
    assert browser.evaluate(TABLES_THAT_SCROLL) > 3


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_text_is_large_enough_and_whole(browser: Chromium, page: Path, width: int) -> None:
    browser.show(page, width)
    browser.evaluate(UNFOLD)
    assert browser.evaluate(SIZES_OF_TEXT) >= SMALLEST_TEXT
    assert browser.evaluate(CLIPPED_TEXTS) == []


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_each_plot_is_shown_in_one_form(browser: Chromium, page: Path, width: int) -> None:
    browser.show(page, width)
    assert browser.evaluate(PLOTS_SHOWN) == 4


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_light_and_dark_are_drawn_differently(browser: Chromium, page: Path, width: int) -> None:
    shown = []
    for scheme in ("light", "dark"):
        browser.show(page, width, scheme)
        shown.append((browser.evaluate(BACKGROUND), browser.screenshot()))
    (light, first), (dark, second) = shown
    assert light == "rgb(255, 255, 255)"
    assert dark != light
    assert first != second


def test_each_engine_has_a_mark_of_its_own(browser: Chromium, page: Path) -> None:
    browser.show(page, DESKTOP)
    marks = browser.evaluate(MARKS)
    assert len(marks) == len(ENGINES)
    assert len({shape for shape, _ in marks}) == len({colour for _, colour in marks}) == len(ENGINES)


@pytest.mark.parametrize("width", [PHONE, 390, DESKTOP])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_about_what_a_model_wrote(browser: Chromium, model_page: Path, width: int, scheme: str) -> None:
    browser.show(model_page, width, scheme)
    browser.evaluate(UNFOLD)
    assert browser.evaluate(WIDEST) == width
    assert browser.evaluate(SIZES_OF_TEXT) >= SMALLEST_TEXT
    assert browser.evaluate(CLIPPED_TEXTS) == []
    assert (
        browser.evaluate(LINES_OF_COMMAND)
        == browser.evaluate("document.querySelector('pre').innerText").count("\n") + 1
    )
