"""
The three temperaments of the rulebook: one set of rules, three sets of thresholds.

Nothing else in the rulebook knows a temperament by name. Limits of the desk are not
here: they come from `get_limits`, and no temperament can loosen one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal as D
from types import MappingProxyType
from typing import Literal, get_args

from records.errors import SettingsError

TemperamentName = Literal["cautious", "balanced", "bold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Temperament:
    """Thresholds; the three weights add up to 1."""

    weight_technical: D = D("0.6")
    weight_chart: D = D("0.25")
    weight_sentiment: D = D("0.15")
    open_score: D
    """Weighted conviction from which a long is proposed; a short from its negative down."""
    open_strength: int
    """Agreeing indicators, of five. Source: domain.md, Strategies (a trade needs >= 3)."""
    close_score: D
    """Mean of technical and chart conviction at which a long is closed; mirrored for a short."""
    cut_loss_pct: D
    """Open loss at which a position that no signal supports is closed."""
    reward_multiple: D
    """Distance of the take-profit, in stop distances."""
    max_funding_pct: D
    """Funding that a crowded side pays, percent per interval."""
    overbought_rsi: D
    shrink_atr_pct_1h: D
    """One hour's average true range above which half the size is enough."""
    veto_atr_pct_1h: D
    veto_sentiment: D
    """News score at or below which nothing is bought; mirrored for a short."""
    room_to_level: D
    """Least distance to the next chart level, in stop distances."""
    losing_mean_pct: D
    """Mean outcome of three or more lessons below which half the size is enough."""


TEMPERAMENTS: Mapping[str, Temperament] = MappingProxyType(
    {
        "cautious": Temperament(
            open_score=D("0.45"),
            open_strength=4,
            close_score=D("-0.15"),
            cut_loss_pct=D("0.4"),
            reward_multiple=D("2.5"),
            max_funding_pct=D("0.03"),
            overbought_rsi=D("72"),
            shrink_atr_pct_1h=D("1.5"),
            veto_atr_pct_1h=D("3"),
            veto_sentiment=D("-0.25"),
            room_to_level=D("0.75"),
            losing_mean_pct=D("-0.5"),
        ),
        "balanced": Temperament(
            open_score=D("0.35"),
            open_strength=3,
            close_score=D("-0.25"),
            cut_loss_pct=D("0.8"),
            reward_multiple=D("2.5"),
            max_funding_pct=D("0.05"),
            overbought_rsi=D("78"),
            shrink_atr_pct_1h=D("2.5"),
            veto_atr_pct_1h=D("5"),
            veto_sentiment=D("-0.4"),
            room_to_level=D("0.35"),
            losing_mean_pct=D("-1"),
        ),
        "bold": Temperament(
            open_score=D("0.25"),
            open_strength=3,
            close_score=D("-0.35"),
            cut_loss_pct=D("1.2"),
            reward_multiple=D("2"),
            max_funding_pct=D("0.1"),
            overbought_rsi=D("85"),
            shrink_atr_pct_1h=D("4"),
            veto_atr_pct_1h=D("8"),
            veto_sentiment=D("-0.6"),
            room_to_level=D("0.2"),
            losing_mean_pct=D("-2"),
        ),
    }
)


def temperament_named(name: str) -> Temperament:
    """The thresholds of a temperament; raises SettingsError for a name that is not one."""
    if name not in TEMPERAMENTS:
        raise SettingsError(
            f"{name!r} is not a temperament of the rulebook. No model was built. "
            f"Write one of {', '.join(get_args(TemperamentName))}."
        )
    return TEMPERAMENTS[name]
