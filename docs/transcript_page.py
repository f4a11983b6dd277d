"""
Draws the picture on transcripts.md: `uv run --with playwright python -m docs.transcript_page`.

A demo cycle at a fixed moment, its page, and Debian's Chromium. It is run by hand, when the
page changes its looks.
"""

import os
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from crew.reading.page import written
from crew.reading.story import story_of
from crew.transcript import joined
from tests.crew.desks import one_cycle
from tests.crew.reading.conftest import ONE_ORDER
from tests.crew.test_costs import BUSY
from tools.ledger.ledger import Ledger

FILE = Path(__file__).parent / "transcript-page.png"


def main() -> int:
    """Run the cycle, write its page, take the picture."""
    with TemporaryDirectory() as folder:
        home = Path(folder)
        one_cycle(home, *ONE_ORDER, at=BUSY, draws=True)
        with Ledger(home / "ledger.db") as ledger:
            story = story_of(ledger, home, None)
        page = home / "page.html"
        page.write_text(written(story, joined(story.rows)), encoding="utf-8")
        _photograph(page)
    return 0


def _photograph(page: Path) -> None:
    from playwright.sync_api import sync_playwright

    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=shutil.which("chromium"), args=sandbox)
        size = {"width": 1260, "height": 1480}
        shown = chromium.new_page(viewport=size, device_scale_factor=0.75)
        shown.goto(page.as_uri())
        shown.fill("#search", "submit_verdict")
        shown.locator(".entries > details:not([hidden]) > summary").nth(1).click()
        shown.evaluate("window.scrollTo(0, 0)")
        shown.screenshot(path=str(FILE))
        chromium.close()


if __name__ == "__main__":
    sys.exit(main())
