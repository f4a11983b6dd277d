"""An approval becomes one order, at most once; whatever else is asked is refused and recorded."""

from decimal import Decimal

import pytest

from records.errors import OrderRefused, OutcomeUnknown
from tests.tools.orders.bench import BTC, CASH, ETH, Through, standing, statuses


def everything(bench):
    """What would be different had anything been sent."""
    store = bench.account
    return (
        store.cash(),
        dict(store.holdings()),
        list(store.open_orders()),
        list(store.fills(None, (BTC, ETH))),
    )


def refused_without_a_trace(bench, cycle, approval_id, code):
    """The id is refused with this code, the refusal is in the ledger, and nothing was sent."""
    before = everything(bench)
    report = cycle.orders.place_all([approval_id])
    assert report.orders == ()
    assert [refusal.code for refusal in report.refused] == [code]
    recorded = bench.ledger.decisions.refusals(cycle.ids.cycle_id)[-1]
    assert (recorded.subject, recorded.code) == (approval_id[:80], code)
    assert "sent" in recorded.message or "written" in recorded.message
    assert bench.journal.of("refusal")[-1]["refusal"]["code"] == code
    assert everything(bench) == before


def test_an_entry_becomes_a_position_with_its_guards(bench):
    """Bought what was approved, and stop and target rest at the venue for all of it."""
    cycle = bench.cycle()
    approval_id = cycle.approve(cycle.draft())
    approval = bench.ledger.decisions.approval(approval_id)

    orders = cycle.orders.place_all([approval_id]).orders

    assert [(one.intent.role, one.status) for one in orders] == [
        ("entry", "filled"), ("stop", "open"), ("take_profit", "open"),
    ]  # fmt: skip
    (position,) = bench.ledger.account.open_positions()
    assert (position.symbol, position.quantity) == (BTC, approval.quantity)
    assert (position.stop, position.take_profit) == (approval.stop, approval.take_profit)
    assert position.thesis == "Higher lows."
    assert bench.account.holdings() == {BTC: approval.quantity}
    stop, target = standing(bench)
    assert (stop.role, stop.trigger_price) == ("stop", approval.stop)
    assert (target.role, target.trigger_price) == ("take_profit", approval.take_profit)
    for guard in (stop, target):
        assert (guard.quantity, guard.side, guard.reduce_only) == (approval.quantity, "sell", True)
    assert bench.ledger.decisions.approval(approval_id).used_at == bench.clock.now()


def test_prices_off_the_grid_still_give_a_stop_at_the_venue(bench):
    """The demo venue refuses a price between two ticks; the stop must not be lost to that."""
    cycle = bench.cycle()
    price = cycle.snapshot.markets[BTC].ticker.ask
    draft = cycle.draft(stop=price * Decimal("0.98") + Decimal("0.0123456"),
                        take_profit=price * Decimal("1.06") + Decimal("0.0123456"))  # fmt: skip
    orders = cycle.trade(draft)
    assert [one.status for one in orders] == ["filled", "open", "open"]
    assert draft.stop <= orders[1].intent.trigger_price < draft.stop + Decimal("0.1")


def test_a_veto_leaves_no_approval_and_no_order(bench):
    """There is no id the executor could use."""
    cycle = bench.cycle()
    proposal = cycle.risk.register([cycle.draft()])[0]
    outcome = cycle.submit(proposal, "veto", reasons=("Thin evidence.",))
    assert outcome.approval_id is None
    assert bench.ledger.decisions.approvals(cycle.ids.cycle_id) == ()
    for guess in (f"{cycle.ids.cycle_id}-a1", proposal.proposal_id):
        refused_without_a_trace(bench, cycle, guess, "ApprovalUnknown")
    assert bench.ledger.execution.orders(cycle.ids.cycle_id) == ()


def test_a_forged_approval_is_refused(bench):
    """Ids are guessable on purpose; only what the gate wrote counts."""
    cycle = bench.cycle()
    for forged in ("", "a1", "x" * 5000, "' OR 1=1 --", f"{cycle.ids.cycle_id}-a99"):
        refused_without_a_trace(bench, cycle, forged, "ApprovalUnknown")


