"""
The composition root: settings -> venue, account, ledger, memory, and one cycle's desks.

The only place that builds them. Paper, testnet and live are the same code from here on;
they differ in the account chosen here.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from crew import logs, printing
from crew.home import CHECKOUT
from crew.models.factory import check_model
from crew.models.prices import refuse_unbound
from crew.models.source import LiveModels, ModelSource
from crew.models.vision import check_vision
from crew.secrets import redactor_for
from crew.settings import Settings
from crew.specs import CrewSpec, load_specs
from crew.stopping import Stopping
from records.clock import Clock, FixedClock, SystemClock
from records.errors import SettingsError
from records.lock import Lock
from records.ports import AccountReader, MarketSource
from records.redaction import NOTHING, Redactor
from tools.exchange.writer import OrderWriter
from tools.ledger.ledger import Ledger
from tools.risk.halt import why_halted

if TYPE_CHECKING:
    from crew.recalls import Recalls
    from records.context import Outside
    from records.market import MarketSnapshot
    from tools.exchange.ccxt_private import PrivateClient
    from tools.news.item import NewsReading
    from tools.news.model_scoring import ModelCalls

TOOL_NAMES = (
    "get_market_snapshot",
    "get_portfolio",
    "get_indicators",
    "get_news",
    "get_market_context",
    "read_chart",
    "get_limits",
    "get_circuit_breaker",
    "submit_verdict",
    "place_order",
    "get_order",
    "recall_lessons",
)
"""Every tool an agent may be given; crew.toolbox builds them."""

DEFAULT_FEEDS = (
    "https://www.coindesk.com/arc/outboundfeeds/rss/",
    "https://cointelegraph.com/rss",
    "https://decrypt.co/feed",
    "https://www.theblock.co/rss.xml",
    "https://cryptoslate.com/feed/",
    "https://bitcoinmagazine.com/feed",
)


class Desk:
    """Everything that outlives a cycle: settings, specs, ledger, venue, and whether to stop."""

    def __init__(
        self,
        settings: Settings,
        home: Path,
        ledger: Ledger,
        spec: CrewSpec,
        machine: Clock,
        redactor: Redactor = NOTHING,
    ) -> None:
        self.machine = machine
        self.clock: Clock | None = None
        """The running cycle's: the venue's; None between cycles."""
        self.cycle_id: str | None = None
        """The running cycle's."""
        self.redactor = redactor
        self.settings = settings
        self.home = home
        self.ledger = ledger
        self.spec = spec
        self.stopping = Stopping()
        self.key_rights_read = False
        self._client: PrivateClient | None = None
        self._shown_to: Callable[[MarketSnapshot], None] | None = None
        self._market: MarketSource | None = None
        self._recorded: MarketSource | None = None
        self.recorded_news: NewsReading | None = None
        self.recorded_outside: Outside | None = None
        self.recorded_recalls: Recalls | None = None
        self.models: ModelSource = LiveModels(settings.llm)
        self.tell_scoring: Callable[[Callable[[], ModelCalls]], None] = lambda _calls: None
        """Tells again of the calls that scored the recorded news."""
        self.tell_reflections: Callable[[Callable[[], ModelCalls]], str | None] | None = None
        """In a replay: tells again of the call that worded lessons, and gives its answer."""
        self.draws = True
        """Whether charts are drawn; not where nobody will look at them."""

    def stand_in(
        self,
        market: MarketSource,
        news: "NewsReading | None",
        outside: "Outside | None" = None,
        models: ModelSource | None = None,
        recalls: "Recalls | None" = None,
    ) -> None:
        """Let a recording stand in for venue, feeds, what is asked beside them, and models.

        Without `recalls` the memory is asked.
        """
        self._recorded = market
        self.models = models or self.models
        self.recorded_news = news
        self.recorded_outside = outside
        self.recorded_recalls = recalls
        self.tell_reflections = lambda _calls: None

    def redact(self, text: str) -> str:
        """The text without secrets."""
        return self.redactor.text(text)

    @property
    def synthetic(self) -> bool:
        return self.settings.venue == "demo"

    def halted(self) -> str | None:
        """Why nothing new may be opened now, asked afresh each time."""
        return self.stopping.why() or why_halted(self.home, self.locks)

    def locks(self) -> tuple[Lock, ...]:
        """The locks that hold now, of single markets and of the whole desk."""
        return self.ledger.safety.active_locks(self.now())

    def now(self) -> datetime:
        """The cycle's time; outside of one the last cycle's on a replayed market, else here."""
        if self.clock is not None:
            return self.clock.now()
        return self.ledger.cycles.replayed_to() or self.machine.now()

    def market(self, clock: Clock) -> MarketSource:
        """The reading side of the venue."""
        if self._recorded is not None:
            return self._recorded
        if self._market is None or self.settings.venue in ("demo", "replay"):
            self._market = self._open_market(clock)
        return self._market

    def venue_clock(self) -> Clock:
        """The venue's clock: the only one a cycle goes by."""
        if self._recorded is not None:
            return self._recorded.clock()
        if self.settings.venue == "replay":
            return FixedClock(self._replay_time())
        if self.settings.venue == "demo":
            return self.machine
        return self.market(self.machine).clock()

    def ask_outside(self, clock: Clock) -> "Callable[[MarketSnapshot], Outside | None]":
        """Begin to ask what no venue tells, on a real market; call it with the snapshot."""
        settings = self.settings.context
        if self._recorded is not None or self.settings.venue in ("demo", "replay"):
            return lambda _snapshot: self.recorded_outside
        from tools.context.outside import OutsideQuestions

        asked = OutsideQuestions(
            self.home / "cache",
            clock,
            fear_greed_url=settings.fear_greed_url,
            dominance_url=settings.dominance_url,
            allow_private=settings.allow_private_addresses,
        )
        asked.start()
        return asked.collect

    def account(self, market: MarketSource, clock: Clock) -> tuple[AccountReader, OrderWriter]:
        """The account's two sides: paper, with books in the ledger, or the exchange's own."""
        if self.settings.mode == "paper":
            return self._paper_account(market, clock)
        return self._exchange_account(clock)

    def show(self, snapshot: "MarketSnapshot") -> None:
        """Tell a paper account which order books hold from now on; an exchange has its own."""
        if self._shown_to is not None:
            self._shown_to(snapshot)

    def _paper_account(
        self, market: MarketSource, clock: Clock
    ) -> tuple[AccountReader, OrderWriter]:
        from tools.exchange.paper import PaperAccount

        paper = self.settings.paper
        account = PaperAccount(
            self.ledger.paper_store(),
            market,
            clock,
            starting_cash=paper.cash,
            currency=self.settings.currency,
            maker_fee_pct=paper.maker_fee_pct,
            taker_fee_pct=paper.taker_fee_pct,
            slippage_pct=paper.slippage_pct,
            volume_share_pct=paper.volume_share_pct,
            funding_rate_pct=paper.funding_rate_pct,
            liquidation_fee_pct=paper.liquidation_fee_pct,
            finest_interval=self.settings.decision_interval,
        )
        account.open_books()
        self._shown_to = account.set_books
        return account, account

    def _exchange_account(self, clock: Clock) -> tuple[AccountReader, OrderWriter]:
        from tools.exchange.ccxt_account import CcxtAccount
        from tools.exchange.ccxt_orders import CcxtOrders

        client, settings = self._private_client(clock), self.settings
        return (
            CcxtAccount(client, quote=settings.currency),
            CcxtOrders(client, margin=settings.margin_mode),
        )

    def _private_client(self, clock: Clock) -> "PrivateClient":
        """The one client that holds keys; it signs with the venue's time."""
        from tools.exchange.ccxt_market import CcxtMarket
        from tools.exchange.ccxt_private import PrivateClient

        settings = self.settings
        assert settings.api_key and settings.api_secret, "load_settings refuses to go without"
        if self._client is None:
            self._client = PrivateClient(
                settings.venue,
                key=settings.api_key,
                secret=settings.api_secret,
                password=settings.api_password,
                clock=clock,
                exchange_url=settings.exchange_url,
                testnet=settings.mode == "testnet",
                timeout_s=_VENUE_TIMEOUT_S,
                listed=self._market.listed if isinstance(self._market, CcxtMarket) else None,
            )
        self._client.follow(clock)
        return self._client

    def key_may_withdraw(self) -> bool | None:
        """Whether the key may withdraw; None: the exchange does not say. Raises VenueError."""
        from tools.exchange.ccxt_private import key_rights

        rights = key_rights(self._private_client(self.venue_clock()))
        self.key_rights_read = True
        return rights.may_withdraw

    def close(self) -> None:
        """End the connection that holds the exchange's key."""
        if self._client is not None:
            self._client.close()

    def feeds(self) -> tuple[str, ...]:
        """Configured feeds; else the sample on demo, none on replay, the desk's list elsewhere."""
        if self.settings.news.feeds is not None:
            return self.settings.news.feeds
        return {"demo": ("sample",), "replay": ()}.get(self.settings.venue, DEFAULT_FEEDS)

    def _open_market(self, clock: Clock) -> MarketSource:
        settings = self.settings
        if settings.venue == "demo":
            from tools.exchange.demo import DemoMarket

            return DemoMarket(settings.demo.seed, clock)
        if settings.venue == "replay":
            from tools.exchange.replay import ReplayMarket

            return ReplayMarket(self._candle_files(), clock)
        from tools.exchange.ccxt_market import CcxtMarket

        return CcxtMarket(
            settings.venue,
            exchange_url=settings.exchange_url,
            timeout_s=_VENUE_TIMEOUT_S,
            testnet=settings.mode == "testnet",
        )

    def _candle_files(self) -> list[Path]:
        found: list[Path] = []
        for pattern in self.settings.replay.files:
            matches = sorted(_matching(pattern))
            if not matches:
                raise SettingsError(
                    f"replay.files: nothing matches {pattern!r}. No cycle was run. "
                    "Name candle files (parquet or csv), from the checkout or absolute."
                )
            found.extend(matches)
        return found

    def _replay_time(self) -> datetime:
        """The market time of the next cycle: one step after the last one."""
        replay = self.settings.replay
        assert replay.start is not None
        last = self.ledger.cycles.last_started_at()
        return replay.start if last is None else max(replay.start, last + replay.step_delta)


