"""What the three readers write: one report each, with a view per shortlisted market."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from records.base import PositiveAmount, Prose, Ratio, Record, Symbol, UtcTime

Reason = Annotated[Prose, Field(min_length=1, max_length=300)]
Reasons = Annotated[tuple[Reason, ...], Field(min_length=1, max_length=5)]
Conviction = Annotated[Ratio, Field(ge=-1, le=1)]
ReadFrom = Literal["geometry", "image"]


class IndicatorSet(Record):
    """Finished numbers of one market and interval, from closed candles only."""

    symbol: Symbol
    interval: str
    as_of: UtcTime = Field(description="Close of the last candle used.")
    values: Mapping[str, float | None] = Field(description="None: not enough candles yet.")


class TechnicalView(Record):
    """The analyst's view of one market, from candles and indicators alone."""

    symbol: Symbol
    bias: Literal["bullish", "bearish", "neutral"]
    conviction: Conviction = Field(description="-1 sell, 0 no view, +1 buy.")
    reasons: Reasons = Field(description="One fact with its figure each.")


class TechnicalReport(Record):
    """Technical views of all shortlisted markets."""

    views: Annotated[tuple[TechnicalView, ...], Field(min_length=1, max_length=30)]


class SentimentView(Record):
    """What the news says of one market."""

    symbol: Symbol
    mood: Literal["positive", "negative", "neutral"]
    score: Conviction = Field(
        description="-1 very negative, 0 neutral or nothing, +1 very positive."
    )
    confidence: Literal["low", "medium", "high"]
    items: Annotated[tuple[str, ...], Field(max_length=20)] = Field(
        default=(), description="Ids of the news items this rests on."
    )
    reasons: Reasons


class SentimentReport(Record):
    """News views of all shortlisted markets."""

    views: Annotated[tuple[SentimentView, ...], Field(min_length=1, max_length=30)]


class ChartView(Record):
    """What the chart of one market shows."""

    symbol: Symbol
    trend: Literal["up", "down", "range"]
    support: PositiveAmount | None = Field(
        default=None, description="Nearest level below the price."
    )
    resistance: PositiveAmount | None = Field(
        default=None, description="Nearest level above the price."
    )
    conviction: Conviction
    reasons: Reasons


class ChartReport(Record):
    """Chart views of all shortlisted markets."""

    read_from: ReadFrom = Field(description="Whether numbers or a picture were read.")
    views: Annotated[tuple[ChartView, ...], Field(min_length=1, max_length=30)]


class Note(Record):
    """A free report, for agents and tasks that were added in YAML."""

    summary: Annotated[Prose, Field(min_length=1, max_length=2000)]
    points: Annotated[tuple[Reason, ...], Field(max_length=10)] = ()


class ReportRow(Record):
    """A report as the ledger keeps it: who wrote it, in which task."""

    report_id: str
    cycle_id: str
    agent: str
    task: str
    kind: str = Field(description="The record's name, such as TechnicalReport.")
    created_at: UtcTime
    report: TechnicalReport | SentimentReport | ChartReport | Note
