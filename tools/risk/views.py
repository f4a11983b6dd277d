"""What agents are told of limits and breaker: the bounds, and what is left under them."""

from collections.abc import Sequence
from typing import Any

from records.breaker import BreakerState
from records.lock import Lock
from records.risk import RiskLimits
from records.table import table
from tools.risk.sizing import Holdings, room

BY_THE_TRADE = (
    "risk_per_trade_pct",
    "max_position_pct",
    "max_leverage",
    "min_stop_pct",
    "max_stop_pct",
    "min_reward_risk",
    "max_spread_pct",
    "price_band_pct",
)
"""The limits that a proposal or a verdict can keep by its own numbers."""


def limits_view(
    limits: RiskLimits,
    holdings: Holdings,
    locks: Sequence[Lock],
    halted: str | None,
    shortlist: Sequence[str],
) -> dict[str, Any]:
    """The answer of `get_limits`: what a trade must keep, what is locked, and the room left."""
    left = room("", 1, holdings, limits)
    here = (lock for lock in locks if lock.symbol is None or lock.symbol in shortlist)
    return {
        "halted": halted is not None,
        "locked": [f"{lock.symbol or 'all'}: {lock.reason}" for lock in here],
        "limits": {name: getattr(limits, name) for name in BY_THE_TRADE},
        "room": {
            "exposure_left": left.exposure_left,
            "positions_left": left.positions_left,
            "cash_left": left.cash_left,
        },
    }


def breaker_view(state: BreakerState) -> dict[str, Any]:
    """The answer of `get_circuit_breaker`: its state, and what is nearest to triggering it."""
    nearest = sorted(state.readings, key=lambda reading: -reading.share)[:_SHOWN]
    return {
        "status": state.status,
        "since": state.since,
        "reasons": state.reasons,
        **table(
            ["trigger", "value", "limit", "triggers"],
            [[r.trigger, r.value, r.limit, "below" if r.below else "from"] for r in nearest],
        ),
    }


_SHOWN = 3
