"""
What a leveraged position binds, and where its venue closes it: one pair of formulas for
the gate that judges an entry and for the paper account that liquidates it.

Isolated margin, no fees and no funding: a venue may close a little earlier, which is why
the gate keeps a reserve. Nothing here is an order and nothing is rounded.
"""

from decimal import Decimal

from records.base import PositionSide

_ONE = Decimal(1)


def liquidation_price(
    side: PositionSide, entry: Decimal, leverage: int, maintenance_pct: Decimal
) -> Decimal | None:
    """
    The price at which isolated margin is used up; None: never, as for a long paid in full.

    Entry price or beyond means at once: the margin is less than the maintenance asked.
    """
    share, maintenance = _ONE / leverage, maintenance_pct / 100
    if side == "short":
        return entry * (_ONE + share) / (_ONE + maintenance)
    if leverage == 1:
        return None
    return entry * (_ONE - share) / (_ONE - maintenance) if maintenance < 1 else entry


def margin(notional: Decimal, leverage: int) -> Decimal:
    """What a position of this value binds, in the same currency."""
    return notional / leverage
