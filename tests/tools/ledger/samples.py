"""One of every record, linked as a real cycle links them; amounts with awkward digits."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from records.arming import Arming
from records.breaker import BreakerReading, BreakerState
from records.candles import CandleSeries
from records.cycle import CycleRecord, Event, ModelUse, Reports, TranscriptSeal
from records.lesson import Lesson
from records.market import MarketSnapshot, OrderBook, SymbolMarket, SymbolRules, Ticker
from records.model_calls import ModelCalls
from records.order import (
    AccountState,
    Fill,
    FundingPayment,
    Order,
    OrderIntent,
    Position,
    PositionMark,
    Trade,
)
from records.outcome import Awaited, HypotheticalTrade, LaterPrice
from records.ports import PaperBooks, PaperOrder
from records.proposal import Fact, ProposalDraft, Sizing, TradeProposal
from records.reports import (
    ReportRow,
    SentimentReport,
    SentimentView,
    TechnicalReport,
    TechnicalView,
)
from records.skipped import Skipped
from records.verdict import Approval, Breach, Refusal, RiskVerdict, VerdictDraft
from tools.ledger.ledger import Ledger

NOW = datetime(2025, 3, 3, 11, 30, 0, 123457, tzinfo=UTC)
CYCLE = "20250303T113000Z-0001"
TINY = Decimal("0.1000000000000000001")
LONG = Decimal("123456789012345.678901234567890")
BTC = "BTC/USDT"


def proposal(number: int = 1, cycle_id: str = CYCLE) -> TradeProposal:
    draft = ProposalDraft(
        symbol=BTC,
        action="open_long",
        quantity=TINY,
        stop=LONG,
        take_profit=Decimal("1.10"),
        confidence=0.1 + 0.2,
        thesis="Higher lows; {account} is only text here.",
        facts=(Fact(name="rsi_14@3m", value=Decimal("-0.000000000000000000000000000001")),),
    )
    sizing = Sizing(
        quantity=TINY,
        reference_price=LONG,
        notional=Decimal("0"),
        risk_amount=Decimal("0.00"),
        risk_pct=Decimal("1.50"),
        reward_risk=None,
        bound_by="risk_per_trade_pct",
    )
    return TradeProposal(
        proposal_id=f"{cycle_id}-p{number}",
        cycle_id=cycle_id,
        created_at=NOW,
        draft=draft,
        sizing=sizing,
    )


def verdict(number: int = 1, decision: str = "approve", **changes: Any) -> RiskVerdict:
    draft = VerdictDraft(
        proposal_id=f"{CYCLE}-p{number}",
        symbol=BTC,
        side="buy",
        decision=decision,
        max_quantity=TINY,
        stop=None,
        max_leverage=None,
        reasons=("Exposure 0 % of 40 %.",),
    )
    values = {"verdict_id": f"{CYCLE}-v{number}", "cycle_id": CYCLE, "created_at": NOW}
    return RiskVerdict.model_validate(values | {"draft": draft} | changes)


def approval(number: int = 1, **changes: Any) -> Approval:
    values = {
        "approval_id": f"{CYCLE}-a{number}",
        "cycle_id": CYCLE,
        "proposal_id": f"{CYCLE}-p{number}",
        "verdict_id": f"{CYCLE}-v{number}",
        "created_at": NOW,
        "expires_at": NOW + timedelta(seconds=120),
        "symbol": BTC,
        "action": "open_long",
        "side": "buy",
        "entry": "market",
        "quantity": TINY,
        "price_low": Decimal("99.10"),
        "price_high": LONG,
        "limit_price": None,
        "stop": Decimal("95"),
        "take_profit": None,
        "leverage": 1,
        "reduce_only": False,
    }
    return Approval.model_validate(values | changes)


def intent(number: int = 1, **changes: Any) -> OrderIntent:
    values = {
        "intent_id": f"{CYCLE}-i{number}",
        "cycle_id": CYCLE,
        "approval_id": f"{CYCLE}-a{number}",
        "client_order_id": f"{CYCLE}-o{number}",
        "created_at": NOW,
        "symbol": BTC,
        "side": "buy",
        "role": "entry",
        "kind": "market",
        "quantity": TINY,
        "limit_price": LONG,
    }
    return OrderIntent.model_validate(values | changes)


def with_stop(number: int = 1, **changes: Any) -> list[OrderIntent]:
    """An entry and the stop that has to come with it."""
    entry = intent(number, **changes)
    return [entry, stop(number + 100, approval_id=entry.approval_id, quantity=entry.quantity)]


def funding_payment() -> FundingPayment:
    return FundingPayment(payment_id=f"{BTC}-1", symbol=BTC, amount=TINY, at=NOW)


def arming(number: int = 1, **changes: Any) -> Arming:
    values = {
        "arming_id": f"arm-{number}",
        "venue": "binanceusdm",
        "armed_at": NOW,
        "expires_at": NOW + timedelta(days=7),
        "max_notional": LONG,
        "max_daily_loss": TINY,
        "armed_by": "operator",
    }
    return Arming.model_validate(values | changes)


def stop(number: int = 1, **changes: Any) -> OrderIntent:
    protective = {
        "approval_id": None,
        "side": "sell",
        "role": "stop",
        "kind": "stop_market",
        "limit_price": None,
        "trigger_price": Decimal("95.000"),
        "reduce_only": True,
    }
    return intent(number, **protective | changes)


def order(number: int = 1, **changes: Any) -> Order:
    values = {
        "intent": intent(number),
        "venue_order_id": "77",
        "status": "filled",
        "filled_quantity": TINY,
        "average_price": LONG,
        "fee": Decimal("-0.00010"),
        "reason": "",
        "updated_at": NOW + timedelta(microseconds=1),
    }
    return Order.model_validate(values | changes)


def fill(number: int = 1, of: int = 1, **changes: Any) -> Fill:
    values = {
        "fill_id": f"f{number}",
        "client_order_id": f"{CYCLE}-o{of}",
        "symbol": BTC,
        "side": "buy",
        "quantity": TINY,
        "price": LONG,
        "fee": Decimal("0.000000000000000000000000000001"),
        "liquidity": "taker",
        "at": NOW,
    }
    return Fill.model_validate(values | changes)


def position(number: int = 1, **changes: Any) -> Position:
    values = {
        "position_id": f"{CYCLE}-b{number}",
        "symbol": BTC,
        "side": "long",
        "quantity": TINY,
        "entry_price": LONG,
        "fees": Decimal("0.10"),
        "opened_at": NOW,
        "cycle_id": CYCLE,
        "proposal_id": f"{CYCLE}-p{number}",
        "stop": Decimal("95"),
        "take_profit": None,
        "thesis": "Higher lows.",
        "invalidation_price": None,
    }
    return Position.model_validate(values | changes)


def trade(number: int = 1, **changes: Any) -> Trade:
    values = {
        "trade_id": f"{CYCLE}-t{number}",
        "position_id": f"{CYCLE}-b1",
        "symbol": BTC,
        "side": "long",
        "quantity": TINY,
        "entry_price": LONG,
        "exit_price": Decimal("1"),
        "opened_at": NOW,
        "closed_at": NOW + timedelta(hours=1),
        "holding_s": 3600,
        "fees": Decimal("0.20"),
        "pnl": Decimal("-12.3400"),
        "pnl_pct": Decimal("-1.10"),
        "exit_reason": "stop_loss",
        "opened_in": CYCLE,
        "closed_in": CYCLE,
    }
    return Trade.model_validate(values | changes)


def account() -> AccountState:
    mark = PositionMark(
        position=position(),
        mark_price=LONG,
        notional=Decimal("10.0"),
        unrealised_pnl=Decimal("-0.5"),
        unrealised_pct=Decimal("-5"),
        margin=Decimal("10.0"),
    )
    return AccountState(
        as_of=NOW, currency="USDT", equity=LONG, cash=Decimal("-1.10"), positions=(mark,)
    )


def lesson(number: int = 1, **changes: Any) -> Lesson:
    values = {
        "lesson_id": f"{CYCLE}-l{number}",
        "cycle_id": CYCLE,
        "learned_at": NOW + timedelta(hours=number),
        "symbol": BTC,
        "situation": "rsi 28, 3 of 5 agree",
        "decision": "bought",
        "outcome": "stopped",
        "pnl_pct": Decimal("-1.10"),
        "holding_s": 3600,
    }
    return Lesson.model_validate(values | changes)


def event(number: int = 1, cycle_id: str | None = CYCLE) -> Event:
    at = NOW + timedelta(seconds=number)
    message = "Order of unknown fate."
    return Event(
        event_id=f"e{number}", cycle_id=cycle_id, at=at, level="alarm", kind="x", message=message
    )


def refusal(number: int = 1) -> Refusal:
    breach = Breach(limit="risk.max_position_pct", message="12 % of 10 %")
    return Refusal(
        refusal_id=f"{CYCLE}-r{number}",
        cycle_id=CYCLE,
        at=NOW,
        subject=f"{CYCLE}-p1",
        code="limits",
        message="Too large.",
        breaches=(breach,),
    )


def breaker(status: str = "SAFE") -> BreakerState:
    reading = BreakerReading(trigger="BTC/USDT 1h drop", value=Decimal("1.20"), limit=Decimal("5"))
    return BreakerState.model_validate(
        {"status": status, "since": NOW, "reasons": ("calm",), "readings": (reading,)}
    )


def report(number: int = 1, kind: str = "TechnicalReport") -> ReportRow:
    technical = TechnicalReport(
        views=(TechnicalView(symbol=BTC, bias="bullish", conviction=0.3, reasons=("rsi 28",)),)
    )
    sentiment = SentimentReport(
        views=(
            SentimentView(
                symbol=BTC, mood="neutral", score=0, confidence="low", reasons=("no news",)
            ),
        )
    )
    return ReportRow(
        report_id=f"{CYCLE}-n{number}",
        cycle_id=CYCLE,
        agent="technical_analyst",
        task="read_technicals",
        kind=kind,
        created_at=NOW,
        report=technical if kind == "TechnicalReport" else sentiment,
    )


def snapshot() -> MarketSnapshot:
    times = np.arange(3, dtype=np.int64) * 180_000
    block = np.tile(np.array([10.0, 11.0, 9.0, 10.5, 3.0]), (3, 1))
    series = CandleSeries.checked(BTC, "3m", times, block)
    market = SymbolMarket(
        symbol=BTC,
        ticker=Ticker(last=LONG, bid=TINY, ask=LONG, at=NOW),
        book=OrderBook(bids=(), asks=()),
        rules=SymbolRules(tick=TINY, step=TINY, min_quantity=Decimal(0), min_notional=Decimal(5)),
        frames={"3m": series, "1h": series.last(0)},
        funding_rate_pct=Decimal("-0.0100"),
        open_interest=None,
    )
    return MarketSnapshot(venue="demo", synthetic=True, as_of=NOW, markets={BTC: market})


def cycle_record(cycle_id: str = CYCLE, **changes: Any) -> CycleRecord:
    values = {
        "cycle_id": cycle_id,
        "started_at": NOW,
        "ended_at": NOW + timedelta(seconds=3),
        "outcome": "traded",
        "message": "Bought.",
        "venue": "demo",
        "mode": "paper",
        "synthetic": True,
        "symbols": (BTC,),
        "skipped": (Skipped(symbol="ETH/USDT", reason="stale"),),
        "shortlist": (BTC,),
        "breaker": breaker(),
        "reports": Reports(),
        "proposals": (proposal(),),
        "verdicts": (verdict(),),
        "approvals": (approval(used_at=NOW),),
        "refusals": (refusal(),),
        "orders": (order(),),
        "fills": (fill(),),
        "account": account(),
        "model": ModelUse(
            calls=5, rounds=3, prompt_tokens=10, completion_tokens=2, cost_usd=Decimal("0.0120")
        ),
        "timings_ms": {"observe": 0.1 + 0.2},
        "transcript": TranscriptSeal(lines=12, last_hash="ab" * 32),
    }
    return CycleRecord.model_validate(values | changes)


def books() -> PaperBooks:
    return PaperBooks(cash=LONG, holdings={BTC: -TINY}, walked_to=NOW, next_order=3, next_fill=9)


def paper_order(number: int = 1, **changes: Any) -> PaperOrder:
    values = {
        "intent": intent(number),
        "venue_order_id": f"paper-{number}",
        "status": "open",
        "filled_quantity": Decimal("0"),
        "average_price": None,
        "fee": Decimal("0"),
        "updated_at": NOW,
    }
    return PaperOrder.model_validate(values | changes)


def begin(ledger: Ledger, cycle_id: str = CYCLE) -> None:
    """A cycle that has begun."""
    ledger.cycles.begin_cycle(cycle_id, NOW, "demo", "paper", True, (BTC, "ETH/USDT"))


def allow(ledger: Ledger, number: int = 1, **changes: Any) -> Approval:
    """A proposal, its verdict and the approval of it."""
    ledger.decisions.add_proposal(proposal(number))
    ledger.decisions.add_verdict(verdict(number))
    permission = approval(number, **changes)
    ledger.decisions.add_approval(permission)
    return permission


def awaited(horizon_h: int = 1, cycle_id: str = CYCLE, symbol: str = BTC) -> Awaited:
    return Awaited(
        cycle_id=cycle_id,
        symbol=symbol,
        at=NOW,
        price=LONG,
        horizon_h=horizon_h,
        due_at=NOW + timedelta(hours=horizon_h),
    )


def later_price(horizon_h: int = 1, **changed: Any) -> LaterPrice:
    found = {"later": TINY, "high": LONG, "low": None, "booked_in": CYCLE}
    return LaterPrice(**awaited(horizon_h).model_dump() | found | changed)


def hypothetical(**changed: Any) -> HypotheticalTrade:
    values: dict[str, Any] = {
        "proposal_id": proposal().proposal_id,
        "cycle_id": CYCLE,
        "symbol": BTC,
        "side": "long",
        "at": NOW,
        "entry_price": LONG,
        "horizon_pct": {1: TINY, 4: None, 24: Decimal("-1.10")},
        "exit_reason": "stop_loss",
        "exit_after_s": 2400,
        "pnl_pct": Decimal("-1.10"),
        "best_pct": Decimal("0.2"),
        "worst_pct": Decimal("-1.0"),
        "booked_in": CYCLE,
        "known_at": NOW + timedelta(hours=24),
    }
    return HypotheticalTrade(**values | changed)


def model_calls(**changed: Any) -> ModelCalls:
    values: dict[str, Any] = {
        "cycle_id": CYCLE,
        "agent": "technical_analyst",
        "task": "technical",
        "answer": "TechnicalReport",
        "model": "openai/gpt-4.1-mini",
        "attempt": 1,
        "calls": 3,
        "prompt_tokens": 1200,
        "completion_tokens": 300,
        "cost_usd": Decimal("0.00096"),
    }
    return ModelCalls(**values | changed)
