"""
Which venues may be traded with real orders, and why the others are paper-only.

A venue stands here once its order path was proven: every fault of an order's creation, a
stop that rests at the venue, and the books afterwards. Nothing else is ever traded for real,
whatever ccxt can do with it. Importing this costs nothing; ccxt is not loaded.
"""

from records.base import Record

_NO_ACCOUNT = frozenset({"demo", "replay"})
_SPOT = frozenset({"binance", "binanceus", "coinbase", "coinbaseexchange", "kraken", "bitstamp"})


class VenueProfile(Record):
    """What the desk must know of a venue to trade there."""

    venue_id: str
    weight_per_minute: int
    """Request weight the venue allows an address in one minute."""


PROVEN = {
    "binanceusdm": VenueProfile(venue_id="binanceusdm", weight_per_minute=2400),
}


def refusal(venue_id: str) -> str | None:
    """Why no real order may go to this venue; None when one may."""
    if venue_id in PROVEN:
        return None
    return (
        f"{venue_id[:60]!r} is paper-only: {_why(venue_id)}. No order was sent. "
        f"Set mode: paper, or choose {', '.join(PROVEN)}."
    )


def _why(venue_id: str) -> str:
    if venue_id in _NO_ACCOUNT:
        return "it is no exchange and has no real account"
    if venue_id in _SPOT:
        return (
            "the desk holds no resting stop on a spot venue, and a stop held between two cycles "
            "is no protection"
        )
    return "its order path was not proven"
