"""What fills do to a position, without a venue: averages never lose a digit of money."""

from decimal import Decimal
from random import Random

import pytest

from records.order import Fill, OrderIntent, Position
from tests.tools.risk.cases import CYCLE, NOW, approval, draft
from tools.orders.positions import Origin, enter, leave

ORIGIN = Origin(approval=approval("BTC/USDT"), draft=draft())


def fill(quantity, price, fee, *, side="buy", number=1):
    return Fill(
        fill_id=f"f{number}", client_order_id="c", symbol="BTC/USDT", side=side,
        quantity=Decimal(quantity), price=Decimal(price), fee=Decimal(fee), at=NOW,
        liquidity="taker",
    )  # fmt: skip


def exit_intent(role="exit"):
    return OrderIntent(
        intent_id="i", cycle_id=CYCLE, approval_id=None, client_order_id="c", created_at=NOW,
        symbol="BTC/USDT", side="sell", role=role, kind="market", quantity=1, reduce_only=True,
    )  # fmt: skip


def kept(position):
    """The position as the ledger hands it back."""
    return Position.model_validate_json(position.model_dump_json())


def test_entries_are_averaged():
    """1 at 100 and 2 at 103: 3 at 102."""
    position = enter(enter(None, fill(1, 100, "0.1"), ORIGIN), fill(2, 103, "0.2"), ORIGIN)
    assert (position.quantity, position.entry_price, position.fees) == (3, 102, Decimal("0.3"))


def test_a_trade_by_hand():
    """2 bought at 100, sold at 110: 20 less 0.1 and 0.11 of fees."""
    position = enter(None, fill(2, 100, "0.1"), ORIGIN)
    effect = leave(position, fill(2, 110, "0.11", side="sell"), exit_intent(), CYCLE)
    assert effect.position is None
    assert (effect.trade.pnl, effect.trade.fees) == (Decimal("19.79"), Decimal("0.21"))
    assert effect.trade.pnl_pct == Decimal("9.8950")


@pytest.mark.parametrize(
    ("role", "sold", "reason"),
    [
        ("stop", 2, "stop_loss"),
        ("take_profit", 2, "take_profit"),
        ("exit", 2, "close"),
        ("exit", 1, "reduce"),
    ],
)
def test_the_exit_reason_is_the_orders_role(role, sold, reason):
    """The lessons and the statistics read why it ended."""
    position = enter(None, fill(2, 100, "0.1"), ORIGIN)
    effect = leave(position, fill(sold, 110, 0, side="sell"), exit_intent(role), CYCLE)
    assert effect.trade.exit_reason == reason


@pytest.mark.parametrize("seed", range(40))
def test_money_is_exact_however_often_it_is_divided(seed):
    """Any prices from 1,000,000 down to fractions of a cent, in and out in any parts."""
    random = Random(seed)
    scale = Decimal(random.choice(["1", "0.1", "0.00001", "0.00000001"]))
    cash, position, pnl, held = Decimal(0), None, Decimal(0), Decimal(0)
    for number in range(random.randint(1, 6)):
        bought = fill(Decimal(random.randint(1, 10**7)) / 10**5, random.randint(1, 10**6) * scale,
                      Decimal(random.randint(0, 10**6)) / 10**8, number=number)  # fmt: skip
        position = kept(enter(position, bought, ORIGIN))
        cash -= bought.price * bought.quantity + bought.fee
        held += bought.quantity
    while held:
        part = min(held, Decimal(random.randint(1, 10**7)) / 10**5)
        sold = fill(part, random.randint(1, 10**6) * scale,
                    Decimal(random.randint(0, 10**6)) / 10**8, side="sell")  # fmt: skip
        effect = leave(position, sold, exit_intent(), CYCLE)
        cash += sold.price * sold.quantity - sold.fee
        pnl += effect.trade.pnl
        held -= part
        position = kept(effect.position) if held else None
    assert effect.position is None
    assert pnl == cash
