"""Decisions are looked at again when their time has come, from closed candles alone."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from crew.cycle import run_cycle
from crew.desk import Desk
from crew.outcomes import Seen, book_due, wait_for_outcomes
from crew.replay import replay_cycle
from records.candles import CandleSeries
from records.clock import Clock, FixedClock
from records.cycle import CycleRecord
from records.errors import VenueError
from records.market import MarketSnapshot, SymbolRules
from records.order import OrderIntent
from records.outcome import LaterPrice
from records.ports import MarketRequest, MarketSource, VenueOrder
from tests.crew.desks import QUIET, a_desk
from tools.exchange.paper import PaperAccount

BOLD = "model=rulebook/bold"
BUSY = QUIET + timedelta(hours=20)
"""A moment at which the bold rulebook proposes."""
MARKETS = ("BTC/USDT", "ETH/USDT", "SOL/USDT", "BNB/USDT", "XRP/USDT", "DOGE/USDT")


class Asked:
    """A market that counts what candles it is asked for, and may fail or know none."""

    def __init__(
        self,
        market: MarketSource,
        *,
        fails: bool = False,
        empty: bool = False,
        gone: Sequence[str] = (),
    ) -> None:
        self.name, self.synthetic = market.name, market.synthetic
        self._market = market
        self._fails, self._empty, self._gone = fails, empty, gone
        self.asked: list[tuple[str, str, datetime, datetime]] = []

    def clock(self) -> Clock:
        return self._market.clock()

    def observe(self, request: MarketRequest) -> MarketSnapshot:
        return self._market.observe(request)

    def candles_between(
        self, symbol: str, interval: str, start: datetime, end: datetime
    ) -> CandleSeries:
        self.asked.append((symbol, interval, start, end))
        if self._fails or symbol in self._gone:
            raise VenueError("The venue is away.")
        return self._market.candles_between(symbol, interval, start, start if self._empty else end)

    def rules(self, symbol: str) -> SymbolRules:
        return self._market.rules(symbol)


def begin(desk: Desk, clock: FixedClock, name: str) -> None:
    desk.ledger.cycles.begin_cycle(name, clock.now(), "demo", "paper", True, MARKETS)


def look(
    desk: Desk,
    clock: FixedClock,
    name: str,
    *,
    decided_on: Sequence[str] = (),
    candles: int = 600,
    left_s: float = 600.0,
    **behaves: bool,
) -> tuple[Asked, list[str]]:
    """Book outcomes in a cycle of this name; what was asked for and warned of."""
    begin(desk, clock, name)
    market, warned = Asked(desk.market(clock), **behaves), list[str]()
    request = MarketRequest(symbols=MARKETS, intervals=("3m", "1h", "4h"), candles=candles)
    seen = Seen(
        cycle_id=name,
        now=clock.now(),
        market=market,
        snapshot=market.observe(request),
        warn=warned.append,
        left_s=lambda: left_s,
    )
    wait_for_outcomes(desk, name, seen.snapshot, decided_on)
    book_due(desk, seen)
    return market, warned


def prices(desk: Desk, cycle_id: str, symbol: str = "BTC/USDT") -> tuple[LaterPrice, ...]:
    return desk.ledger.outcomes.later_prices(cycle_id, symbol)


def test_prices_are_booked_when_due_and_never_before(tmp_path: Path) -> None:
    """Whatever is booked was over when the cycle looked; the rest waits for its time."""
    clock = FixedClock(QUIET)
    with a_desk(tmp_path, at=clock) as desk:
        look(desk, clock, "c1", decided_on=["BTC/USDT"])
        clock.advance(minutes=59)
        look(desk, clock, "c2")
        assert prices(desk, "c1") == ()
        clock.advance(minutes=1)
        look(desk, clock, "c3")
        (first,) = prices(desk, "c1")
        last = desk.market(clock).candles_between("BTC/USDT", "3m", QUIET, clock.now())
        clock.advance(hours=30)
        look(desk, clock, "c4")
        hours = [(one.horizon_h, one.booked_in) for one in prices(desk, "c1")]

    assert (first.horizon_h, first.booked_in, first.due_at) == (1, "c3", QUIET + timedelta(hours=1))
    assert first.later is not None and first.high is not None and first.low is not None
    assert float(first.later) == last.close[-1]
    assert (float(first.high), float(first.low)) == (last.high.max(), last.low.min())
    assert hours == [(1, "c3"), (4, "c4"), (24, "c4")]


def test_candles_of_the_snapshot_need_no_question(tmp_path: Path) -> None:
    """A desk that runs often asks the venue for nothing more than before."""
    clock = FixedClock(QUIET)
    with a_desk(tmp_path, at=clock) as desk:
        look(desk, clock, "c1", decided_on=MARKETS)
        clock.advance(hours=24)
        market, _ = look(desk, clock, "c2")

        assert market.asked == []
        assert [one.horizon_h for one in prices(desk, "c1")] == [1, 4, 24]


def test_what_the_snapshot_does_not_reach_is_asked_for_five_markets_a_cycle(
    tmp_path: Path,
) -> None:
    """A desk that was off for days catches up, without a burst of requests."""
    clock = FixedClock(QUIET)
    with a_desk(tmp_path, at=clock) as desk:
        look(desk, clock, "c1", decided_on=MARKETS)
        clock.advance(days=20)
        first, _ = look(desk, clock, "c2", candles=60)
        second, _ = look(desk, clock, "c3", candles=60)
        third, _ = look(desk, clock, "c4", candles=60)
        booked = [len(prices(desk, "c1", symbol)) for symbol in MARKETS]

    assert (len(first.asked), len(second.asked), len(third.asked)) == (5, 1, 0)
    assert booked == [3] * 6
    assert all(interval == "1h" for _, interval, _, _ in (*first.asked, *second.asked))


def test_a_venue_that_fails_is_logged_and_the_price_stays_due(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A score is never worth a cycle, nor a row of the ledger in each of them."""
    clock = FixedClock(QUIET)
    with a_desk(tmp_path, at=clock) as desk:
        look(desk, clock, "c1", decided_on=["BTC/USDT"])
        clock.advance(days=6)
        _, warned = look(desk, clock, "c2", candles=20, fails=True)
        assert prices(desk, "c1") == ()
        look(desk, clock, "c3", candles=20)
        assert len(prices(desk, "c1")) == 3

    assert warned == []
    assert "stay due" in caplog.text


