"""
What a seed means: a trade, the prices around it, and the request that will fail.

A plan is a pure function of seed and fault; nothing else in the proof draws a number. The
plot says what the cycle that is killed is about to do.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from random import Random
from typing import Literal, get_args

from records.base import PositionSide, Record
from records.market import MarketSnapshot, OrderBook, SymbolMarket, SymbolRules, Ticker
from records.proposal import ProposalDraft, TradeProposal
from records.verdict import Approval, RiskVerdict, VerdictDraft
from tests.crash.script import BTC, START_MS, STEP, TICK, WALLET, Fault, Price, Script, Struck

Plot = Literal["market", "limit", "close", "trail", "flatten"]
PLOTS: tuple[Plot, ...] = (
    "market", "limit", "market", "close", "market", "trail", "limit", "market", "flatten", "limit",
)  # fmt: skip
"""By seed; every plot is met within ten seeds."""

Drift = Literal["still", "stop", "target", "near", "profit", "gap", "through"]
DRIFTS: tuple[Drift, ...] = get_args(Drift)
STRUCK_BY_PLOT: dict[Plot, Sequence[Struck]] = {
    "market": ("create",),
    "limit": ("create", "create", "cancel"),
    "close": ("create", "cancel"),
    "trail": ("create", "cancel"),
    "flatten": ("create", "cancel"),
}
APPROVAL_TTL_S = 120


class Plan(Record):
    """One trade and what happens around it."""

    seed: int
    plot: Plot
    side: PositionSide
    price: Decimal
    quantity: Decimal
    limit_price: Decimal | None
    stop: Decimal
    take_profit: Decimal | None
    profit_price: Decimal
    """Where the price goes before a trailing stop is looked at."""
    script: Script
    gaps_s: tuple[int, int, int]
    """Before a recovery that is killed, before the next one, and before the last."""


def plan_of(seed: int, fault: Fault) -> Plan:
    """The plan of a seed; another fault changes nothing but what fails."""
    rng = Random(f"crash {seed}")
    plot = PLOTS[seed % len(PLOTS)]
    side: PositionSide = rng.choice(("long", "short"))
    sign = 1 if side == "long" else -1
    price = Decimal(rng.randrange(200_000, 900_000)) / 10
    stop_pct, target_pct = _pct(rng, 10, 30), _pct(rng, 20, 60)
    limit_pct = rng.choice((Decimal("0.2"), Decimal("0.4"), Decimal("-0.2")))
    quantity = STEP * rng.randrange(5, 400)
    targets = rng.random() < 0.7
    return Plan(
        seed=seed,
        plot=plot,
        side=side,
        price=price,
        quantity=quantity,
        limit_price=away(price, -sign * limit_pct) if plot == "limit" else None,
        stop=away(price, -sign * stop_pct),
        take_profit=away(price, sign * target_pct) if targets else None,
        profit_price=away(price, sign * Decimal("1.9")),
        script=Script(
            price=price,
            tape=_tape(rng, price, sign, stop_pct, target_pct),
            slices=rng.choice((1, 1, 2, 3)),
            fault=fault,
            struck=rng.choice(STRUCK_BY_PLOT[plot]),
            nth=rng.choice((1, 1, 2, 2, 3)),
            outage_ms=rng.choice((0, 0, 2_000, 20_000)),
            late_ms=rng.choice((400, 3_000, 4_900)),
            lag_ms=rng.choice((0, 0, 2_000, 9_000)),
        ),
        gaps_s=(rng.choice((1, 4, 60)), rng.choice((1, 4, 60)), 60),
    )


def _tape(
    rng: Random, price: Decimal, sign: int, stop_pct: Decimal, target_pct: Decimal
) -> tuple[Price, ...]:
    """One to three moves, of which the desk may be dead or alive at any."""
    far = {
        "still": Decimal("0.01"),
        "stop": -stop_pct - Decimal("0.05"),
        "target": target_pct + Decimal("0.05"),
        "near": -stop_pct * Decimal("0.9"),
        "profit": Decimal("1.7"),
        "gap": -stop_pct * 3,
        "through": Decimal("-0.5"),
    }
    moves = []
    for at_s in sorted(rng.sample((1, 3, 8, 20, 45, 90), rng.choice((1, 2, 3)))):
        to = away(price, sign * far[rng.choice(DRIFTS)])
        moves.append(Price(at_ms=START_MS + at_s * 1000 + rng.randrange(1000), price=to))
    return tuple(moves)


def _pct(rng: Random, low: int, high: int) -> Decimal:
    return Decimal(rng.randrange(low, high)) / 10


def away(price: Decimal, pct: Decimal) -> Decimal:
    """A price so many percent away, on the grid of prices."""
    return (price * (100 + pct) / 100).quantize(TICK, rounding=ROUND_DOWN)


class Decision(Record):
    """A proposal, the verdict on it and the approval: what the order path starts from."""

    proposal: TradeProposal
    verdict: RiskVerdict
    approval: Approval


def entry_of(plan: Plan, cycle_id: str, at: datetime) -> Decision:
    """Permission to open the plan's position."""
    opens, side = ("open_long", "buy") if plan.side == "long" else ("open_short", "sell")
    return _decision(
        cycle_id,
        at,
        draft={
            "action": opens,
            "entry": "limit" if plan.limit_price else "market",
            "limit_price": plan.limit_price,
            "quantity": plan.quantity,
            "stop": plan.stop,
            "take_profit": plan.take_profit,
        },
        approval={
            "side": side,
            "reduce_only": False,
            "quantity": plan.quantity,
            "price_low": away(plan.price, Decimal(-1)),
            "price_high": away(plan.price, Decimal(1)),
        },
    )


