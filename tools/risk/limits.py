"""
Every limit of the gate, one rule each, with its reason in words.

A rule looks at one case and returns the breach, or None. The gate asks all of them
and reports every breach. A new limit is a field in settings, a rule here and a test.
What an entry may lose, be worth and bind is judged at the worst price of its band; where
stop and target lie is judged at the price of now.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from records.base import PositionSide, Record
from records.breaker import BreakerState
from records.interval import interval_ms
from records.lock import Lock
from records.market import SymbolMarket
from records.order import AccountState, PositionMark
from records.proposal import ProposalDraft, TradeProposal
from records.risk import RiskLimits
from records.support import LEAST_SOURCES, Support
from records.verdict import Approval, Breach
from tools.exchange.margin import liquidation_price
from tools.risk.facts import Figures, invented
from tools.risk.losses import LossState
from tools.risk.sizing import (
    Band,
    Holdings,
    Room,
    band,
    book_depth,
    buys,
    cost,
    entry_price,
    reward_risk,
    room,
    round_down,
    usable_leverage,
)
from tools.risk.slippage import expected_pct, taken_side


class Case(Record):
    """One proposal with everything the gate may look at; `stop` and `leverage` as judged."""

    proposal: TradeProposal
    market: SymbolMarket
    holdings: Holdings
    limits: RiskLimits
    breaker: BreakerState
    halted: str | None
    locks: tuple[Lock, ...]
    losses: LossState
    support: Support
    figures: Figures
    entries_today: int
    now: datetime
    quantity: Decimal
    stop: Decimal | None
    leverage: int

    @property
    def draft(self) -> ProposalDraft:
        return self.proposal.draft

    @property
    def symbol(self) -> str:
        return self.proposal.symbol

    @property
    def price(self) -> Decimal:
        return entry_price(self.draft, self.market, self.held)

    @property
    def band(self) -> Band:
        judged = self.draft.model_copy(update={"stop": self.stop})
        return band(judged, self.market, self.limits, self.held)

    @property
    def most_value(self) -> Decimal:
        """What the entry may be worth, quote currency: long or short, at the highest price."""
        return self.quantity * self.band.high

    @property
    def room(self) -> Room:
        return room(self.symbol, self.draft.sign, self.holdings, self.limits)

    @property
    def opens(self) -> bool:
        return self.draft.opens

    @property
    def side(self) -> PositionSide:
        return "long" if self.draft.sign > 0 else "short"

    @property
    def promised(self) -> tuple[Approval, ...]:
        """Entries that were approved, and may yet become positions."""
        return self.holdings.promised

    @property
    def held(self) -> PositionMark | None:
        return held_in(self.symbol, self.holdings.account)


def held_in(symbol: str, account: AccountState) -> PositionMark | None:
    """The position in this market; None when nothing is held there."""
    return next((mark for mark in account.positions if mark.position.symbol == symbol), None)


Rule = Callable[[Case], str | None]
_ENTRY_RULES: dict[str, Rule] = {}
_EXIT_RULES: dict[str, Rule] = {}


def _entry(limit: str) -> Callable[[Rule], Rule]:
    def register(rule: Rule) -> Rule:
        _ENTRY_RULES[limit] = rule
        return rule

    return register


def _exit(limit: str) -> Callable[[Rule], Rule]:
    def register(rule: Rule) -> Rule:
        _EXIT_RULES[limit] = rule
        return rule

    return register


def breaches(case: Case) -> tuple[Breach, ...]:
    """Every limit this case would break."""
    return tuple(_broken(case, _ENTRY_RULES if case.opens else _EXIT_RULES))


def rule_names() -> Sequence[str]:
    """The limits that have a rule."""
    return sorted({*_ENTRY_RULES, *_EXIT_RULES})


def _broken(case: Case, rules: dict[str, Rule]) -> Iterator[Breach]:
    for limit, rule in rules.items():
        if (message := rule(case)) is not None:
            yield Breach(limit=limit, message=message)


@_entry("halt")
def _not_halted(case: Case) -> str | None:
    """A halt stops new exposure at once; exits stay possible."""
    return None if case.halted is None else f"the desk is halted: {case.halted}"


@_entry("breaker")
def _breaker_closed(case: Case) -> str | None:
    """Nobody opens into a crash."""
    if case.breaker.status != "TRIGGERED":
        return None
    return f"the circuit breaker is TRIGGERED: {'; '.join(case.breaker.reasons)}"


@_entry("action")
def _short_only_where_possible(case: Case) -> str | None:
    """A short needs a contract; on a spot market there is nothing to sell."""
    if case.side == "long" or case.market.rules.perpetual:
        return None
    return f"{case.symbol} is a spot market here: nothing can be sold short on it"


@_entry("entry")
@_exit("entry")
def _limit_has_a_price(case: Case) -> str | None:
    """A limit order without its price would be a market order; a price beyond sense, a typo."""
    limit, market = case.draft.limit_price, case.market.ticker.mid
    if case.draft.entry == "market":
        return None
    if limit is None:
        return "a limit order names no limit_price"
    if market <= limit * _FARTHEST and limit <= market * _FARTHEST:
        return None
    return f"the limit price is more than {_FARTHEST} times away from the market, {market:f}"


@_entry("locks")
def _not_locked(case: Case) -> str | None:
    """Losses, jumps and alarms lock a market or the desk; time or a person unlocks it."""
    holding = [lock for lock in case.locks if lock.symbol in (None, case.symbol)]
    if not holding:
        return None
    return "; ".join(f"{lock.symbol or 'the desk'} is locked: {lock.reason}" for lock in holding)


@_entry("risk.max_open_positions")
def _positions_left(case: Case) -> str | None:
    """Attention is limited: one position a market, and only so many markets."""
    if case.held is not None:
        return f"{case.symbol} is already held; one position a market"
    if case.room.positions_left > 0:
        return None
    return f"{case.limits.max_open_positions} positions are open or approved"


@_entry("duplicate")
def _no_second_order(case: Case) -> str | None:
    """The same idea twice is one idea at twice the size."""
    if all(approval.symbol != case.symbol for approval in case.promised):
        return None
    return f"{case.symbol} already has an approved or a working entry"


@_entry("risk.max_orders_per_cycle")
def _orders_of_the_cycle(case: Case) -> str | None:
    """A runaway loop is stopped after a few orders, not after a few thousand."""
    placed = sum(one.cycle_id == case.proposal.cycle_id for one in case.promised)
    most = case.limits.max_orders_per_cycle
    return None if placed < most else f"{placed} entries were approved in this cycle already"


@_entry("risk.max_orders_per_day")
def _orders_of_the_day(case: Case) -> str | None:
    """A day that wants this many entries is a day to look at, not to trade."""
    most = case.limits.max_orders_per_day
    if case.entries_today < most:
        return None
    return f"{case.entries_today} entries were sent or approved since 00:00 UTC, the most is {most}"


@_entry("risk.max_day_loss_pct")
def _day_loss(case: Case) -> str | None:
    """A bad day ends early."""
    return _lost(case, "day", case.losses.day_loss_pct)


@_entry("risk.max_week_loss_pct")
def _week_loss(case: Case) -> str | None:
    """A bad week ends early."""
    return _lost(case, "week", case.losses.week_loss_pct)


@_entry("risk.max_month_loss_pct")
def _month_loss(case: Case) -> str | None:
    """A bad month ends early."""
    return _lost(case, "month", case.losses.month_loss_pct)


@_entry("risk.max_drawdown_pct")
def _drawdown(case: Case) -> str | None:
    """What was lost from the highest equity has to be earned back with less."""
    fallen, most = case.losses.drawdown_pct, case.limits.max_drawdown_pct
    if fallen < most:
        return None
    return f"equity is {fallen:.2f} % below its highest, the most is {most} %"


@_entry("risk.require_evidence")
def _evidence(case: Case) -> str | None:
    """Nobody trades on one story that nothing in the market confirms."""
    if not case.limits.require_evidence or case.support.for_side(case.draft.sign):
        return None
    return (
        f"neither the desk's signal nor a reader of the market is on the side of a {case.side} in "
        f"{case.symbol}, and the news cited has fewer than {LEAST_SOURCES} sources"
    )


@_entry("facts")
def _facts(case: Case) -> str | None:
    """A proposal that rests on an invented number rests on nothing."""
    false = invented(case.draft, case.figures)
    return f"it quotes figures that are not the desk's: {'; '.join(false)}" if false else None


@_entry("stop")
def _stop_on_right_side(case: Case) -> str | None:
    """No entry without a stop below a long and above a short."""
    if case.stop is None:
        return "an entry needs a stop"
    ticker, long = case.market.ticker, case.side == "long"
    nearest = min(case.price, ticker.bid, ticker.last)
    farthest = max(case.price, ticker.ask, ticker.last)
    if case.stop < nearest if long else case.stop > farthest:
        return None
    return (
        f"the stop {case.stop} is on the wrong side of the entry {case.price} or of the market, "
        f"which is at {ticker.last}"
    )


@_entry("risk.min_stop_pct")
def _stop_not_too_close(case: Case) -> str | None:
    """A stop inside the noise is a fee, not protection."""
    distance = _stop_pct(case)
    if distance is None or distance >= case.limits.min_stop_pct:
        return None
    return f"the stop is {distance:.2f} % away, the least is {case.limits.min_stop_pct} %"


@_entry("risk.max_stop_pct")
def _stop_not_too_far(case: Case) -> str | None:
    """A stop that far away is no stop."""
    distance = _stop_pct(case)
    if distance is None or distance <= case.limits.max_stop_pct:
        return None
    return f"the stop is {distance:.2f} % away, the most is {case.limits.max_stop_pct} %"


@_entry("risk.min_reward_risk")
def _worth_the_risk(case: Case) -> str | None:
    """A target must pay for the stops on the way."""
    draft = case.draft.model_copy(update={"stop": case.stop})
    ratio = reward_risk(draft, case.price)
    if ratio is None or ratio >= case.limits.min_reward_risk:
        return None
    return f"reward/risk is {ratio:.2f}, the least is {case.limits.min_reward_risk}"


@_entry("risk.require_take_profit")
def _names_its_target(case: Case) -> str | None:
    """Without a target there is no reward to weigh; leaving it out is no way around that."""
    if not case.limits.require_take_profit or case.draft.take_profit is not None:
        return None
    return "it names no target, so its reward cannot be weighed against its risk"


@_entry("take_profit")
def _target_within_sense(case: Case) -> str | None:
    """A target that far away is a typo, and would pass any reward/risk."""
    target, price = case.draft.take_profit, case.price
    farthest = price * _FARTHEST if case.side == "long" else price / _FARTHEST
    if target is None or (farthest - target) * case.draft.sign >= 0:
        return None
    return f"the target {target} is beyond {farthest:f}, the farthest for an entry at {price}"


@_entry("invalidation_price")
def _invalidation_on_the_losing_side(case: Case) -> str | None:
    """A thesis that is wrong already at the entry price is none."""
    wrong = case.draft.invalidation_price
    if wrong is None or (case.price - wrong) * case.draft.sign > 0:
        return None
    where = "below" if case.side == "long" else "above"
    return f"the invalidation price {wrong} is not {where} the entry price {case.price}"


@_entry("liquidation")
def _stop_before_liquidation(case: Case) -> str | None:
    """A venue that closes the position first takes the margin, and the stop never works."""
    rules, worst = case.market.rules, _worst_entry(case)
    ends = liquidation_price(case.side, worst, case.leverage, rules.maintenance_pct)
    if not rules.perpetual or case.stop is None or ends is None:
        return None
    way, distance = (worst - ends) * case.draft.sign, (worst - case.stop) * case.draft.sign
    if distance <= way * _USABLE_WAY_PCT / 100:
        return None
    return (
        f"the stop {case.stop} is {distance / case.price * 100:.2f} % from the worst entry, "
        f"{_worst(case):f}, where leverage {case.leverage} is liquidated after "
        f"{way / case.price * 100:.2f} %, at {round_down(ends, rules.tick):f}; the most is "
        f"{_USABLE_WAY_PCT} % of that way"
    )


@_entry("risk.risk_per_trade_pct")
def _loss_at_stop(case: Case) -> str | None:
    """The loss at the stop is what the desk agreed to lose."""
    if case.stop is None:
        return None
    loss = case.quantity * case.band.farthest(case.stop)
    bound = case.holdings.account.equity * case.limits.risk_per_trade_pct / 100
    if loss <= bound:
        return None
    return (
        f"the loss at the stop may be {loss:.2f}, entered at {_worst(case):f}; "
        f"the most is {bound:.2f}"
    )


@_entry("risk.max_position_pct")
def _position_cap(case: Case) -> str | None:
    """No single market may decide the account's fate."""
    left = case.room.position_left
    value = case.most_value
    return None if value <= left else f"the position may be worth {value:.2f}, {left:.2f} is left"