def test_what_cannot_be_had_for_a_week_is_missing(tmp_path: Path) -> None:
    """No number stands in its place, and it is not asked for again in every cycle."""
    clock = FixedClock(QUIET)
    with a_desk(tmp_path, at=clock) as desk:
        look(desk, clock, "c1", decided_on=["BTC/USDT"])
        clock.advance(days=7)
        look(desk, clock, "c2", candles=20, empty=True)
        assert prices(desk, "c1") == ()
        clock.advance(days=2)
        _, warned = look(desk, clock, "c3", candles=20, empty=True)
        again, _ = look(desk, clock, "c4", candles=20)

        assert again.asked == []
        assert [one.later for one in prices(desk, "c1")] == [None, None, None]
    assert len(warned) == 1 and "stays missing" in warned[0]


def test_a_market_that_is_gone_stands_in_no_other_ones_way(tmp_path: Path) -> None:
    """Five delisted markets once took every request, and all of what one cycle looks up."""
    clock = FixedClock(QUIET)
    with a_desk(tmp_path, at=clock) as desk:
        for number in range(10):
            look(desk, clock, f"c{number}", decided_on=MARKETS)
            clock.advance(minutes=3)
        clock.advance(days=5)
        for number in range(10, 20):
            begin(desk, clock, f"c{number}")
            market = Asked(desk.market(clock), gone=MARKETS[:5])
            request = MarketRequest(symbols=MARKETS[5:], intervals=("3m", "1h"), candles=20)
            snapshot = market.observe(request)
            book_due(desk, Seen(f"c{number}", clock.now(), market, snapshot, lambda _: None))
        booked = [len(prices(desk, "c0", symbol)) for symbol in MARKETS]

    assert booked == [0, 0, 0, 0, 0, 3]


