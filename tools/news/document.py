"""
News as a model may read it: one answer for all markets, inside the untrusted fence.

A table, because names of columns cost tokens only once, and at most MAX_CHARS long: every
asked market's newest headlines come first in turn, titles are cut harder before the sixth is left
out, and summaries get what room is left.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from records.table import answer, table
from tools.news.fence import fenced, shown
from tools.news.item import NewsItem, NewsReading
from tools.news.weighing import HALF_LIFE_H, market_moods

MAX_CHARS = 1_900
MAX_SHOWN = 9
COLUMNS = ("id", "age_h", "markets", "score", "sources", "title", "summary")
_TITLE_CHARS = (110, 80, 50)
_LEAST_SHOWN = 6
_SUMMARY_CHARS = 140
_LEAST_SUMMARY_CHARS = 30
_MAX_SOURCES, _MAX_DOWN, _MAX_MARKETS = 3, 4, 6
_MOODS = ("symbol", "score", "items", "sources")
_CONFIDENCE = {"local": "low", "model": "medium", "off": "none"}

Row = list[Any]


def news_document(
    reading: NewsReading,
    symbols: Sequence[str],
    *,
    cycle_id: str,
    now: datetime,
    half_life_h: float = HALF_LIFE_H,
) -> str:
    """The items most to do with `symbols`, as one line of JSON between two fence lines."""
    moods = market_moods(reading, symbols, now=now, half_life_h=half_life_h)
    items = _in_turn(reading.items, symbols)[:MAX_SHOWN]
    frame = {
        "sample": reading.sample,
        "scored": reading.scoring,
        "confidence": _CONFIDENCE[reading.scoring],
        "findings": [shown(finding, 160) for finding in reading.findings[:3]],
        "sources_down": _down(reading),
        "markets": table(_MOODS, [[m.symbol, m.score, m.items, m.sources] for m in moods]),
    }
    rows = _fitting(frame, items, reading, now)
    _summarise(frame, rows, items)
    return fenced(answer(frame | table(COLUMNS, rows)), cycle_id=cycle_id)


def _in_turn(items: Sequence[NewsItem], symbols: Sequence[str]) -> list[NewsItem]:
    """Each asked market's newest, its second newest, and so on; general news; then the rest."""
    newest = sorted(items, key=lambda item: (-item.published_at.timestamp(), item.id))
    seen = dict.fromkeys(symbols, 0)
    order: dict[str, tuple[int, int]] = {}
    for item in newest:
        named = [symbol for symbol in item.symbols if symbol in seen]
        for symbol in named:
            seen[symbol] += 1
        turn = min((seen[symbol] for symbol in named), default=0)
        order[item.id] = (0, turn) if named else (2 if item.symbols else 1, 0)
    return sorted(newest, key=lambda item: order[item.id])


def _fitting(
    frame: dict[str, Any], items: Sequence[NewsItem], reading: NewsReading, now: datetime
) -> list[Row]:
    """The first rows that there is room for, without their summaries."""
    rows: list[Row] = []
    for title_chars in _TITLE_CHARS:
        rows = [_row(item, reading, now, title_chars) for item in items]
        while rows and _length(frame, rows) > MAX_CHARS:
            rows.pop()
        if len(rows) >= min(_LEAST_SHOWN, len(items)):
            break
    return rows


def _row(item: NewsItem, reading: NewsReading, now: datetime, title_chars: int) -> Row:
    bases = [shown(symbol.partition("/")[0], 20) for symbol in item.symbols[:_MAX_MARKETS]]
    publishers = dict.fromkeys(carrier.publisher for carrier in item.origins)
    age_h = max(timedelta(0), now - item.published_at) / timedelta(hours=1)
    return [
        shown(item.id, 40),
        round(age_h, 1),
        bases,
        reading.score(item),
        [shown(publisher, 40) for publisher in list(publishers)[:_MAX_SOURCES]],
        shown(item.title, title_chars),
        "",
    ]


def _summarise(frame: dict[str, Any], rows: list[Row], items: Sequence[NewsItem]) -> None:
    """Give summaries, first rows first, as long as there is room."""
    room = MAX_CHARS - _length(frame, rows)
    for row, item in zip(rows, items, strict=False):
        if room < _LEAST_SUMMARY_CHARS:
            return
        text = shown(item.summary, min(_SUMMARY_CHARS, room))
        cost = len(answer({"": text})) - len(answer({"": ""}))
        if cost <= room:
            row[-1] = text
            room -= cost


def _down(reading: NewsReading) -> list[str]:
    """The sources that gave nothing; when they are many, the first and how many more."""
    named = [shown(f"{down.source}: {down.reason}", 90) for down in reading.down[:_MAX_DOWN]]
    more = len(reading.down) - len(named)
    return [*named, f"and {more} more"] if more else named


def _length(frame: dict[str, Any], rows: list[Row]) -> int:
    return len(answer(frame | table(COLUMNS, rows)))
