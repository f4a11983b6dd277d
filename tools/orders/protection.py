"""
What the desk does for open positions each cycle, before any model is asked: pure code.

A stop is only ever moved nearer to the market. Early exit, time exit and a passed target
or trailing stop close at market; sizes were computed from the full stop, so an early exit
only makes losses smaller.

Source: domain reference, Risk, exits.
"""

from collections.abc import Iterator
from datetime import timedelta
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from records.candles import CandleSeries
from records.clock import Clock, epoch_ms
from records.interval import interval_ms
from records.market import MarketSnapshot, SymbolMarket
from records.order import ExitReason, Position, Trade
from records.risk import ExitRules
from tools.ledger.ledger import Ledger
from tools.orders.booking import Books
from tools.orders.exits import Exits
from tools.orders.guards import Guards
from tools.orders.thesis import judged


class Protector:
    """Tightens stops and closes what its rules say is over."""

    def __init__(
        self,
        ledger: Ledger,
        books: Books,
        guards: Guards,
        exits: Exits,
        clock: Clock,
        rules: ExitRules,
    ) -> None:
        self._ledger = ledger
        self._books = books
        self._guards = guards
        self._exits = exits
        self._clock = clock
        self._rules = rules

    def run(self, snapshot: MarketSnapshot, interval: str) -> tuple[Trade, ...]:
        """
        Look at every position that has a price; returns what was closed.

        `interval` is that of the candles whose closes judge the theses.
        """
        before = self._closed()
        for position in self._ledger.account.open_positions():
            market = snapshot.markets.get(position.symbol)
            if market is not None:
                thought = self._with_thesis(position, market.frames.get(interval))
                self._look_after(thought, market)
        return tuple(trade for name, trade in self._closed().items() if name not in before)

    def _closed(self) -> dict[str, Trade]:
        """Trades of this cycle so far."""
        trades = self._ledger.account.trades_of(self._books.cycle_id)
        return {trade.trade_id: trade for trade in trades}

    def _look_after(self, position: Position, market: SymbolMarket) -> None:
        seen = self._with_best(position, market)
        why = self._over(seen, market)
        if why is not None:
            self._exits.close(seen, why)
            return
        moved = self._tighter_stop(seen, market)
        if moved is None:
            return
        stop, reason = moved
        tightened = seen.model_copy(update={"stop": stop})
        if _is_past(tightened, _exit_price(seen, market), stop):
            self._exits.close(seen, reason)
        elif self._guards.move_stop(tightened, reason):
            self._ledger.account.save_position(tightened)
        else:
            self._books.warn(
                "stop_not_moved",
                f"The stop of {position.symbol} stays at {position.stop}: the venue did not take "
                f"one at {stop}. The next cycle tries again.",
            )

    def _with_thesis(self, position: Position, closes: CandleSeries | None) -> Position:
        """The position with what became of its thesis, written down; news of it is an event."""
        opened_by = self._ledger.decisions.proposal(position.proposal_id)
        seen = judged(position, opened_by.draft if opened_by else None, closes, self._rules)
        if seen == position:
            return position
        self._ledger.account.save_position(seen)
        if seen.invalidated_at != position.invalidated_at:
            self._books.warn(
                "thesis_invalidated",
                f"The thesis of {seen.symbol} {seen.side} is invalidated: a candle closed at or "
                f"beyond {seen.invalidation_price:f} at {seen.invalidated_at:%Y-%m-%dT%H:%M:%SZ}.",
            )
        return seen

    def _with_best(self, position: Position, market: SymbolMarket) -> Position:
        """The position with the farthest price its way since the entry, written down."""
        best = _best(position, market)
        if best == position.best_price:
            return position
        seen = position.model_copy(update={"best_price": best})
        self._ledger.account.save_position(seen)
        return seen

    def _over(self, position: Position, market: SymbolMarket) -> ExitReason | None:
        """Why a position is closed now, if it is."""
        price = _exit_price(position, market)
        if position.take_profit is not None and _gain(position, price, position.take_profit) >= 0:
            return "take_profit"
        if position.stop is not None and _is_past(position, price, position.stop):
            return "stop_loss"
        if self._far_to_the_stop(position, price):
            return "early_exit"
        hours = self._rules.max_holding_h
        if hours and self._clock.now() - position.opened_at >= timedelta(hours=hours):
            return "time_exit"
        return self._failed(position)

    def _failed(self, position: Position) -> ExitReason | None:
        """How the thesis failed, where the rules say that this closes."""
        closes = {
            "thesis_invalidated": self._rules.exit_on_invalidation,
            "thesis_deadline": self._rules.exit_on_deadline,
        }
        failure = position.thesis_failure(self._clock.now())
        return failure if failure is not None and closes[failure] else None

    def _far_to_the_stop(self, position: Position, price: Decimal) -> bool:
        share = self._rules.early_exit_pct
        if share is None or position.first_stop is None:
            return False
        way = abs(position.entry_price - position.first_stop)
        return -_gain(position, price, position.entry_price) >= way * share / 100

    def _tighter_stop(
        self, position: Position, market: SymbolMarket
    ) -> tuple[Decimal, ExitReason] | None:
        """The nearest stop the rules ask for, if it is nearer than the one that stands."""
        asked = [
            (_on_tick(position, stop, market.rules.tick), why)
            for stop, why in self._asked_stops(position)
        ]
        nearer = [
            (stop, why)
            for stop, why in asked
            if position.stop is None or _gain(position, stop, position.stop) > 0
        ]
        sign = 1 if position.side == "long" else -1
        return max(nearer, key=lambda one: one[0] * sign, default=None)

    def _asked_stops(self, position: Position) -> Iterator[tuple[Decimal, ExitReason]]:
        best, sign = position.best_price, 1 if position.side == "long" else -1
        assert best is not None, "it was written down at the beginning of this look"
        gained_pct = _gain(position, best, position.entry_price) / position.entry_price * 100
        even = self._rules.break_even_pct
        if even is not None and gained_pct >= even:
            yield position.entry_price, "break_even_stop"
        start = self._rules.trailing_start_pct
        if start is not None and gained_pct >= start:
            yield best * (1 - sign * self._rules.trailing_pct / 100), "trailing_stop"


