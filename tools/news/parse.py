"""
Reads the items of one RSS or Atom document, after its shape has been checked.

Refused as a whole, never repaired: documents that are not well-formed, have a DOCTYPE
(entities expand), are nested deep or hold very many elements. Expat looks first because
feedparser spends seconds on such shapes and falls back to guessing on broken ones.
"""

import codecs
import io
import re
from calendar import timegm
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.parsers import expat

MAX_ELEMENTS = 10_000
MAX_DEPTH = 64
_DECLARATION = re.compile(r"\s*<\?xml\b[^>]{0,200}?\?>")
_DECLARED = re.compile(rb"\s*<\?xml\b[^>]{0,150}?\bencoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_ENCODINGS = frozenset(
    {"ascii", "utf-8", "iso8859-1", "iso8859-2", "iso8859-15", "cp1250", "cp1251", "cp1252"}
    | {"koi8-r", "gb2312", "gbk", "gb18030", "big5", "shift_jis", "euc_jp", "euc_kr"}
)
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


class NotAFeed(ValueError):
    """The document cannot be read as a feed; the message says why in our own words."""


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One item as it stood in the feed: raw, unchecked text."""

    title: str
    summary: str
    published_at: datetime | None
    hours_ago: str = ""
    publisher: str = ""
    """Registrable domain of the site, where a service names it."""


def entries(body: bytes) -> tuple[FeedEntry, ...]:
    """All items of a document, in its own order; raises NotAFeed."""
    document = _DECLARATION.sub("", _decoded(body), count=1).encode()
    _check_shape(document)
    found = _parsed(document)
    if not found.get("version") and not found["entries"]:
        raise NotAFeed("it is neither RSS nor Atom")
    return tuple(_entry(raw) for raw in found["entries"])


def _decoded(body: bytes) -> str:
    """The document as text, in the encoding it names itself; nothing is guessed."""
    encoding = next((name for mark, name in _MARKS if body.startswith(mark)), "")
    if not encoding:
        declared = _DECLARED.match(body)
        encoding = _known(declared.group(1).decode()) if declared else "utf-8"
    try:
        return body.decode(encoding)
    except UnicodeError:
        raise NotAFeed(f"it is not valid {encoding}") from None


def _known(name: str) -> str:
    try:
        found = codecs.lookup(name).name
    except LookupError:
        found = ""
    if found not in _ENCODINGS:
        raise NotAFeed("its encoding is not one that feeds use")
    return found


def _check_shape(document: bytes) -> None:
    parser = expat.ParserCreate("utf-8", namespace_separator=" ")
    shape = _Shape()
    parser.StartElementHandler = shape.opened
    parser.EndElementHandler = shape.closed
    parser.StartDoctypeDeclHandler = shape.doctype
    try:
        parser.Parse(document, True)
    except expat.ExpatError:
        raise NotAFeed("it is not well-formed XML") from None


class _Shape:
    """Counts what a document is made of, and stops at the first excess."""

    def __init__(self) -> None:
        self._elements = 0
        self._depth = 0

    def opened(self, _name: str, attributes: Mapping[str, str]) -> None:
        self._elements += 1 + len(attributes)
        self._depth += 1
        if self._elements > MAX_ELEMENTS:
            raise NotAFeed(f"it holds more than {MAX_ELEMENTS} elements")
        if self._depth > MAX_DEPTH:
            raise NotAFeed(f"it is nested deeper than {MAX_DEPTH} levels")

    def closed(self, _name: str) -> None:
        self._depth -= 1

    def doctype(self, *_declaration: object) -> None:
        raise NotAFeed("it has a DOCTYPE, which no feed needs")


def _parsed(document: bytes) -> Mapping[str, Any]:
    import feedparser

    try:
        found: Mapping[str, Any] = feedparser.parse(
            io.BytesIO(document),
            sanitize_html=False,  # tools.news.text removes all markup anyway
            resolve_relative_uris=False,
            response_headers={"content-type": "application/xml; charset=utf-8"},
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        # feedparser's own faults on odd documents; none of them may end a cycle
        raise NotAFeed("its parser gave up on it") from None
    if found.get("bozo"):
        raise NotAFeed("its parser had to guess")
    return found


def _entry(raw: Mapping[str, Any]) -> FeedEntry:
    found = dict(raw.items())  # feedparser's own dictionary answers for other keys, and warns
    return FeedEntry(
        title=_text(found.get("title")),
        summary=_text(found.get("summary")) or _first_content(found),
        published_at=_time(found.get("published_parsed") or found.get("updated_parsed")),
        hours_ago=_text(found.get("vetodesk_hours_ago")),
    )


def _first_content(raw: Mapping[str, Any]) -> str:
    contents = raw.get("content")
    return _text(contents[0].get("value")) if contents else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _time(parsed: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(timegm(parsed), UTC) if parsed else None
    except (ValueError, OverflowError, OSError):
        return None
