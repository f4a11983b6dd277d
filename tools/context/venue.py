"""
What the venue itself says of the market: prices, a day's change, funding, open interest.

Taken from the snapshot alone. Extremes are over the desk's own markets.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Literal

from records.clock import epoch_ms
from records.context import Earlier, Reading
from records.market import MarketSnapshot, SymbolMarket
from tools.context.telling import Teller
from tools.exchange.views import last_day

Major = Literal["BTC", "ETH"]


@dataclass(frozen=True, slots=True)
class Venue:
    """One snapshot, looked at as a whole."""

    snapshot: MarketSnapshot
    symbols: tuple[str, ...]

    def major(self, base: Major) -> SymbolMarket | None:
        """The market of this coin: one of the desk's, else the first there is."""
        names = (*self.symbols, *self.snapshot.markets)
        found = (name for name in names if name.startswith(f"{base}/"))
        return next((self.snapshot.markets[n] for n in found if n in self.snapshot.markets), None)

    def price(self, base: Major) -> Reading:
        """The last price, in the quote currency of the market it names."""
        market, name = self.major(base), f"{base.lower()}_price"
        if market is None:
            return self._silent(f"{base} is not among the markets seen").reading(
                name, None, "quote"
            )
        teller = Teller(f"{self.snapshot.venue} ticker", market.ticker.at, self.snapshot.as_of)
        return teller.reading(name, market.ticker.last, "quote", of=market.symbol)

    def change_24h(self, base: Major) -> Reading:
        """The last price against that of 24 hours ago; missing where candles do not reach back."""
        market, name = self.major(base), f"{base.lower()}_change_24h"
        if market is None:
            return self._silent(f"{base} is not among the markets seen").reading(
                name, None, "percent"
            )
        teller = Teller(f"{self.snapshot.venue} ticker", market.ticker.at, self.snapshot.as_of)
        return teller.reading(
            name,
            self._day(market),
            "percent",
            of=market.symbol,
            why_not="no candles of an hour or less reach back 24 h",
        )

    def changes_24h(self) -> tuple[float, ...]:
        """The change of each of the desk's markets, in percent, where it is known."""
        days = (self._day(market) for market in self.markets())
        return tuple(change for change in days if change is not None)

    def funding(self, which: Literal["highest", "lowest"]) -> Reading:
        """
        The extreme funding rate, in percent for each funding interval of that market.

        The snapshot does not say how long the interval is, so it is not scaled to 8 hours.
        """
        rates = {
            market.symbol: market.funding_rate_pct
            for market in self.markets()
            if market.funding_rate_pct is not None
        }
        of = _extreme(rates, largest=which == "highest")
        return self._silent(
            "the venue names no funding rate of these markets", what="funding"
        ).reading(f"funding_{which}", rates[of] if of else None, "percent_per_interval", of=of)

    def btc_open_interest(self) -> Reading:
        """Bitcoin's open contracts at the last price, in the quote currency."""
        market = self.major("BTC")
        held = market.open_interest if market is not None else None
        value = None if held is None or market is None else held * market.ticker.last
        return self._silent(
            "the venue names no open interest of BTC", what="open interest"
        ).reading(
            "btc_open_interest",
            value if value is None else value.quantize(Decimal(1)),
            "quote",
            of=market.symbol if market is not None else None,
        )

    def open_interest_change(
        self, which: Literal["rise", "fall"], before: Mapping[str, Earlier]
    ) -> Reading:
        """
        The largest change of open interest over about a day, up or down, in percent.

        In base units, against what this desk itself remembers; missing until it does.
        """
        changes = dict(self._interest_changes(before))
        of = _extreme(changes, largest=which == "rise")
        return self._silent("not remembered from 24 h ago", what="open interest").reading(
            f"open_interest_{which}_24h",
            changes[of] if of else None,
            "percent",
            of=of,
            finding=self._not_a_day(before[of]) if of else None,
        )

    def markets(self) -> Iterator[SymbolMarket]:
        """The desk's markets that were seen, in its order."""
        for symbol in self.symbols:
            if symbol in self.snapshot.markets:
                yield self.snapshot.markets[symbol]

    def _interest_changes(self, before: Mapping[str, Earlier]) -> Iterator[tuple[str, Decimal]]:
        for market in self.markets():
            earlier, now = before.get(market.symbol), market.open_interest
            if earlier is not None and now is not None and earlier.open_interest > 0:
                change = (now / earlier.open_interest - 1) * 100
                yield market.symbol, change.quantize(Decimal("0.01"))

    def _not_a_day(self, earlier: Earlier) -> str | None:
        """What to say of a change that is not quite one of 24 hours."""
        hours = (self.snapshot.as_of - earlier.at) / timedelta(hours=1)
        return None if abs(hours - 24) <= 1 else f"within {hours:.1f} h"

    def _day(self, market: SymbolMarket) -> float | None:
        return last_day(market, epoch_ms(self.snapshot.as_of))[0]

    def _silent(self, why_not: str, *, what: str = "ticker") -> Teller:
        as_of = self.snapshot.as_of
        return Teller(f"{self.snapshot.venue} {what}", as_of, as_of, why_not)


def _extreme(values: Mapping[str, Decimal], *, largest: bool) -> str | None:
    """The market with the largest or smallest value, the first of equals; None: there is none."""
    pick = max if largest else min
    return pick(values, key=lambda symbol: values[symbol], default=None)
