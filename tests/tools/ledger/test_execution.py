"""An approval is one order, an intent is on disk before it is sent, a fill is booked once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest

from records.errors import (
    ApprovalExpired,
    ApprovalMismatch,
    ApprovalSpent,
    ApprovalUnknown,
    LedgerConflict,
)
from tests.tools.ledger import samples
from tests.tools.ledger.samples import CYCLE, NOW
from tools.ledger.ledger import Ledger

SECOND = timedelta(seconds=1)


def test_spending_writes_pending_orders_and_marks_the_approval(ledger):
    """What may be sent is committed before it is sent."""
    permission = samples.allow(ledger)
    planned = samples.with_stop()

    pending = ledger.execution.spend_approval(permission.approval_id, NOW, planned)

    assert [order.intent for order in pending] == planned
    assert {order.status for order in pending} == {"pending"}
    assert ledger.execution.orders(CYCLE) == pending
    assert ledger.execution.working_orders() == pending
    assert ledger.decisions.approval(permission.approval_id).used_at == NOW


def test_entries_are_counted_from_a_time_on_and_exits_are_not(ledger):
    """The day's cap counts what was written, also when it was refused or never arrived."""
    permission = samples.allow(ledger)
    ledger.execution.spend_approval(permission.approval_id, NOW, samples.with_stop())
    ledger.execution.update_order(samples.order(status="rejected"))
    ledger.execution.add_intents([samples.stop(7)])

    assert ledger.execution.entries_since(NOW) == 1
    assert ledger.execution.entries_since(NOW + SECOND) == 0


def test_of_fifty_threads_exactly_one_spends(ledger):
    """Two executors, or one that repeats itself, may not trade twice."""
    permission = samples.allow(ledger)

    def spend(number: int) -> str:
        planned = samples.with_stop(number, approval_id=permission.approval_id)
        try:
            ledger.execution.spend_approval(permission.approval_id, NOW, planned)
        except ApprovalSpent:
            return "spent"
        return "won"

    with ThreadPoolExecutor(50) as pool:
        outcomes = list(pool.map(spend, range(50)))

    assert sorted(outcomes) == ["spent"] * 49 + ["won"]
    assert len(ledger.execution.orders(CYCLE)) == 2


def test_of_two_processes_worth_of_ledgers_one_spends(ledger, path):
    """A second desk on the same file has connections of its own."""
    permission = samples.allow(ledger)
    with Ledger(path) as other:
        other.execution.spend_approval(permission.approval_id, NOW, samples.with_stop())

    with pytest.raises(ApprovalSpent, match=rf"by order '{CYCLE}-o1'"):
        ledger.execution.spend_approval(permission.approval_id, NOW, samples.with_stop())


@pytest.mark.parametrize(
    ("age", "allowed"),
    [
        (-timedelta(microseconds=1), False),
        (timedelta(0), True),
        (120 * SECOND - timedelta(microseconds=1), True),
        (120 * SECOND, False),
    ],
)
def test_an_approval_holds_from_its_issue_until_just_before_its_expiry(ledger, age, allowed):
    """A clock that was set back is no reason to honour an approval either."""
    permission = samples.allow(ledger)

    if allowed:
        ledger.execution.spend_approval(permission.approval_id, NOW + age, samples.with_stop())
    else:
        with pytest.raises(ApprovalExpired, match="No order was written"):
            ledger.execution.spend_approval(permission.approval_id, NOW + age, samples.with_stop())
    assert len(ledger.execution.orders(CYCLE)) == 2 * allowed


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"symbol": "ETH/USDT"}, ApprovalMismatch),
        ({"side": "sell"}, ApprovalMismatch),
        ({"quantity": Decimal("0.1000000000000000002")}, ApprovalMismatch),
        ({"approval_id": f"{CYCLE}-a2"}, ApprovalMismatch),
        ({"approval_id": None}, ApprovalMismatch),
        ({"cycle_id": "later"}, ApprovalUnknown),
    ],
    ids=["symbol", "side", "one digit over", "other approval", "no approval", "other cycle"],
)
def test_what_differs_from_the_approval_is_not_written(ledger, changes, error):
    """The approval decides; whatever is planned beside it leaves it unused."""
    samples.begin(ledger, "later")
    permission = samples.allow(ledger)
    samples.allow(ledger, 2)

    with pytest.raises(error, match="No order was written"):
        ledger.execution.spend_approval(permission.approval_id, NOW, samples.with_stop(**changes))

    assert ledger.execution.orders(CYCLE) == ()
    assert ledger.decisions.approval(permission.approval_id).used_at is None


