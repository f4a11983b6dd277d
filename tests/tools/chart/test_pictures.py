"""Pictures as bytes to send, and what stands in their place in everything that is kept."""

import base64
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tools.chart.pictures import (
    ChartLimits,
    Picture,
    read_pictures,
    without_bytes,
    without_pictures,
)

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
MARKETS = ("BTC/USDT", "ETH/USDT", "SOL/USDT")


def drawn(folder: Path, *contents: bytes) -> dict[str, Path]:
    """Files of the first markets."""
    found = {}
    for symbol, content in zip(MARKETS, contents, strict=False):
        found[symbol] = folder / f"{symbol[:3]}.png"
        found[symbol].write_bytes(content)
    return found


def image(content: bytes) -> dict[str, Any]:
    url = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}


def test_pictures_come_in_the_order_of_the_shortlist(tmp_path: Path) -> None:
    """The caption names them in that order."""
    found = read_pictures(drawn(tmp_path, PNG, PNG + b"2"), MARKETS, ChartLimits())
    assert [(one.symbol, one.file, one.content) for one in found] == [
        ("BTC/USDT", "BTC.png", PNG),
        ("ETH/USDT", "ETH.png", PNG + b"2"),
    ]


def test_no_more_are_sent_than_the_limit(tmp_path: Path) -> None:
    """Each costs about a thousand tokens in every turn."""
    files = drawn(tmp_path, PNG, PNG, PNG)
    found = read_pictures(files, MARKETS, ChartLimits(max_pictures=2))
    assert [one.symbol for one in found] == ["BTC/USDT", "ETH/USDT"]
    assert read_pictures(files, MARKETS, ChartLimits(max_pictures=0)) == ()


@pytest.mark.parametrize(
    ("description", "content"),
    [("too large", PNG + b"x" * 20_000), ("no PNG", b"<html>"), ("empty", b"")],
)
def test_what_cannot_be_sent_is_left_out(tmp_path: Path, description: str, content: bytes) -> None:
    """The next market's picture takes its place; nothing is repaired."""
    files = drawn(tmp_path, content, PNG)
    found = read_pictures(files, MARKETS, ChartLimits(max_pictures=1, max_picture_kb=12))
    assert [one.symbol for one in found] == ["ETH/USDT"], description


def test_a_file_that_is_gone_is_left_out(tmp_path: Path) -> None:
    """Somebody cleaned up; the numbers stand."""
    assert read_pictures({"BTC/USDT": tmp_path / "none.png"}, MARKETS, ChartLimits()) == ()


def test_a_picture_is_kept_by_size_and_fingerprint() -> None:
    """Whoever has the file can tell that it is the one that was sent."""
    said = f"picture of {len(PNG)} bytes, sha256 {sha256(PNG).hexdigest()}"
    message = {"role": "user", "content": [{"type": "text", "text": "look"}, image(PNG)]}
    kept = without_bytes(message)
    assert kept["content"] == [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": said}},
    ]
    assert Picture("BTC/USDT", "a.png", PNG).said == said
    bare = {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(PNG).decode()}}
    assert without_bytes(bare)["inlineData"]["data"] == said
    assert without_bytes({"url": repr(image(PNG)["image_url"]["url"])}) == {"url": said}


@pytest.mark.parametrize("size", [100, 101, 102])
def test_every_length_of_base64_is_read_back(size: int) -> None:
    """It ends in none, one or two signs that fill it up."""
    content = PNG[:size]
    assert without_bytes(base64.b64encode(content).decode()).endswith(sha256(content).hexdigest())


def test_text_around_a_picture_is_left_as_it_is() -> None:
    """A headline that looks like one cannot hide what else it says."""
    text = f"Buy now {image(PNG)['image_url']['url']} or never"
    assert without_bytes({"content": text}) == {"content": text}


def test_two_pictures_are_alike_when_recordings_are_compared() -> None:
    """One as it was sent, one as it was kept, and one that another release drew."""
    sent, kept, other = image(PNG), without_bytes(image(PNG)), image(PNG + b"2")
    assert without_pictures(sent) == without_pictures(kept) == without_pictures(other)
    assert without_pictures(sent) != {"type": "text"}
