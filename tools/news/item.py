"""
News as the desk keeps it: cleaned text with a time, a source and a weak score.

Everything in an item was written by strangers. A record here says that the text was cut
and cleaned, never that it is true; links are not kept, so that nothing can follow one.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Self

from pydantic import Field

from records.base import Record, UtcTime
from tools.news.scoring import lexicon_score
from tools.news.tags import tagged
from tools.news.text import plain_text, title_key

MAX_CHARS = 2_000
_MAX_SOURCE_CHARS = 60

Score = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]


class NewsItem(Record):
    """One headline and its summary, as plain text."""

    id: Annotated[str, Field(min_length=1, max_length=40)] = Field(
        description="Made from the title, so that one story has one id wherever it stood."
    )
    published_at: UtcTime
    source: Annotated[str, Field(max_length=_MAX_SOURCE_CHARS)] = Field(
        description="The feed's name in the settings, not what the feed calls itself."
    )
    title: Annotated[str, Field(min_length=1, max_length=MAX_CHARS)]
    summary: Annotated[str, Field(max_length=MAX_CHARS)] = ""
    symbols: tuple[str, ...] = Field(default=(), description="Markets it names; empty: none.")
    local_score: Score = Field(default=0.0, description="Word list's mood; low confidence.")

    @classmethod
    def from_text(
        cls,
        *,
        source: str,
        published_at: datetime,
        title: str,
        summary: str = "",
        symbols: Sequence[str] = (),
        max_chars: int = MAX_CHARS,
    ) -> Self | None:
        """An item from raw text, cleaned, tagged and scored; None when no title is left."""
        clean_title = plain_text(title, max_chars)
        key = title_key(clean_title)
        if not key:
            return None
        clean_summary = plain_text(summary, max_chars)
        both = f"{clean_title}\n{clean_summary}"
        return cls(
            id=f"n{sha256(key.encode()).hexdigest()[:10]}",
            published_at=published_at,
            source=plain_text(source, _MAX_SOURCE_CHARS),
            title=clean_title,
            summary=clean_summary,
            symbols=tagged(both, symbols),
            local_score=lexicon_score(both),
        )


class SourceDown(Record):
    """A feed that gave nothing this time, and why, in our own words."""

    source: str
    reason: str


class NewsReading(Record):
    """What the feeds said in one cycle; without items it simply means no news."""

    sample: bool = Field(description="True: the bundled, fictional feed.")
    read_at: UtcTime
    items: tuple[NewsItem, ...] = Field(default=(), description="Newest first.")
    down: tuple[SourceDown, ...] = ()
