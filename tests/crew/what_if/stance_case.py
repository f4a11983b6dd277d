"""Stances for tests: a long of BTC/USDT that was opened, unless said otherwise."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from crew.what_if.stances import Stance, Stances

AT = datetime(2026, 11, 3, 1, tzinfo=UTC)
BTC = "BTC/USDT"


def stance(**changed: Any) -> Stance:
    """One stance with these fields changed."""
    usual: dict[str, Any] = {
        "symbol": BTC,
        "kind": "entry",
        "action": "open_long",
        "side": "long",
        "done": True,
        "filled": True,
        "at": AT,
        "quantity": Decimal(2),
        "price": Decimal(100),
        "stop": Decimal(95),
        "take_profit": Decimal(110),
    }
    return Stance.model_validate(usual | changed)


def refused(*rules: str, **changed: Any) -> Stance:
    """One that was wanted and refused."""
    return stance(done=False, filled=False, refused_by=rules, **changed)


def stances_of(*all_of_them: Stance) -> Stances:
    return {one.key: one for one in all_of_them}
