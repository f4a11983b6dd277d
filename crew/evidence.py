"""What the agents of one cycle may look at: one snapshot, and everything derived from it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from crew.desk import Desk
from crew.models.vision import pictures_are_seen
from crew.newsroom import read_news
from crew.recalls import Keep, KeptRecalls, ToldRecalls
from memory.document import Recaller
from memory.lessons import HASHED, LessonMemory, openai_embedding
from records.clock import Clock, FixedClock
from records.context import MarketContext, Outside
from records.market import MarketSnapshot
from records.order import AccountState
from records.signal import TradingSignal
from tools.chart.studio import ChartStudio, larger_of
from tools.context.market import market_context
from tools.indicators.correlation import nearest_hour
from tools.indicators.registry import Computed
from tools.indicators.sets import IndicatorNumbers
from tools.news.feeds import OncePerCycle
from tools.news.item import NewsReading

if TYPE_CHECKING:
    from crew.settings import Settings
    from tools.ledger.ledger import Ledger
    from tools.news.model_scoring import ModelCalls

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
    """What every strategy says of every market."""
    leading: Mapping[str, TradingSignal]
    """Of each market the signal that the screen went by."""
    numbers: IndicatorNumbers
    news: Callable[[], NewsReading]
    news_half_life_h: float
    context: MarketContext
    chart_interval: str
    chart_larger: str | None
    charts: Callable[[], Mapping[str, Path]]
    """Waits for the pictures; those that were drawn, by market."""
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
    leading: Mapping[str, TradingSignal],
    computed: Computed,
    outside: Outside | None,
    keep_news: Callable[[NewsReading], NewsReading],
    keep_recalls: Keep | None,
    scoring_calls: "Callable[[], ModelCalls]",
) -> Iterator[Evidence]:
    """Start charts and extra indicators in processes of their own; wait for the pictures."""
    clock = FixedClock(snapshot.as_of)
    interval = desk.settings.decision_interval
    larger = larger_of(interval, desk.settings.intervals)
    drawn = shortlist if desk.draws and draws_charts(desk) else ()
    studio = ChartStudio(desk.home / "charts" / cycle_id, snapshot, drawn, interval, larger)
    studio.start()
    numbers = IndicatorNumbers(
        snapshot, shortlist, computed=computed, extra=desk.settings.indicators.extra
    )
    numbers.start()
    memory = desk_memory(desk.home, desk.ledger, desk.settings)
    try:
        context = _context(desk, snapshot, outside)
        yield Evidence(
            cycle_id=cycle_id,
            clock=clock,
            snapshot=snapshot,
            shortlist=shortlist,
            account=account,
            signals=signals,
            leading=leading,
            numbers=numbers,
            news=OncePerCycle(
                lambda: keep_news(read_news(desk, clock, cycle_id=cycle_id, calls=scoring_calls)),
                clock,
            ),
            news_half_life_h=desk.settings.news.half_life_h,
            context=context,
            chart_interval=interval,
            chart_larger=larger,
            charts=partial(studio.finish, desk.settings.charts.wait_s),
            memory=_recaller(desk, memory, keep_recalls),
            situations=situations(signals, leading, context.market_regime.value),
        )
    finally:
        memory.close()
        numbers.close()
        studio.finish(_DRAWING_TIMEOUT_S)


def draws_charts(desk: Desk) -> bool:
    """Whether anybody is to see pictures; drawing takes three quarters of a cycle's work."""
    charts, model = desk.settings.charts, desk.settings.model
    return charts.draw == "always" or (
        charts.max_pictures > 0 and pictures_are_seen(desk.spec, model)
    )


def _recaller(desk: Desk, memory: LessonMemory, keep: Keep | None) -> Recaller:
    """The memory itself where it can be asked again; what a model embeds is kept and told."""
    if desk.recorded_recalls is not None and desk.settings.memory.enabled:
        return ToldRecalls(desk.recorded_recalls, desk.ledger.lessons.lessons_of)
    if keep is None or desk.settings.memory.embedding == "hash":
        return memory
    return KeptRecalls(memory, keep)


def desk_memory(home: Path, ledger: "Ledger", settings: "Settings") -> LessonMemory:
    """The memory over a ledger as settings want it; nothing is opened before it is asked."""
    wanted, lessons = settings.memory, ledger.lessons
    embedding = HASHED
    if wanted.embedding == "openai":
        embedding = openai_embedding(wanted.embedding_model, settings.llm.base_url)
    return LessonMemory(
        home / "memory",
        lessons_known=lambda: (
            min(lessons.lesson_count(), wanted.max_lessons) if wanted.enabled else 0
        ),
        lessons=lambda: lessons.lessons(None, wanted.max_lessons),
        edition=lambda: f"{lessons.edition()} of {wanted.max_lessons}",
        ids=lambda: lessons.remembered_ids(wanted.max_lessons),
        of=lessons.lessons_of,
        half_life_days=wanted.half_life_days,
        embedding=embedding,
    )


def situations(
    signals: Sequence[TradingSignal],
    leading: Mapping[str, TradingSignal],
    regime: str | None = None,
) -> Mapping[str, str]:
    """
    Each market's signal in words: what a lesson is remembered and looked up by.

    The facts are the five votes whatever strategy leads, so that cycles can be compared.
    """
    votes = {one.symbol: one for one in signals if one.strategy == "strength"}
    return {
        symbol: f"{lead.action} {lead.strength} by {lead.strategy} on {lead.interval}"
        + (f" {regime}: " if regime else ": ")
        + "; ".join(votes.get(symbol, lead).reasons)
        for symbol, lead in leading.items()
    }


def _context(desk: Desk, snapshot: MarketSnapshot, outside: Outside | None) -> MarketContext:
    """The market as a whole, on the interval nearest to an hour: finer ones are mostly noise."""
    frame = nearest_hour(desk.settings.intervals) or desk.settings.decision_interval
    return market_context(snapshot, desk.settings.symbols, frame, outside or Outside())
