"""
How much a proposal may be: the risk rule first, then every cap, then the venue's step.

What the venue's grid forces is rounded to the safer side, never to the nearest. Exposure
counts a position's whole value, long or short; cash counts the margin that it binds. The
price may move until the order is sent, so every bound is kept at the worst price that may
still be traded: the highest for a value, the farthest from the stop for a loss.

Source: domain reference, Risk, "Size from risk".
"""

from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_UP, Context, Decimal

from records.base import Record
from records.market import SymbolMarket, SymbolRules
from records.order import AccountState, PositionMark
from records.proposal import ProposalDraft, Sizing
from records.risk import RiskLimits
from records.verdict import Approval
from tools.exchange.margin import margin


class Band(Record):
    """The prices, ends included, that an approved order may trade at."""

    low: Decimal
    high: Decimal

    def farthest(self, stop: Decimal) -> Decimal:
        """The longest way from an entry in the band to its stop, quote currency per unit."""
        return max(abs(self.low - stop), abs(self.high - stop))


class Room(Record):
    """What is left under the caps, counting positions held and approvals not yet filled."""

    exposure_left: Decimal
    position_left: Decimal
    positions_left: int
    cash_left: Decimal


def room(
    symbol: str, account: AccountState, committed: Sequence[Approval], limits: RiskLimits
) -> Room:
    """Quote-currency room for one more position in this market."""
    promised = [approval for approval in committed if not approval.reduce_only]
    held = {mark.position.symbol: mark.notional for mark in account.positions}
    for approval in promised:
        held[approval.symbol] = held.get(approval.symbol, Decimal(0)) + _value(approval)
    equity = account.equity
    return Room(
        exposure_left=_share(equity, limits.max_total_exposure_pct)
        - sum(held.values(), Decimal(0)),
        position_left=_share(equity, limits.max_position_pct) - held.get(symbol, Decimal(0)),
        positions_left=limits.max_open_positions - len(held),
        cash_left=account.cash - sum((_margin(approval) for approval in promised), Decimal(0)),
    )


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


def size(
    draft: ProposalDraft,
    market: SymbolMarket,
    account: AccountState,
    committed: Sequence[Approval],
    limits: RiskLimits,
) -> Sizing | None:
    """
    The largest size every rule allows; None without a stop to size by.

    `reference_price` is the price of now. Value and risk are the most they may become: at
    the highest price of the band, and from its end that is farthest from the stop.
    """
    draft = on_tick(draft, market.rules.tick)
    price = entry_price(draft, market)
    if not draft.opens or draft.stop is None or draft.stop == price:
        return None
    reachable = band(draft, market, limits)
    highest, distance = reachable.high, reachable.farthest(draft.stop)
    left = room(draft.symbol, account, committed, limits)
    margin_share = margin(Decimal(1), usable_leverage(draft.leverage, market.rules, limits))
    bounds = {
        "risk.risk_per_trade_pct": _share(account.equity, limits.risk_per_trade_pct) / distance,
        "risk.max_position_pct": left.position_left / highest,
        "risk.max_total_exposure_pct": left.exposure_left / highest,
        "cash": left.cash_left / highest / (margin_share + _FEE_RESERVE),
    }
    if draft.quantity is not None:
        bounds["proposal"] = draft.quantity
    bound_by = min(bounds, key=lambda name: bounds[name])
    quantity = max(round_down(bounds[bound_by], market.rules.step), Decimal(0))
    return Sizing(
        quantity=quantity,
        reference_price=price,
        notional=quantity * highest,
        risk_amount=quantity * distance,
        risk_pct=_pct(quantity * distance, account.equity),
        reward_risk=reward_risk(draft, price),
        bound_by=bound_by,
    )


def reward_risk(draft: ProposalDraft, price: Decimal) -> Decimal | None:
    """Distance to the target over distance to the stop; negative when the target is behind."""
    if draft.take_profit is None or draft.stop is None or draft.stop == price:
        return None
    direction = 1 if draft.action == "open_long" else -1
    ratio = (draft.take_profit - price) * direction / abs(price - draft.stop)
    return max(-_TOP_RATIO, min(ratio, _TOP_RATIO)).quantize(Decimal("0.0001"))


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


def _value(approval: Approval) -> Decimal:
    return approval.quantity * approval.price_high


def _margin(approval: Approval) -> Decimal:
    return margin(_value(approval), approval.leverage)


def _share(equity: Decimal, percent: Decimal) -> Decimal:
    return equity * percent / 100


def _pct(part: Decimal, whole: Decimal) -> Decimal:
    return (part / whole * 100).quantize(Decimal("0.0001")) if whole > 0 else Decimal(0)
