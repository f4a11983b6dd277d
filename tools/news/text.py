"""
Turns what a feed calls text into plain text: no markup, no links, nothing invisible.

It judges no content: a hostile sentence stays readable as a sentence. It refuses what a
person would not see (hidden elements, zero-width and direction marks, control characters).
"""

import re
import unicodedata
from html import unescape

_ROUNDS = 3  # markup escaped inside escaped markup; deeper is defused below
_RAW_FACTOR = 4  # raw characters read for each one kept, so that cleaning stays cheap

_TAG = re.compile(r"[/!?|]?\s*([A-Za-z][A-Za-z0-9:_-]*)?")
_HIDDEN = re.compile(
    r"\shidden\b|display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d]*[1-9])", re.I
)
_UNREAD = frozenset({"script", "style", "template", "noscript", "iframe", "svg"})
_VOID = frozenset({"br", "hr", "img", "input", "meta", "link", "source", "wbr", "area", "col"})
_LINK = re.compile(r"\b(?:[A-Za-z][A-Za-z0-9+.-]{1,9}://|www\.)[!-~]+")
_SPACES = re.compile(r"\s+")
_NOT_WORDS = re.compile(r"[\W_]+")

# Letters and marks that print nothing; Unicode's default-ignorable characters beyond Cf.
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\ufffd"
) | {chr(code) for code in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))}
_DROPPED = frozenset({"Cf", "Cs", "Co", "Cn"})
_TO_SPACE = frozenset({"Cc", "Zl", "Zp", "Zs"})
_DEFUSED = str.maketrans({"<": "‹", ">": "›"})  # noqa: RUF001


def plain_text(raw: str, limit: int) -> str:
    """The visible words of a piece of feed text, at most `limit` characters."""
    text = visible(raw[: limit * _RAW_FACTOR])
    for _ in range(_ROUNDS):
        stripped = visible(unescape(_without_markup(text)))
        if stripped == text:
            break
        text = stripped
    text = _LINK.sub("(link)", text.translate(_DEFUSED))
    return unicodedata.normalize("NFC", _SPACES.sub(" ", text)).strip()[:limit]


def visible(text: str) -> str:
    """The text without characters that print nothing; line ends and controls become spaces."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_printed(character) for character in text)


def title_key(title: str) -> str:
    """A title's words alone, so that the same story of two feeds counts once."""
    folded = unicodedata.normalize("NFKC", title).casefold()
    return _NOT_WORDS.sub(" ", folded).strip()


def _printed(character: str) -> str:
    if character in _INVISIBLE:
        return ""
    category = unicodedata.category(character)
    if category in _TO_SPACE:
        return " "
    return "" if category in _DROPPED else character


def _without_markup(text: str) -> str:
    """
    One pass from tag to tag; what a hidden or unread element holds is left out.

    Not html.parser: that one takes quadratic time on unclosed comments.
    """
    first, *pieces = text.split("<")
    kept = [first]
    hiding, depth = "", 0
    for piece in pieces:
        inside, closed, after = piece.partition(">")
        if not closed or not _is_tag(inside):
            kept.append("" if hiding else "<" + piece)
            continue
        match = _TAG.match(inside)
        name = (match.group(1) or "").lower() if match else ""
        if hiding:
            depth += _step(inside, name, hiding)
            hiding = hiding if depth > 0 else ""
        elif _hides(inside, name):
            hiding, depth = name, 1
        if not hiding:
            kept.append(" " + after)
    return "".join(kept)


def _is_tag(inside: str) -> bool:
    return inside[:1] in ("/", "!", "?", "|") or inside[:1].isalpha()


def _hides(inside: str, name: str) -> bool:
    if inside.startswith("/") or inside.endswith("/") or name in _VOID or not name:
        return False
    return name in _UNREAD or _HIDDEN.search(inside) is not None


def _step(inside: str, name: str, hiding: str) -> int:
    if name != hiding or inside.endswith("/"):
        return 0
    return -1 if inside.startswith("/") else 1
