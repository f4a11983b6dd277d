"""From an approval to what will be sent: the entry, and the stop and target that guard it."""

from datetime import datetime
from decimal import Decimal

from records.base import Side
from records.order import ExitReason, OrderIntent, OrderKind, OrderRole, Position
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


def exit_now(
    position: Position, cycle_id: str, source: str, at: datetime, why: ExitReason
) -> OrderIntent:
    """The whole position at market."""
    return _of_the_desk(position, cycle_id, source, at, role="exit", kind="market", why=why)


def guard_of(
    position: Position,
    role: OrderRole,
    cycle_id: str,
    source: str,
    at: datetime,
    why: ExitReason | None = None,
) -> OrderIntent:
    """A stop or target for all of a position; it must carry that price."""
    kind: OrderKind = "stop_market" if role == "stop" else "take_profit_market"
    return _of_the_desk(position, cycle_id, source, at, role=role, kind=kind, why=why)


def again(guard: OrderIntent, quantity: Decimal | None = None) -> OrderIntent:
    """The same guard once more, under an id of its own, for all of it or for another quantity."""
    attempt = guard.client_order_id.rpartition("-")[2][1:] or "1"
    suffix = str(int(attempt) + 1)
    return guard.model_copy(
        update={
            "intent_id": guard.intent_id.removesuffix(attempt) + suffix,
            "client_order_id": guard.client_order_id.removesuffix(attempt) + suffix,
            "quantity": quantity or guard.quantity,
        }
    )


def instead_of(stop: OrderIntent, cycle_id: str, source: str, at: datetime) -> OrderIntent:
    """An exit at market in place of a stop that the venue does not take."""
    return stop.model_copy(
        update={
            "intent_id": f"{source}-x",
            "cycle_id": cycle_id,
            "approval_id": None,
            "client_order_id": client_order_id(source, "exit"),
            "created_at": at,
            "role": "exit",
            "kind": "market",
            "trigger_price": None,
            "why": "unprotected",
        }
    )


def liquidated(
    position: Position, cycle_id: str, quantity: Decimal, venue_order_id: str, at: datetime
) -> OrderIntent:
    """The exit that the venue itself made of a position."""
    known = "".join(c for c in venue_order_id if c.isascii() and c.isalnum())[-7:]
    source = f"{position.position_id.removesuffix('-pos')}-l{known}"
    intent = _of_the_desk(
        position, cycle_id, source, at, role="exit", kind="market", why="liquidation"
    )
    return intent.model_copy(update={"quantity": quantity})


def _of_the_desk(
    position: Position,
    cycle_id: str,
    source: str,
    at: datetime,
    *,
    role: OrderRole,
    kind: OrderKind,
    why: ExitReason | None,
) -> OrderIntent:
    """An exit that needs no approval: it only takes risk away."""
    triggers = {"stop": position.stop, "take_profit": position.take_profit}
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
        trigger_price=triggers.get(role),
        reduce_only=True,
        why=why,
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
        leverage=approval.leverage,
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
