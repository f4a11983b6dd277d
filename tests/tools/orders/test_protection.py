"""Stops are only ever tightened, and what is over is closed, before any model is asked."""

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from records.candles import CandleSeries
from records.clock import epoch_ms
from records.risk import ExitRules
from tests.tools.orders.awkward import held_as
from tests.tools.orders.bench import BTC, ETH
from tests.tools.orders.live import Live, sound


@pytest.fixture
def live(ledger):
    return Live(ledger)


def moved(start, side, percent):
    """A price so many percent our way; negative is against us."""
    sign = 1 if side == "buy" else -1
    return (start * (100 + sign * Decimal(percent)) / 100).quantize(Decimal("0.1"))


def candles(interval, *spiked):
    """Candles at a price of 100, each reaching up and down to what is given with its opening."""
    rows = [(100, 100 + reach, 100 - reach, 100, 1) for _, reach in spiked]
    times = np.array([epoch_ms(at) for at, _ in spiked], dtype=np.int64)
    return CandleSeries.checked(BTC, interval, times, np.array(rows, dtype=np.float64))


def looked_after(live, side, *percents, **rules):
    """Open a position, let the price move, and protect once after each move."""
    live.cycle().open(side)
    entry = live.position().entry_price
    for percent in percents:
        live.move(moved(entry, side, percent))
        cycle = live.cycle()
        cycle.reconcile()
        cycle.protect(**rules)
    return entry


def stop_gain_pct(live, side, entry):
    """Where the stop stands, percent our way from the entry."""
    gain = live.position().stop - entry if side == "buy" else entry - live.position().stop
    return gain / entry * 100


BOTH = pytest.mark.parametrize("side", ["buy", "sell"])


@BOTH
def test_the_trailing_stop_starts_at_its_profit_and_follows_the_best_price(live, side):
    """1.5 % behind the best price, once the position is 1.5 % in profit; it never goes back."""
    entry = looked_after(live, side, "1.4")
    assert stop_gain_pct(live, side, entry) == pytest.approx(Decimal(-2), abs=Decimal("0.2"))

    live.move(moved(entry, side, "3"))
    live.cycle().protect()
    after = stop_gain_pct(live, side, entry)
    assert after == pytest.approx(Decimal("1.5"), abs=Decimal("0.2"))

    live.move(moved(entry, side, "2"))
    live.cycle().protect()
    assert stop_gain_pct(live, side, entry) == after
    assert live.audit.stops == 1
    sound(live)


@BOTH
def test_a_moved_stop_is_the_one_that_rests_at_the_venue(live, side):
    """A stop that only the ledger knows protects nobody; the old one is cancelled."""
    looked_after(live, side, "3")

    (stop,) = [one for one in live.audit.open_orders if one.trigger_price == live.position().stop]
    assert stop.quantity == live.position().quantity
    sound(live)


@BOTH
def test_a_trailing_stop_that_fills_says_so(live, side):
    """The lessons must not learn a loss where a profit was taken."""
    entry = looked_after(live, side, "3")
    live.move(moved(entry, side, "1"))

    (trade,) = live.cycle().reconcile().trades

    assert trade.exit_reason == "trailing_stop"
    assert trade.pnl > 0
    sound(live)


@BOTH
def test_a_price_that_fell_back_behind_the_trailing_stop_closes_at_once(live, side):
    """The stop that would be asked for is already passed; the venue would refuse it."""
    live.cycle().open(side)
    position = live.position()
    best = moved(position.entry_price, side, "5")
    live.ledger.account.save_position(position.model_copy(update={"best_price": best}))
    live.move(moved(position.entry_price, side, "2"))

    (trade,) = live.cycle().protect()

    assert trade.exit_reason == "trailing_stop"
    assert live.audit.position == 0
    sound(live)


@BOTH
@pytest.mark.parametrize(("percent", "closes"), [("-1.4", False), ("-1.7", True)])
def test_early_exit_at_four_fifths_of_the_way_to_the_stop(live, side, percent, closes):
    """Of a stop 2 % away, 1.6 % is enough; the size was computed from the whole way."""
    looked_after(live, side, percent)

    assert (live.position() is None) is closes
    if closes:
        assert live.ledger.account.trades(1)[0].exit_reason == "early_exit"
    sound(live)


@BOTH
def test_early_exit_measures_from_the_first_stop_not_from_a_tightened_one(live, side):
    """Else a trailing stop would close a winner at its first breath."""
    entry = looked_after(live, side, "3")
    live.move(moved(entry, side, "1.7"))

    live.cycle().protect()

    assert live.position() is not None


def test_early_exit_can_be_switched_off(live):
    """A setting of null is no rule."""
    looked_after(live, "buy", "-1.9", early_exit_pct=None)

    assert live.position() is not None


@BOTH
def test_break_even_moves_the_stop_to_the_entry(live, side):
    """An option: after so much profit the trade may no longer lose."""
    entry = looked_after(live, side, "1.2", break_even_pct=Decimal(1))

    assert abs(stop_gain_pct(live, side, entry)) < Decimal("0.11")
    sound(live)


def test_a_position_that_is_too_old_is_closed(live):
    """A thesis that did not come true in time is wrong too."""
    live.cycle().open()
    live.venue.advance(hours=5)

    (trade,) = live.cycle().protect(max_holding_h=5)

    assert trade.exit_reason == "time_exit"
    assert trade.holding_s >= timedelta(hours=5).total_seconds()
    sound(live)


