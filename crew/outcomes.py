"""
What became of earlier decisions, booked at the end of each cycle from closed candles.

Every shortlisted market of a cycle in which models were asked is looked at again after fixed
hours; nothing later than the cycle's own market is used. Most candles are in the snapshot
already. What it does not cover is asked for, a few markets a cycle in turn, and the rest waits.
What cannot be had stays due for a week and is missing then: no market waits for ever.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from math import inf
from operator import attrgetter

from crew.desk import Desk
from crew.way import Bracket, covers, later
from records.candles import CandleSeries
from records.errors import VenueError
from records.interval import interval_ms
from records.market import MarketSnapshot
from records.outcome import Awaited, HypotheticalTrade, LaterPrice
from records.ports import MarketSource
from records.proposal import TradeProposal

_log = logging.getLogger(__name__)

_OF_EACH = 100
"""Prices of one market booked in one cycle at most."""
_PATIENCE = timedelta(days=7)
"""How long after its time a price that cannot be had is asked for again."""
_LEAST_S = 15.0
"""Seconds to the deadline below which no venue is asked."""
_REQUESTS = 5
_CANDLES = 1000
"""Candles of one request at most: what a venue gives in one or two answers."""
_TO_BE_SURE = 4
"""Candles asked for beyond what is due: where they are there, an older one is missing for good."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a cycle knows when it books outcomes."""

    cycle_id: str
    now: datetime
    """The cycle's clock."""
    market: MarketSource
    snapshot: MarketSnapshot
    warn: Callable[[str], None]
    left_s: Callable[[], float] = lambda: inf
    """Seconds to the cycle's deadline."""


def book_due(desk: Desk, seen: Seen) -> None:
    """Look up the prices that are due, and what entries made where the last of them is known."""
    if due := desk.ledger.outcomes.due(desk.settings.venue, seen.snapshot.as_of, _OF_EACH):
        _Booking(desk, seen).book(due)


def wait_for_outcomes(
    desk: Desk, cycle_id: str, snapshot: MarketSnapshot, symbols: Sequence[str]
) -> None:
    """
    Write down the prices that a cycle decides on, so that they are looked up later.

    Before it decides: a cycle that is killed after it traded is looked at like any other.
    """
    desk.ledger.outcomes.wait_for(
        [
            Awaited(
                cycle_id=cycle_id,
                symbol=symbol,
                at=snapshot.as_of,
                price=snapshot.markets[symbol].ticker.mid,
                horizon_h=hours,
                due_at=snapshot.as_of + timedelta(hours=hours),
            )
            for symbol in symbols
            if symbol in snapshot.markets
            for hours in desk.settings.memory.horizons_h
        ]
    )


