"""
One proposal before the risk officer, with all the evidence about it in one place.

What was asked for and could not be read is named in `gaps`; the rules veto on a gap
rather than judge half the evidence.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal as D

from crew.models.rules_figures import Frame, Row, frames_for, row_for, rows
from crew.models.rules_prompt import Prompt
from crew.models.rules_reports import Views, views_of
from crew.models.rules_temperament import Temperament
from records.proposal import SizedProposal

_NEEDED = ("get_circuit_breaker", "get_limits", "get_market_snapshot")
_WELCOME = ("get_indicators", "read_chart", "get_portfolio", "recall_lessons", "get_news")


@dataclass(frozen=True, slots=True)
class Room:
    """What may still be opened; it shrinks with every approval of the same answer."""

    positions_left: D | None
    exposure_left: D | None


@dataclass(frozen=True, slots=True)
class Case:
    """An opening to be judged. `sign` is 1 for a long and -1 for a short."""

    proposal: SizedProposal
    temperament: Temperament
    sign: int
    price: D | None
    quantity: D | None
    market: Row
    frames: list[Frame]
    views: Views
    chart: Row
    held: Row
    breaker: Row
    breaker_rows: list[Row]
    halted: bool | None
    limits: Row
    room: Room
    lessons: Row
    """The base rate of like situations; what was not entered proves less and is not used."""
    gaps: tuple[str, ...]

    @property
    def stop_distance_pct(self) -> D | None:
        """Distance of the stop on the losing side, percent of the price; negative: wrong side."""
        stop = self.proposal.draft.stop
        if stop is None or self.price is None:
            return None
        return (self.price - stop) * self.sign / self.price * 100

    @property
    def reward_risk(self) -> D | None:
        """As the desk computed it, else from the draft's own prices."""
        sizing, target = self.proposal.sizing, self.proposal.draft.take_profit
        if sizing is not None and sizing.reward_risk is not None:
            return sizing.reward_risk
        risk_pct = self.stop_distance_pct
        if target is None or self.price is None or risk_pct is None or risk_pct <= 0:
            return None
        return (target - self.price) * self.sign / self.price * 100 / risk_pct


def room_of(prompt: Prompt) -> Room:
    """Room under the desk's limits before anything is approved."""
    room = next((row for row in _inner(prompt, "room")), Row())
    return Room(room.number("positions_left"), room.number("exposure_left"))


def case_of(prompt: Prompt, proposal: SizedProposal, room: Room, temperament: Temperament) -> Case:
    """Gather everything this request says about one proposal."""
    symbol, views = proposal.symbol, views_of(prompt, proposal.symbol)
    market = row_for(prompt.tool("get_market_snapshot"), symbol)
    breaker = prompt.tool("get_circuit_breaker")
    reference = proposal.sizing.reference_price if proposal.sizing else market.number("last")
    return Case(
        proposal=proposal,
        temperament=temperament,
        sign=-1 if proposal.draft.action == "open_short" else 1,
        price=reference if reference is not None and reference > 0 else None,
        quantity=_quantity(proposal),
        market=market,
        frames=frames_for(prompt, symbol),
        views=views,
        chart=row_for(prompt.tool("read_chart"), symbol),
        held=row_for(prompt.tool("get_portfolio"), symbol),
        breaker=next((Row(document) for document in breaker.documents), Row()),
        breaker_rows=rows(breaker),
        halted=_halted(prompt),
        limits=next((row for row in _inner(prompt, "limits")), Row()),
        room=room,
        lessons=row_for(prompt.tool("recall_lessons"), symbol),
        gaps=tuple(_gaps(prompt, views)),
    )


def _inner(prompt: Prompt, name: str) -> Iterator[Row]:
    for document in prompt.tool("get_limits").documents:
        if isinstance(inner := document.get(name), dict):
            yield Row(inner)


def _halted(prompt: Prompt) -> bool | None:
    """What `get_limits` says of a halt; None when it does not plainly say."""
    said = [document.get("halted") for document in prompt.tool("get_limits").documents]
    return said[0] if said and isinstance(said[0], bool) else None


def _quantity(proposal: SizedProposal) -> D | None:
    """The smaller of what is asked for and what the desk's own sizing allows."""
    asked = proposal.draft.quantity
    allowed = proposal.sizing.quantity if proposal.sizing else None
    known = [quantity for quantity in (asked, allowed) if quantity is not None]
    return min(known, default=None)


def _gaps(prompt: Prompt, views: Views) -> Iterator[str]:
    yield from (name for name in _NEEDED if not prompt.tool(name).documents)
    yield from (name for name in _WELCOME if prompt.tool(name).unusable)
    if views.technical is None:
        yield "report technical"
    if views.sentiment is None and prompt.report("sentiment").asked:
        yield "report sentiment"
    if views.chart is None and prompt.report("chart").asked:
        yield "report chart"
