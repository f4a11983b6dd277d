"""
What later tasks read of an answer: the markets they are about, in as few words as will do.

The ledger keeps every answer whole. A model that judges two proposals has no use for the
views on four other markets, and pays for every word of them.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from records.proposal import Size, SizedProposal, Sizing, TradeProposal
from records.reports import ChartReport, SentimentReport, TechnicalReport
from records.table import answer, table
from records.verdict import VerdictReport

Report = TechnicalReport | SentimentReport | ChartReport

_COLUMNS: Mapping[type[Report], Sequence[str]] = {
    TechnicalReport: ("symbol", "bias", "conviction", "reasons"),
    SentimentReport: ("symbol", "mood", "score", "confidence", "reasons"),
    ChartReport: ("symbol", "trend", "support", "resistance", "conviction", "reasons"),
}
_MOST_REASONS = 2
_LONGEST_REASON = 100


def handed_on(given: BaseModel, markets: Collection[str]) -> str:
    """One answer of the crew, cut down to these markets."""
    if isinstance(given, Report):
        return answer(_views(given, markets))
    if isinstance(given, VerdictReport):
        given = VerdictReport(outcomes=tuple(one for one in given.outcomes if one.approval_id))
    return given.model_dump_json(exclude_none=True)


def proposals_handed_on(proposals: Sequence[TradeProposal], markets: Collection[str]) -> str:
    """The proposals of these markets, without what only the ledger needs."""
    kept = (one for one in proposals if one.symbol in markets)
    inner = ",".join(_proposal(one) for one in kept)
    return f'{{"proposals":[{inner}]}}'


def _proposal(proposal: TradeProposal) -> str:
    shown = SizedProposal(
        proposal_id=proposal.proposal_id,
        draft=proposal.draft,
        sizing=_size(proposal.sizing) if proposal.sizing else None,
    )
    return shown.model_dump_json(exclude_none=True, exclude_defaults=True)


def _size(sizing: Sizing) -> Size:
    return Size(**{name: getattr(sizing, name) for name in Size.model_fields})


def _views(report: Report, markets: Collection[str]) -> dict[str, Any]:
    columns = _COLUMNS[type(report)]
    rows = [
        [_cell(getattr(view, column)) for column in columns]
        for view in report.views
        if view.symbol in markets
    ]
    read_from = {"read_from": report.read_from} if isinstance(report, ChartReport) else {}
    return {**read_from, **table(columns, rows)}


def _cell(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_shortened(reason) for reason in value[:_MOST_REASONS]]
    return value


def _shortened(reason: str) -> str:
    if len(reason) <= _LONGEST_REASON:
        return reason
    return reason[: _LONGEST_REASON - 1] + "…"