@_entry("risk.max_symbol_pct")
def _symbol_cap(case: Case) -> str | None:
    """Held, approved and resting in one market are one risk."""
    left, value = case.room.symbol_left, case.most_value
    if value <= left:
        return None
    return f"the entry may be worth {value:.2f}, {left:.2f} is left for {case.symbol}"


@_entry("risk.max_correlated_pct")
def _correlated_cap(case: Case) -> str | None:
    """Positions that move together are one position."""
    left, value = case.room.correlated_left, case.most_value
    if value <= left:
        return None
    return (
        f"the entry may be worth {value:.2f}, {left:.2f} is left for what moves with {case.symbol}"
    )


@_entry("risk.max_total_exposure_pct")
def _exposure_cap(case: Case) -> str | None:
    """Markets fall together, so what is held counts together."""
    left = case.room.exposure_left
    value = case.most_value
    if value <= left:
        return None
    return f"the entry may be worth {value:.2f}, exposure left is {left:.2f}"


@_entry("cash")
def _enough_cash(case: Case) -> str | None:
    """What cannot be paid is not ordered."""
    left = case.room.cash_left
    leverage = usable_leverage(case.leverage, case.market.rules, case.limits)
    needed = cost(case.most_value, leverage)
    if needed <= left:
        return None
    return f"the entry may take {needed:.2f}, its fee included; cash left is {left:.2f}"


