"""
One story is one item, however many feeds carry it; their names stay beside it.

Two items are one story when their titles have the same words, or when they were published
within half a day and one title is the other with a few words more: all words of the shorter in
the same order, at least five that mean something, at least 60 % of the longer. A number, a
negation or a word of mood on one side alone makes them two stories. A title longer than any
headline is one story with its exact copy alone, so that comparing stays cheap. A story told in
other words stays two items: that is safe, and two stories taken for one are not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self

from tools.news.item import NewsItem
from tools.news.scoring import MOOD_WORDS
from tools.news.tags import NAMES
from tools.news.text import title_key

_SAME_WITHIN = timedelta(hours=12)
_LEAST_WORDS = 5
_LEAST_SHARE = 0.6
_MOST_CHARS, _MOST_WORDS = 250, 30
_EMPTY = """
    a an the of to in on at by for with from as and its is are was were s say says said
"""
_TURNING = """
    no not never without deny denies denied false fake hoax rumor rumors rumour rumours alleged
    allegedly may might could would should if unless until after before against ends end ex
"""
_PASSED_OVER, _TURNS = frozenset(_EMPTY.split()), frozenset(_TURNING.split())
_TICKERS = {name: base.lower() for base, names in NAMES.items() for name in names}


@dataclass(frozen=True, slots=True)
class _Story:
    """An item and the words of its title that mean something, in order."""

    item: NewsItem
    words: tuple[str, ...]
    bag: frozenset[str]

    @classmethod
    def of(cls, item: NewsItem) -> Self:
        words = _words(item.title)
        return cls(item, words, frozenset(words))


def merged(items: Iterable[NewsItem]) -> tuple[NewsItem, ...]:
    """The stories in the order of their first item, which keeps title, text and time."""
    kept: list[_Story] = []
    places: dict[str, int] = {}
    for item in items:
        story = _Story.of(item)
        place = places.get(item.id)
        if place is None:
            place = next((n for n, one in enumerate(kept) if _same(one, story)), None)
        if place is None:
            places[item.id] = len(kept)
            kept.append(story)
        else:
            kept[place] = replace(kept[place], item=kept[place].item.carried_also(item))
    return tuple(story.item for story in kept)


def _words(title: str) -> tuple[str, ...]:
    """None of a title that is too long to be compared."""
    if len(title) > _MOST_CHARS:
        return ()
    words = (_TICKERS.get(word, word) for word in title_key(title).split())
    telling = tuple(word for word in words if word not in _PASSED_OVER)
    return telling if len(telling) <= _MOST_WORDS else ()


def _same(one: _Story, other: _Story) -> bool:
    short, long = (one, other) if len(one.words) <= len(other.words) else (other, one)
    if not short.bag <= long.bag or len(short.words) < _LEAST_WORDS:
        return False
    if len(short.words) < _LEAST_SHARE * len(long.words):
        return False
    if abs(one.item.published_at - other.item.published_at) > _SAME_WITHIN:
        return False
    more = _left_over(short.words, long.words)
    return more is not None and not any(map(_turns, more))


def _left_over(short: Sequence[str], long: Sequence[str]) -> list[str] | None:
    """What the longer has besides the shorter; None when the shorter does not stand in it."""
    more: list[str] = []
    spare = len(long) - len(short)
    wanted = iter(short)
    word = next(wanted, None)
    for found in long:
        if found == word:
            word = next(wanted, None)
        elif len(more) == spare:
            return None
        else:
            more.append(found)
    return more


def _turns(word: str) -> bool:
    """Whether this one word may make another story of it."""
    return word in _TURNS or word in MOOD_WORDS or any(sign.isdigit() for sign in word)
