"""
Draws the pictures of docs/charts.md from real candles: `uv run python -m docs.charts.draw`.

They are made as a cycle makes them: a snapshot of venue `replay`, the studio, the drawing
process. Without the candle files nothing is drawn and the committed pictures stay.
"""

import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from records.clock import FixedClock
from records.market import MarketSnapshot
from records.ports import MarketRequest
from tools.chart.studio import ChartStudio
from tools.exchange.replay import ReplayMarket

FOLDER = Path(__file__).parent
CANDLES = FOLDER.parents[1] / "../shared/data/ohlcv/binance"
SYMBOL = "BTC/USDT"
FILES = ("BTC_USDT-1h.201708-202210.parquet", "BTC_USDT-4h.201708-202210.parquet")
MOMENTS = {
    "crash": datetime(2021, 5, 19, 14, tzinfo=UTC),
    "range": datetime(2020, 7, 15, 0, tzinfo=UTC),
    "trend": datetime(2020, 11, 6, 0, tzinfo=UTC),
}
KINDS = {"": "4h", "-one-frame": None}
"""Ending of the file's name, and the larger frame beside the deciding one."""
PATIENCE_S = 60.0


def main() -> int:
    """Draw every kind of every moment; 1 when there is nothing to draw from."""
    if not CANDLES.is_dir():
        sys.stdout.write(f"no candles in {CANDLES.name}, so nothing was drawn\n")
        return 1
    for name, at in MOMENTS.items():
        seen = snapshot(at)
        for ending, larger in KINDS.items():
            target = draw(seen, larger, FOLDER / f"{name}{ending}.png")
            sys.stdout.write(f"{target.name}: {target.stat().st_size} bytes\n")
    return 0


def snapshot(at: datetime) -> MarketSnapshot:
    """The market as a desk would have seen it then."""
    market = ReplayMarket([CANDLES / name for name in FILES], FixedClock(at))
    wanted = MarketRequest(symbols=(SYMBOL,), intervals=("1h", "4h"), candles=600)
    return market.observe(wanted)


def draw(seen: MarketSnapshot, larger: str | None, target: Path) -> Path:
    """One picture, drawn to where it is kept."""
    with tempfile.TemporaryDirectory() as folder:
        studio = ChartStudio(Path(folder), seen, (SYMBOL,), "1h", larger)
        studio.start()
        shutil.copyfile(studio.finish(PATIENCE_S)[SYMBOL], target)
    return target


if __name__ == "__main__":
    sys.exit(main())
