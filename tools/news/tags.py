"""
Which of the desk's markets a text names, by ticker and by name.

Only plain ASCII tickers count, so a look-alike in another alphabet names nothing; a market
the desk does not trade is never tagged.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

NAMES = {
    "BTC": ("bitcoin",),
    "ETH": ("ethereum", "ether"),
    "SOL": ("solana",),
    "BNB": (),
    "XRP": ("ripple",),
    "DOGE": ("dogecoin",),
    "ADA": ("cardano",),
    "AVAX": ("avalanche",),
    "LTC": ("litecoin",),
    "DOT": ("polkadot",),
    "LINK": ("chainlink",),
}
"""What a market's coin is called in words; others are known by their ticker alone."""


def tagged(text: str, symbols: Sequence[str]) -> tuple[str, ...]:
    """The markets among `symbols` (BTC/USDT) whose base the text names, in their order."""
    return tuple(symbol for symbol in symbols if _pattern(symbol.partition("/")[0]).search(text))


@lru_cache(maxsize=256)
def _pattern(base: str) -> re.Pattern[str]:
    """Tickers in capitals only (SOL, not sol); a one-letter ticker only after a dollar sign."""
    ticker = rf"\$?{re.escape(base)}" if len(base) > 1 else rf"\${re.escape(base)}"
    names = "".join(f"|(?i:{name})" for name in NAMES.get(base, ()))
    return re.compile(rf"(?<![A-Za-z0-9])(?:{ticker}{names})(?![A-Za-z0-9])")
