"""Prices are waited for until they are looked up, and stand for ever once they are."""

from datetime import timedelta
from decimal import Decimal

import pytest

from records.errors import LedgerConflict
from tests.tools.ledger import samples
from tests.tools.ledger.samples import BTC, CYCLE, NOW


@pytest.fixture
def begun(ledger):
    """A ledger with one cycle and a proposal in it."""
    samples.allow(ledger)
    return ledger


def the_venue(ledger):
    (started,) = ledger.cycles.unfinished()
    return started.venue


def test_a_price_is_due_at_its_time_and_not_before(begun):
    """One microsecond early would be a look into the future."""
    begun.outcomes.wait_for([samples.awaited(4), samples.awaited(1)])
    name, hour = the_venue(begun), NOW + timedelta(hours=1)

    assert begun.outcomes.due(name, hour - timedelta(microseconds=1), 9) == ()
    assert begun.outcomes.due(name, hour, 9) == (samples.awaited(1),)
    assert [one.horizon_h for one in begun.outcomes.due(name, hour + timedelta(days=3), 9)] == [
        1,
        4,
    ]


def test_a_price_of_another_venue_is_not_due(begun):
    """A synthetic price held against a real one would make a score of nonsense."""
    begun.outcomes.wait_for([samples.awaited(1)])

    assert begun.outcomes.due("elsewhere", NOW + timedelta(days=9), 9) == ()


def test_what_was_looked_up_is_waited_for_no_longer(begun):
    """A row a market has no candle for is booked as missing, and not asked for for ever."""
    begun.outcomes.wait_for([samples.awaited(1), samples.awaited(4)])
    missing = samples.later_price(1, later=None, high=None)

    begun.outcomes.book_price(missing)

    later = NOW + timedelta(days=1)
    assert [one.horizon_h for one in begun.outcomes.due(the_venue(begun), later, 9)] == [4]
    assert begun.outcomes.waits(CYCLE, BTC)
    assert begun.outcomes.later_prices(CYCLE, BTC) == (missing,)
    begun.outcomes.book_price(samples.later_price(4))
    assert not begun.outcomes.waits(CYCLE, BTC)


def test_what_is_due_is_found_by_its_index(begun):
    """Every cycle asks, most often for nothing, however long the history is."""
    statement = "EXPLAIN QUERY PLAN SELECT * FROM awaited WHERE due_at <= 5 ORDER BY due_at"
    with begun.store.raw() as connection:
        plan = str(connection.execute(statement).fetchall())
    assert "awaited_by_time" in plan


def test_a_trade_comes_back_as_it_was_booked(begun):
    """Hours are keys of a JSON document, and digits may not be lost in it."""
    begun.outcomes.book_trade(trade := samples.hypothetical())

    assert begun.outcomes.hypothetical(trade.proposal_id) == trade
    assert begun.outcomes.hypothetical("none") is None


def test_a_trade_is_booked_once(begun):
    """A second cycle that looks again may not polish the first result."""
    begun.outcomes.book_trade(samples.hypothetical())

    with pytest.raises(LedgerConflict):
        begun.outcomes.book_trade(samples.hypothetical(pnl_pct=Decimal(9)))


def test_calls_come_back_by_agent_and_model(begun):
    """The cycle's row has one sum; the score of an agent needs its own part."""
    begun.outcomes.add_calls([samples.model_calls(), samples.model_calls(task="chart", calls=1)])

    found = begun.outcomes.calls(CYCLE)
    assert [(one.task, one.calls) for one in found] == [("chart", 1), ("technical", 3)]
    assert found[1] == samples.model_calls()
