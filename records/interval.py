"""Lengths of candle intervals."""

from functools import lru_cache

from records.errors import SettingsError

_UNIT_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}


@lru_cache(maxsize=64)
def interval_ms(interval: str) -> int:
    """Length of an interval such as 3m, 1h, 4h, 1d in milliseconds."""
    number, unit = interval[:-1], interval[-1:]
    if not (number.isascii() and number.isdigit() and len(number) < 5 and unit in _UNIT_MS):
        raise SettingsError(f"{interval!r} is not a candle interval. Write 3m, 1h, 4h or 1d.")
    if int(number) == 0:
        raise SettingsError(f"{interval!r} is not a candle interval. Write 3m, 1h, 4h or 1d.")
    return int(number) * _UNIT_MS[unit]