def test_no_venue_is_asked_when_the_deadline_is_near(tmp_path: Path) -> None:
    """A cycle that traded must end with its row, not in a question about the past."""
    clock = FixedClock(QUIET)
    with a_desk(tmp_path, at=clock) as desk:
        look(desk, clock, "c1", decided_on=["BTC/USDT"])
        clock.advance(days=3)
        market, _ = look(desk, clock, "c2", candles=20, left_s=10.0)

    assert market.asked == []


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[CycleRecord]]:
    """Three cycles of a bold desk: one that proposes, one 4 h and one 24 h later."""
    home, clock = tmp_path_factory.mktemp("home"), FixedClock(BUSY)
    records = []
    for hours in (4, 20, 0):
        with a_desk(home, BOLD, at=clock) as desk:
            records.append(run_cycle(desk, lambda _: None))
        clock.advance(hours=hours)
    return home, records


def test_every_sized_entry_gets_its_trade_when_the_last_price_is_known(
    lived: tuple[Path, list[CycleRecord]],
) -> None:
    """Vetoed, refused and approved alike: only so can a veto be judged."""
    home, (first, _, third) = lived
    sized = [p for p in first.proposals if p.draft.opens and p.sizing is not None]
    with a_desk(home, BOLD, at=BUSY) as desk:
        outcomes = desk.ledger.outcomes
        looked_up = [outcomes.hypothetical(proposal.proposal_id) for proposal in sized]
        found = [one for one in looked_up if one is not None]

    assert sized and {one.proposal_id for one in found} == {p.proposal_id for p in sized}
    assert {one.booked_in for one in found} == {third.cycle_id}
    for one in found:
        assert set(one.horizon_pct) == {1, 4, 24}
        assert one.pnl_pct == one.horizon_pct[24]
        assert one.known_at == BUSY + timedelta(hours=24)


def test_calls_of_models_add_up_to_the_cycle_of_each_agent(
    lived: tuple[Path, list[CycleRecord]],
) -> None:
    """A cost that is told apart must be the one that was told as a whole."""
    home, records = lived
    with a_desk(home, BOLD, at=BUSY) as desk:
        for record in records:
            calls = desk.ledger.outcomes.calls(record.cycle_id)
            assert sum(one.calls for one in calls) == record.model.calls
            assert sum(one.prompt_tokens for one in calls) == record.model.prompt_tokens
            assert {one.model for one in calls} <= {"rulebook/bold"}
        asked = {(one.agent, one.answer) for one in desk.ledger.outcomes.calls(first_id(records))}

    assert ("analyst", "TradeProposals") in asked
    assert ("risk_officer", "submit_verdict") in asked


def first_id(records: list[CycleRecord]) -> str:
    return records[0].cycle_id


def test_a_cycle_that_was_stopped_is_looked_at_later_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have traded; without its outcome that trade would teach nothing."""
    create = PaperAccount.create
    with a_desk(tmp_path, BOLD, at=BUSY) as desk:

        def interrupted(self: PaperAccount, intent: OrderIntent) -> VenueOrder:
            desk.stopping.ask("stopped", "SIGTERM ended the cycle.")
            return create(self, intent)

        monkeypatch.setattr(PaperAccount, "create", interrupted)
        record = run_cycle(desk, print)
        due = desk.ledger.outcomes.due("demo", BUSY + timedelta(days=2), 99)

    assert (record.outcome, record.hold_reason) == ("traded", "stopped")
    assert {one.symbol for one in due} == set(record.shortlist)


def test_a_cycle_that_books_outcomes_replays_identically(
    lived: tuple[Path, list[CycleRecord]],
) -> None:
    """What it asked the market for is on the recording like everything else."""
    home, records = lived
    with a_desk(home, BOLD, at=BUSY + timedelta(days=2)) as desk:
        for record in records:
            if record.model.calls:
                assert replay_cycle(desk, record.cycle_id) == ()
