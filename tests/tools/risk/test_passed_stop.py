"""Between the verdict and the order the market may pass the stop; what is stopped is not opened."""

from decimal import Decimal

import pytest

from tests.tools.orders.bench import BTC
from tests.tools.orders.test_place import refused_without_a_trace

NEAR = "0.31"
"""Percent from the entry to the stop: less than the band of 0.5 %."""


def entering(cycle, action, **changes):
    """An entry with its stop nearer than the band is wide."""
    price = cycle.snapshot.markets[BTC].ticker.ask
    sign = 1 if action == "open_long" else -1
    return cycle.draft(
        action=action,
        stop=price * (1 - sign * Decimal(NEAR) / 100),
        take_profit=price * (1 + sign * Decimal("0.02")),
        **changes,
    )


def see(cycle, **prices):
    """Let the order desk see these prices, the others as they were judged."""
    market = cycle.snapshot.markets[BTC]
    moved = market.model_copy(update={"ticker": market.ticker.model_copy(update=prices)})
    cycle.replace_snapshot(cycle.snapshot.model_copy(update={"markets": {BTC: moved}}))


@pytest.mark.parametrize(("action", "moved"), [("open_long", "-0.45"), ("open_short", "0.45")])
def test_a_market_beyond_the_stop_is_not_entered(bench, action, moved):
    """Still within the band, and yet the position would be stopped out as it is opened."""
    cycle = bench.cycle()
    approval_id = cycle.approve(entering(cycle, action))
    cycle.move_prices(moved)
    refused_without_a_trace(bench, cycle, approval_id, "PriceMoved")
    assert bench.ledger.decisions.approval(approval_id).used_at is None


@pytest.mark.parametrize(
    ("action", "seen", "ticks"),
    [
        ("open_long", "bid", 0), ("open_long", "last", 0), ("open_long", "last", -1),
        ("open_short", "ask", 0), ("open_short", "last", 0), ("open_short", "last", 1),
    ],
)  # fmt: skip
def test_one_price_at_the_stop_is_enough(bench, action, seen, ticks):
    """Venues trigger by one price or another; the side we pay may look as it did."""
    cycle = bench.cycle()
    approval_id = cycle.approve(entering(cycle, action))
    approval = bench.ledger.decisions.approval(approval_id)
    tick = cycle.snapshot.markets[BTC].rules.tick
    see(cycle, **{seen: approval.stop + ticks * tick})
    refused_without_a_trace(bench, cycle, approval_id, "PriceMoved")
    message = bench.ledger.decisions.refusals(cycle.ids.cycle_id)[-1].message
    assert f"at or beyond the approved stop {approval.stop}" in message


@pytest.mark.parametrize(
    ("action", "seen", "ticks"), [("open_long", "bid", 1), ("open_short", "ask", -1)]
)
def test_a_tick_before_the_stop_is_not_beyond_it(bench, action, seen, ticks):
    """The rule refuses no entry that has any way to its stop."""
    cycle = bench.cycle()
    approval_id = cycle.approve(entering(cycle, action))
    approval = bench.ledger.decisions.approval(approval_id)
    tick = cycle.snapshot.markets[BTC].rules.tick
    see(cycle, **{seen: approval.stop + ticks * tick})
    assert cycle.orders.place_all([approval_id]).refused == ()


@pytest.mark.parametrize(
    ("action", "away", "moved"), [("open_long", "-0.2", "-0.9"), ("open_short", "0.2", "0.9")]
)
def test_a_limit_that_the_market_ran_past_is_not_sent(bench, action, away, moved):
    """It would trade at once at a price outside the band that its size was judged in."""
    cycle = bench.cycle()
    limit = cycle.snapshot.markets[BTC].ticker.ask * (1 + Decimal(away) / 100)
    sign = 1 if action == "open_long" else -1
    draft = cycle.draft(
        action=action, entry="limit", limit_price=limit,
        stop=limit * (1 - sign * Decimal("0.03")), take_profit=limit * (1 + sign * Decimal("0.06")),
    )  # fmt: skip
    approval_id = cycle.approve(draft)
    cycle.move_prices(moved)
    refused_without_a_trace(bench, cycle, approval_id, "PriceMoved")
