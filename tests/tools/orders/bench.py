"""A desk on the bench: the real ledger, the real paper account, the demo market, one clock."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from records import ids
from records.breaker import BreakerState
from records.clock import FixedClock
from records.market import MarketSnapshot
from records.ports import MarketRequest
from records.proposal import ProposalDraft
from records.verdict import WrittenVerdict
from tests.tools.orders.lines import Lines
from tests.tools.risk.cases import BOTH_SIDES, LIMITS
from tools.exchange.demo import DemoMarket
from tools.exchange.paper import PaperAccount
from tools.ledger.ledger import Ledger
from tools.orders.desk import OrderDesk
from tools.orders.execution import Execution
from tools.orders.valuation import value_account
from tools.risk.desk import RiskDesk
from tools.risk.losses import LossBook

START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
BTC, ETH = "BTC/USDT", "ETH/USDT"
CASH = Decimal(10_000)


class Bench:
    """Everything that outlives a cycle."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.clock = FixedClock(START)
        self.market = DemoMarket(7, self.clock)
        self.cash = CASH
        self.account = self._open_account()
        self.halted: str | None = None
        self.journal = Lines()

    def _open_account(self) -> PaperAccount:
        """The account as a new process opens it: nothing is known but what is in the ledger."""
        return PaperAccount(
            self.ledger.paper_store(),
            self.market,
            self.clock,
            starting_cash=self.cash,
            currency="USDT",
            maker_fee_pct=Decimal("0.02"),
            taker_fee_pct=Decimal("0.05"),
            finest_interval="3m",
        )

    def cycle(self, *, writer=None, **limits) -> "Cycle":
        """Begin a cycle at the clock's time, as the desk does."""
        self.account = self._open_account()
        now = self.clock.now()
        sequence = ids.IdSequence(ids.cycle_id(now, self.ledger.cycles.next_cycle_sequence()))
        self.ledger.cycles.begin_cycle(sequence.cycle_id, now, "demo", "paper", True, (BTC, ETH))
        execution = Execution(
            ledger=self.ledger, account=self.account, writer=writer or self.account, ids=sequence,
            clock=self.clock, journal=self.journal, pause=lambda _seconds: None,
        )  # fmt: skip
        return Cycle(self, sequence, execution, LIMITS.model_copy(update=limits))


