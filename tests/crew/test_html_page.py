"""A page that shows what strangers wrote, and in which nothing that it shows can do anything."""

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from crew.html_page import PNG, foldable, page, picture, section, table, tag, text
from tests.crew.reading.structure import structure_of


def test_every_text_is_escaped_wherever_it_stands() -> None:
    """In titles, cells, summaries, and attributes too."""
    nasty = "\"'><script>alert(1)</script>&amp;"
    written = page(
        nasty, section(nasty, table([nasty], [[nasty]]), foldable(nasty, text(nasty), id=nasty))
    )

    seen = structure_of(written)
    assert seen.elements("script") == []
    assert seen.text.count(nasty) == 7
    assert {"id": nasty} in [attributes for _, attributes in seen.opened]


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("script", {}),
        ("iframe", {}),
        ("p", {"onclick": "x"}),
        ("p", {"style": "x"}),
        ("a", {"href": "https://example.com"}),
        ("a", {"href": "javascript:alert(1)"}),
        ("img", {"src": "https://example.com/x.png"}),
        ("img", {"src": "data:text/html,x"}),
    ],
)
def test_what_could_act_or_lead_away_cannot_be_made(name: str, attributes: dict[str, str]) -> None:
    """A mistake in a caller is an error here and not a hole in the page."""
    with pytest.raises(ValueError, match="a page has no"):
        tag(name, "x", **attributes)


def test_only_a_png_becomes_a_picture() -> None:
    """An SVG may hold a script."""
    assert 'src="data:image/png;base64,' in picture(PNG + b"x", "a chart")
    with pytest.raises(ValueError, match="PNG"):
        picture(b"<svg onload=alert(1)>", "a chart")


def test_the_policy_allows_this_pages_own_style_and_script_and_nothing_else() -> None:
    """By their hashes: what somebody smuggled in would not run."""
    written = page("x", searched=True)
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', written)
    (script,) = re.findall(r"<script>(.*?)</script>", written, re.S)
    (style,) = re.findall(r"<style>(.*?)</style>", written, re.S)

    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules == {
        "default-src": "'none'",
        "script-src": f"'sha256-{_digest(script)}'",
        "style-src": f"'sha256-{_digest(style)}'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_a_page_that_is_not_searched_holds_no_script_at_all() -> None:
    """Nor may one run."""
    written = page("x", section("y", table(["a"], [["1"]])))

    assert "script" not in written


def test_what_cannot_be_seen_is_spelled_out() -> None:
    """A direction mark would show one thing and say another."""
    assert r"\u202egnp.exe\x1b[2J" in text("\u202egnp.exe\x1b[2J")


def _digest(content: str) -> str:
    return b64encode(sha256(content.encode()).digest()).decode()
