"""
Text from outside, for human eyes: what it hides is spelled out, what it steers is inert.

A terminal obeys control characters, and readers do not see zero-width or direction marks.
Both come as text that anybody may have written, so both are shown as codes instead.
"""

import unicodedata

_SPACES = frozenset({"Zs", "Zl", "Zp"})


def visible(text: str) -> str:
    """The text with line breaks and tabs as they are, and codes such as \\u200b for the unseen."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in "\n\t" else _spelled(one) for one in text)


def in_one_line(text: str) -> str:
    """The same in one line, whatever stood between its words."""
    return visible(" ".join(text.split()))


def folded(text: str, limit: int) -> str:
    """One line of at most so many characters, and the size of the whole when some are left out."""
    line = in_one_line(text[: 2 * limit + 200])
    if len(line) <= limit and len(text) <= 2 * limit + 200:
        return line
    return f"{line[:limit]}… ({len(text):,} characters)"


def _spelled(character: str) -> str:
    if unicodedata.category(character) in _SPACES:
        return " "
    return repr(character)[1:-1]
