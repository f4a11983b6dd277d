"""One market at 100, one account of 10,000, the limits of desk.yaml; a test changes one figure."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache

import numpy as np

from records.breaker import BreakerState
from records.candles import CandleSeries, interval_ms
from records.clock import epoch_ms
from records.lock import Lock
from records.market import MarketSnapshot, OrderBook, SymbolMarket, SymbolRules, Ticker
from records.order import AccountState, Position, PositionMark
from records.proposal import ProposalDraft, TradeProposal
from records.risk import RiskLimits
from records.support import Support
from records.verdict import Approval, RiskVerdict, WrittenVerdict
from tools.risk.gate import GateView
from tools.risk.losses import loss_state
from tools.risk.sizing import Holdings, size

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
CYCLE = "20260105T120000Z-0001"
BTC = "BTC/USDT"
LIMITS = RiskLimits(require_take_profit=False)
UNCAPPED = LIMITS.model_copy(
    update={
        "max_position_pct": Decimal(100),
        "max_symbol_pct": Decimal(100),
        "max_correlated_pct": Decimal(100),
        "max_total_exposure_pct": Decimal(100),
    }
)
BOTH_SIDES = Support(signal="buy", chart=-0.5)
"""Something speaks for a long and something for a short, so that no side lacks evidence."""
SAFE = BreakerState(status="SAFE", since=NOW)
TRIGGERED = BreakerState(status="TRIGGERED", since=NOW, reasons=("BTC/USDT 1h drop 16 %",))


def dec(value):
    return None if value is None else Decimal(str(value))


def market(
    symbol=BTC, *, bid="99.99", ask="100", depth=100_000, book=None, at=NOW, frames=None, **rules
):
    """One price with plenty behind it, an hourly candle that just closed, the rules of spot."""
    values = {"tick": "0.01", "step": "0.001", "min_quantity": "0.001", "min_notional": "5"}
    return SymbolMarket(
        symbol=symbol,
        ticker=Ticker(last=dec(ask), bid=dec(bid), ask=dec(ask), at=at),
        book=book or levels(bids={bid: depth}, asks={ask: depth}),
        rules=SymbolRules.model_validate(values | rules),
        frames={"1h": _just_closed(symbol)} if frames is None else frames,
        funding_rate_pct=None,
        open_interest=None,
    )


def levels(*, bids=None, asks=None):
    """An order book, told as quantity by price."""
    sides = (bids or {}, asks or {})
    bids, asks = (tuple((dec(at), dec(size)) for at, size in side.items()) for side in sides)
    return OrderBook(bids=bids, asks=asks)


PERPETUAL = {"perpetual": True, "max_leverage": 50, "maintenance_pct": "0.5"}
"""The rules of a contract, for `market(**PERPETUAL)`."""


def mark(symbol=BTC, quantity="5", price="100", *, side="long", leverage=1):
    stop = dec(price) * Decimal("0.98" if side == "long" else "1.02")
    position = Position(
        position_id=f"{symbol}-pos", symbol=symbol, side=side, leverage=leverage,
        quantity=dec(quantity), entry_price=dec(price), fees=Decimal(0), opened_at=NOW,
        cycle_id=CYCLE, proposal_id="p",
        stop=stop, take_profit=None, thesis="x", invalidation_price=None,
    )  # fmt: skip
    return PositionMark(
        position=position, mark_price=dec(price), notional=dec(price) * dec(quantity),
        unrealised_pnl=Decimal(0), unrealised_pct=Decimal(0),
        margin=dec(price) * dec(quantity) / leverage,
    )  # fmt: skip


def account(*marks, equity=10_000, cash=10_000):
    return AccountState(
        as_of=NOW, currency="USDT", equity=dec(equity), cash=dec(cash), positions=marks
    )


empty_account = account


def draft(**changes):
    values = {"symbol": BTC, "action": "open_long", "stop": "98", "take_profit": "104",
              "thesis": "Higher lows."}  # fmt: skip
    return ProposalDraft.model_validate(values | changes)


def shorting(**changes):
    """The mirror image of `draft`: sold at the bid, with its stop above and its target below."""
    return draft(**{"action": "open_short", "stop": "102", "take_profit": "95"} | changes)


def closing(**changes):
    return draft(**{"action": "close", "stop": None, "take_profit": None} | changes)


def proposal(of=None, *, seen=None, state=None, limits=LIMITS):
    """A draft as the desk registers it, with the desk's own sizing."""
    of = of or draft()
    sizing = size(of, seen or market(of.symbol), Holdings(account=state or account()), limits)
    return TradeProposal(
        proposal_id=f"{CYCLE}-p1", cycle_id=CYCLE, created_at=NOW, draft=of, sizing=sizing
    )


