"""
The way a price took after a decision, read from closed candles alone.

A candle belongs to the way when it opened at the decision or later: what one that was open then
had seen before cannot be told from what came after, so the rest of it is not seen. The price
when due is the close of the last candle that had closed by then; an old one will do where candles
are missing, up to a quarter of the horizon. Where more than two candles in a row are missing,
what happened is not known and not guessed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from records.candles import STALE_AFTER_INTERVALS, CandleSeries
from records.clock import epoch_ms
from records.interval import interval_ms
from records.outcome import HypotheticalExit
from records.proposal import TradeProposal

_PLACES = Decimal("0.0001")


class Later(NamedTuple):
    """A price when it was due, and the extremes on the way there; None: no candle tells."""

    price: Decimal | None
    high: Decimal | None
    low: Decimal | None


class Walked(NamedTuple):
    """How a trade ended; None where candles are missing, or where it was never entered."""

    exit_reason: HypotheticalExit | None
    exit_after_s: int | None = None
    pnl_pct: Decimal | None = None
    best_pct: Decimal | None = None
    worst_pct: Decimal | None = None


def later(series: CandleSeries, at: datetime, due_at: datetime) -> Later:
    """What the candles say of the time from `at` to `due_at`."""
    price = _price(series, at, due_at)
    way = _way(series, at, due_at)
    if price is None or not _whole(way, at, due_at):
        return Later(price, None, None)
    return Later(price, exact(way.high.max()), exact(way.low.min()))


class Exit(NamedTuple):
    """Where stop or target ended a trade."""

    candle: int
    price: Decimal
    by: Literal["stop", "target"]


def first_exit(
    way: CandleSeries,
    sign: int,
    stop: Decimal | None,
    target: Decimal | None,
    first: int = 0,
    *,
    filled_inside: bool = False,
) -> Exit | None:
    """
    The first candle, from `first` on, that came to the stop or the target.

    `filled_inside`: the entry was filled within that candle, whose best price may have come
    before, so that only its stop counts; and at its own price, since its open came before too.

    Within one candle the stop comes first, since candles do not tell the order. A stop that the
    price jumped over is left at the candle's open, a target never above its price.
    """
    stopped = _first(reached(way, sign, stop, against=True), first)
    won = _first(reached(way, sign, target, against=False), first + filled_inside)
    if stop is not None and stopped < len(way) and stopped <= won:
        if filled_inside and stopped == first:
            return Exit(stopped, stop, "stop")
        worse = min if sign > 0 else max
        return Exit(stopped, worse(stop, exact(way.open[stopped])), "stop")
    if target is not None and won < len(way):
        return Exit(won, target, "target")
    return None


def reached(
    way: CandleSeries, sign: int, price: Decimal | None, *, against: bool
) -> NDArray[np.bool_]:
    """Which candles came to a price that lies against a trade, or for it."""
    if price is None:
        return np.zeros(len(way), dtype=np.bool_)
    if (sign > 0) == against:
        return np.asarray(way.low <= float(price))
    return np.asarray(way.high >= float(price))


@dataclass(frozen=True, slots=True)
class Bracket:
    """A trade as it was proposed: its entry with a stop below and a target above, or mirrored."""

    sign: int
    """1 for a long, -1 for a short."""
    entry: Decimal
    stop: Decimal | None
    target: Decimal | None
    fee_pct: Decimal
    """Of the taker, each way, percent."""
    slippage_pct: Decimal = Decimal(0)
    """Lost at the exit beside the fee, percent."""
    rests: bool = False
    """The entry is a limit away from the market, filled when a candle comes to it."""

    @classmethod
    def of(cls, proposal: TradeProposal, price: Decimal, fee_pct: Decimal) -> Self:
        """The trade of a sized opening proposal; `price` is the market's when it was decided."""
        draft, sizing = proposal.draft, proposal.sizing
        assert sizing is not None, "only what was sized can be walked"
        entry = sizing.reference_price
        return cls(
            sign=draft.sign,
            entry=entry,
            stop=draft.stop,
            target=draft.take_profit,
            fee_pct=fee_pct,
            rests=draft.entry == "limit" and draft.sign * (price - entry) > 0,
        )

    def walk(self, series: CandleSeries, at: datetime, due_at: datetime) -> Walked:
        """The trade from `at` on: left at its stop, at its target, or when it is due."""
        way = _way(series, at, due_at)
        first = self._entered(way)
        left = first_exit(way, self.sign, self.stop, self.target, first, filled_inside=self.rests)
        if left is not None:
            return self._left(way, at, first, left)
        if not _whole(way, at, due_at):
            return Walked(None)
        if first == len(way):
            return Walked("unfilled")
        if (price := _price(series, at, due_at)) is None:
            return Walked(None)
        span = self._gains_pct(way, first, len(way))
        return self._ended("horizon", price, due_at - at, span)

    def _left(self, way: CandleSeries, at: datetime, first: int, left: Exit) -> Walked:
        """At the stop or the target; a hole before it may hide another exit."""
        ended_ms = int(way.open_time_ms[left.candle]) + interval_ms(way.interval)
        after = timedelta(milliseconds=ended_ms - epoch_ms(at))
        if not _whole(way, at, at + after):
            return Walked(None)
        span = self._gains_pct(way, first, left.candle)
        if left.by == "stop":
            return self._ended("stop_loss", left.price, after, span)
        against = way.low if self.sign > 0 else way.high
        span.append(self.gain_pct(exact(against[left.candle])))
        return self._ended("take_profit", left.price, after, span)

    def _entered(self, way: CandleSeries) -> int:
        """The candle the entry was filled in; past the end when none came to it."""
        return _first(reached(way, self.sign, self.entry, against=True), 0) if self.rests else 0

    def _gains_pct(self, way: CandleSeries, first: int, last: int) -> list[Decimal]:
        """The extremes of the candles from the entry to before the last, percent."""
        if first >= last:
            return []
        good, bad = (way.high, way.low) if self.sign > 0 else (way.low, way.high)
        kept = [*bad[first:last], *good[first + self.rests : last]]
        return [self.gain_pct(exact(price)) for price in (max(kept), min(kept))]

    def _ended(
        self, reason: HypotheticalExit, price: Decimal, after: timedelta, span: list[Decimal]
    ) -> Walked:
        gain_pct = self.gain_pct(price)
        fees_pct = self.fee_pct + (self.fee_pct + self.slippage_pct) * price / self.entry
        return Walked(
            exit_reason=reason,
            exit_after_s=round(after.total_seconds()),
            pnl_pct=(gain_pct - fees_pct).quantize(_PLACES),
            best_pct=max(gain_pct, *span, Decimal(0)).quantize(_PLACES),
            worst_pct=min(gain_pct, *span, Decimal(0)).quantize(_PLACES),
        )

    def gain_pct(self, price: Decimal) -> Decimal:
        """How far a price is our way from the entry, percent."""
        return self.sign * (price - self.entry) / self.entry * 100


