"""
The page in a real browser, opened from the disk, with every attack in it.

It needs Chromium (Debian: `apt-get install chromium`) and Playwright, which is no dependency of
the desk: `uv run --with playwright python -m pytest -n 0 tests/crew/reading/test_browser.py`.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crew.reading.page import written
from crew.transcript import joined
from tests.crew.reading.hostile import story

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("Chromium is not installed", allow_module_level=True)

_COUNT = "() => [...document.querySelectorAll('*')].map((one) => one.localName)"


class Opened:
    """A page in the browser, and everything that it tried."""

    def __init__(self, browser: Any, file: Path) -> None:
        self.dialogs: list[str] = []
        self.requests: list[str] = []
        self.stopped: list[tuple[str, str]] = []
        self.navigations: list[str] = []
        self.said: list[str] = []
        self.page = browser.new_page()
        self.page.on("dialog", lambda one: (self.dialogs.append(one.message), one.dismiss()))
        self.page.on("request", lambda one: self.requests.append(one.url))
        self.page.on("requestfailed", lambda one: self.stopped.append((one.url, one.failure)))
        self.page.on("framenavigated", lambda one: self.navigations.append(one.url))
        self.page.on("popup", lambda one: self.navigations.append(one.url))
        self.page.on("console", lambda one: self.said.append(one.text))
        self.page.on("pageerror", lambda one: self.said.append(str(one)))
        self.page.goto(file.as_uri())


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Opened]:
    one = story(tmp_path)
    file = tmp_path / "page.html"
    file.write_text(written(one, joined(one.rows)), encoding="utf-8")
    seen = Opened(browser, file)
    yield seen
    seen.page.close()


def test_no_attack_does_anything_in_a_browser(opened: Opened, tmp_path: Path) -> None:
    """Unfolded, clicked and searched: no request, no dialog, no navigation, no new element."""
    page, file = opened.page, (tmp_path / "page.html").as_uri()
    title, elements = page.title(), page.evaluate(_COUNT)

    page.click("#unfold")
    for place in page.query_selector_all("pre")[:40]:
        place.click()
    page.fill("#search", "alert(1)")
    page.wait_for_timeout(300)

    assert opened.requests == [file]
    assert (opened.dialogs, opened.said) == ([], [])
    assert set(opened.navigations) <= {file}
    assert page.url == file
    assert page.title() == title
    assert page.evaluate(_COUNT) == elements
    assert "a" not in elements


def test_the_policy_stops_what_would_get_in_all_the_same(opened: Opened) -> None:
    """Were a script, a style or a picture smuggled in, it would not run, and fetch nothing."""
    page = opened.page
    page.evaluate(
        """() => {
          document.body.insertAdjacentHTML("beforeend",
            "<img src=https://attacker.example/x.png onerror=alert(1)>" +
            "<p style='display:none'>styled</p>");
          const script = document.createElement("script");
          script.textContent = "document.title = 'owned'";
          document.body.append(script);
        }"""
    )
    page.wait_for_timeout(300)

    assert opened.dialogs == []
    assert page.title().startswith("Cycle ")
    assert opened.stopped == [("https://attacker.example/x.png", "csp")]
    assert any("Content Security Policy" in said for said in opened.said)


def test_searching_shows_only_entries_that_hold_the_words(opened: Opened) -> None:
    """And says how many; the words may stand in a folded text."""
    page = opened.page
    page.fill("#search", "GNP.EXE")
    shown = page.locator(".entries > details:not([hidden])")

    assert shown.count() == 6
    assert page.text_content("#found").startswith("6 of ")
    assert all("gnp.exe" in text for text in shown.all_text_contents())
