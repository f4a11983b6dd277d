"""
The page of a transcript: whole, searchable, and inert whatever strangers wrote into the cycle.

The attacks of the shared file are used when it is there, and our own always. A browser is
asked in test_browser.py; here the standard library's parser is.
"""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest

from crew.html_page import PNG
from crew.reading.page import written
from crew.reading.story import Story, checked
from crew.transcript import Transcript, joined
from crew.visible import visible
from records.clock import FixedClock
from tests.crew.reading.hostile import AT, story, texts
from tests.crew.reading.structure import Structure, structure_of

ALLOWED = frozenset(
    {
        *("html", "head", "meta", "link", "title", "style", "script", "body", "header", "main"),
        *("section", "h1", "h2", "p", "div", "span", "b", "pre", "details", "summary", "table"),
        *("thead", "tbody", "tr", "th", "td", "input", "button", "figure", "figcaption", "img"),
    }
)
ATTRIBUTES = frozenset(
    {
        *("lang", "charset", "http-equiv", "content", "name", "rel", "href", "class", "id", "open"),
        *("role", "scope", "src", "alt", "type", "placeholder", "aria-label"),
    }
)


def page_of(one: Story) -> str:
    return written(one, joined(one.rows))


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield page_of(story(tmp_path_factory.mktemp("hostile")))


@pytest.fixture(scope="module")
def hostile(hostile_page: str) -> Structure:
    return structure_of(hostile_page)


def test_what_strangers_wrote_makes_no_element(hostile: Structure, tmp_path: Path) -> None:
    """The page has exactly the elements that it has when harmless words stand there."""
    harmless = tuple(f"plain words {number}" for number in range(len(texts())))
    calm = structure_of(page_of(story(tmp_path, said=harmless)))

    assert [name for name, _ in hostile.opened] == [name for name, _ in calm.opened]
    assert hostile.closed == calm.closed
    assert hostile.comments == 0


def test_only_known_elements_and_attributes_stand_in_it(hostile: Structure) -> None:
    """No handler, no style, no frame, no form."""
    assert {name for name, _ in hostile.opened} <= ALLOWED
    assert {name for _, attributes in hostile.opened for name in attributes} <= ATTRIBUTES


def test_nothing_in_it_leads_or_reaches_out(hostile: Structure) -> None:
    """A headline's link is text; the one address is that of no icon."""
    addresses = [
        attributes[name]
        for _, attributes in hostile.opened
        for name in ("href", "src", "action", "srcset", "data")
        if name in attributes
    ]
    assert addresses == ["data:,"]
    assert len(hostile.elements("script")) == 1


def test_every_text_can_be_read_in_it(hostile: Structure) -> None:
    """Inert is not left out: the reader sees what was tried."""
    assert [text for text in texts() if visible(text) not in hostile.text] == []


def test_a_damaged_line_is_told_of_at_the_top_and_in_its_place(tmp_path: Path) -> None:
    """A page is passed on, and whoever reads it must know."""
    one = story(tmp_path, said=("words",))
    path = tmp_path / "c.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b"words", b"sword", 1)
    path.write_bytes(b"".join(lines))

    seen = structure_of(page_of(_read_again(one, path)))

    assert "NOT what was written: line 3 was changed" in seen.text
    assert "THIS LINE IS NOT WHAT WAS WRITTEN" in seen.text
    assert {"class": "alarm bad", "role": "alert"} in seen.elements("p")
    assert {"id": "n3", "open": ""} in seen.elements("details")


def test_charts_are_inside_it_and_said_to_be_what_a_model_saw_or_not(tmp_path: Path) -> None:
    """A file that was exchanged afterwards is not passed off as the picture that was sent."""
    (tmp_path / "charts").mkdir()
    for name in ("sent.png", "exchanged.png", "unsent.png"):
        (tmp_path / "charts" / name).write_bytes(PNG + name.encode())
    (tmp_path / "charts" / "no.png").write_bytes(b"<svg onload=alert(1)>")
    said = [
        {"file": name, "what": f"picture of 9 bytes, sha256 {sha256(content).hexdigest()}"}
        for name, content in (("sent.png", PNG + b"sent.png"), ("exchanged.png", PNG + b"other"))
    ]
    with Transcript(tmp_path / "t.jsonl", FixedClock(AT)) as transcript:
        transcript.write("pictures_sent", task="chart", pictures=said)
    one = _read_again(story(tmp_path, said=()), tmp_path / "t.jsonl")

    seen = structure_of(page_of(one))

    assert len(seen.elements("img")) == 3
    assert "sent.png: as a model saw it" in seen.text
    assert "exchanged.png: NOT THE PICTURE a model was sent" in seen.text
    assert "unsent.png: drawn; no model was sent it" in seen.text


def test_entries_stand_in_the_order_they_were_written(tmp_path: Path) -> None:
    """Each can be named by its number."""
    seen = structure_of(page_of(story(tmp_path, said=("a", "b"))))

    numbers = [int(one["id"][1:]) for one in seen.elements("details") if "id" in one]
    assert len(numbers) == 12
    assert all(one < other for one, other in pairwise(numbers))


def _read_again(one: Story, path: Path) -> Story:
    rows, fault = checked(path, None)
    return replace(one, rows=rows, fault=fault)
