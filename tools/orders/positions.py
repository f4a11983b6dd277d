"""
What a fill does to a position: pure arithmetic, exact to the last digit.

An average price seldom ends, money always does: costs are taken back from it on the grid of
money, and the last part of a position takes what the parts before it left.
"""

from collections.abc import Sequence
from decimal import Decimal

from records.base import Record
from records.order import ExitReason, Fill, OrderIntent, OrderRole, Position, Trade
from records.proposal import ProposalDraft
from records.verdict import Approval
from tools.orders.thesis import deadline


class Origin(Record):
    """Where an entry comes from: the permission and the thoughts behind it."""

    approval: Approval
    draft: ProposalDraft


class Effect(Record):
    """A position after a fill; None when it is closed. A trade when a part was closed."""

    position: Position | None
    trade: Trade | None = None


def together(fills: Sequence[Fill]) -> Fill:
    """The fills of one order as one: its average price, all of its quantity and fees."""
    if len(fills) == 1:
        return fills[0]
    quantity = sum((fill.quantity for fill in fills), Decimal(0))
    value = sum((fill.price * fill.quantity for fill in fills), Decimal(0))
    return fills[-1].model_copy(
        update={
            "quantity": quantity,
            "price": value / quantity,
            "fee": sum((fill.fee for fill in fills), Decimal(0)),
        }
    )


def enter(position: Position | None, fill: Fill, origin: Origin) -> Position:
    """Open a position, or average another fill of the same entry into it."""
    if position is not None:
        quantity = position.quantity + fill.quantity
        cost = _cost(position, position.quantity) + _money(fill.price * fill.quantity)
        return position.model_copy(
            update={
                "quantity": quantity,
                "entry_price": cost / quantity,
                "fees": position.fees + fill.fee,
            }
        )
    approval = origin.approval
    return Position(
        position_id=f"{approval.approval_id}-pos",
        symbol=fill.symbol,
        side="long" if fill.side == "buy" else "short",
        quantity=fill.quantity,
        entry_price=fill.price,
        fees=fill.fee,
        opened_at=fill.at,
        cycle_id=approval.cycle_id,
        proposal_id=approval.proposal_id,
        stop=approval.stop,
        take_profit=approval.take_profit,
        thesis=origin.draft.thesis,
        invalidation_price=origin.draft.invalidation_price,
        leverage=approval.leverage,
        first_stop=approval.stop,
        best_price=fill.price,
        deadline_at=deadline(origin.draft, fill.at),
    )


def leave(position: Position, fill: Fill, intent: OrderIntent, cycle_id: str) -> Effect:
    """Close a position or a part of it; entry fees and funding are shared out by quantity."""
    quantity = min(fill.quantity, position.quantity)
    left = position.quantity - quantity
    cost, entry_fees, funding = _cost(position, quantity), position.fees, position.funding
    if left:
        entry_fees = _money(position.fees * quantity / position.quantity)
        funding = _money(position.funding * quantity / position.quantity)
    direction = 1 if position.side == "long" else -1
    fees = entry_fees + fill.fee
    pnl = (_money(fill.price * quantity) - cost) * direction - fees - funding
    trade = Trade(
        trade_id=f"{fill.fill_id}-trade",
        position_id=position.position_id,
        symbol=position.symbol,
        side=position.side,
        quantity=quantity,
        entry_price=position.entry_price,
        exit_price=fill.price,
        opened_at=position.opened_at,
        closed_at=fill.at,
        holding_s=int((fill.at - position.opened_at).total_seconds()),
        fees=fees,
        funding=funding,
        pnl=pnl,
        pnl_pct=(pnl / cost * 100).quantize(Decimal("0.0001")),
        exit_reason=intent.why or _reason(intent.role, closes_all=not left),
        opened_in=position.cycle_id,
        closed_in=cycle_id,
    )
    if not left:
        return Effect(position=None, trade=trade)
    rest = position.model_copy(
        update={
            "quantity": left,
            "entry_price": (_cost(position, position.quantity) - cost) / left,
            "fees": position.fees - entry_fees,
            "funding": position.funding - funding,
        }
    )
    return Effect(position=rest, trade=trade)


_GRID = Decimal(1).scaleb(-14)
"""Finer than a tick times a step; an average of 28 digits gives any cost below 10^14 back."""


def _cost(position: Position, quantity: Decimal) -> Decimal:
    """What this much of a position was bought for."""
    return _money(position.entry_price * quantity)


def _money(amount: Decimal) -> Decimal:
    """An amount on the grid of money, as short as it can be written."""
    return amount.quantize(_GRID).normalize()


def _reason(role: OrderRole, *, closes_all: bool) -> ExitReason:
    if role == "stop":
        return "stop_loss"
    if role == "take_profit":
        return "take_profit"
    return "close" if closes_all else "reduce"