def test_a_refused_new_stop_leaves_the_old_one(live):
    """First the new one, then the old one goes: at no moment is there none."""
    live.cycle().open()
    entry = live.position().entry_price
    live.move(moved(entry, "buy", "3"))
    live.venue.faults = ["refused"]

    live.cycle().protect()

    assert live.audit.stops == 1
    assert live.position().stop < entry
    sound(live)


def test_a_new_stop_of_unknown_fate_leaves_both_until_it_is_known(live):
    """Two stops close one position once; none would close it never."""
    live.cycle().open()
    live.move(moved(live.position().entry_price, "buy", "3"))
    live.venue.faults = ["answer lost"]
    live.venue.silent = True
    live.cycle().protect()
    assert live.audit.stops == 2

    live.venue.silent = False
    cycle = live.cycle()
    cycle.reconcile()
    cycle.protect()

    assert live.audit.stops == 1
    sound(live)


@BOTH
def test_flatten_closes_everything_and_leaves_nothing_behind(live, side):
    """Also while the desk is halted: leaving is always allowed."""
    live.cycle().open(side)
    live.halted = "a person said so"

    cycle = live.cycle()
    cycle.reconcile()
    orders = cycle.execution.flatten(None)

    assert [order.status for order in orders] == ["filled"]
    assert (live.audit.position, live.audit.open_orders) == (0, ())
    assert live.ledger.account.trades(1)[0].exit_reason == "flatten"
    sound(live)


def test_flatten_takes_resting_entries_back(live):
    """An entry that fills after the flattening would be a position nobody wants."""
    live.cycle().open(limit=99)

    live.cycle().execution.flatten(None)

    assert live.audit.open_orders == ()
    assert live.ledger.execution.working_orders() == ()


def test_flatten_of_one_market_leaves_the_others(live):
    """Only what was asked for."""
    live.cycle().open()

    orders = live.cycle().execution.flatten(["ETH/USDT"])

    assert orders == ()
    assert live.position() is not None
    sound(live)


@BOTH
def test_a_target_that_is_passed_and_does_not_stand_closes_at_market(live, side):
    """Somebody cancelled it, and the venue takes none behind the price: the profit is taken."""
    live.cycle().open(side)
    held_as(live, "take_profit").status = "cancelled"
    live.move(moved(live.position().entry_price, side, "6.1"))
    cycle = live.cycle()
    cycle.reconcile()

    (trade,) = cycle.protect()

    assert (trade.exit_reason, trade.quantity) == ("take_profit", 2)
    assert trade.pnl > 0
    assert (live.audit.position, live.audit.open_orders) == (0, ())
    sound(live)


@BOTH
@pytest.mark.parametrize("price", ["0", "0.1"], ids=["at the stop", "beyond it"])
def test_a_stop_that_the_venue_has_not_triggered_is_carried_out(live, side, price):
    """It goes by a mark price of its own, and the last price has been there: out, by one order."""
    live.cycle().open(side)
    beyond = Decimal(price) * (-1 if side == "buy" else 1)
    tick = Decimal("0.1") * (1 if side == "buy" else -1)
    live.venue.venue.last = live.position().stop + beyond + tick

    (trade,) = live.cycle().protect(early_exit_pct=None)

    assert (trade.exit_reason, trade.quantity) == ("stop_loss", 2)
    assert (live.audit.position, live.audit.open_orders) == (0, ())
    sound(live)


@BOTH
def test_a_spike_between_two_cycles_moves_the_trailing_stop(live, side):
    """The best price is that of the finest candles since the entry, not of the moments we look."""
    live.cycle().open(side)
    entry = live.position().entry_price
    opened = live.position().opened_at
    live.frames = {
        "1h": candles(
            "1h", (opened - timedelta(minutes=59), 20), (opened + timedelta(minutes=1), 9)
        ),
        "1m": candles(
            "1m", (opened - timedelta(seconds=1), 20), (opened + timedelta(seconds=59), 4)
        ),
    }

    live.move(moved(entry, side, "3"))
    live.cycle().protect()

    assert live.position().best_price == (104 if side == "buy" else 96)
    assert live.position().stop == Decimal("102.4" if side == "buy" else "97.5")
    assert live.audit.stops == 1
    sound(live)


@BOTH
def test_a_spike_before_the_entry_moves_nothing(live, side):
    """Nobody held anything then; a stop that follows it would close the position at once."""
    live.cycle().open(side)
    before = live.position()
    live.frames = {"1m": candles("1m", (before.opened_at - timedelta(seconds=1), 20))}

    assert live.cycle().protect() == ()

    assert live.position().stop == before.stop
    assert abs(live.position().best_price - before.entry_price) <= Decimal("0.2")
    sound(live)


def test_a_market_without_a_price_keeps_its_stop_and_the_others_are_looked_after(bench):
    """A position is not closed on a price nobody saw; one that is over does not wait for it."""
    cycle = bench.cycle()
    cycle.trade(cycle.draft(BTC))
    cycle.trade(cycle.draft(ETH))
    bench.clock.advance(hours=3)
    later = bench.cycle()
    seen = {ETH: later.snapshot.markets[ETH]}
    before = {p.symbol: p.quantity for p in bench.ledger.account.open_positions()}
    stop = bench.ledger.account.open_positions()[0].stop

    trades = later.execution.protect(
        later.snapshot.model_copy(update={"markets": seen}), ExitRules(max_holding_h=3), "3m"
    )

    assert [(trade.symbol, trade.exit_reason) for trade in trades] == [(ETH, "time_exit")]
    assert bench.account.holdings() == {BTC: before[BTC]}
    standing = {(o.symbol, o.trigger_price) for o in bench.account.open_orders()}
    assert (BTC, stop) in standing
    assert {symbol for symbol, _ in standing} == {BTC}
