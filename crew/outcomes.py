"""
What became of earlier decisions, booked at the end of each cycle from closed candles.

Every shortlisted market of a cycle in which models were asked is looked at again after fixed
hours; nothing later than the cycle's own market is used. Most candles are in the snapshot
already. What it does not cover is asked for, a few markets a cycle, and the rest waits. A
venue that fails there is a warning: what is due stays due.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from crew.desk import Desk
from records.errors import VenueError
from records.interval import interval_ms
from records.outcome import Awaited, HypotheticalTrade, LaterPrice

if TYPE_CHECKING:
    from decimal import Decimal

    from records.candles import CandleSeries
    from records.market import MarketSnapshot
    from records.ports import MarketSource
    from records.proposal import TradeProposal

_AT_ONCE = 600
"""Prices booked in one cycle at most."""
_REQUESTS = 5
_CANDLES = 1000
"""Candles of one request at most: what a venue gives in one or two answers."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a cycle knows when it books outcomes."""

    cycle_id: str
    now: datetime
    """The cycle's clock."""
    market: "MarketSource"
    snapshot: "MarketSnapshot"
    decided_on: Sequence[str]
    """Markets the crew was asked about; none when it did not meet."""
    warn: Callable[[str], None]


def book_due(desk: Desk, seen: Seen) -> None:
    """Look up the prices that are due, and what entries made where the last of them is known."""
    if due := desk.ledger.outcomes.due(desk.settings.venue, seen.snapshot.as_of, _AT_ONCE):
        _Booking(desk, seen).book(due)


def wait_for_outcomes(desk: Desk, seen: Seen) -> None:
    """Write down the prices that this cycle decided on, so that they are looked up later."""
    snapshot = seen.snapshot
    desk.ledger.outcomes.wait_for(
        [
            Awaited(
                cycle_id=seen.cycle_id,
                symbol=symbol,
                at=snapshot.as_of,
                price=snapshot.markets[symbol].ticker.mid,
                horizon_h=hours,
                due_at=snapshot.as_of + timedelta(hours=hours),
            )
            for symbol in seen.decided_on
            if symbol in snapshot.markets
            for hours in desk.settings.memory.horizons_h
        ]
    )


class _Booking:
    """The prices that are due in one cycle."""

    def __init__(self, desk: Desk, seen: Seen) -> None:
        self._desk = desk
        self._seen = seen
        self._requests_left = _REQUESTS

    def book(self, due: Sequence[Awaited]) -> None:
        of_market = sorted(due, key=attrgetter("symbol", "at", "cycle_id", "horizon_h"))
        for symbol, of_symbol in groupby(of_market, key=attrgetter("symbol")):
            self._book_market(symbol, list(of_symbol))

    def _book_market(self, symbol: str, due: Sequence[Awaited]) -> None:
        """From the snapshot's candles where they reach back far enough, else from the venue's."""
        decisions = [list(one) for _, one in groupby(due, key=attrgetter("at", "cycle_id"))]
        uncovered = []
        for decision in decisions:
            if (series := self._in_snapshot(symbol, decision)) is None:
                uncovered.append(decision)
            else:
                self._book_decision(decision, series)
        if uncovered and self._requests_left:
            self._requests_left -= 1
            self._ask(symbol, uncovered)

    def _in_snapshot(self, symbol: str, decision: Sequence[Awaited]) -> "CandleSeries | None":
        """The finest candles of this cycle that reach back to the decision."""
        from crew.way import covers

        if (market := self._seen.snapshot.markets.get(symbol)) is None:
            return None
        first = decision[0]
        shortest = min(one.horizon_h for one in decision)
        for series in sorted(market.frames.values(), key=lambda s: interval_ms(s.interval)):
            if interval_ms(series.interval) <= _ms(shortest) and covers(series, first.at):
                return series
        return None

    def _ask(self, symbol: str, decisions: Sequence[Sequence[Awaited]]) -> None:
        """One request for as many decisions as it can reach, the oldest first."""
        oldest = decisions[0]
        interval = self._interval(oldest)
        length = timedelta(milliseconds=interval_ms(interval))
        start = oldest[0].at - length
        until = max(_end(oldest), start + _CANDLES * length)
        reached = [one for one in decisions if _end(one) <= until]
        try:
            series = self._seen.market.candles_between(
                symbol, interval, start, max(_end(one) for one in reached)
            )
        except VenueError as failure:
            self._seen.warn(f"Later prices of {symbol} were not looked up and stay due: {failure}")
            return
        for one in reached:
            self._book_decision(one, series)

    def _interval(self, decision: Sequence[Awaited]) -> str:
        """The finest interval of the desk that reaches from the decision in one request."""
        longest = max(one.horizon_h for one in decision)
        intervals = self._desk.settings.intervals
        fits = (i for i in intervals if _ms(longest) <= _CANDLES * interval_ms(i))
        return next(fits, intervals[-1])

    def _book_decision(self, decision: Sequence[Awaited], series: "CandleSeries") -> None:
        """The prices of one market after one cycle, and its trades with the last of them."""
        from crew.way import later

        outcomes = self._desk.ledger.outcomes
        with self._desk.ledger.transaction():
            for one in decision:
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

    def _book_trades(self, last: Awaited, series: "CandleSeries") -> None:
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
    proposal: "TradeProposal",
    series: "CandleSeries",
    known: Sequence[LaterPrice],
    fee_pct: "Decimal",
    *,
    booked_in: str,
    known_at: datetime,
) -> HypotheticalTrade:
    """
    What a sized opening proposal would have made at each horizon that is known.

    The candles reach from the decision to the longest horizon; `known` is not empty.
    """
    from crew.way import Bracket

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
