"""The desk has one spelling; the venue may have another."""

import pytest

from records.errors import SettingsError
from tools.exchange.symbols import desk_symbol, venue_symbol

SPOT = {"spot": True, "linear": None}
LINEAR = {"spot": False, "linear": True}
INVERSE = {"spot": False, "linear": False}


def test_linear_contract_spelling_is_accepted_and_normalised():
    """People paste what ccxt prints."""
    assert desk_symbol("BTC/USDT:USDT") == desk_symbol("BTC/USDT") == "BTC/USDT"


@pytest.mark.parametrize(
    "spelling", ["BTCUSDT", "btc/usdt", "BTC/USD:BTC", "BTC/USDT:USDT-260327", ""]
)
def test_anything_else_is_refused_with_an_example(spelling):
    """An inverse or dated contract is a different instrument, not another spelling."""
    with pytest.raises(SettingsError, match="such as BTC/USDT"):
        desk_symbol(spelling)


@pytest.mark.parametrize(
    ("markets", "contracts_first", "expected"),
    [
        ({"BTC/USDT": SPOT, "BTC/USDT:USDT": LINEAR}, True, "BTC/USDT:USDT"),
        ({"BTC/USDT": SPOT, "BTC/USDT:USDT": LINEAR}, False, "BTC/USDT"),
        ({"BTC/USDT:USDT": LINEAR}, False, "BTC/USDT:USDT"),
        ({"BTC/USDT:USDT": INVERSE}, True, None),
        ({}, True, None),
    ],
)
def test_the_venues_default_decides_between_spot_and_contract(markets, contracts_first, expected):
    """A perpetual venue trades its linear contract; nothing inverse is ever picked."""
    assert venue_symbol("BTC/USDT", markets, contracts_first=contracts_first) == expected