_VENUE_TIMEOUT_S = 10.0


def _matching(pattern: str) -> Iterator[Path]:
    """Files of a path or glob, from the checkout when it is relative."""
    path = Path(pattern).expanduser()
    root = Path(path.anchor) if path.is_absolute() else CHECKOUT
    return root.glob(str(path.relative_to(root) if path.is_absolute() else path))


@contextmanager
def open_desk(
    settings: Settings, home: Path, machine: Clock | None = None, *, for_crew: bool = True
) -> Iterator[Desk]:
    """
    A desk with its ledger open; raises SettingsError or LedgerError before anything is done.

    Not `for_crew`: agents, tasks and models are not looked at, so that their faults do not
    stand in the way of closing positions.
    """
    spec = _crew_spec(settings) if for_crew else CrewSpec(agents={}, tasks={})
    redactor = redactor_for(settings)
    printing.learn(redactor)
    with (
        logs.writing(home / "logs", settings.logs, redactor) as log,
        Ledger(home / "ledger.db", redactor.text) as ledger,
    ):
        _refuse_other_venue(ledger, settings)
        clock = machine or SystemClock()
        with closing(Desk(settings, home, ledger, spec, clock, redactor)) as desk:
            log.running = lambda: desk.cycle_id
            yield desk


def _crew_spec(settings: Settings) -> CrewSpec:
    """Who works at the desk, with every model known and its key set."""
    spec = load_specs(
        settings.path(settings.agents_file), settings.path(settings.tasks_file), TOOL_NAMES
    )
    for look in _model_checks(settings, spec):
        look()
    return spec


