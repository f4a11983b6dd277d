"""Holdings, results and baselines come back exact and are not rewritten."""

from datetime import timedelta
from decimal import Decimal

import pytest

from records.errors import LedgerConflict
from tests.tools.ledger import samples
from tests.tools.ledger.samples import CYCLE, LONG, NOW

HOUR = timedelta(hours=1)


def test_a_position_is_saved_as_it_changes(ledger):
    """A trailing stop moves; the position stays one."""
    first = samples.position()
    moved = samples.position(stop=Decimal("96.50"))
    for position in (first, moved, samples.position(2, opened_at=NOW - HOUR)):
        ledger.account.save_position(position)

    assert ledger.account.open_positions() == (samples.position(2, opened_at=NOW - HOUR), moved)
    assert ledger.account.position(moved.position_id) == moved


def test_a_closed_position_stays_closed(ledger):
    """A late answer of the venue must not reopen it."""
    ledger.account.save_position(samples.position())
    ledger.account.close_position(samples.position().position_id, NOW)

    with pytest.raises(LedgerConflict, match="not open"):
        ledger.account.save_position(samples.position())
    with pytest.raises(LedgerConflict, match="not open"):
        ledger.account.close_position(samples.position().position_id, NOW)

    assert ledger.account.open_positions() == ()
    assert ledger.account.position(samples.position().position_id) == samples.position()


def test_trades_come_newest_first(ledger):
    """Exactly as booked."""
    ledger.account.save_position(samples.position())
    older, newer = samples.trade(1), samples.trade(2, closed_at=NOW + 2 * HOUR)
    for trade in (newer, older):
        ledger.account.add_trade(trade)

    assert ledger.account.trades(5) == (newer, older)
    assert ledger.account.trades(1) == (newer,)
    assert ledger.account.trades_of(CYCLE) == (older, newer)
    assert ledger.account.trades_of("other") == ()
    assert ledger.account.trades_since(older.closed_at) == (older, newer)
    assert ledger.account.trades_since(older.closed_at + timedelta(microseconds=1)) == (newer,)


def test_the_equity_curve_runs_forward(ledger):
    """The newest points, oldest first, as a chart wants them."""
    state = samples.account()
    for number in range(3):
        samples.begin(ledger, f"c{number}")
        later = state.model_copy(update={"as_of": NOW + number * HOUR})
        ledger.account.add_equity(f"c{number}", later)

    curve = ledger.account.equity_curve(2)

    assert [point.cycle_id for point in curve] == ["c1", "c2"]
    assert (curve[0].equity, curve[0].cash, curve[0].currency) == (LONG, Decimal("-1.10"), "USDT")
    assert ledger.account.equity_since(NOW + HOUR) == (
        (NOW + HOUR, LONG),
        (NOW + 2 * HOUR, LONG),
    )
    assert ledger.account.first_equity_since(NOW) == LONG
    assert ledger.account.first_equity_since(NOW + 3 * HOUR) is None
    assert ledger.account.account("c0") == state
    assert ledger.account.account(CYCLE) is None


def test_a_baseline_is_set_once(ledger):
    """Restarting on a bad day must not forgive its losses."""
    assert ledger.account.baseline("day", NOW) is None
    assert ledger.account.set_baseline("day", NOW, Decimal("1000.10")) == Decimal("1000.10")

    assert ledger.account.set_baseline("day", NOW, Decimal("900")) == Decimal("1000.10")

    assert ledger.account.baseline("day", NOW) == Decimal("1000.10")
    assert ledger.account.baseline("week", NOW) is None
    assert ledger.account.baseline("day", NOW + 24 * HOUR) is None


def test_the_peak_only_rises(ledger):
    """Compared as numbers: as text, 9 would be above 10."""
    assert ledger.account.peak_equity() is None
    assert ledger.account.raise_peak(Decimal("9"), NOW) == Decimal("9")
    assert ledger.account.raise_peak(Decimal("10.00"), NOW) == Decimal("10")
    assert ledger.account.raise_peak(Decimal("9.5"), NOW) == Decimal("10")
    assert ledger.account.peak_equity() == Decimal("10")
    ledger.account.reset_peak(Decimal("8"), NOW)
    assert ledger.account.raise_peak(Decimal("7"), NOW) == Decimal("8")


def test_steps_in_one_transaction_stand_or_fall_together(ledger):
    """A fill without its position would never be booked again."""
    ledger.execution.add_intents([samples.stop()])

    with pytest.raises(RuntimeError), ledger.transaction():
        ledger.execution.book_fills([samples.fill()])
        ledger.account.save_position(samples.position())
        assert ledger.account.open_positions() == (samples.position(),)
        raise RuntimeError("the power went out")

    assert ledger.execution.fills(CYCLE) == ()
    assert ledger.account.open_positions() == ()


def test_a_step_that_fails_inside_a_transaction_leaves_no_half(ledger):
    """The caller may go on after a refused step; the step itself has done nothing."""
    ledger.execution.add_intents([samples.stop()])

    with ledger.transaction():
        with pytest.raises(LedgerConflict):
            ledger.execution.add_intents([samples.stop(2), samples.stop(1)])
        ledger.execution.book_fills([samples.fill()])

    assert len(ledger.execution.orders(CYCLE)) == 1
    assert ledger.execution.fills(CYCLE) == (samples.fill(),)


def test_funding_is_booked_once_and_adds_up_in_its_position(ledger):
    """The same payment is read in every cycle of a day."""
    ledger.account.save_position(samples.position())
    payment = samples.funding_payment()

    assert ledger.account.book_funding(payment, samples.position()) is True
    assert ledger.account.book_funding(payment, samples.position()) is False

    (held,) = ledger.account.open_positions()
    assert held.funding == payment.amount
    assert ledger.account.last_funding_at() == payment.at
