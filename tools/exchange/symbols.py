"""
How a market is spelt: BTC/USDT inside the desk, whatever the venue likes outside it.

A perpetual venue's linear contract (BTC/USDT:USDT) and its spot market share one name
here; which of the two is traded follows from the venue's own default. Inverse contracts,
futures with an expiry and options are never chosen.
"""

import re
from collections.abc import Mapping
from typing import Any

from records.errors import SettingsError

_SPELLING = re.compile(r"([A-Z0-9]{1,20})/([A-Z0-9]{1,20})(?::([A-Z0-9]{1,20}))?")


def desk_symbol(spelling: str) -> str:
    """The desk's name of a market; ccxt's spelling of a linear contract is accepted too."""
    match = _SPELLING.fullmatch(spelling)
    if match is None or match[3] not in (None, match[2]):
        raise SettingsError(
            f"{spelling[:60]!r} is not a market the desk can trade. "
            "Write base/quote, such as BTC/USDT."
        )
    return f"{match[1]}/{match[2]}"


def quote_of(symbol: str) -> str:
    """The currency a market is priced in."""
    return symbol.partition("/")[2]


def venue_symbol(symbol: str, markets: Mapping[str, Any], *, contracts_first: bool) -> str | None:
    """The venue's own spelling of a market, or None when it does not list it."""
    spellings = [symbol, f"{symbol}:{quote_of(symbol)}"]
    for spelling in reversed(spellings) if contracts_first else spellings:
        market = markets.get(spelling)
        if market is not None and (market.get("spot") or market.get("linear")):
            return spelling
    return None