@_entry("risk.max_leverage")
def _leverage_cap(case: Case) -> str | None:
    """Leverage multiplies mistakes."""
    if case.leverage <= case.limits.max_leverage:
        return None
    return f"leverage {case.leverage} is above {case.limits.max_leverage}"


@_entry("leverage")
def _leverage_of_the_venue(case: Case) -> str | None:
    """Only a contract is leveraged, and each has a bound of its own."""
    rules = case.market.rules
    most = rules.max_leverage if rules.perpetual else 1
    if case.leverage <= most:
        return None
    return f"leverage {case.leverage} is above {most}, the most {case.symbol} has here"


@_entry("risk.max_spread_pct")
def _spread_cap(case: Case) -> str | None:
    """A wide spread is a loss at the entry; a crossed one is a quote that cannot be."""
    spread = case.market.ticker.spread_pct
    if 0 <= spread <= case.limits.max_spread_pct:
        return None
    return f"the spread is {spread:.3f} %, the most is {case.limits.max_spread_pct} %"


@_entry("risk.max_slippage_pct")
def _book_deep_enough(case: Case) -> str | None:
    """An order larger than the book pays for it."""
    depth, most = book_depth(case.draft, case.market, case.limits), case.limits.max_slippage_pct
    if depth is None or case.quantity <= depth:
        return None
    levels = taken_side(case.market.book, buys=buys(case.draft))
    expected = expected_pct(levels, case.quantity)
    slips = "is not in the book at all" if expected is None else f"slips {expected:.3f} %"
    return f"{case.quantity:f} {slips}; within {most} % of the best price the book has {depth:f}"


