"""
The breaker's rules once more, from candle files alone, as a check of the real one.

Nothing of tools/ is used: the columns of the files, plain floats and the text of the domain
reference (Circuit breaker). It knows no gap, no ticker, no missing input, and refuses by
KeyError a stretch that has one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pyarrow import parquet

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
BITCOIN, ETHER = "BTC/USDT", "ETH/USDT"
LIMITS_PCT = {
    (BITCOIN, 5): 10.0, (BITCOIN, 60): 15.0, (BITCOIN, 240): 20.0,
    (ETHER, 5): 12.0, (ETHER, 60): 15.0, (ETHER, 240): 25.0,
}  # fmt: skip
ALL_PCT, WARNING_SHARE, CALM_PCT, REGAIN_PCT, BACK_PCT = 15.0, 0.6, 5.0, 50.0, 70.0
CALM_MS, HALF_MS = 30 * MINUTE_MS, 60 * MINUTE_MS


@dataclass
class Candles:
    """One file, by the time at which each candle closed."""

    length_ms: int
    close: dict[int, float] = field(default_factory=dict)
    low: dict[int, float] = field(default_factory=dict)
    volume: dict[int, float] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, minutes: int) -> "Candles":
        """The columns of a parquet file."""
        names = ["timestamp", "close", "low", "volume"]
        columns = parquet.read_table(path, columns=names).to_pydict()
        ends = [opened + minutes * MINUTE_MS for opened in columns["timestamp"]]
        values = (dict(zip(ends, columns[name], strict=True)) for name in names[1:])
        return cls(minutes * MINUTE_MS, *values)

    def ends(self, after: int, until: int) -> range:
        """When the candles of a time closed."""
        return range(after + self.length_ms, until + 1, self.length_ms)

    def fall_pct(self, at: int, window_ms: int) -> float:
        """From the close before the window to the lowest low within it."""
        before = self.close[at - window_ms]
        return 100 * (1 - self.lowest(at - window_ms, at) / before)

    def lowest(self, after: int, until: int) -> float:
        return min(self.low[end] for end in self.ends(after, until))

    def slide_pct(self, at: int, window_ms: int) -> float:
        """The deepest fall from any close of the window to a later low."""
        ends = [at - window_ms, *self.ends(at - window_ms, at)]
        pairs = [(a, b) for i, a in enumerate(ends) for b in ends[i + 1 :]]
        return max(100 * (1 - self.low[later] / self.close[first]) for first, later in pairs)

    def volume_pct(self, at: int) -> float:
        """The last hour in percent of the mean hour of the day before it."""
        hour = sum(self.volume[end] for end in self.ends(at - HOUR_MS, at))
        day = sum(self.volume[end] for end in self.ends(at - 25 * HOUR_MS, at - HOUR_MS))
        return 100 * hour / (day / 24)


@dataclass
class Plain:
    """The states, one after the other."""

    candles: dict[str, Candles]
    volume_drop_pct: float
    status: str = "SAFE"
    since: int = 0
    tripped: set[str] = field(default_factory=set)
    before: float = 0.0
    lowest: float = 1.0

    def follow(self, times: Sequence[int]) -> list[str]:
        """The status after each time."""
        return [self._step(at) for at in times]

    def falls_pct(self, at: int) -> Iterator[tuple[str, float, float]]:
        """Every fall that can be measured, with its limit."""
        for (symbol, minutes), limit in LIMITS_PCT.items():
            one = self.candles[symbol]
            if one.length_ms <= minutes * MINUTE_MS:
                name = f"{symbol} {'5m' if minutes == 5 else f'{minutes // 60}h'} drop"
                yield name, one.fall_pct(at, minutes * MINUTE_MS), limit
        hour = [one.fall_pct(at, HOUR_MS) for one in self.candles.values()]
        yield "all markets 1h drop", min(hour), ALL_PCT

    def volume_fall_pct(self, at: int) -> float:
        return 100 - self.candles[BITCOIN].volume_pct(at)

    def _step(self, at: int) -> str:
        falls = list(self.falls_pct(at))
        tripped = {name for name, fall, limit in falls if fall >= limit}
        if self.volume_fall_pct(at) >= self.volume_drop_pct:
            tripped.add("volume")
        if tripped or self.status == "TRIGGERED":
            self._fall(at)
            if self.status != "TRIGGERED" or tripped - self.tripped:
                self.since = at
            self.status, self.tripped = "TRIGGERED", tripped
            if tripped or not self._recovered(at):
                return self.status
            self.status, self.since, self.before = "RECOVERING", at, 0.0
            self.tripped = set()
        if self.status == "RECOVERING" and at < self.since + HALF_MS:
            return self.status
        near = any(fall >= limit * WARNING_SHARE for _, fall, limit in falls)
        self.status = "WARNING" if near else "SAFE"
        return self.status

    def _fall(self, at: int) -> None:
        """The deepest fall of Bitcoin since it triggered, and the lowest price since."""
        one = self.candles[BITCOIN]
        if self.before:
            self.lowest = min(self.lowest, one.low[at])
        for minutes in (5, 60, 240):
            if one.length_ms <= minutes * MINUTE_MS:
                before = one.close[at - minutes * MINUTE_MS]
                lowest = one.lowest(at - minutes * MINUTE_MS, at)
                if not self.before or lowest / before < self.lowest / self.before:
                    self.before, self.lowest = before, lowest

    def _recovered(self, at: int) -> bool:
        bitcoin = self.candles[BITCOIN]
        window = max(CALM_MS, bitcoin.length_ms)
        slides = [self.candles[symbol].slide_pct(at, window) for symbol in (BITCOIN, ETHER)]
        fell = self.before - self.lowest
        regained = 100 * (bitcoin.close[at] - self.lowest) / fell if fell > 0 else 100.0
        return (
            at >= self.since + CALM_MS
            and max(slides) < CALM_PCT
            and bitcoin.volume_pct(at) > BACK_PCT
            and (100 * fell / self.before < CALM_PCT or regained >= REGAIN_PCT)
        )
