"""The paper account's books change together, and never mix with the desk's."""

from datetime import timedelta
from decimal import Decimal

import pytest

from records.errors import LedgerConflict
from tests.tools.ledger import samples
from tests.tools.ledger.samples import CYCLE, NOW


def test_books_orders_and_fills_come_back_exact(ledger):
    """A paper account is only as good as its arithmetic."""
    store = ledger.paper_store()
    assert store.load() is None
    orders = [samples.paper_order(1), samples.paper_order(2, status="filled")]
    fills = [samples.fill(1), samples.fill(2, of=2, at=NOW + timedelta(seconds=1))]

    store.save(samples.books(), orders, fills)

    assert store.load() == samples.books()
    assert store.order(f"{CYCLE}-o2") == orders[1]
    assert store.order("unknown") is None
    assert list(store.open_orders()) == orders[:1]
    assert list(store.fills(None)) == fills
    assert list(store.fills(NOW + timedelta(seconds=1))) == fills[1:]


def test_saving_again_replaces_books_and_orders_and_books_no_fill_twice(ledger):
    """Between cycles the same order moves from open to filled."""
    store = ledger.paper_store()
    store.save(samples.books(), [samples.paper_order()], [samples.fill()])
    poorer = samples.books().model_copy(update={"cash": Decimal("1.10")})

    store.save(poorer, [samples.paper_order(status="filled")], [samples.fill()])

    assert str(store.load().cash) == "1.10"
    assert list(store.open_orders()) == []
    assert list(store.fills(None)) == [samples.fill()]


def test_a_refused_fill_leaves_the_cash_as_it_was(ledger):
    """Cash, orders and fills change together or not at all."""
    store = ledger.paper_store()
    store.save(samples.books(), [samples.paper_order()], [samples.fill()])
    richer = samples.books().model_copy(update={"cash": Decimal("1000000")})

    with pytest.raises(LedgerConflict):
        store.save(richer, [samples.paper_order(2)], [samples.fill(price=Decimal("1"))])

    assert store.load() == samples.books()
    assert store.order(f"{CYCLE}-o2") is None


def test_paper_books_are_not_the_desk_s_books(ledger):
    """Reconciliation compares the two; it would be blind if they were one."""
    ledger.paper_store().save(samples.books(), [samples.paper_order()], [samples.fill()])

    assert ledger.execution.orders(CYCLE) == ()
    assert ledger.execution.fills_since(None) == ()