@_entry("risk.max_price_deviation_pct")
def _price_near_market_and_decision(case: Case) -> str | None:
    """A price far from the market is a typo or a trap; one far from the decision is late."""
    most, sizing = case.limits.max_price_deviation_pct, case.proposal.sizing
    market = case.market.ticker.mid
    named = case.draft.limit_price if case.draft.entry == "limit" else None
    away = _away_pct(named or case.price, market)
    if away > most:
        return f"the entry is {away:.2f} % from the market, {market:f}; the most is {most} %"
    if case.stop is None:
        return None  # it was not sized, and is refused for that
    if sizing is None:
        return "the desk could not size the proposal, so nobody knows the price it was made at"
    moved = _away_pct(case.price, sizing.reference_price)
    if moved <= most:
        return None
    return f"the price moved {moved:.2f} % since the proposal; the most is {most} %"


@_entry("risk.max_quote_age_s")
def _quote_fresh(case: Case) -> str | None:
    """An old price is no price, and one of the future comes from a clock that is wrong."""
    age_s, most = (case.now - case.market.ticker.at).total_seconds(), case.limits.max_quote_age_s
    return None if abs(age_s) <= most else f"the price is {age_s:.0f} s old, the most is {most} s"


@_entry("risk.max_data_age_candles")
def _candles_fresh(case: Case) -> str | None:
    """What the readers judged must still be the market."""
    frames = [series for series in case.market.frames.values() if len(series)]
    if not frames:
        return f"{case.symbol} has no candles"
    finest = min(frames, key=lambda series: interval_ms(series.interval))
    most = case.limits.max_data_age_candles
    age = (case.now - finest.closes_at) / timedelta(milliseconds=interval_ms(finest.interval))
    if abs(age) <= most:
        return None
    return f"the last {finest.interval} candle closed {age:.1f} candles ago, the most is {most}"


