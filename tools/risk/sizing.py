"""
How much a proposal may be: the risk rule first, then every cap, then the venue's step.

What the venue's grid forces is rounded to the safer side, never to the nearest. Exposure
counts a position's whole value, long or short; cash counts the margin that it binds. The
price may move until the order is sent, so every bound is kept at the worst price that may
still be traded: the highest for a value, the farthest from the stop for a loss.

Source: domain reference, Risk, "Size from risk".
"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_DOWN, ROUND_FLOOR, ROUND_UP, Context, Decimal
from typing import NamedTuple

from pydantic import Field

from records.base import Record
from records.market import SymbolMarket, SymbolRules
from records.order import AccountState, PositionMark
from records.proposal import ProposalDraft, Sizing
from records.risk import RiskLimits
from records.verdict import Approval
from tools.exchange.margin import margin
from tools.risk.slippage import taken_side, within_reach


class Band(NamedTuple):
    """The prices, ends included, that an approved order may trade at."""

    low: Decimal
    high: Decimal

    def farthest(self, stop: Decimal) -> Decimal:
        """The longest way from an entry in the band to its stop, quote currency per unit."""
        return max(abs(self.low - stop), abs(self.high - stop))


class Stake(NamedTuple):
    """What is held, or promised and not yet filled, in one market."""

    symbol: str
    sign: int
    """1 for a long, -1 for a short."""
    value: Decimal
    cost: Decimal
    """Cash it still takes: none for what is held already."""


class Holdings(Record):
    """Everything an entry is added to, and how it moves with the market in question."""

    account: AccountState
    committed: tuple[Approval, ...] = Field(
        default=(), description="Approvals that may yet become a position."
    )
    correlations: Mapping[str, float | None] = Field(
        default_factory=dict, description="By market; None or absent: unknown."
    )

    @property
    def promised(self) -> tuple[Approval, ...]:
        """Entries that were approved, and may yet become positions."""
        return tuple(approval for approval in self.committed if not approval.reduce_only)

    def stakes(self) -> tuple[Stake, ...]:
        """All of it, one stake a position and one an approved entry."""
        held = (
            Stake(
                symbol=mark.position.symbol,
                sign=1 if mark.position.side == "long" else -1,
                value=mark.notional,
                cost=Decimal(0),
            )
            for mark in self.account.positions
        )
        promised = (
            Stake(
                symbol=approval.symbol,
                sign=1 if approval.side == "buy" else -1,
                value=approval.quantity * approval.price_high,
                cost=cost(approval.quantity * approval.price_high, approval.leverage),
            )
            for approval in self.promised
        )
        return (*held, *promised)


class Room(NamedTuple):
    """What is left under the caps, quote currency; below zero where one is exceeded already."""

    exposure_left: Decimal
    position_left: Decimal
    symbol_left: Decimal
    correlated_left: Decimal
    positions_left: int
    cash_left: Decimal


def room(symbol: str, sign: int, holdings: Holdings, limits: RiskLimits) -> Room:
    """Room for one more position on this side of this market."""
    stakes, equity = holdings.stakes(), holdings.account.equity
    here = [stake for stake in stakes if stake.symbol == symbol]
    beside = [
        stake
        for stake in stakes
        if stake.symbol == symbol
        or _together(sign * stake.sign, holdings.correlations.get(stake.symbol), limits)
    ]
    return Room(
        exposure_left=_share(equity, limits.max_total_exposure_pct) - _value(stakes),
        position_left=_share(equity, limits.max_position_pct) - _value(here),
        symbol_left=_share(equity, limits.max_symbol_pct) - _value(here),
        correlated_left=_share(equity, limits.max_correlated_pct) - _value(beside),
        positions_left=limits.max_open_positions - len({stake.symbol for stake in stakes}),
        cash_left=holdings.account.cash - sum((stake.cost for stake in stakes), Decimal(0)),
    )


def cost(value: Decimal, leverage: int) -> Decimal:
    """The cash an entry of this value takes: what it binds, and a reserve for its fee."""
    return value * (margin(Decimal(1), leverage) + _FEE_RESERVE)


def _together(sides: int, correlation: float | None, limits: RiskLimits) -> bool:
    """Whether both gain and lose together; what is not known, or no number, counts as if so."""
    return correlation is None or not sides * correlation < limits.correlation_from


def _value(stakes: Iterable[Stake]) -> Decimal:
    return sum((stake.value for stake in stakes), Decimal(0))


def buys(draft: ProposalDraft, held: PositionMark | None = None) -> bool:
    """Whether the order would buy: to open a long, or to leave the short that is held."""
    if draft.opens:
        return draft.action == "open_long"
    return held is not None and held.position.side == "short"


def entry_price(
    draft: ProposalDraft, market: SymbolMarket, held: PositionMark | None = None
) -> Decimal:
    """The price an order is judged at: its limit, or the book's where that is better."""
    ask, bid = market.ticker.ask, market.ticker.bid
    limit = draft.limit_price if draft.entry == "limit" else None
    if buys(draft, held):
        return ask if limit is None else min(limit, ask)
    return bid if limit is None else max(limit, bid)


