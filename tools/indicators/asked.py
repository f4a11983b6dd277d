"""
Which markets an agent's tool call is about: some of this cycle's shortlist, no others.

A market that is not on the shortlist is refused with the list of those that are; it
is never dropped in silence and never looked up elsewhere.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field


class SymbolsArgs(BaseModel):
    """A question about some markets of the shortlist."""

    model_config = ConfigDict(extra="forbid")

    symbols: list[Annotated[str, Field(max_length=60)]] = Field(
        min_length=1, max_length=30, description="Markets on this cycle's shortlist."
    )


def refusal(symbols: Sequence[str], shortlist: Sequence[str]) -> dict[str, Any] | None:
    """What to answer when a market asked for is not on the shortlist; None when all are."""
    unknown = [symbol for symbol in symbols if symbol not in shortlist]
    if not unknown:
        return None
    known = ", ".join(shortlist) or "empty"
    message = (
        f"{', '.join(repr(symbol[:60]) for symbol in unknown[:5])} is not on this cycle's "
        f"shortlist, so nothing was read. Ask for markets of the shortlist: {known}."
    )
    return {"error": {"code": "unknown_symbol", "message": message}}
