"""The table of order states is total, and no sequence of events leaves it or sends twice."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from records.errors import OrderRefused
from records.order import WORKING, Order, OrderIntent
from records.ports import VenueOrder
from tools.orders import states

START = datetime(2026, 1, 5, tzinfo=UTC)
QUANTITY = Decimal(10)
SAID = ("open", "partially_filled", "filled", "cancelled", "rejected", "expired")
INTENT = OrderIntent(
    intent_id="i", cycle_id="c", approval_id="a", client_order_id="a-e", created_at=START,
    symbol="BTC/USDT", side="buy", role="entry", kind="market", quantity=QUANTITY,
)  # fmt: skip


def pending():
    return Order(
        intent=INTENT, venue_order_id=None, status="pending", filled_quantity=Decimal(0),
        average_price=None, fee=Decimal(0), updated_at=START,
    )  # fmt: skip


def report(status, filled=Decimal(0), at=START):
    return VenueOrder(
        client_order_id="a-e", venue_order_id="7", symbol="BTC/USDT", side="buy", status=status,
        quantity=QUANTITY, filled_quantity=filled, average_price=Decimal(5) if filled else None,
        updated_at=at,
    )  # fmt: skip


@pytest.mark.parametrize("status", states.STATUSES)
@pytest.mark.parametrize("event", states.EVENTS)
def test_every_event_in_every_state_has_an_answer(status, event):
    """An event nobody thought of would be a crash in the middle of an order."""
    if event == "send" and status != "pending":
        with pytest.raises(OrderRefused, match="Nothing was sent"):
            states.next_status(status, event)
    else:
        assert states.next_status(status, event) in states.STATUSES


@pytest.mark.parametrize(
    ("status", "event", "after"),
    [
        ("submitted", "no_answer", "unknown"),
        ("unknown", "missed", "unknown"),
        ("unknown", "proven_absent", "absent"),
        ("unknown", "filled", "filled"),
        ("absent", "open", "open"),
        ("cancelled", "filled", "filled"),
        ("cancelled", "missed", "cancelled"),
        ("open", "missed", "open"),
        ("open", "given_up", "lost"),
        ("lost", "partially_filled", "partially_filled"),
        ("partially_filled", "open", "partially_filled"),
        ("filled", "cancelled", "filled"),
        ("pending", "proven_absent", "pending"),
        ("pending", "open", "open"),
    ],
)
def test_the_rows_that_money_hangs_on(status, event, after):
    """Late fills, lost orders, arrivals after all, and stale news of a filled order."""
    assert states.next_status(status, event) == after


def test_an_order_is_lost_after_three_misses_in_a_row_and_found_again_at_any_time():
    """One answer that lacks an order is no proof; a venue's listing may lag."""
    order = states.told(states.sent(pending(), START), report("open"))
    for strikes in (1, 2):
        order = states.missed(order, START, proven=False)
        assert (order.status, order.strikes) == ("open", strikes)
    assert states.missed(order, START, proven=False).status == "lost"

    seen = states.told(order, report("open"))
    assert (seen.status, seen.strikes) == ("open", 0)
    lost = states.missed(order, START, proven=False)
    assert states.told(lost, report("filled", QUANTITY)).status == "filled"


class Wandering(RuleBasedStateMachine):
    """Any events in any order."""

    def __init__(self):
        super().__init__()
        self.order = pending()
        self.sends = 0
        self.at = START

    def _later(self):
        self.at += timedelta(seconds=1)
        return self.at

    @rule()
    def send(self):
        try:
            self.order = states.sent(self.order, self._later())
        except OrderRefused:
            return
        self.sends += 1

    @rule()
    def no_answer(self):
        self.order = states.unanswered(self.order, "silence", self._later())

    @rule(proven=strategies.booleans())
    def missed(self, proven):
        self.order = states.missed(self.order, self._later(), proven=proven)

    @rule(status=strategies.sampled_from(SAID), filled=strategies.integers(0, 10))
    def told(self, status, filled):
        before = self.order.filled_quantity
        self.order = states.told(self.order, report(status, Decimal(filled), self._later()))
        assert self.order.filled_quantity >= before
        assert self.order.venue_order_id == "7"

    @invariant()
    def stands_in_the_table(self):
        assert self.order.status in states.TABLE
        assert self.sends <= 1
        assert self.order.updated_at <= self.at
        if self.order.status in {"absent", "lost", "unknown", "submitted"}:
            assert self.order.filled_quantity == 0 or self.order.venue_order_id is not None
        if self.order.status == "lost":
            assert self.order.strikes >= states.STRIKES
        assert (self.order.status in WORKING) or self.order.status in {
            "filled", "cancelled", "rejected", "expired", "absent", "lost",
        }  # fmt: skip


TestWandering = Wandering.TestCase
TestWandering.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