@pytest.mark.parametrize(
    "changes",
    [
        {"trigger_price": Decimal(90)},
        {"quantity": samples.TINY / 2},
        {"side": "buy"},
        {"reduce_only": False},
        {"role": "take_profit"},
    ],
    ids=["farther", "smaller", "wrong side", "not reducing", "only a target"],
)
def test_an_entry_without_its_approved_stop_is_not_written(ledger, changes):
    """No entry without a stop: the ledger itself holds to it, whoever planned the orders."""
    permission = samples.allow(ledger)
    entry, stop = samples.with_stop()
    for planned in ([entry], [entry, stop.model_copy(update=changes)]):
        with pytest.raises(ApprovalMismatch, match=r"not bring its stop|a target of"):
            ledger.execution.spend_approval(permission.approval_id, NOW, planned)

    assert ledger.execution.orders(CYCLE) == ()


def test_more_leverage_than_approved_is_not_written(ledger):
    """Leverage multiplies mistakes; it is fixed by the approval like the size."""
    permission = samples.allow(ledger)

    with pytest.raises(ApprovalMismatch, match="leverage 2 was planned, 1 approved"):
        ledger.execution.spend_approval(permission.approval_id, NOW, samples.with_stop(leverage=2))


def test_an_order_is_found_by_the_id_its_fills_carry(ledger):
    """A stop's fills come under the id of the order that the venue made of it."""
    ledger.execution.add_intents([samples.stop()])
    told = samples.order().model_copy(
        update={"intent": samples.stop(), "venue_order_id": "7", "executed_as": "8"}
    )
    ledger.execution.update_order(told)

    assert ledger.execution.order_at_venue("7", samples.BTC) == told
    assert ledger.execution.order_at_venue("8", samples.BTC) == told
    assert ledger.execution.order_at_venue("8", "ETH/USDT") is None
    assert ledger.execution.order_at_venue("9", samples.BTC) is None


def test_one_approval_is_one_entry(ledger):
    """Two orders of the approved size each would be twice what was approved."""
    permission = samples.allow(ledger)
    twice = [samples.intent(1), samples.intent(2, approval_id=permission.approval_id)]

    with pytest.raises(ApprovalMismatch, match="second entry"):
        ledger.execution.spend_approval(permission.approval_id, NOW, twice)


def test_an_unknown_or_empty_spending_is_refused(ledger):
    """An invented id buys nothing, and an approval is not used up for nothing."""
    permission = samples.allow(ledger)
    with pytest.raises(ApprovalUnknown):
        ledger.execution.spend_approval("invented", NOW, samples.with_stop())
    with pytest.raises(ApprovalMismatch):
        ledger.execution.spend_approval(permission.approval_id, NOW, [])


def test_a_reused_order_id_spends_nothing(ledger):
    """The intent and the use of its approval stand or fall together."""
    first, second = samples.allow(ledger, 1), samples.allow(ledger, 2)
    ledger.execution.spend_approval(first.approval_id, NOW, samples.with_stop(1))
    again = samples.with_stop(2, client_order_id=f"{CYCLE}-o1")

    with pytest.raises(LedgerConflict, match="client_order_id"):
        ledger.execution.spend_approval(second.approval_id, NOW, again)

    assert ledger.decisions.approval(second.approval_id).used_at is None


