"""What the agents of one cycle may look at: one snapshot, and everything derived from it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from crew.desk import Desk
from memory.document import Recaller
from memory.lessons import LessonMemory
from records.clock import Clock, FixedClock
from records.market import MarketSnapshot
from records.order import AccountState
from records.signal import TradingSignal
from tools.chart.studio import ChartStudio
from tools.indicators.sets import IndicatorNumbers
from tools.news.feeds import OncePerCycle, read_feeds
from tools.news.item import NewsReading
from tools.news.sources import FeedLimits, feed_sources

_DRAWING_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """Handed to the tools; the same for every agent."""

    cycle_id: str
    clock: Clock
    """Stands still at the snapshot: what agents read has one age for all of them."""
    snapshot: MarketSnapshot
    shortlist: tuple[str, ...]
    account: AccountState
    signals: tuple[TradingSignal, ...]
    numbers: IndicatorNumbers
    news: Callable[[], NewsReading]
    chart_interval: str
    chart_files: Mapping[str, str]
    memory: Recaller
    situations: Mapping[str, str]


@contextmanager
def gather(
    desk: Desk,
    *,
    cycle_id: str,
    snapshot: MarketSnapshot,
    shortlist: tuple[str, ...],
    account: AccountState,
    signals: tuple[TradingSignal, ...],
    keep_news: Callable[[NewsReading], NewsReading],
) -> Iterator[Evidence]:
    """Start charts and indicators in processes of their own; wait for what is not asked for."""
    clock = FixedClock(snapshot.as_of)
    interval = desk.settings.decision_interval
    studio = ChartStudio(desk.home / "charts" / cycle_id, snapshot, shortlist, interval)
    studio.start()
    numbers = IndicatorNumbers(snapshot, shortlist)
    numbers.start()
    lessons = desk.ledger.lessons
    memory = LessonMemory(
        desk.home / "memory",
        lessons_known=lessons.lesson_count,
        lessons=lambda: lessons.lessons(None),
    )
    try:
        yield Evidence(
            cycle_id=cycle_id,
            clock=clock,
            snapshot=snapshot,
            shortlist=shortlist,
            account=account,
            signals=signals,
            numbers=numbers,
            news=OncePerCycle(lambda: keep_news(_read_news(desk, clock))),
            chart_interval=interval,
            chart_files={s: str(studio.path(s).relative_to(desk.home)) for s in shortlist},
            memory=memory,
            situations=situations(signals),
        )
    finally:
        memory.close()
        numbers.close()
        studio.finish(_DRAWING_TIMEOUT_S)


def situations(signals: Sequence[TradingSignal]) -> Mapping[str, str]:
    """Each market's signal in words: what a lesson is remembered and looked up by."""
    return {
        signal.symbol: f"{signal.direction} {signal.strength} on {signal.interval}: "
        + "; ".join(signal.reasons)
        for signal in signals
    }


def _read_news(desk: Desk, clock: Clock) -> NewsReading:
    if desk.recorded_news is not None:
        return desk.recorded_news
    limits = FeedLimits(allow_private=desk.settings.news.allow_private_addresses)
    feeds = feed_sources(desk.feeds())
    return read_feeds(feeds, clock, symbols=desk.settings.symbols, limits=limits)
