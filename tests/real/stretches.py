"""The stretches of the market that the breaker is tried on, and the files that hold them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from crew.home import CHECKOUT
from records.interval import interval_ms

FOLDER = "../shared/data/ohlcv/binance"
SIX = ("BTC/USDT", "ETH/USDT", "SOL/USDT", "BNB/USDT", "XRP/USDT", "DOGE/USDT")
FIVE = tuple(symbol for symbol in SIX if symbol != "SOL/USDT")
HOURS, FIVES = "*-1h.20????-202210.parquet", "*-5m.202012-202107.parquet"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time of the market, as candles of one interval show it."""

    name: str
    start: str
    end: str
    symbols: tuple[str, ...]
    interval: str = "1h"
    files: str = HOURS
    triggers: bool = True
    """Whether the breaker is meant to trigger in it."""

    @property
    def step(self) -> timedelta:
        return timedelta(milliseconds=interval_ms(self.interval))

    @property
    def times(self) -> tuple[datetime, ...]:
        """Every close of a candle, at which the breaker looks."""
        start, end = datetime.fromisoformat(self.start), datetime.fromisoformat(self.end)
        return tuple(start + self.step * k for k in range((end - start) // self.step + 1))

    @property
    def intervals(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.interval, "1h", "4h")))

    def path(self, symbol: str) -> Path:
        """Its file of one market."""
        pattern = self.files.replace("*", symbol.replace("/", "_"), 1)
        (found,) = (CHECKOUT / FOLDER).glob(pattern)
        return found


STRETCHES = (
    Stretch("2020-03", "2020-03-11T12:00Z", "2020-03-16T06:00Z", FIVE),
    Stretch("2021-05", "2021-05-18T12:00Z", "2021-05-21T00:00Z", SIX),
    Stretch("2021-05-5m", "2021-05-19T00:00Z", "2021-05-20T00:00Z", SIX[:2], "5m", FIVES),
    Stretch("2022-06", "2022-06-01T00:00Z", "2022-07-01T00:00Z", SIX, triggers=False),
)