def _gain(position: Position, price: Decimal, since: Decimal) -> Decimal:
    """How far a price is our way from another; negative against us."""
    return price - since if position.side == "long" else since - price


def _exit_price(position: Position, market: SymbolMarket) -> Decimal:
    """What leaving now would bring: the bid of a long, the ask of a short."""
    return market.ticker.bid if position.side == "long" else market.ticker.ask


def _is_past(position: Position, price: Decimal, stop: Decimal) -> bool:
    return _gain(position, price, stop) <= 0


def _best(position: Position, market: SymbolMarket) -> Decimal:
    """The farthest price our way: known before, of now, and of candles since the entry."""
    known = position.best_price or position.entry_price
    prices = [known, market.ticker.last, *_since_entry(position, market)]
    return max(prices) if position.side == "long" else min(prices)


def _since_entry(position: Position, market: SymbolMarket) -> Iterator[Decimal]:
    finest = min(market.frames.values(), key=lambda s: interval_ms(s.interval), default=None)
    if finest is None:
        return
    after = finest.open_time_ms >= epoch_ms(position.opened_at)
    if after.any():
        extreme = finest.high[after].max() if position.side == "long" else finest.low[after].min()
        yield Decimal(repr(float(extreme)))


def _on_tick(position: Position, stop: Decimal, tick: Decimal) -> Decimal:
    """A stop the venue takes, rounded away from the market."""
    rounding = ROUND_DOWN if position.side == "long" else ROUND_UP
    return (stop / tick).to_integral_value(rounding=rounding) * tick