def test_an_altered_approval_id_is_refused(bench):
    """Near is not equal: case, blanks and a longer number are other ids."""
    cycle = bench.cycle()
    approval_id = cycle.approve(cycle.draft())
    for altered in (approval_id + " ", approval_id.lower(), approval_id + "0", approval_id[:-1]):
        refused_without_a_trace(bench, cycle, altered, "ApprovalUnknown")


def test_an_approval_is_used_once(bench):
    """The second time it buys nothing, within a call and after it."""
    cycle = bench.cycle()
    approval_id = cycle.approve(cycle.draft())
    report = cycle.orders.place_all([approval_id, approval_id])
    assert [one.intent.role for one in report.orders] == ["entry", "stop", "take_profit"]
    assert [one.code for one in report.refused] == ["ApprovalSpent"]
    refused_without_a_trace(bench, cycle, approval_id, "ApprovalSpent")


def test_an_expired_approval_sends_nothing(bench):
    """At the end of its time it is too late; a moment earlier it is not."""
    cycle = bench.cycle()
    late, early = cycle.approve(cycle.draft()), cycle.approve(cycle.draft(ETH))
    bench.clock.advance(seconds=300, microseconds=-1)
    assert cycle.orders.place_all([early]).refused == ()
    bench.clock.advance(microseconds=1)
    refused_without_a_trace(bench, cycle, late, "ApprovalExpired")


def test_an_approval_of_another_cycle_is_refused(bench):
    """The officer judged other prices; still fresh is not enough."""
    earlier = bench.cycle()
    approval_id = earlier.approve(earlier.draft())
    bench.clock.advance(seconds=60)
    refused_without_a_trace(bench, bench.cycle(), approval_id, "ApprovalUnknown")


@pytest.mark.parametrize("moved_pct", ["-0.51", "0.51", "-5", "5"])
def test_a_price_outside_the_band_is_refused(bench, moved_pct):
    """The market moved between the verdict and the order, up or down."""
    cycle = bench.cycle()
    approval_id = cycle.approve(cycle.draft())
    cycle.move_prices(moved_pct)
    refused_without_a_trace(bench, cycle, approval_id, "PriceMoved")
    assert bench.ledger.decisions.approval(approval_id).used_at is None


@pytest.mark.parametrize("moved_pct", ["-0.5", "0.5"])
def test_the_edge_of_the_band_is_inside(bench, moved_pct):
    """The band is what was approved, its ends included."""
    cycle = bench.cycle()
    approval_id = cycle.approve(cycle.draft())
    cycle.move_prices(moved_pct)
    assert cycle.orders.place_all([approval_id]).refused == ()


def test_a_market_without_a_price_is_not_traded(bench):
    """What was seen when the officer judged is gone."""
    cycle = bench.cycle()
    approval_id = cycle.approve(cycle.draft())
    cycle.replace_snapshot(cycle.snapshot.model_copy(update={"markets": {}}))
    refused_without_a_trace(bench, cycle, approval_id, "PriceMoved")


def test_a_halt_in_the_middle_of_a_cycle_stops_entries_at_sending(bench):
    """Asked afresh for each order: the file may appear while the crew is thinking."""
    cycle = bench.cycle()
    first, second = cycle.approve(cycle.draft()), cycle.approve(cycle.draft(ETH))
    assert cycle.orders.place_all([first]).refused == ()
    bench.halted = "funding looks odd"
    refused_without_a_trace(bench, cycle, second, "EntriesHalted")
    assert bench.ledger.decisions.approval(second).used_at is None


def test_a_halted_desk_can_still_leave(bench):
    """A halt must never keep anybody in a position."""
    opening = bench.cycle()
    opening.trade(opening.draft())
    bench.halted = "funding looks odd"
    bench.clock.advance(seconds=60)
    leaving = bench.cycle()
    assert leaving.trade(leaving.closing())[0].status == "filled"
    assert bench.account.holdings() == {}


def test_a_refused_id_does_not_stop_the_others(bench):
    """One bad id among good ones costs only itself."""
    cycle = bench.cycle()
    good = cycle.approve(cycle.draft())
    report = cycle.orders.place_all(["forged", good])
    assert len(report.orders) == 3
    assert len(report.refused) == 1


