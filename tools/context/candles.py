"""
What the candles of one interval say of the market as a whole.

A series that is missing or no longer of now has no say, and what cannot be computed names
the reason. A gap inside a series is left as it is: only volatility leaves it out.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from records.candles import CandleSeries
from records.clock import epoch_ms
from records.context import BtcTrend, Label, MarketTrend, Reading, Regime, Volatility
from records.interval import interval_ms
from tools.context import bitcoin, regime
from tools.context.telling import Teller
from tools.context.venue import Venue
from tools.indicators.volatility import LENGTH as WINDOW

LATEST = 2
"""So many candles may be missing at the end of a series that still speaks of now."""


@dataclass(frozen=True)
class Candles:
    """The candles of one interval, of Bitcoin and of the desk's markets."""

    venue: Venue
    frame: str

    @property
    def trend(self) -> Label[BtcTrend]:
        """Bitcoin's, as `bitcoin.trend` defines it."""
        return self._teller(self._btc).label("btc_trend", self._trend, self._why(bitcoin.SLOW + 1))

    @property
    def strength(self) -> Reading:
        """How straight Bitcoin's last 50 bars went, -1 to 1."""
        value = None if self._btc is None else bitcoin.strength(self._btc)
        return self._teller(self._btc).reading(
            "btc_trend_strength", value, "ratio", why_not=self._why(bitcoin.SLOW + 1)
        )

    @property
    def breadth(self) -> Reading:
        """Share of the desk's markets above their EMA 50."""
        known = sum(above is not None for above in self._above)
        said = f"of {known} of {len(self._above)} markets"
        return self._teller(*self._counted).reading(
            "breadth",
            self._breadth,
            "percent",
            why_not=f"{said} alone there are enough recent {self.frame} candles",
            finding=None if known == len(self._above) else said,
        )

    @property
    def market_trend(self) -> Label[MarketTrend]:
        """The desk's markets together, as `regime.market_trend` defines it."""
        word = regime.market_trend(self._breadth, self.venue.changes_24h())
        return self._teller(*self._counted).label(
            "market_trend", word, "breadth or the change of a day is missing"
        )

    def regime(self, fear_greed: Reading) -> Label[Regime]:
        """Risk on or off, as `regime.regime` defines it."""
        index = None if fear_greed.value is None else float(fear_greed.value)
        cast = regime.votes(self._trend, self._breadth, index)
        split = ", ".join(f"{vote:+d}" if vote else "0" for vote in cast)
        why = f"its votes are even ({split})" if cast else "nothing that votes on it is known"
        used = (
            *((self._btc,) if self._trend else ()),
            *(self._counted if self._breadth is not None else ()),
        )
        teller = self._teller(*used, without_candles=fear_greed.at)
        return teller.label("market_regime", regime.regime(cast), why)

    @property
    def volatility_level(self) -> Label[Volatility]:
        """Bitcoin's against its own past, as `bitcoin.wildness` defines it."""
        word = None if self._wildness is None else self._wildness[0]
        return self._teller(self._btc).label("volatility_level", word, self._why_not_wild)

    @property
    def volatility(self) -> Reading:
        """Bitcoin's realised volatility, percent a year."""
        value = None if self._wildness is None else self._wildness[1]
        return self._teller(self._btc).reading(
            "btc_volatility", value, "percent_per_year", why_not=self._why_not_wild
        )

    @cached_property
    def _btc(self) -> CandleSeries | None:
        market = self.venue.major("BTC")
        return None if market is None else self._recent(market.frames.get(self.frame))

    @cached_property
    def _all(self) -> tuple[CandleSeries | None, ...]:
        frames = {market.symbol: market.frames.get(self.frame) for market in self.venue.markets()}
        return tuple(self._recent(frames.get(symbol)) for symbol in self.venue.symbols)

    @cached_property
    def _above(self) -> tuple[bool | None, ...]:
        return tuple(None if one is None else bitcoin.is_above_average(one) for one in self._all)

    @property
    def _counted(self) -> tuple[CandleSeries | None, ...]:
        """The markets that have a say in breadth."""
        sides = zip(self._all, self._above, strict=True)
        return tuple(one for one, above in sides if above is not None)

    @cached_property
    def _trend(self) -> BtcTrend | None:
        return None if self._btc is None else bitcoin.trend(self._btc)

    @cached_property
    def _breadth(self) -> float | None:
        return regime.breadth_pct(self._above)

    @cached_property
    def _wildness(self) -> tuple[Volatility, float, float] | None:
        return None if self._btc is None else bitcoin.wildness(self._btc)

    def _teller(
        self, *used: CandleSeries | None, without_candles: datetime | None = None
    ) -> Teller:
        """Of the oldest close of those used."""
        snapshot = self.venue.snapshot
        closes = (one.closes_at for one in used if one is not None)
        at = min(closes, default=without_candles or snapshot.as_of)
        return Teller(f"{snapshot.venue} {self.frame} candles", at, snapshot.as_of)

    def _recent(self, series: CandleSeries | None) -> CandleSeries | None:
        """The series, when its newest candle is of now."""
        if series is None or not len(series):
            return None
        now_ms = epoch_ms(self.venue.snapshot.as_of)
        late_ms = now_ms - int(series.open_time_ms[-1])
        return series if late_ms <= (LATEST + 1) * interval_ms(series.interval) else None

    @property
    def _why_not_wild(self) -> str:
        return self._why(bitcoin.FEWEST_WINDOWS + WINDOW)

    def _why(self, needed: int) -> str:
        """Why Bitcoin's candles give no answer."""
        if self._btc is None:
            return f"there are no recent {self.frame} candles of BTC"
        return f"{len(self._btc)} {self.frame} candles are too few or have gaps ({needed} needed)"
