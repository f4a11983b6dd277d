"""What agents are told of limits and breaker: the bounds, and what is left under them."""

from collections.abc import Sequence
from typing import Any

from records.order import AccountState
from records.risk import BreakerState, RiskLimits
from records.table import table
from records.verdict import Approval
from tools.risk.sizing import room


def limits_view(
    limits: RiskLimits, account: AccountState, committed: Sequence[Approval], halted: str | None
) -> dict[str, Any]:
    """The answer of `get_limits`: every bound in force, and the room left."""
    left = room("", account, committed, limits)
    return {
        "halted": halted is not None,
        "limits": {name: getattr(limits, name) for name in RiskLimits.model_fields},
        "room": {
            "exposure_left": left.exposure_left,
            "positions_left": left.positions_left,
            "cash_left": left.cash_left,
        },
    }


def breaker_view(state: BreakerState) -> dict[str, Any]:
    """The answer of `get_circuit_breaker`: its state and every measured drop."""
    return {
        "status": state.status,
        "since": state.since,
        "reasons": state.reasons,
        **table(
            ["trigger", "value_pct", "limit_pct"],
            [[r.trigger, r.value_pct, r.limit_pct] for r in state.readings],
        ),
    }
