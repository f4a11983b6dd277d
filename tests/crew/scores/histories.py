"""Constructed histories whose scores are known before anything is counted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal

from records.ids import cycle_id
from records.model_calls import ModelCalls
from records.outcome import Awaited, HypotheticalTrade, LaterPrice
from records.proposal import ProposalDraft, Sizing, TradeProposal
from records.reports import ReportRow, TechnicalReport, TechnicalView
from records.verdict import RiskVerdict, VerdictDraft
from tools.ledger.ledger import Ledger

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
MARKETS = ("BTC/USDT", "ETH/USDT")
HORIZONS = (1, 4, 24)

Says = Callable[[bool], float]
"""A conviction, by whether the market will rise."""


class History:
    """A ledger that is written cycle by cycle; what comes next is known to who writes it."""

    def __init__(self, ledger: Ledger, venue: str = "demo") -> None:
        self.ledger = ledger
        self.venue = venue
        self._cycles = 0

    def cycle(self, at: datetime, *, synthetic: bool = True) -> str:
        self._cycles += 1
        name = cycle_id(at, self._cycles)
        self.ledger.cycles.begin_cycle(name, at, self.venue, "paper", synthetic, MARKETS)
        return name

    def move(self, cycle: str, at: datetime, symbol: str, change: str | None) -> None:
        """The price 100 and what came of it at every horizon; None: nobody knows."""
        for hours in HORIZONS:
            self.ledger.outcomes.book_price(
                LaterPrice(
                    cycle_id=cycle,
                    symbol=symbol,
                    at=at,
                    horizon_h=hours,
                    price=Decimal(100),
                    due_at=at + timedelta(hours=hours),
                    later=None if change is None else 100 + Decimal(change),
                    high=None,
                    low=None,
                    booked_in=cycle,
                )
            )

    def wait(self, cycle: str, at: datetime, symbol: str) -> None:
        """The price 100, whose later ones are not known yet."""
        self.ledger.outcomes.wait_for(
            [
                Awaited(
                    cycle_id=cycle,
                    symbol=symbol,
                    at=at,
                    price=Decimal(100),
                    horizon_h=hours,
                    due_at=at + timedelta(hours=hours),
                )
                for hours in HORIZONS
            ]
        )

    def view(self, cycle: str, at: datetime, agent: str, said: dict[str, float]) -> None:
        """A technical report of an agent with a task and a model of its own."""
        views = tuple(
            TechnicalView(
                symbol=symbol, bias="neutral", conviction=conviction, reasons=("A fact.",)
            )
            for symbol, conviction in said.items()
        )
        self.ledger.cycles.add_report(
            ReportRow(
                report_id=f"{cycle}-{agent}-task",
                cycle_id=cycle,
                agent=agent,
                task=f"{agent}-task",
                kind="TechnicalReport",
                created_at=at,
                report=TechnicalReport(views=views),
            )
        )
        self.calls(cycle, agent, f"{agent}-task", "TechnicalReport", f"test/{agent}")

    def calls(self, cycle: str, agent: str, task: str, answer: str, model: str) -> None:
        self.ledger.outcomes.add_calls(
            [
                ModelCalls(
                    cycle_id=cycle,
                    agent=agent,
                    task=task,
                    answer=answer,
                    model=model,
                    attempt=1,
                    calls=2,
                    prompt_tokens=100,
                    completion_tokens=10,
                    cost_usd=Decimal("0.01"),
                )
            ]
        )

    def entry(
        self, cycle: str, at: datetime, decision: Literal["veto", "approve"] | None, pct: str | None
    ) -> None:
        """A proposal of 2 units at 100, judged, and what it would have made; None: unfilled."""
        proposal = proposal_of(cycle, at)
        self.ledger.decisions.add_proposal(proposal)
        self.calls(cycle, "trader", "proposal", "TradeProposals", "test/trader")
        if decision is not None:
            self.ledger.decisions.add_verdict(verdict_of(proposal, decision))
            self.calls(cycle, "officer", "verdict", "submit_verdict", "test/officer")
        self.ledger.outcomes.book_trade(trade_of(proposal, at, pct))


@contextmanager
def a_history(home: Path) -> Iterator[History]:
    """A new ledger in a folder, to be written."""
    with Ledger(home / "ledger.db") as ledger, ledger.transaction():
        yield History(ledger)


def days(count: int) -> Iterator[datetime]:
    """So many decisions a day apart: independent at every horizon."""
    return (BEGAN + timedelta(days=number) for number in range(count))


def proposal_of(cycle: str, at: datetime) -> TradeProposal:
    return TradeProposal(
        proposal_id=f"{cycle}-p1",
        cycle_id=cycle,
        created_at=at,
        draft=ProposalDraft(
            symbol="BTC/USDT",
            action="open_long",
            stop=Decimal(98),
            take_profit=Decimal(104),
            confidence=0.75,
            thesis="Constructed.",
        ),
        sizing=Sizing(
            quantity=Decimal(2),
            reference_price=Decimal(100),
            notional=Decimal(200),
            risk_amount=Decimal(4),
            risk_pct=Decimal(1),
            reward_risk=Decimal(2),
            bound_by="risk.risk_per_trade_pct",
        ),
    )


def verdict_of(proposal: TradeProposal, decision: Literal["veto", "approve"]) -> RiskVerdict:
    return RiskVerdict(
        verdict_id=f"{proposal.cycle_id}-v1",
        cycle_id=proposal.cycle_id,
        created_at=proposal.created_at,
        draft=VerdictDraft(
            proposal_id=proposal.proposal_id,
            symbol=proposal.symbol,
            side="buy",
            decision=decision,
            max_quantity=None,
            stop=None,
            max_leverage=None,
            reasons=("Constructed.",),
        ),
    )


def trade_of(proposal: TradeProposal, at: datetime, pct: str | None) -> HypotheticalTrade:
    made = None if pct is None else Decimal(pct)
    return HypotheticalTrade(
        proposal_id=proposal.proposal_id,
        cycle_id=proposal.cycle_id,
        symbol=proposal.symbol,
        side="long",
        at=at,
        entry_price=Decimal(100),
        horizon_pct=dict.fromkeys(HORIZONS, made),
        exit_reason="unfilled" if pct is None else "horizon",
        pnl_pct=made,
        best_pct=None,
        worst_pct=None,
        booked_in=proposal.cycle_id,
        known_at=at + timedelta(hours=24),
    )
