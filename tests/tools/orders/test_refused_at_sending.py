"""What is refused at the moment of sending: nothing leaves, and the approval is not used."""

from decimal import Decimal

import pytest

from records.errors import OrderRefused, VenueError
from tests.tools.orders.live import Live

BOTH = pytest.mark.parametrize("side", ["buy", "sell"])


@pytest.fixture
def live(ledger):
    return Live(ledger)


def desk(cycle, quote):
    return cycle.execution.desk(quote=quote, halted=lambda: None)


def seeing(live, **prices):
    """The market as it is, but for these prices."""
    market = live.market()
    changed = {name: Decimal(price) for name, price in prices.items()}
    return market.model_copy(update={"ticker": market.ticker.model_copy(update=changed)})


def untouched(live, approval_id, report, code):
    """Refused with this code and a sentence; nothing was sent, and the permission still stands."""
    (refusal,) = report.refused
    assert (refusal.approval_id, refusal.code) == (approval_id, code)
    assert "No order was sent." in refusal.message
    assert report.orders == ()
    assert live.venue.created == []
    assert live.ledger.decisions.approval(approval_id).used_at is None
    return refusal.message


def test_a_price_that_cannot_be_read_buys_nothing(live):
    """Whether the approved band still holds is not known, and the last known price is no answer."""
    cycle = live.cycle()
    approval_id = cycle.approve()

    def silent(_symbol):
        raise VenueError("The ticker could not be read: 503.")

    report = desk(cycle, silent).place_all([approval_id])

    assert "503" in untouched(live, approval_id, report, "PriceMoved")


AT_THE_STOP = {
    "buy": [
        {"bid": "99.5", "last": "99.7", "ask": "99.8"},
        {"bid": "99.6", "last": "99.5", "ask": "99.8"},
    ],
    "sell": [
        {"ask": "100.5", "last": "100.3", "bid": "100.2"},
        {"ask": "100.4", "last": "100.5", "bid": "100.2"},
    ],
}


@pytest.mark.parametrize(
    ("side", "prices"), [(side, prices) for side, cases in AT_THE_STOP.items() for prices in cases]
)
def test_what_would_be_stopped_out_at_once_is_not_opened(live, side, prices):
    """The price is inside the band and has reached the stop: a sure loss, and two fees."""
    cycle = live.cycle()
    approval_id = cycle.approve(side, stop_pct="0.5")
    market = seeing(live, **prices)

    report = desk(cycle, lambda _symbol: market).place_all([approval_id])

    assert "approved stop" in untouched(live, approval_id, report, "PriceMoved")


@BOTH
def test_a_tick_before_the_stop_is_still_opened(live, side):
    """The band is what the officer judged; the stop only bars what lies at or beyond it."""
    near = {"buy": "99.6", "sell": "100.4"}[side]
    cycle = live.cycle()
    approval_id = cycle.approve(side, stop_pct="0.5")
    market = seeing(live, bid=near, last=near, ask=near)

    report = desk(cycle, lambda _symbol: market).place_all([approval_id])

    assert [order.status for order in report.orders] == ["filled", "open", "open"]


def test_an_approval_without_a_stop_opens_nothing(live):
    """The gate issues none; were it in error, the ledger would not write its entry."""
    cycle = live.cycle()
    approval_id = cycle.approve(stop_pct=None)

    report = cycle.place(approval_id)

    (refusal,) = report.refused
    assert (refusal.approval_id, refusal.code) == (approval_id, "ApprovalMismatch")
    assert "does not bring its stop" in refusal.message
    assert (report.orders, live.venue.created) == ((), [])
    assert live.ledger.decisions.approval(approval_id).used_at is None


@pytest.mark.parametrize(
    "error",
    [VenueError("margin and leverage could not be read: 503."), OrderRefused("No order was sent.")],
    ids=["not known", "refused"],
)
def test_leverage_that_is_not_set_opens_nothing_and_costs_no_approval(live, error):
    """Of a leverage nobody knows no loss can be computed; set the next time, it is traded."""
    cycle, prepare = live.cycle(), live.venue.prepare
    approval_id = cycle.approve()

    def failing(_intent):
        raise error

    live.venue.prepare = failing
    assert str(error) in untouched(live, approval_id, cycle.place(approval_id), "OrderRefused")

    live.venue.prepare = prepare
    assert [order.status for order in cycle.place(approval_id).orders] == [
        "filled", "open", "open",
    ]  # fmt: skip


def test_the_desk_keeps_every_refusal_of_its_cycle(live):
    """An executor may call twice; the cycle's record tells of both calls, in their order."""
    cycle = live.cycle()
    good = cycle.approve()
    placing = desk(cycle, lambda _symbol: live.market())

    first = placing.place_all(["forged", good])
    second = placing.place_all([good])

    assert [(one.approval_id, one.code) for one in first.refused] == [("forged", "ApprovalUnknown")]
    assert [(one.approval_id, one.code) for one in second.refused] == [(good, "ApprovalSpent")]
    assert placing.refused() == (*first.refused, *second.refused)
