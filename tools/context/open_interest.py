"""
Remembers open interest, so that its change over a day can be told: no venue says it.

One sample an hour at most, in base units, so that a price that moved is no change of interest.
The file is only a memory: one that is corrupt, dated in the future or of another venue is
ignored, and one that cannot be written is done without.
"""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field

from records.base import NonNegativeAmount, Record, Symbol, UtcTime
from records.context import Earlier
from records.kept_file import keep, kept_text
from records.market import MarketSnapshot
from records.strict import MAX_BYTES, read_as

DAY = timedelta(hours=24)
TOLERANCE = timedelta(hours=2)
_APART = timedelta(hours=1)
_KEPT = DAY + TOLERANCE
_MOST_MARKETS = 30


class Sample(Record):
    """What one cycle saw."""

    at: UtcTime
    open_interest: Annotated[
        Mapping[Symbol, NonNegativeAmount], Field(max_length=_MOST_MARKETS)
    ] = Field(description="Base units, by market.")


class Samples(Record):
    """What the file holds, oldest first."""

    venue: str
    samples: Annotated[tuple[Sample, ...], Field(max_length=40)] = ()


class InterestMemory:
    """The memory of one venue's open interest, in one file."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "open_interest.json"

    def before(self, snapshot: MarketSnapshot) -> Mapping[str, Earlier]:
        """By market, what was seen nearest to 24 hours ago, two hours more or less."""
        found: dict[str, Earlier] = {}
        then = snapshot.as_of - DAY
        for sample in sorted(self._known(snapshot).samples, key=lambda one: abs(one.at - then)):
            if abs(sample.at - then) <= TOLERANCE:
                for symbol, amount in sample.open_interest.items():
                    found.setdefault(symbol, Earlier(open_interest=amount, at=sample.at))
        return found

    def keep(self, snapshot: MarketSnapshot) -> None:
        """Remember this snapshot, unless the last sample is less than an hour old."""
        known = self._known(snapshot)
        seen = {
            symbol: market.open_interest
            for symbol, market in list(snapshot.markets.items())[:_MOST_MARKETS]
            if market.open_interest is not None
        }
        if not seen or (known.samples and snapshot.as_of - known.samples[-1].at < _APART):
            return
        samples = (*known.samples, Sample(at=snapshot.as_of, open_interest=seen))
        self._write(Samples(venue=snapshot.venue, samples=samples))

    def _known(self, snapshot: MarketSnapshot) -> Samples:
        """What the file holds and may be used now."""
        nothing, now = Samples(venue=snapshot.venue), snapshot.as_of
        try:
            known = read_as(Samples, kept_text(self._file, MAX_BYTES))
        except (OSError, ValueError, OverflowError):  # the last: a time beyond the year 9999
            return nothing
        times = [sample.at for sample in known.samples]
        if known.venue != snapshot.venue or times != sorted(times) or any(at > now for at in times):
            return nothing
        fresh = tuple(one for one in known.samples if now - one.at <= _KEPT)
        return Samples(venue=known.venue, samples=fresh)

    def _write(self, samples: Samples) -> None:
        text = samples.model_dump_json()
        if len(text) > MAX_BYTES:
            return
        keep(self._file, text)
