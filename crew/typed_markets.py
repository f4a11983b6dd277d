"""Markets as people type them."""

from collections.abc import Collection


def meant(typed: str, known: Collection[str], currency: str | None = None) -> list[str]:
    """Known markets that `typed` may stand for: BTC/USDT, BTC/USDT:USDT and btcusdt are one."""
    name = typed.strip().upper()
    return sorted(
        market
        for market in known
        if name
        in (
            market,
            f"{market}:{currency or market.rpartition('/')[2]}",
            market.replace("/", ""),
        )
    )