def exact(price: float) -> Decimal:
    """A candle's price, digit for digit as it is printed."""
    return Decimal(repr(float(price)))


def covers(series: CandleSeries, at: datetime) -> bool:
    """Whether the candles reach back to this moment."""
    return len(series) > 0 and int(series.open_time_ms[0]) <= epoch_ms(at)


def _price(series: CandleSeries, at: datetime, due_at: datetime) -> Decimal | None:
    closed = series.closed_by(epoch_ms(due_at))
    if not len(closed):
        return None
    length_ms, way_ms = interval_ms(series.interval), epoch_ms(due_at) - epoch_ms(at)
    old_ms = min((STALE_AFTER_INTERVALS + 1) * length_ms, way_ms // 4)
    closed_ms = int(closed.open_time_ms[-1]) + length_ms
    return exact(closed.close[-1]) if closed_ms >= epoch_ms(due_at) - old_ms else None


def _way(series: CandleSeries, at: datetime, due_at: datetime) -> CandleSeries:
    return series.since(epoch_ms(at)).closed_by(epoch_ms(due_at))


def _whole(way: CandleSeries, at: datetime, end: datetime) -> bool:
    """Whether no more than two candles in a row are missing from `at` to `end`."""
    inside = way.closed_by(epoch_ms(end)).open_time_ms
    if not inside.size:
        return False
    edges = np.concatenate(([epoch_ms(at)], inside, [epoch_ms(end)]))
    most_ms = (STALE_AFTER_INTERVALS + 1) * interval_ms(way.interval)
    return bool((np.diff(edges) <= most_ms).all())


def _first(reached: NDArray[np.bool_], start: int) -> int:
    """The first candle from `start` on; the number of candles when there is none."""
    found = np.flatnonzero(reached[start:])
    return start + int(found[0]) if found.size else reached.size