def exit_of(plan: Plan, cycle_id: str, at: datetime) -> Decision:
    """Permission to close it."""
    return _decision(
        cycle_id,
        at,
        draft={"action": "close", "entry": "market"},
        approval={
            "side": "sell" if plan.side == "long" else "buy",
            "reduce_only": True,
            "quantity": plan.quantity,
            "price_low": away(plan.price, Decimal(-9)),
            "price_high": away(plan.price, Decimal(9)),
        },
    )


def _decision(
    cycle_id: str, at: datetime, *, draft: dict[str, object], approval: dict[str, object]
) -> Decision:
    values = {"limit_price": None, "stop": None, "take_profit": None} | draft
    proposal_id, verdict_id = f"{cycle_id}-p1", f"{cycle_id}-v1"
    written = {"cycle_id": cycle_id, "created_at": at}
    opinion = VerdictDraft(
        proposal_id=proposal_id,
        symbol=BTC,
        side="buy",
        decision="approve",
        max_quantity=None,
        stop=None,
        max_leverage=None,
        reasons=("In bounds.",),
    )
    said = {"symbol": BTC, "thesis": "The proof trades.", **values}
    return Decision(
        proposal=TradeProposal.model_validate(
            {"proposal_id": proposal_id, "draft": ProposalDraft.model_validate(said)}
            | {"sizing": None}
            | written
        ),
        verdict=RiskVerdict.model_validate({"verdict_id": verdict_id, "draft": opinion} | written),
        approval=Approval.model_validate(
            {"approval_id": f"{cycle_id}-a1", "proposal_id": proposal_id}
            | {"verdict_id": verdict_id, "symbol": BTC, "leverage": 1, "action": values["action"]}
            | {key: values[key] for key in ("entry", "limit_price", "stop", "take_profit")}
            | {"expires_at": at + timedelta(seconds=APPROVAL_TTL_S)}
            | written
            | approval
        ),
    )


def market_at(last: Decimal, at: datetime) -> MarketSnapshot:
    """What the desk sees of a market whose last price this is."""
    ticker = Ticker(last=last, bid=last - TICK, ask=last + TICK, at=at)
    market = SymbolMarket(
        symbol=BTC,
        ticker=ticker,
        book=OrderBook(bids=((ticker.bid, WALLET),), asks=((ticker.ask, WALLET),)),
        rules=SymbolRules(
            tick=TICK, step=STEP, min_quantity=STEP, min_notional=Decimal(5), perpetual=True
        ),
        frames={},
        funding_rate_pct=None,
        open_interest=None,
    )
    return MarketSnapshot(venue="crash", synthetic=True, as_of=at, markets={BTC: market})
