"""Which cycles there are to read, newest first: by time, market, outcome or reason of a veto."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from crew.visible import folded
from records.cycle import CycleRecord, Outcome
from tools.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Sought:
    """What a cycle must have to be listed; None asks for nothing."""

    since: datetime | None = None
    until: datetime | None = None
    symbol: str | None = None
    outcome: Outcome | None = None
    veto: str | None = None
    """Words in the reason of a veto or refusal, in any case."""

    def fits(self, record: CycleRecord) -> bool:
        """Whether a cycle within the times and of the outcome has the rest."""
        about = self.symbol is None or self.symbol.upper() in _markets(record)
        words = (self.veto or "").casefold()
        return about and (not words or any(words in one.casefold() for one in turned_down(record)))


def found(ledger: Ledger, sought: Sought, limit: int) -> tuple[CycleRecord, ...]:
    """At most so many cycles that ended, the newest first."""
    ended = ledger.cycles.newest_first(
        since=sought.since, until=sought.until, outcome=sought.outcome
    )
    return tuple(islice(filter(sought.fits, ended), limit))


def turned_down(record: CycleRecord) -> Iterator[str]:
    """Every reason for which something was vetoed or refused in a cycle."""
    for verdict in record.verdicts:
        if verdict.draft.decision == "veto":
            yield from verdict.draft.reasons
    for refusal in record.refusals:
        yield f"{refusal.code}: {refusal.message}"
        yield from (f"{breach.limit}: {breach.message}" for breach in refusal.breaches)


def line(record: CycleRecord, fault: str | None = None) -> str:
    """One cycle in a line; with a fault, where its transcript was edited or cut."""
    reason = f" ({record.hold_reason})" if record.hold_reason else ""
    about = ", ".join(record.shortlist) or "nothing shortlisted"
    damaged = f"  DAMAGED: {fault}" if fault else ""
    what = folded(record.message, 120)
    return f"{record.cycle_id}  {record.outcome.upper()}{reason}  {about}: {what}{damaged}"


def document(record: CycleRecord) -> dict[str, Any]:
    """The same for a program."""
    return {
        "cycle_id": record.cycle_id,
        "started_at": record.started_at,
        "outcome": record.outcome,
        "reason": record.hold_reason,
        "message": record.message,
        "symbols": sorted(_markets(record)),
        "turned_down": list(turned_down(record)),
        "model_calls": record.model.calls,
        "cost_usd": record.model.cost_usd,
        "transcript_lines": record.transcript.lines if record.transcript else None,
    }


def _markets(record: CycleRecord) -> frozenset[str]:
    """Markets the crew was asked about, or in which something was ordered or closed."""
    return frozenset(
        (
            *record.shortlist,
            *(proposal.symbol for proposal in record.proposals),
            *(order.intent.symbol for order in record.orders),
            *(trade.symbol for trade in record.trades),
        )
    )
