"""The twenty markets of the demo venue: plausible sizes and rules, none of them real."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from records.market import SymbolRules
from tools.exchange.cascade import Character


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """
    One synthetic market and what its orders must look like.

    Volumes are counted in quanta of base units, a power of two, so that any sum of them
    is exact in binary. Open interest is that of an ordinary day, in base units.
    """

    symbol: str
    usual_price: float
    daily_move: float
    price_decimals: int
    lot: str
    min_notional: int
    quantum: float
    daily_volume: int
    spread_bps: str
    open_interest: int

    @property
    def tick(self) -> Decimal:
        return Decimal(1).scaleb(-self.price_decimals)

    @property
    def step(self) -> Decimal:
        return Decimal(self.lot)

    @property
    def character(self) -> Character:
        return Character(
            self.symbol, self.usual_price, self.daily_move, int(self.daily_volume / self.quantum)
        )

    @property
    def rules(self) -> SymbolRules:
        return SymbolRules(
            tick=self.tick,
            step=self.step,
            min_quantity=self.step,
            min_notional=Decimal(self.min_notional),
            perpetual=True,
            max_leverage=20,
            maintenance_pct=Decimal("0.5"),
        )


_BTC = Listing(
    symbol="BTC/USDT",
    usual_price=65_000,
    daily_move=0.032,
    price_decimals=1,
    lot="0.00001",
    min_notional=10,
    quantum=2**-6,
    daily_volume=25_000,
    spread_bps="0.4",
    open_interest=80_000,
)
_ETH = Listing(
    symbol="ETH/USDT",
    usual_price=3_000,
    daily_move=0.040,
    price_decimals=2,
    lot="0.0001",
    min_notional=10,
    quantum=2**-3,
    daily_volume=400_000,
    spread_bps="0.6",
    open_interest=1_500_000,
)
_SOL = Listing(
    symbol="SOL/USDT",
    usual_price=150,
    daily_move=0.052,
    price_decimals=2,
    lot="0.001",
    min_notional=5,
    quantum=2**-2,
    daily_volume=4_000_000,
    spread_bps="1.4",
    open_interest=9_000_000,
)
_BNB = Listing(
    symbol="BNB/USDT",
    usual_price=600,
    daily_move=0.036,
    price_decimals=2,
    lot="0.001",
    min_notional=5,
    quantum=2**-4,
    daily_volume=300_000,
    spread_bps="1",
    open_interest=600_000,
)
_XRP = Listing(
    symbol="XRP/USDT",
    usual_price=1.2,
    daily_move=0.048,
    price_decimals=4,
    lot="0.1",
    min_notional=5,
    quantum=1,
    daily_volume=300_000_000,
    spread_bps="2",
    open_interest=500_000_000,
)
_DOGE = Listing(
    symbol="DOGE/USDT",
    usual_price=0.18,
    daily_move=0.055,
    price_decimals=5,
    lot="1",
    min_notional=5,
    quantum=1,
    daily_volume=2_000_000_000,
    spread_bps="2",
    open_interest=3_000_000_000,
)

_SMALLER = (
    # base, usual price, daily move, decimals, lot, daily volume
    ("ADA", 0.75, 0.050, 4, "1", 300_000_000),
    ("AVAX", 28, 0.052, 2, "0.1", 6_000_000),
    ("LINK", 16, 0.051, 3, "0.1", 12_000_000),
    ("DOT", 5.2, 0.049, 3, "0.1", 30_000_000),
    ("LTC", 95, 0.043, 2, "0.001", 2_000_000),
    ("BCH", 430, 0.045, 1, "0.001", 300_000),
    ("ATOM", 6.1, 0.050, 3, "0.1", 20_000_000),
    ("UNI", 9.5, 0.056, 3, "0.1", 10_000_000),
    ("NEAR", 4.2, 0.057, 3, "0.1", 40_000_000),
    ("FIL", 4.8, 0.054, 3, "0.1", 25_000_000),
    ("APT", 8.3, 0.055, 3, "0.1", 12_000_000),
    ("ARB", 0.62, 0.057, 4, "1", 250_000_000),
    ("OP", 1.4, 0.058, 4, "0.1", 120_000_000),
    ("SUI", 2.6, 0.060, 4, "0.1", 90_000_000),
)


def _smaller(base: str, price: float, move: float, decimals: int, lot: str, volume: int) -> Listing:
    return Listing(
        symbol=f"{base}/USDT",
        usual_price=price,
        daily_move=move,
        price_decimals=decimals,
        lot=lot,
        min_notional=5,
        quantum=2**-4 if volume < 1_000_000 else 1,
        daily_volume=volume,
        spread_bps="2.5",
        open_interest=volume // 2,
    )


LISTINGS: Mapping[str, Listing] = MappingProxyType(
    {
        one.symbol: one
        for one in (
            *(_BTC, _ETH, _SOL, _BNB, _XRP, _DOGE),
            *(_smaller(*row) for row in _SMALLER),
        )
    }
)
