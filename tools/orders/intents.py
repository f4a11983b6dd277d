"""From an approval to what will be sent: the entry, and the stop and target that guard it."""

from datetime import datetime
from decimal import Decimal

from records.base import Side
from records.order import OrderIntent, OrderKind, OrderRole, Position
from records.verdict import Approval

_SUFFIX: dict[OrderRole, str] = {"entry": "e", "exit": "x", "stop": "s", "take_profit": "t"}


def client_order_id(source: str, role: OrderRole, attempt: int = 1) -> str:
    """Our own id at the venue: derived from the approval, at most 36 legal characters."""
    again = "" if attempt == 1 else str(attempt)
    return f"{source}-{_SUFFIX[role]}{again}"


def from_approval(approval: Approval, at: datetime) -> tuple[OrderIntent, ...]:
    """The entry and its guards, or the single exit; the order to be sent comes first."""
    if approval.reduce_only:
        return (_main(approval, "exit", at),)
    guards = (_guard(approval, "stop", at), _guard(approval, "take_profit", at))
    return (_main(approval, "entry", at), *(guard for guard in guards if guard is not None))


def exit_now(position: Position, cycle_id: str, source: str, at: datetime) -> OrderIntent:
    """The whole position at market: what is left when it cannot be protected."""
    return _of_the_desk(position, cycle_id, source, at, role="exit", kind="market")


def replacement_stop(position: Position, cycle_id: str, source: str, at: datetime) -> OrderIntent:
    """A stop for a position that has none at the venue; the position must carry a stop price."""
    assert position.stop is not None
    return _of_the_desk(position, cycle_id, source, at, role="stop", kind="stop_market")


def _of_the_desk(
    position: Position,
    cycle_id: str,
    source: str,
    at: datetime,
    *,
    role: OrderRole,
    kind: OrderKind,
) -> OrderIntent:
    """An exit that needs no approval: it only takes risk away."""
    return OrderIntent(
        intent_id=f"{source}-{_SUFFIX[role]}",
        cycle_id=cycle_id,
        approval_id=None,
        client_order_id=client_order_id(source, role),
        created_at=at,
        symbol=position.symbol,
        side="sell" if position.side == "long" else "buy",
        role=role,
        kind=kind,
        quantity=position.quantity,
        trigger_price=position.stop if role == "stop" else None,
        reduce_only=True,
    )


def _main(approval: Approval, role: OrderRole, at: datetime) -> OrderIntent:
    return OrderIntent(
        intent_id=f"{approval.approval_id}-{_SUFFIX[role]}",
        cycle_id=approval.cycle_id,
        approval_id=approval.approval_id,
        client_order_id=client_order_id(approval.approval_id, role),
        created_at=at,
        symbol=approval.symbol,
        side=approval.side,
        role=role,
        kind=approval.entry,
        quantity=approval.quantity,
        limit_price=approval.limit_price or _worst_price(approval),
        reduce_only=approval.reduce_only,
    )


def _worst_price(approval: Approval) -> Decimal | None:
    """Where a market entry stops taking the book; an exit takes what it gets."""
    if approval.reduce_only:
        return None
    return approval.price_high if approval.side == "buy" else approval.price_low


def _guard(approval: Approval, role: OrderRole, at: datetime) -> OrderIntent | None:
    trigger = approval.stop if role == "stop" else approval.take_profit
    if trigger is None:
        return None
    opposite: Side = "sell" if approval.side == "buy" else "buy"
    return OrderIntent(
        intent_id=f"{approval.approval_id}-{_SUFFIX[role]}",
        cycle_id=approval.cycle_id,
        approval_id=approval.approval_id,
        client_order_id=client_order_id(approval.approval_id, role),
        created_at=at,
        symbol=approval.symbol,
        side=opposite,
        role=role,
        kind="stop_market" if role == "stop" else "take_profit_market",
        quantity=approval.quantity,
        trigger_price=trigger,
        reduce_only=True,
    )
