"""Text from outside before human eyes: nothing hidden in it, nothing at work."""

import pytest

from crew.visible import folded, in_one_line, visible


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("plain Übung 日本", "plain Übung 日本"),
        ("\x1b[2J", r"\x1b[2J"),
        ("a\u200bb\u202ec", r"a\u200bb\u202ec"),
        ("\U000e0041", r"\U000e0041"),
        ("no\xa0break", "no break"),
        ("a\r\nb\tc", "a\\r\nb\tc"),
    ],
)
def test_what_is_unseen_is_spelled_out(written: str, shown: str) -> None:
    """A terminal would obey it, and a reader would not know that it is there."""
    assert visible(written) == shown


def test_a_line_is_one_line() -> None:
    """A second line could look like one of the desk's own."""
    assert in_one_line("a\n 12  gate  approved\x0b\u2028b") == "a 12 gate approved b"


def test_a_long_text_is_folded_with_its_size() -> None:
    """The reader sees how much is behind it."""
    assert folded("word " * 1000, 9) == "word word… (5,000 characters)"
    assert folded("short", 9) == "short"
