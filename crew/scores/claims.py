"""
What each agent said, as a claim that later prices can prove right or wrong.

A conviction c from -1 to +1 is read as the probability (1 + c) / 2 that the price will be
higher: the one straight line on which -1 is certain of a fall, 0 knows nothing and +1 is
certain of a rise. A proposal's confidence q is a conviction of q its way: no proposal to buy is
read as a forecast of a fall.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from records.model_calls import ModelCalls
from records.reports import ChartReport, ReportRow, SentimentReport, TechnicalReport
from tools.ledger.judged import Closed, Proposed

UNKNOWN = "unknown"
"""Who it was, where the ledger does not tell: the cycle was killed before it said so."""


class Author(NamedTuple):
    """Which agent said it, and what it used for that."""

    agent: str
    model: str


class Forecast(NamedTuple):
    """A probability that a market rises after a cycle."""

    author: Author
    what: str
    cycle_id: str
    symbol: str
    up: float
    """Probability of a rise; 0.5 has no direction."""


class Bet(NamedTuple):
    """What came of a trade, and of whose doing it was."""

    author: Author
    what: str
    symbol: str
    at: datetime
    pct: float | None
    """After fees, percent of the entry value; None: not known, or never filled."""
    money: float | None
    """The same in the quote currency."""
    unfilled: bool = False


class Authors:
    """Who answered a task with which model; of several models, the one that was asked most."""

    def __init__(self, calls: Iterable[ModelCalls]) -> None:
        ranked = sorted(calls, key=lambda one: (one.attempt, one.calls))
        self._of_task = {(c.cycle_id, c.task, c.attempt): Author(c.agent, c.model) for c in ranked}
        self._of_answer = {(c.cycle_id, c.answer): Author(c.agent, c.model) for c in ranked}

    def of_report(self, row: ReportRow) -> Author:
        """Its agent is in the report; its id ends in the number of a second attempt."""
        again = row.report_id.removeprefix(f"{row.cycle_id}-{row.task}").removeprefix("-")
        attempt = int(again) if again.isdecimal() else 1
        found = self._of_task.get((row.cycle_id, row.task, attempt))
        return Author(row.agent, found.model if found else UNKNOWN)

    def of_answer(self, cycle_id: str, answer: str) -> Author:
        """Who gave the last answer of a kind in a cycle."""
        return self._of_answer.get((cycle_id, answer), Author(UNKNOWN, UNKNOWN))


def of_reports(rows: Iterable[ReportRow], authors: Authors) -> Iterator[Forecast]:
    """One forecast for each view of a market."""
    for row in rows:
        for what, symbol, conviction in _views(row):
            up = (1 + conviction) / 2
            yield Forecast(authors.of_report(row), what, row.cycle_id, symbol, up)


def of_proposals(entries: Iterable[Proposed], authors: Authors) -> Iterator[Forecast]:
    """One forecast for each entry that was proposed."""
    for one in entries:
        proposal = one.proposal
        yield Forecast(
            authors.of_answer(proposal.cycle_id, "TradeProposals"),
            "proposal",
            proposal.cycle_id,
            proposal.symbol,
            (1 + proposal.draft.sign * proposal.draft.confidence) / 2,
        )


def bets(entries: Iterable[Proposed], closed: Sequence[Closed], authors: Authors) -> Iterator[Bet]:
    """Every entry as proposed, the same by what was decided on it, and real trades apart."""
    for one in entries:
        cycle_id = one.proposal.cycle_id
        officer = authors.of_answer(cycle_id, "submit_verdict")
        yield _bet(one, authors.of_answer(cycle_id, "TradeProposals"), "proposed")
        if one.approved:
            yield _bet(one, officer, "approved")
        elif one.decision == "veto":
            yield _bet(one, officer, "vetoed")
        elif one.decision is not None or one.refused:
            yield _bet(one, Author("gate", "code"), "refused")
    for trade in closed:
        author = authors.of_answer(trade.cycle_id, "TradeProposals")
        pct, money = float(trade.pnl_pct), float(trade.pnl)
        yield Bet(author, "traded", trade.symbol, trade.opened_at, pct, money)


def _bet(one: Proposed, author: Author, what: str) -> Bet:
    proposal, trade = one.proposal, one.trade
    at = trade.at if trade else proposal.created_at
    pct = None if trade is None or trade.pnl_pct is None else float(trade.pnl_pct)
    assert proposal.sizing is not None and proposal.quantity is not None, "it was sized"
    value = float(proposal.quantity * proposal.sizing.reference_price)
    unfilled = trade is not None and trade.exit_reason == "unfilled"
    money = None if pct is None else pct / 100 * value
    return Bet(author, what, proposal.symbol, at, pct, money, unfilled)


def _views(row: ReportRow) -> Iterator[tuple[str, str, float]]:
    """Name, market and conviction of each view; notes say nothing that can be proved."""
    report = row.report
    if isinstance(report, TechnicalReport):
        yield from (("technical", view.symbol, view.conviction) for view in report.views)
    elif isinstance(report, SentimentReport):
        yield from (("sentiment", view.symbol, view.score) for view in report.views)
    elif isinstance(report, ChartReport):
        yield from (("chart", view.symbol, view.conviction) for view in report.views)
