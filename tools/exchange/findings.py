"""What is odd about a frame of candles, in words; it judges nothing and repairs nothing."""

from datetime import timedelta

import numpy as np

from records.candles import CandleSeries, interval_ms

_STALE_AFTER_INTERVALS = 2


def frame_findings(series: CandleSeries, wanted: int) -> list[str]:
    """Too few candles, gaps and candles without trade."""
    name, found = series.interval, []
    if len(series) < wanted:
        found.append(f"{name}: {len(series)} closed candles, {wanted} were asked for")
    steps = np.diff(series.open_time_ms) // interval_ms(name)
    if (gaps := steps[steps > 1]).size:
        missing, longest = int((gaps - 1).sum()), int(gaps.max() - 1)
        found.append(
            f"{name}: {missing} candles missing in {gaps.size} gaps, at most {longest} in a row"
        )
    if empty := int((series.volume == 0).sum()):
        found.append(f"{name}: {empty} candles without trade")
    return found


def stale_finding(series: CandleSeries, now_ms: int) -> str | None:
    """Set when the newest candle closed more than two intervals ago."""
    length = interval_ms(series.interval)
    age_ms = now_ms - (int(series.open_time_ms[-1]) + length) if len(series) else None
    if age_ms is None:
        return f"{series.interval}: no closed candle yet"
    if age_ms <= _STALE_AFTER_INTERVALS * length:
        return None
    return f"{series.interval}: the last candle closed {timedelta(milliseconds=age_ms)} ago"
