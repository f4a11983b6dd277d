"""
Evidence as the tools would print it, computed from a price path with plain textbook formulas.

Independent of tools/ on purpose: the rulebook must cope with any honest evidence.
Source: EMA, Wilder's RSI and ATR as in their usual definitions; ADX is left out.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.crew.models.desk_case import (
    BTC,
    INDICATORS,
    Documents,
    approved_case,
    changed,
    tabled,
)

Prices = NDArray[np.float64]
WINDOW = 1300
"""Candles needed behind each decision: 65 of the larger frame."""


def random_walk(seed: int, length: int) -> Prices:
    """Closes of 3-minute candles: calm and moving spells, up and down, without memory."""
    rng = np.random.default_rng(seed)
    drift = np.repeat(rng.normal(0, 2e-4, length // 100 + 1), 100)[:length]
    return np.asarray(60_000 * np.exp(np.cumsum(rng.normal(drift, 1.2e-3))))


def evidence_at(
    closes: Prices, end: int, rng: np.random.Generator, *, perpetual: bool = False
) -> Documents:
    """All documents of a cycle that is held after candle `end`."""
    seen = closes[end - WINDOW : end]
    frames = [_frame("3m", seen), _frame("1h", seen[::-1][::20][::-1])]
    last = float(seen[-1])
    strength = _strength(frames[0])
    signal = {"symbol": BTC, "action": _action(strength), "strength": abs(strength)}
    documents = approved_case()
    documents["get_indicators"] = tabled(*frames, columns=INDICATORS) | {"signals": tabled(signal)}
    documents["get_market_snapshot"] |= tabled(
        {
            "symbol": BTC,
            "last": f"{last:.2f}",
            "spread_pct": f"{abs(rng.normal(0.02, 0.03)):.4f}",
            "perpetual": perpetual,
            "funding_rate_pct": f"{rng.normal(0.01, 0.02):.4f}",
        }
    )
    documents["read_chart"] = tabled(_chart(seen[-120:]))
    mood = round(float(rng.uniform(-0.6, 0.6)), 2)
    return changed(changed(documents, "get_news.score", mood), "get_news/markets.score", mood)


def _ema(values: Prices, length: int) -> Prices:
    smoothed, alpha = np.empty_like(values), 2 / (length + 1)
    smoothed[0] = values[0]
    for i in range(1, len(values)):
        smoothed[i] = smoothed[i - 1] + alpha * (values[i] - smoothed[i - 1])
    return smoothed


def _frame(interval: str, closes: Prices) -> dict[str, Any]:
    macd = _ema(closes, 12) - _ema(closes, 26)
    steps = np.diff(closes)[-100:]
    gains, losses = (_ema(np.maximum(s, 0), 27)[-1] for s in (steps, -steps))
    middle, spread = closes[-20:].mean(), closes[-20:].std()
    return {
        "symbol": BTC,
        "interval": interval,
        "close": float(closes[-1]),
        "ema_20": float(_ema(closes, 20)[-1]),
        "ema_50": float(_ema(closes, 50)[-1]),
        "macd_hist": float((macd - _ema(macd, 9))[-1]),
        "rsi_14": float(100 * gains / (gains + losses)),
        "atr_pct_14": float(_ema(np.abs(steps), 27)[-1] / closes[-1] * 100 * 1.3),
        "bb_pct": float((closes[-1] - middle + 2 * spread) / (4 * spread)),
    }


def _strength(frame: dict[str, Any]) -> int:
    """Agreement of RSI, MACD, averages and Bollinger position, signed."""
    votes = (
        np.sign(frame["rsi_14"] - 50),
        np.sign(frame["macd_hist"]),
        np.sign(frame["ema_20"] - frame["ema_50"]),
        np.sign(frame["bb_pct"] - 0.5),
    )
    return int(sum(votes))


def _action(strength: int) -> str:
    return "hold" if strength == 0 else "buy" if strength > 0 else "sell"


def _chart(closes: Prices) -> dict[str, Any]:
    """Trend by regression; levels are the nearest swing highs and lows."""
    last, slope = float(closes[-1]), float(np.polyfit(np.arange(closes.size), closes, 1)[0])
    slope_pct = slope / last * 100
    inner = closes[2:-2]
    tops = inner[(inner > closes[1:-3]) & (inner > closes[3:-1]) & (inner > last)]
    lows = inner[(inner < closes[1:-3]) & (inner < closes[3:-1]) & (inner < last)]
    return {
        "symbol": BTC,
        "trend": "up" if slope_pct > 0.004 else "down" if slope_pct < -0.004 else "range",
        "slope_pct_per_bar": slope_pct,
        "support": f"{lows.max():.2f}" if lows.size else None,
        "support_touches": _touches(lows, lows.max()) if lows.size else None,
        "resistance": f"{tops.min():.2f}" if tops.size else None,
        "resistance_touches": _touches(tops, tops.min()) if tops.size else None,
    }


def _touches(swings: Prices, level: float) -> int:
    """Swings within a tenth of a percent of the level."""
    return int(np.sum(np.abs(swings / level - 1) < 0.001))