class _Booking:
    """The prices that are due in one cycle."""

    def __init__(self, desk: Desk, seen: Seen) -> None:
        self._desk = desk
        self._seen = seen

    def book(self, due: Sequence[Awaited]) -> None:
        """From the snapshot's candles where they reach, else from the venue's."""
        of_market = sorted(due, key=attrgetter("symbol", "at", "cycle_id", "horizon_h"))
        left = [
            (symbol, uncovered)
            for symbol, some in groupby(of_market, key=attrgetter("symbol"))
            if (uncovered := self._from_snapshot(symbol, some))
        ]
        failed = [
            f"{symbol} ({failure})"
            for symbol, uncovered in self._in_turn(left)
            if (failure := self._ask(symbol, uncovered)) is not None
        ]
        if failed:
            _log.warning("Later prices were not looked up and stay due: %s", "; ".join(failed))

    def _in_turn[Market](self, markets: Sequence[Market]) -> Sequence[Market]:
        """As many as may be asked in a cycle, others in the next one."""
        turn = self._desk.ledger.cycles.next_cycle_sequence() * _REQUESTS % max(len(markets), 1)
        return (*markets[turn:], *markets[:turn])[:_REQUESTS]

    def _from_snapshot(self, symbol: str, due: Iterable[Awaited]) -> list[list[Awaited]]:
        """Book what this cycle's own candles tell; the decisions they do not."""
        uncovered = []
        for _, one in groupby(due, key=attrgetter("at", "cycle_id")):
            decision = list(one)
            series = self._in_snapshot(symbol, decision)
            if left := decision if series is None else self._book_decision(decision, series):
                uncovered.append(left)
        return uncovered

    def _in_snapshot(self, symbol: str, decision: Sequence[Awaited]) -> CandleSeries | None:
        """The finest candles of this cycle that reach back to the decision."""
        if (market := self._seen.snapshot.markets.get(symbol)) is None:
            return None
        first = decision[0]
        shortest = min(one.horizon_h for one in decision)
        for series in sorted(market.frames.values(), key=lambda s: interval_ms(s.interval)):
            if interval_ms(series.interval) <= _ms(shortest) and covers(series, first.at):
                return series
        return None

    def _ask(self, symbol: str, decisions: Sequence[Sequence[Awaited]]) -> str | None:
        """One request for as many decisions as it can reach, the oldest first; why it failed."""
        if self._seen.left_s() < _LEAST_S:
            return "the deadline is near"
        oldest = decisions[0]
        interval = self._interval(oldest)
        length = timedelta(milliseconds=interval_ms(interval))
        start = oldest[0].at - length
        until = max(_end(oldest), start + _CANDLES * length)
        reached = [one for one in decisions if _end(one) <= until]
        end = max(_end(one) for one in reached) + _TO_BE_SURE * length
        failed = None
        try:
            series = self._seen.market.candles_between(
                symbol, interval, start, min(end, self._seen.now)
            )
        except VenueError as failure:
            series, failed = CandleSeries.none(symbol, interval), str(failure)
        self._give_up([self._book_decision(one, series) for one in reached], series)
        return failed

    def _interval(self, decision: Sequence[Awaited]) -> str:
        """
        The finest interval of the desk that reaches from now back to the decision in one request.

        From now, since some venues give their newest candles alone, whatever they are asked for.
        """
        way = self._seen.now - decision[0].at
        intervals = self._desk.settings.intervals
        fits = (i for i in intervals if way <= _CANDLES * timedelta(milliseconds=interval_ms(i)))
        return next(fits, intervals[-1])

    def _give_up(self, decisions: Iterable[Sequence[Awaited]], series: CandleSeries) -> None:
        """What was asked for in vain for long enough stays as the candles tell it, or missing."""
        old = [
            [one for one in decision if self._seen.now - one.due_at > _PATIENCE]
            for decision in decisions
        ]
        if given_up := [one for one in old if one]:
            for one in given_up:
                self._write(one, series)
            self._seen.warn(
                f"Prices of {series.symbol} after {len(given_up)} cycles could not be had within "
                f"{_PATIENCE.days} days; what no candle tells stays missing."
            )

    def _book_decision(self, decision: Sequence[Awaited], series: CandleSeries) -> list[Awaited]:
        """
        The prices of one market after one cycle, as far as the candles tell them; what is left.

        Until a later candle is there, what they do not tell stays due: a venue may publish its
        newest one late.
        """
        if not covers(series, decision[0].at):
            return list(decision)
        told = [
            one
            for one in decision
            if later(series, one.at, one.due_at).price is not None or series.closes_at > one.due_at
        ]
        if told:
            self._write(told, series)
        return [one for one in decision if one not in told]

    def _write(self, due: Sequence[Awaited], series: CandleSeries) -> None:
        """Final rows, and the trades of that cycle and market with the last of them."""
        outcomes = self._desk.ledger.outcomes
        with self._desk.ledger.transaction():
            for one in due:
                found = later(series, one.at, one.due_at)
                outcomes.book_price(
                    LaterPrice(
                        **one.model_dump(),
                        later=found.price,
                        high=found.high,
                        low=found.low,
                        booked_in=self._seen.cycle_id,
                    )
                )
            if not outcomes.waits(one.cycle_id, one.symbol):
                self._book_trades(one, series)

    def _book_trades(self, last: Awaited, series: CandleSeries) -> None:
        """What each sized entry of that cycle and market would have made, whoever refused it."""
        known = self._desk.ledger.outcomes.later_prices(last.cycle_id, last.symbol)
        for proposal in self._desk.ledger.decisions.proposals(last.cycle_id):
            wanted = proposal.symbol == last.symbol and proposal.draft.opens
            if wanted and proposal.sizing is not None:
                trade = hypothetical(
                    proposal,
                    series,
                    known,
                    self._desk.settings.paper.taker_fee_pct,
                    booked_in=self._seen.cycle_id,
                    known_at=self._seen.now,
                )
                self._desk.ledger.outcomes.book_trade(trade)


def hypothetical(
    proposal: TradeProposal,
    series: CandleSeries,
    known: Sequence[LaterPrice],
    fee_pct: Decimal,
    *,
    booked_in: str,
    known_at: datetime,
) -> HypotheticalTrade:
    """
    What a sized opening proposal would have made at each horizon that is known.

    The candles reach from the decision to the longest horizon; `known` is not empty.
    """
    first = known[0]
    bracket = Bracket.of(proposal, first.price, fee_pct)
    walked = {one.horizon_h: bracket.walk(series, one.at, one.due_at) for one in known}
    longest = walked[max(walked)]
    return HypotheticalTrade(
        proposal_id=proposal.proposal_id,
        cycle_id=proposal.cycle_id,
        symbol=proposal.symbol,
        side="long" if bracket.sign > 0 else "short",
        at=first.at,
        entry_price=bracket.entry,
        horizon_pct={hours: one.pnl_pct for hours, one in walked.items()},
        **longest._asdict(),
        booked_in=booked_in,
        known_at=known_at,
    )


def _end(decision: Sequence[Awaited]) -> datetime:
    return max(one.due_at for one in decision)


def _ms(hours: int) -> int:
    return hours * 3_600_000