def verdict(decision="approve", *, on=None, **changes):
    """
    A verdict that repeats what `on` asks for (a proposal; the usual one), with changes.

    An exit is taken for the sale of a long; the verdict on one that buys names its side.
    """
    asked = on or proposal()
    of, opens = asked.draft, asked.draft.opens
    values = {
        "proposal_id": f"{CYCLE}-p1",
        "symbol": of.symbol,
        "side": "buy" if of.action == "open_long" else "sell",
        "decision": decision,
        "max_quantity": (asked.quantity or None) if opens else None,
        "stop": of.stop if opens else None,
        "max_leverage": of.leverage if opens else None,
        "reasons": ("Exposure 0 % of 50 %.",),
    }
    opinion = WrittenVerdict.model_validate(values | changes).draft()
    return RiskVerdict(verdict_id=f"{CYCLE}-v1", cycle_id=CYCLE, created_at=NOW, draft=opinion)


def view(*, account=None, committed=(), correlations=None, **changes):
    """The world the gate judges in, with nothing in the way of an entry."""
    holdings = Holdings(
        account=account or empty_account(), committed=committed, correlations=correlations or {}
    )
    values = {"holdings": holdings, "limits": LIMITS, "breaker": SAFE, "halted": None,
              "locks": (), "losses": NO_LOSS, "support": BOTH_SIDES, "figures": {},
              "entries_today": 0, "now": NOW}  # fmt: skip
    if "market" not in changes:
        values["market"] = market()
    return GateView(**values | changes)


def losses(equity=10_000, **from_):
    """What was lost from each of peak, day, week and month; from one not named, nothing."""
    measured = dict.fromkeys(("peak", "day", "week", "month"), dec(equity))
    return loss_state(dec(equity), **measured | {name: dec(at) for name, at in from_.items()})


NO_LOSS = losses()


def lock(symbol=None, *, reason="4 stops in a day"):
    """A lock on one market, or on the desk."""
    return Lock(
        lock_id=1, kind="guard", symbol=symbol, since=NOW, until=None, reason=reason, by="guard"
    )


def approval(symbol="ETH/USDT", *, quantity="1", price="100", **changes):
    """An approval that stands beside the one that is asked for."""
    values = {
        "approval_id": f"{symbol}-a", "cycle_id": CYCLE, "proposal_id": "p", "verdict_id": "v",
        "created_at": NOW, "expires_at": NOW + timedelta(seconds=300), "symbol": symbol,
        "action": "open_long", "side": "buy", "entry": "market", "quantity": quantity,
        "price_low": price, "price_high": price, "limit_price": None, "stop": "98",
        "take_profit": None, "leverage": 1, "reduce_only": False,
    }  # fmt: skip
    return Approval.model_validate(values | changes)


def candles(symbol, interval, closes, *, lows=None, until=NOW):
    """Candles that end at `until`; lows[i] below the body of candle i, where given."""
    closes = np.array(closes, dtype=float)
    opens = np.concatenate(([closes[0]], closes[:-1]))
    low = np.minimum(opens, closes)
    for index, value in (lows or {}).items():
        low[index] = value
    block = np.column_stack((opens, np.maximum(opens, closes), low, closes, np.ones(len(closes))))
    length = interval_ms(interval)
    times = epoch_ms(until) - length * np.arange(len(closes), 0, -1, dtype=np.int64)
    return CandleSeries.checked(symbol, interval, times, block)


@cache
def _just_closed(symbol):
    return candles(symbol, "1h", [100])


def snapshot(*series, at=NOW):
    """A snapshot with these candles and nothing odd."""
    frames: dict = {}
    for one in series:
        frames.setdefault(one.symbol, {})[one.interval] = one
    markets = {symbol: market(symbol, frames=found) for symbol, found in frames.items()}
    return MarketSnapshot(venue="demo", synthetic=True, as_of=at, markets=markets)