@dataclass
class Cycle:
    """One cycle's desks; the snapshot is taken when it is first needed."""

    bench: Bench
    ids: ids.IdSequence
    execution: Execution
    limits: object
    _desks: list = field(default_factory=list)

    def reconcile(self):
        return self.execution.reconcile(halted=lambda: self.bench.halted)

    @property
    def books(self):
        return self.execution.books

    def observe(self) -> MarketSnapshot:
        request = MarketRequest(symbols=(BTC, ETH), intervals=("3m",), candles=5)
        snapshot = self.bench.market.observe(request)
        self.bench.account.set_books(snapshot)
        return snapshot

    @property
    def snapshot(self):
        return self._built()[0]

    @property
    def risk(self) -> RiskDesk:
        return self._built()[1]

    @property
    def orders(self) -> OrderDesk:
        return self._built()[2]

    def move_prices(self, percent):
        """Let the order desk see bid and ask this many percent from where they were judged."""
        market = self.snapshot.markets[BTC]
        ticker = market.ticker.model_copy(
            update={side: _away(getattr(market.ticker, side), percent) for side in ("bid", "ask")}
        )
        moved = market.model_copy(update={"ticker": ticker})
        self.replace_snapshot(self.snapshot.model_copy(update={"markets": {BTC: moved}}))

    def replace_snapshot(self, snapshot):
        """An order desk that sees this snapshot."""
        self._desks[2] = self.execution.desk(
            quote=snapshot.markets.get, halted=lambda: self.bench.halted
        )

    def _built(self):
        if not self._desks:
            bench, snapshot = self.bench, self.observe()
            prices = {symbol: one.ticker.mid for symbol, one in snapshot.markets.items()}
            account = value_account(
                bench.account.cash(), bench.ledger.account.open_positions(), prices,
                currency="USDT", as_of=bench.clock.now(),
            )  # fmt: skip
            risk = RiskDesk(
                snapshot=snapshot, shortlist=(BTC, ETH), account=account, limits=self.limits,
                losses=LossBook(bench.ledger.account).state(account),
                support=lambda _symbol: BOTH_SIDES, figures=lambda _symbol: {},
                breaker=BreakerState(status="SAFE", since=bench.clock.now()), ledger=bench.ledger,
                ids=self.ids, clock=bench.clock, journal=bench.journal,
                halted=lambda: bench.halted,
            )  # fmt: skip
            orders = self.execution.desk(quote=snapshot.markets.get, halted=lambda: bench.halted)
            self._desks = [snapshot, risk, orders]
        return self._desks

    def draft(self, symbol=BTC, *, stop_pct="2", target_pct="6", below_pct=None, **changes):
        """An entry with its stop and target so many percent from the price."""
        ticker = self.snapshot.markets[symbol].ticker
        price = ticker.ask if below_pct is None else _away(ticker.bid, f"-{below_pct}")
        values = {
            "symbol": symbol, "action": "open_long", "thesis": "Higher lows.",
            "stop": _away(price, f"-{stop_pct}"),
            "take_profit": None if target_pct is None else _away(price, target_pct),
        } | ({} if below_pct is None else {"entry": "limit", "limit_price": price})  # fmt: skip
        return ProposalDraft.model_validate(values | changes)

    def closing(self, symbol=BTC, action="close", **changes):
        values = {"symbol": symbol, "action": action, "thesis": "The reason is gone."}
        return ProposalDraft.model_validate(values | changes)

    def submit(self, proposal, decision="approve", **changes):
        """The outcome of one verdict, which repeats what it is on but for the changes."""
        opinion = repeated(proposal, self.bench.ledger) | {"decision": decision} | changes
        return self.risk.submit([WrittenVerdict.model_validate(opinion)]).outcomes[0]

    def approve(self, draft, **changes) -> str:
        """The id of the approval of a draft."""
        outcome = self.submit(self.risk.register([draft])[0], **changes)
        assert outcome.approval_id is not None, outcome.refusal
        return outcome.approval_id

    def trade(self, draft):
        """Approve and place one draft; returns its orders."""
        report = self.orders.place_all([self.approve(draft)])
        assert report.refused == ()
        return report.orders


def repeated(proposal, ledger):
    """An officer's words for a proposal as it stands; for an id that is none, for nothing."""
    if isinstance(proposal, str):
        return {"proposal_id": proposal, "symbol": BTC, "side": "buy", "max_quantity": None,
                "stop": None, "max_leverage": None, "reasons": ("In bounds.",)}  # fmt: skip
    of = proposal.draft
    held = {p.symbol: p.side for p in ledger.account.open_positions()}
    buys = of.action == "open_long" or (not of.opens and held.get(of.symbol) == "short")
    return {
        "proposal_id": proposal.proposal_id, "symbol": of.symbol,
        "side": "buy" if buys else "sell", "max_quantity": proposal.quantity if of.opens else None,
        "stop": of.stop, "max_leverage": of.leverage if of.opens else None,
        "reasons": ("In bounds.",),
    }  # fmt: skip


def _away(price, percent):
    return price * (100 + Decimal(percent)) / 100


def standing(bench):
    """Our orders that stand at the venue, as intents."""
    orders = (bench.ledger.execution.order(o.client_order_id) for o in bench.account.open_orders())
    return [order.intent for order in orders]


class Through:
    """The account itself, for writers that differ from it in one thing."""

    fate_known_after_s = 0.0
    entries_rest = True

    def __init__(self, account):
        self.account = account

    def prepare(self, intent):
        self.account.prepare(intent)

    def create(self, intent):
        return self.account.create(intent)

    def cancel(self, intent):
        return self.account.cancel(intent)


def statuses(ledger, cycle_id):
    """How the orders of a cycle stand, by role."""
    return {one.intent.role: one.status for one in ledger.execution.orders(cycle_id)}
