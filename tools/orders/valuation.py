"""What the account is worth: cash, and what is held at the snapshot's prices."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from records.order import AccountState, Position, PositionMark


def value_account(
    cash: Decimal,
    positions: Sequence[Position],
    prices: Mapping[str, Decimal],
    *,
    currency: str,
    as_of: datetime,
) -> AccountState:
    """
    Equity is net cash plus the signed value of what is held; free cash is what no position
    binds. A market without a price counts at its entry price.
    """
    marks = tuple(_mark(p, prices.get(p.symbol, p.entry_price)) for p in positions)
    held = sum(
        (m.notional if m.position.side == "long" else -m.notional for m in marks), Decimal(0)
    )
    equity = cash + held
    free = equity - sum((m.margin for m in marks), Decimal(0))
    return AccountState(as_of=as_of, currency=currency, equity=equity, cash=free, positions=marks)


def _mark(position: Position, price: Decimal) -> PositionMark:
    direction = 1 if position.side == "long" else -1
    pnl = (price - position.entry_price) * position.quantity * direction
    notional = price * position.quantity
    return PositionMark(
        position=position,
        mark_price=price,
        notional=notional,
        margin=notional / position.leverage,
        unrealised_pnl=pnl,
        unrealised_pct=(pnl / (position.entry_price * position.quantity) * 100).quantize(
            Decimal("0.0001")
        ),
    )
