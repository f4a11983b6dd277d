"""
Every limit of the gate, one rule each, with its reason in words.

A rule looks at one case and returns the breach, or None. The gate asks all of them
and reports every breach. A new limit is a field in settings, a rule here and a test.
What an entry may lose, be worth and bind is judged at the worst price of its band; where
stop and target lie is judged at the price of now.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from records.base import PositionSide, Record
from records.market import SymbolMarket
from records.order import AccountState, PositionMark
from records.proposal import TradeProposal
from records.risk import BreakerState, RiskLimits
from records.verdict import Approval, Breach
from tools.exchange.margin import liquidation_price, margin
from tools.risk.sizing import (
    Band,
    band,
    entry_price,
    reward_risk,
    room,
    round_down,
    usable_leverage,
)


class Case(Record):
    """One proposal with everything the gate may look at; `stop` and `leverage` as judged."""

    proposal: TradeProposal
    market: SymbolMarket
    account: AccountState
    committed: tuple[Approval, ...]
    limits: RiskLimits
    breaker: BreakerState
    halted: str | None
    quantity: Decimal
    stop: Decimal | None
    leverage: int

    @property
    def price(self) -> Decimal:
        return entry_price(self.proposal.draft, self.market, self.held)

    @property
    def band(self) -> Band:
        judged = self.proposal.draft.model_copy(update={"stop": self.stop})
        return band(judged, self.market, self.limits, self.held)

    @property
    def most_value(self) -> Decimal:
        """What the entry may be worth, quote currency: long or short, at the highest price."""
        return self.quantity * self.band.high

    @property
    def opens(self) -> bool:
        return self.proposal.draft.opens

    @property
    def side(self) -> PositionSide:
        return "short" if self.proposal.draft.action == "open_short" else "long"

    @property
    def sign(self) -> int:
        return 1 if self.side == "long" else -1

    @property
    def held(self) -> PositionMark | None:
        return held_in(self.proposal.symbol, self.account)


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
    return f"{case.proposal.symbol} is a spot market here: nothing can be sold short on it"


@_entry("entry")
def _limit_has_a_price(case: Case) -> str | None:
    """A limit order without its price would be a market order."""
    draft = case.proposal.draft
    if draft.entry == "market" or draft.limit_price is not None:
        return None
    return "a limit entry names no limit_price"


@_entry("risk.max_open_positions")
def _positions_left(case: Case) -> str | None:
    """Attention is limited: one position a market, and only so many markets."""
    if case.held is not None:
        return f"{case.proposal.symbol} is already held; one position a market"
    if any(approval.symbol == case.proposal.symbol for approval in case.committed):
        return f"{case.proposal.symbol} already has an approved order"
    left = room(case.proposal.symbol, case.account, case.committed, case.limits).positions_left
    return None if left > 0 else f"{case.limits.max_open_positions} positions are open or approved"


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
    """A target must pay for the stops on the way; no target, no bound."""
    draft = case.proposal.draft.model_copy(update={"stop": case.stop})
    ratio = reward_risk(draft, case.price)
    if ratio is None or ratio >= case.limits.min_reward_risk:
        return None
    return f"reward/risk is {ratio:.2f}, the least is {case.limits.min_reward_risk}"


@_entry("take_profit")
def _target_within_sense(case: Case) -> str | None:
    """A target that far away is a typo, and would pass any reward/risk."""
    target, price = case.proposal.draft.take_profit, case.price
    farthest = price * _FARTHEST_TARGET if case.side == "long" else price / _FARTHEST_TARGET
    if target is None or (farthest - target) * case.sign >= 0:
        return None
    return f"the target {target} is beyond {farthest:f}, the farthest for an entry at {price}"


@_entry("liquidation")
def _stop_before_liquidation(case: Case) -> str | None:
    """A venue that closes the position first takes the margin, and the stop never works."""
    rules, worst = case.market.rules, _worst_entry(case)
    ends = liquidation_price(case.side, worst, case.leverage, rules.maintenance_pct)
    if not rules.perpetual or case.stop is None or ends is None:
        return None
    way, distance = (worst - ends) * case.sign, (worst - case.stop) * case.sign
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
    bound = _bound(case, "risk_per_trade_pct")
    if loss <= bound:
        return None
    return (
        f"the loss at the stop may be {loss:.2f}, entered at {_worst(case):f}; "
        f"the most is {bound:.2f}"
    )


@_entry("risk.max_position_pct")
def _position_cap(case: Case) -> str | None:
    """No single market may decide the account's fate."""
    left = room(case.proposal.symbol, case.account, case.committed, case.limits).position_left
    value = case.most_value
    return None if value <= left else f"the position may be worth {value:.2f}, {left:.2f} is left"


@_entry("risk.max_total_exposure_pct")
def _exposure_cap(case: Case) -> str | None:
    """Markets fall together, so what is held counts together."""
    left = room(case.proposal.symbol, case.account, case.committed, case.limits).exposure_left
    value = case.most_value
    if value <= left:
        return None
    return f"the entry may be worth {value:.2f}, exposure left is {left:.2f}"


@_entry("cash")
def _enough_cash(case: Case) -> str | None:
    """What cannot be paid is not ordered."""
    left = room(case.proposal.symbol, case.account, case.committed, case.limits).cash_left
    leverage = usable_leverage(case.leverage, case.market.rules, case.limits)
    cost = margin(case.most_value, leverage)
    return None if cost <= left else f"the entry may bind {cost:.2f}, cash left is {left:.2f}"


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
    return f"leverage {case.leverage} is above {most}, the most {case.proposal.symbol} has here"


@_entry("risk.max_spread_pct")
def _spread_cap(case: Case) -> str | None:
    """A wide spread is a loss at the entry."""
    spread = case.market.ticker.spread_pct
    if spread <= case.limits.max_spread_pct:
        return None
    return f"the spread is {spread:.3f} %, the most is {case.limits.max_spread_pct} %"


@_entry("limit_price")
def _limit_near_the_market(case: Case) -> str | None:
    """A limit farther away than any stop may be is a typo or a trap."""
    market = case.market.ticker.mid
    away = abs(case.price - market) / market * 100
    most = case.limits.max_stop_pct
    if away <= most:
        return None
    return f"the entry is {away:.2f} % from the market, the most is risk.max_stop_pct {most} %"


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
        return f"{case.proposal.symbol} is not held"
    held = case.held.position.quantity
    return None if case.quantity <= held else f"only {held} is held, {case.quantity} was asked"


_FARTHEST_TARGET = 10
"""Times the entry price for a long, and the entry price over it for a short."""

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


def _bound(case: Case, limit: str) -> Decimal:
    percent: Decimal = getattr(case.limits, limit)
    return case.account.equity * percent / 100