@_entry("min_notional")
@_exit("quantity")
def _venue_minimum(case: Case) -> str | None:
    """The venue refuses dust."""
    rules = case.market.rules
    if case.quantity <= 0:
        return "no quantity is left"
    if not case.opens:
        return None
    value = case.quantity * case.price
    if case.quantity < rules.min_quantity:
        return f"{case.quantity} is below the venue's least quantity {rules.min_quantity}"
    if value < rules.min_notional:
        return f"an order of {value:.2f} is below the venue's least value {rules.min_notional}"
    return None


@_exit("held")
def _something_to_close(case: Case) -> str | None:
    """Only what is held can be reduced or closed."""
    if case.held is None:
        return f"{case.symbol} is not held"
    held = case.held.position.quantity
    return None if case.quantity <= held else f"only {held} is held, {case.quantity} was asked"


_FARTHEST = 10
"""A target, or an order's own price, is at most so many times the price, or a part of it."""

_USABLE_WAY_PCT = 80
"""How much of the way to the liquidation price a stop may take; the rest is for slippage."""


def _worst_entry(case: Case) -> Decimal:
    """The end of the band that is farthest from the stop, and nearest to its liquidation."""
    return case.band.high if case.side == "long" else case.band.low


def _worst(case: Case) -> Decimal:
    """The same, as it is told: on the venue's grid."""
    return round_down(_worst_entry(case), case.market.rules.tick)


def _stop_pct(case: Case) -> Decimal | None:
    if case.stop is None:
        return None
    return abs(case.price - case.stop) / case.price * 100


def _away_pct(price: Decimal, reference: Decimal) -> Decimal:
    return abs(price - reference) / reference * 100


def _lost(case: Case, period: str, lost_pct: Decimal) -> str | None:
    most: Decimal = getattr(case.limits, f"max_{period}_loss_pct")
    if lost_pct < most:
        return None
    return f"{lost_pct:.2f} % were lost since the {period} began, the most is {most} %"