def model_faults(settings: Settings, spec: CrewSpec) -> Iterator[str]:
    """Why a model cannot be asked, a sentence each."""
    for look in _model_checks(settings, spec):
        try:
            look()
        except SettingsError as error:
            yield str(error)


def _model_checks(settings: Settings, spec: CrewSpec) -> Iterator[Callable[[], None]]:
    """What must hold of each model; each raises SettingsError."""
    yield partial(check_model, settings.model, settings.llm, "model")
    if settings.news.scoring == "model":
        yield partial(check_model, settings.scoring_model, settings.llm, "news.model")
    if settings.memory.reflections == "model":
        where = "memory.reflection_model"
        yield partial(check_model, settings.reflecting_model, settings.llm, where)
    for name, agent in spec.agents.items():
        where = f"{settings.agents_file.name}: {name}"
        if agent.model is not None:
            yield partial(check_model, agent.model, settings.llm, where)
        yield partial(check_vision, agent.model or settings.model, agent.vision, where)
    yield partial(refuse_unbound, settings, spec)


def _refuse_other_venue(ledger: Ledger, settings: Settings) -> None:
    """One account belongs to one market: prices of another would be fiction."""
    last = ledger.cycles.last_venue()
    if last is not None and last != (settings.venue, settings.mode):
        venue, mode = last
        raise SettingsError(
            f"This state folder holds the {mode} account of venue {venue!r}; the settings say "
            f"{settings.mode} on {settings.venue!r}. No cycle was run. "
            "Set DESK_HOME to another folder for the other venue."
        )