def test_exits_need_no_approval_and_entries_do(ledger):
    """The way out is never barred; the way in is."""
    pending = ledger.execution.add_intents([samples.stop(1), samples.stop(2, role="exit")])
    assert ledger.execution.working_orders() == pending

    with pytest.raises(ApprovalMismatch):
        ledger.execution.add_intents([samples.intent(3, approval_id=None)])
    assert ledger.execution.add_intents([]) == ()


def test_the_venue_tells_the_state_of_an_order(ledger):
    """Every digit of it, and its intent as it was committed."""
    permission = samples.allow(ledger)
    ledger.execution.spend_approval(permission.approval_id, NOW, samples.with_stop())

    ledger.execution.update_order(samples.order())

    found = ledger.execution.order(f"{CYCLE}-o1")
    assert found == samples.order()
    assert (str(found.fee), str(found.average_price)) == ("-0.00010", str(samples.LONG))
    assert [order.intent.role for order in ledger.execution.working_orders()] == ["stop"]
    assert ledger.execution.order("unknown") is None


def test_an_order_never_written_has_no_state(ledger):
    """Write before you act: an order the ledger does not know was not sent by this desk."""
    with pytest.raises(LedgerConflict, match="never written"):
        ledger.execution.update_order(samples.order())


@pytest.mark.parametrize("status", ["pending", "open", "partially_filled", "unknown"])
def test_orders_of_open_fate_are_working(ledger, status):
    """Unknown is not failed: it must be asked for again."""
    ledger.execution.add_intents([samples.stop()])
    ledger.execution.update_order(samples.order(intent=samples.stop(), status=status))

    assert [order.status for order in ledger.execution.working_orders()] == [status]


def test_a_fill_is_booked_once(ledger):
    """Reconciliation reads the same fills again and again."""
    ledger.execution.add_intents([samples.stop()])
    first, second = samples.fill(1), samples.fill(2, at=NOW + SECOND)

    assert ledger.execution.book_fills([first, first]) == (first,)
    assert ledger.execution.book_fills([first, second]) == (second,)

    assert ledger.execution.fills(CYCLE) == (first, second)
    assert ledger.execution.fills("other") == ()
    assert ledger.execution.fills_of(f"{CYCLE}-o1") == (first, second)
    assert ledger.execution.fills_since(NOW + SECOND) == (second,)
    assert ledger.execution.fills_since(None) == (first, second)


def test_a_fill_told_differently_is_a_conflict(ledger):
    """Same id, other price: somebody is wrong, and the ledger does not choose."""
    ledger.execution.add_intents([samples.stop()])
    ledger.execution.book_fills([samples.fill(1)])

    with pytest.raises(LedgerConflict, match="now told as"):
        ledger.execution.book_fills([samples.fill(2), samples.fill(1, price=Decimal("1"))])

    assert ledger.execution.fills(CYCLE) == (samples.fill(1),)


def test_a_fee_in_another_currency_is_booked_as_first_converted(ledger):
    """Its price moves from one look to the next; the same fill is still the same."""
    ledger.execution.add_intents([samples.stop()])
    ledger.execution.book_fills([samples.fill(1)])

    assert ledger.execution.book_fills([samples.fill(1, fee=Decimal("1"))]) == ()
    assert ledger.execution.fills(CYCLE) == (samples.fill(1),)


def test_a_stranger_s_fill_books_nothing(ledger):
    """Somebody traded by hand on the account: an alarm, not a booking."""
    ledger.execution.add_intents([samples.stop()])

    with pytest.raises(LedgerConflict, match=f"{CYCLE}-o9"):
        ledger.execution.book_fills([samples.fill(1), samples.fill(2, of=9)])

    assert ledger.execution.fills(CYCLE) == ()