class Refusing(Through):
    """A venue that definitely books nothing."""

    def __init__(self, account, error):
        super().__init__(account)
        self.error, self.asked = error, []

    def create(self, intent):
        self.asked.append(intent)
        raise self.error


def test_an_entry_the_venue_refuses_ends_with_its_guards(bench):
    """Rejected is final: no position, no stop for nothing, nothing pending for ever."""
    venue = Refusing(bench.account, OrderRefused("Too small. Nothing was booked."))
    cycle = bench.cycle(writer=venue)
    orders = cycle.trade(cycle.draft())
    assert [one.status for one in orders] == ["rejected", "cancelled", "cancelled"]
    assert orders[0].reason == "Too small. Nothing was booked."
    assert [one.role for one in venue.asked] == ["entry"]
    assert bench.ledger.execution.working_orders() == ()
    assert (bench.account.cash(), bench.ledger.account.open_positions()) == (CASH, ())


class RefusingStops(Through):
    """The real account, but no stop is taken."""

    def create(self, intent):
        if intent.role == "stop":
            raise OrderRefused("The trigger is too far away. Nothing was booked.")
        return self.account.create(intent)


def test_an_entry_whose_stop_is_refused_is_closed_at_once(bench):
    """No position without a stop, not even until the next cycle; and an alarm says why."""
    cycle = bench.cycle(writer=RefusingStops(bench.account))
    orders = cycle.trade(cycle.draft())
    assert [(one.intent.role, one.status) for one in orders] == [
        ("entry", "filled"), ("stop", "rejected"), ("take_profit", "cancelled"),
    ]  # fmt: skip
    assert (bench.account.holdings(), list(bench.account.open_orders())) == ({}, [])
    assert bench.ledger.account.open_positions() == ()
    assert bench.ledger.execution.working_orders() == ()
    (trade,) = bench.ledger.account.trades(9)
    assert trade.pnl == bench.account.cash() - CASH
    (event,) = bench.ledger.safety.events(9)
    assert (event.level, event.kind) == ("alarm", "stop_refused")
    assert "too far away" in event.message


def test_a_market_entry_names_its_worst_price(bench):
    """The band is held at the venue too, while the book is taken level by level."""
    cycle = bench.cycle()
    approval_id = cycle.approve(cycle.draft())
    entry = cycle.orders.place_all([approval_id]).orders[0]
    assert entry.intent.kind == "market"
    assert entry.intent.limit_price == bench.ledger.decisions.approval(approval_id).price_high


def test_an_exit_is_sent_wherever_the_price_went(bench):
    """A market that runs away is the reason to leave, not one to stay."""
    opening = bench.cycle()
    opening.trade(opening.draft())
    cycle = bench.cycle()
    approval_id = cycle.approve(cycle.closing())
    cycle.move_prices("-5")
    assert cycle.orders.place_all([approval_id]).orders[0].status == "filled"


def test_an_unknown_outcome_is_not_sent_again(bench):
    """It is asked for by its id, and a paper account knows at once that it never came."""
    venue = Refusing(bench.account, OutcomeUnknown("The venue did not answer in time."))
    cycle = bench.cycle(writer=venue)
    approval_id = cycle.approve(cycle.draft())
    cycle.orders.place_all([approval_id])
    assert len(venue.asked) == 1
    assert statuses(bench.ledger, cycle.ids.cycle_id) == {
        "entry": "absent", "stop": "cancelled", "take_profit": "cancelled",
    }  # fmt: skip
    refused_without_a_trace(bench, cycle, approval_id, "ApprovalSpent")
    assert len(venue.asked) == 1


def test_the_intent_is_on_record_before_the_venue_hears_of_it(bench):
    """A kill between the two must leave a trace of what may have been sent."""
    seen = []

    class Watching(Through):
        def create(self, intent):
            seen.append(bench.ledger.execution.order(intent.client_order_id).status)
            return super().create(intent)

    cycle = bench.cycle(writer=Watching(bench.account))
    cycle.trade(cycle.draft())
    assert seen == ["submitted", "submitted", "submitted"]
