"""
What a profile or an environment sets where no stronger source does.

A profile is a whole set of risk limits. `custom` gives nothing: whoever chooses it names every
limit, and one that is missing is refused, because a default would then be nobody's decision.
"""

from collections.abc import Mapping
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from records.errors import SettingsError
from records.risk import RiskLimits

PROFILES: Mapping[str, Mapping[str, Any]] = {
    "conservative": {
        "risk": {
            "risk_per_trade_pct": "0.5",
            "max_position_pct": 5,
            "max_symbol_pct": 10,
            "max_correlated_pct": 20,
            "max_total_exposure_pct": 25,
            "max_open_positions": 3,
            "max_orders_per_cycle": 2,
            "max_orders_per_day": 10,
            "max_leverage": 2,
            "max_stop_pct": 5,
            "min_reward_risk": 2,
            "max_day_loss_pct": 3,
            "max_week_loss_pct": 6,
            "max_month_loss_pct": 10,
            "max_drawdown_pct": 10,
            "drawdown_recovered_pct": 7,
        },
    },
    "moderate": {},
    "aggressive": {
        "risk": {
            "risk_per_trade_pct": 2,
            "max_position_pct": 20,
            "max_symbol_pct": 30,
            "max_correlated_pct": 60,
            "max_total_exposure_pct": 80,
            "max_open_positions": 8,
            "max_orders_per_cycle": 5,
            "max_orders_per_day": 40,
            "max_leverage": 10,
            "max_day_loss_pct": 8,
            "max_week_loss_pct": 15,
            "max_month_loss_pct": 22,
            "max_drawdown_pct": 25,
            "drawdown_recovered_pct": 18,
        },
    },
    "custom": {},
}
"""What a risk profile sets where nothing else does; moderate is the defaults themselves."""
ENVIRONMENTS: Mapping[str, Mapping[str, Any]] = {
    "development": {},
    "production": {"record": True},
}
"""What an environment sets where nothing else does."""


class PresetSource(PydanticBaseSettingsSource):
    """What a table gives for the profile, or the environment, that a stronger source has named."""

    def __init__(
        self,
        settings: type[BaseSettings],
        named_by: str,
        table: Mapping[str, Mapping[str, Any]],
    ) -> None:
        super().__init__(settings)
        self._named_by = named_by
        self._table = table

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        named = str(self.current_state.get(self._named_by))
        if (self._named_by, named) == ("profile", "custom"):
            _refuse_unnamed(self.current_state.get("risk"))
        return dict(self._table.get(named, {}))


def _refuse_unnamed(risk: Any) -> None:
    """Raise SettingsError for the limits that nobody named; a whole record names them all."""
    if risk is not None and not isinstance(risk, Mapping):
        return
    missing = [name for name in RiskLimits.model_fields if name not in (risk or {})]
    if missing:
        raise SettingsError(
            "profile: custom takes every limit of section risk from you, and "
            f"{len(missing)} of {len(RiskLimits.model_fields)} are not set: {', '.join(missing)}. "
            "No cycle was run. Set each under `risk:` in desk.yaml, where all stand as comments, "
            "or as DESK_RISK__NAME or --set risk.NAME=VALUE; or choose the profile conservative, "
            "moderate or aggressive."
        )
