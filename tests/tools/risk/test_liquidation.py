"""Where isolated margin ends: at the liquidation price, equity is the maintenance, to the digit."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.exchange.margin import liquidation_price, margin


@pytest.mark.parametrize(
    ("side", "entry", "leverage", "maintenance_pct", "expected"),
    [
        ("long", "100", 10, "0.5", "90.452261"),
        ("short", "100", 10, "0.5", "109.452736"),
        ("long", "60000", 2, "0", "30000"),
        ("short", "60000", 1, "0", "120000"),
        ("long", "100", 1, "5", None),
        ("long", "100", 125, "0.8", "100"),
        ("long", "100", 2, "100", "100"),
        ("short", "100", 2, "100", "75"),
    ],
)
def test_the_price_is_that_of_the_formula(side, entry, leverage, maintenance_pct, expected):
    """Long: entry (1 - 1/L) / (1 - mm); short: entry (1 + 1/L) / (1 + mm)."""
    found = liquidation_price(side, Decimal(entry), leverage, Decimal(maintenance_pct))
    shown = None if found is None else round(found, 6)
    assert shown == (None if expected is None else Decimal(expected))


@given(
    st.sampled_from(("long", "short")),
    st.decimals("0.01", "200000", places=2),
    st.integers(1, 125),
    st.decimals("0", "50", places=2),
)
def test_at_the_liquidation_price_the_equity_is_the_maintenance(side, entry, leverage, maintenance):
    """Margin and loss of one unit leave just what the venue asks; a long paid in full has none."""
    ends = liquidation_price(side, entry, leverage, maintenance)
    if ends is None:
        assert (side, leverage) == ("long", 1)
        return
    sign = 1 if side == "long" else -1
    equity = margin(entry, leverage) + (ends - entry) * sign
    assert abs(equity - ends * maintenance / 100) < entry * Decimal("1e-24")
