"""
News as the desk keeps it: cleaned text with a time, a source and a weak score.

Everything in an item was written by strangers. A record here says that the text was cut
and cleaned, never that it is true; links are not kept, so that nothing can follow one.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Literal, Self

from pydantic import Field

from records.base import Record, UtcTime
from tools.news.origin import Carrier, independent
from tools.news.scoring import lexicon_score
from tools.news.tags import tagged
from tools.news.text import plain_text, title_key

MAX_CHARS = 2_000
_MAX_SOURCE_CHARS = 60
_MAX_CARRIERS = 20

Score = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
Scoring = Literal["local", "model", "off"]


class NewsItem(Record):
    """One headline and its summary, as plain text."""

    id: Annotated[str, Field(min_length=1, max_length=40)] = Field(
        description="Made from the title, so that one story has one id wherever it stood."
    )
    published_at: UtcTime
    source: Annotated[str, Field(max_length=_MAX_SOURCE_CHARS)] = Field(
        description="The feed's name in the settings, not what the feed calls itself."
    )
    carriers: tuple[Carrier, ...] = Field(
        default=(), description="Every appearance that was merged into this item, its own first."
    )
    title: Annotated[str, Field(min_length=1, max_length=MAX_CHARS)]
    summary: Annotated[str, Field(max_length=MAX_CHARS)] = ""
    symbols: tuple[str, ...] = Field(default=(), description="Markets it names; empty: none.")
    local_score: Score = Field(default=0.0, description="Word list's mood; low confidence.")
    model_score: Score | None = Field(default=None, description="A model's; None: not asked.")

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
        carrier: Carrier | None = None,
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
            carriers=() if carrier is None else (carrier,),
            title=clean_title,
            summary=clean_summary,
            symbols=tagged(both, symbols),
            local_score=lexicon_score(both),
        )

    @property
    def origins(self) -> tuple[Carrier, ...]:
        """Its appearances; of an item that names none, the feed's own name stands for both."""
        return self.carriers or (Carrier(publisher=self.source, via=self.source),)

    def carried_also(self, other: Self) -> Self:
        """This item, with the other one's appearances beside its own; nothing else changes."""
        both = tuple(dict.fromkeys((*self.origins, *other.origins)))
        return self.model_copy(update={"carriers": both[:_MAX_CARRIERS]})


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
    scoring: Scoring = Field(default="local", description="Whose scores count in this cycle.")
    findings: tuple[str, ...] = Field(
        default=(), description="What the scores lack, in our own words."
    )

    def score(self, item: NewsItem) -> float | None:
        """The score of an item that counts; None where scoring is off."""
        if self.scoring == "off":
            return None
        if self.scoring == "model" and item.model_score is not None:
            return item.model_score
        return item.local_score

    def sources(self, items: Iterable[NewsItem]) -> int:
        """How many independent sources stand behind these items together."""
        return independent(carrier for item in items for carrier in item.origins)