def band(
    draft: ProposalDraft,
    market: SymbolMarket,
    limits: RiskLimits,
    held: PositionMark | None = None,
) -> Band:
    """Prices around the one it is judged at; an entry's end at its limit and before its stop."""
    price, tick = entry_price(draft, market, held), market.rules.tick
    reach = price * limits.price_band_pct / 100
    low, high = max(price - reach, tick), price + reach
    if not draft.opens:
        return Band(low=low, high=high)
    limit = draft.limit_price if draft.entry == "limit" else None
    if draft.action == "open_long":
        beyond = low if draft.stop is None else min(draft.stop + tick, price)
        return Band(low=max(low, beyond), high=high if limit is None else min(high, limit))
    beyond = high if draft.stop is None else max(draft.stop - tick, price)
    return Band(low=low if limit is None else max(low, limit), high=min(high, beyond))


def usable_leverage(asked: int, rules: SymbolRules, limits: RiskLimits) -> int:
    """As much of the leverage as desk and venue allow; a spot market has none."""
    return min(asked, limits.max_leverage, rules.max_leverage) if rules.perpetual else 1


def book_depth(draft: ProposalDraft, market: SymbolMarket, limits: RiskLimits) -> Decimal | None:
    """
    Base units an entry finds in the book within reach; None when it would rest instead.

    The reach is max_slippage_pct from the best price, and an entry's own limit.
    """
    up = buys(draft)
    levels = taken_side(market.book, buys=up)
    best = market.ticker.ask if up else market.ticker.bid
    reach = best * limits.max_slippage_pct / 100
    worst = best + reach if up else best - reach
    if draft.entry == "limit" and draft.limit_price is not None:
        if draft.limit_price < best if up else draft.limit_price > best:
            return None
        worst = min(worst, draft.limit_price) if up else max(worst, draft.limit_price)
    return within_reach(levels, worst, buys=up)


def size(
    draft: ProposalDraft, market: SymbolMarket, holdings: Holdings, limits: RiskLimits
) -> Sizing | None:
    """
    The largest size every rule allows; None without a stop to size by.

    `reference_price` is the price of now. Value and risk are the most they may become: at
    the highest price of the band, and from its end that is farthest from the stop. What the
    proposal asks for by itself is not looked at: the gate compares.
    """
    draft = on_tick(draft, market.rules.tick)
    price = entry_price(draft, market)
    if not draft.opens or draft.stop is None or draft.stop == price:
        return None
    reachable = band(draft, market, limits)
    highest, distance = reachable.high, reachable.farthest(draft.stop)
    equity = holdings.account.equity
    left = room(draft.symbol, draft.sign, holdings, limits)
    leverage = usable_leverage(draft.leverage, market.rules, limits)
    bounds = {
        "risk.risk_per_trade_pct": _share(equity, limits.risk_per_trade_pct) / distance,
        "risk.max_position_pct": left.position_left / highest,
        "risk.max_symbol_pct": left.symbol_left / highest,
        "risk.max_correlated_pct": left.correlated_left / highest,
        "risk.max_total_exposure_pct": left.exposure_left / highest,
        "cash": left.cash_left / cost(highest, leverage),
    }
    if (depth := book_depth(draft, market, limits)) is not None:
        bounds["risk.max_slippage_pct"] = depth
    bound_by = min(bounds, key=lambda name: bounds[name])
    quantity = max(round_down(bounds[bound_by], market.rules.step), Decimal(0))
    return Sizing(
        quantity=quantity,
        reference_price=price,
        notional=quantity * highest,
        risk_amount=quantity * distance,
        risk_pct=_pct(quantity * distance, equity),
        reward_risk=reward_risk(draft, price),
        bound_by=bound_by,
    )


def reward_risk(draft: ProposalDraft, price: Decimal) -> Decimal | None:
    """
    Distance to the target over distance to the stop; negative when the target is behind.

    Rounded down, so that what is told is never more than what is there.
    """
    if draft.take_profit is None or draft.stop is None or draft.stop == price:
        return None
    ratio = (draft.take_profit - price) * draft.sign / abs(price - draft.stop)
    return max(-_TOP_RATIO, min(ratio, _TOP_RATIO)).quantize(Decimal("0.0001"), ROUND_FLOOR)


def on_tick(draft: ProposalDraft, tick: Decimal, held: PositionMark | None = None) -> ProposalDraft:
    """The draft with prices the venue takes: the stop nearer, the target nearer, no worse limit."""
    up = buys(draft, held)
    kind = {"stop": up, "take_profit": not up, "limit_price": not up}
    prices = {name: getattr(draft, name) for name in kind}
    return draft.model_copy(
        update={
            name: max(_in_units(price, tick, ROUND_UP if kind[name] else ROUND_DOWN), tick)
            for name, price in prices.items()
            if price is not None
        }
    )


def round_down(quantity: Decimal, step: Decimal) -> Decimal:
    """The quantity in whole steps, never more than asked."""
    return _in_units(quantity, step, ROUND_DOWN)


def _in_units(value: Decimal, unit: Decimal, rounding: str) -> Decimal:
    return _WIDE.multiply(
        _WIDE.divide(value, unit).to_integral_value(rounding=rounding, context=_WIDE), unit
    )


_WIDE = Context(prec=120)
"""Digits enough for any number a record takes, so that no rounding happens by itself."""

_TOP_RATIO = Decimal(1_000_000)
"""A reward/risk beyond this says nothing more."""

_FEE_RESERVE = Decimal("0.005")
"""Cash kept back for the entry's fee, as a share of its value."""


def _share(equity: Decimal, percent: Decimal) -> Decimal:
    return equity * percent / 100


def _pct(part: Decimal, whole: Decimal) -> Decimal:
    return (part / whole * 100).quantize(Decimal("0.0001")) if whole > 0 else Decimal(0)
