"""Thresholds that contradict themselves are refused when settings are read."""

import pytest
from pydantic import ValidationError

from records.signal import STRATEGIES, SignalRules


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"momentum_rsi_from": 70}, "momentum_rsi_from is not below momentum_rsi_to"),
        ({"hybrid_weights": {"hybrid": 1}}, "hybrid cannot agree with itself"),
        ({"hybrid_weights": {"momntum": 1}}, "hybrid_weights.momntum"),
        ({"hybrid_weights": {"momentum": -1}}, "greater than or equal to 0"),
        ({"hybrid_agree": 5}, "hybrid_agree is 5, .* weight above 0 to 4 strategies"),
        ({"hybrid_weights": {"momentum": 0, "breakout": 0}}, "above 0 to 0 strategies"),
        ({"hybrid_weights": {"momentum": 1}}, "hybrid_agree is 2, .* above 0 to 1 strategies"),
        ({"votes_to_trade": 6}, "less than or equal to 5"),
        ({"extreme_rsi": float("nan")}, "plain decimal"),
    ],
)
def test_thresholds_that_make_no_sense_are_refused(given: dict[str, object], why: str) -> None:
    """Better no cycle than one that judges by a threshold nobody meant."""
    with pytest.raises(ValidationError, match=why):
        SignalRules.model_validate(given)


def test_the_hybrid_weighs_strategies_that_exist() -> None:
    """Its default names no other."""
    assert set(SignalRules().hybrid_weights) < set(STRATEGIES)
