"""The gate has the last word: generated proposals, verdicts and accounts, and each rule by hand."""

import itertools
from datetime import timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from records.verdict import Approval
from tests.tools.risk.cases import (
    CYCLE,
    LIMITS,
    NOW,
    PERPETUAL,
    SAFE,
    TRIGGERED,
    UNCAPPED,
    account,
    approval,
    closing,
    dec,
    draft,
    mark,
    market,
    proposal,
    shorting,
    verdict,
    view,
)
from tools.risk.gate import Denied, judge
from tools.risk.limits import rule_names

CASES = 2_000


def judged(of=None, opinion=None, **changes):
    """The gate's answer to one proposal in one state of the world."""
    seen = view(**changes)
    asked = proposal(of, seen=seen.market, state=seen.account, limits=seen.limits)
    return judge(asked, opinion or verdict(), seen, f"{CYCLE}-a1")


class Chance:
    """A world from one seed: uniform figures, near the limits on both sides, quick to draw."""

    def __init__(self, seed):
        self._random = Random(seed)

    def amount(self, least, most, places=2):
        return round(Decimal(self._random.uniform(least, most)), places)

    def whole(self, least, most):
        return self._random.randint(least, most)

    def one_of(self, *choices):
        return self._random.choice(choices)

    def maybe(self, value):
        return value if self._random.random() < 0.3 else None

    def some(self, *choices):
        return self._random.sample(choices, self.whole(0, 2))


def some_limits(chance):
    return LIMITS.model_copy(
        update={
            "risk_per_trade_pct": chance.amount(0.1, 3),
            "max_position_pct": chance.amount(1, 100),
            "max_total_exposure_pct": chance.amount(30, 100),
            "max_open_positions": chance.whole(1, 9),
            "max_leverage": chance.one_of(chance.whole(2, 10), chance.whole(20, 125)),
            "max_stop_pct": chance.amount(3, 12),
            "min_reward_risk": chance.amount(0.1, 2),
        }
    )


def some_rules(chance):
    """A spot market, or a contract of generous or narrow leverage."""
    if chance.one_of(True, *[False] * 4):
        return {}
    return {
        "perpetual": True,
        "max_leverage": chance.one_of(1, *[3, 20, 125] * 3),
        "maintenance_pct": chance.amount(0, 2.5),
    }


def some_mark(chance, symbol):
    size, leverage = chance.amount(0.1, 30, 3), chance.one_of(1, 1, 2, 5)
    return mark(symbol, size, side=chance.one_of("long", "long", "short"), leverage=leverage)


def some_view(chance):
    marks = [some_mark(chance, s) for s in chance.some("BTC/USDT", "A/USDT", "B/USDT")]
    others = [
        approval(s, quantity=chance.amount(0.1, 30, 3), leverage=chance.one_of(1, 1, 2, 10))
        for s in chance.some("C/USDT", "D/USDT")
    ]
    cash = chance.amount(1, chance.one_of(300, *[30_000] * 7))
    return view(
        account=account(*marks, cash=cash, equity=cash + sum(one.margin for one in marks)),
        committed=tuple(others),
        market=market(bid=Decimal(100) - chance.amount(0.01, 0.53), **some_rules(chance)),
        limits=some_limits(chance),
        breaker=chance.one_of(*[SAFE] * 9, TRIGGERED),
        halted=chance.one_of(*[None] * 9, "lunch"),
    )


def some_draft(chance):
    """Mostly plausible entries; now and then no stop, one on the wrong side, or an exit."""
    action = chance.one_of(*["open_long"] * 6, *["open_short"] * 6, "close", "reduce", "hold")
    sign = -1 if action == "open_short" else 1
    return draft(
        action=action,
        entry=chance.one_of("market", "market", "limit"),
        limit_price=chance.amount(96, 104, 3),
        quantity=chance.maybe(chance.amount(0.001, 60, 4)),
        stop=chance.one_of(
            *[100 - sign * chance.amount(0.2, 9, 4)] * 8, chance.amount(80, 120), None
        ),
        take_profit=chance.maybe(100 + sign * chance.amount(-2, 40, 4)),
        leverage=chance.one_of(1, chance.whole(2, 6), chance.whole(2, 40)),
    )


def some_world(seed):
    """A proposal, a verdict near it on either side of looser, and the world it is judged in."""
    chance = Chance(seed)
    seen = some_view(chance)
    asked = proposal(some_draft(chance), state=seen.account, limits=seen.limits, seen=seen.market)
    stop, leverage = asked.draft.stop or Decimal(97), asked.draft.leverage
    opinion = verdict(
        chance.one_of(*["approve"] * 5, "shrink", "veto"),
        max_quantity=chance.maybe((asked.quantity or 1) * chance.amount(0.05, 1.1) or None),
        stop=chance.maybe(stop + (100 - stop) * chance.amount(-0.1, 0.9)),
        max_leverage=chance.maybe(min(125, max(1, leverage + chance.whole(-5, 1)))),
    )
    return asked, opinion, seen


def test_no_approval_lies_outside_any_limit():
    """Whatever is proposed and whatever the officer says: 2,000 generated worlds, no way around."""
    answers = []

    @settings(
        max_examples=CASES, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.integers(0, 2**64))
    def no_way_around(seed):
        asked, opinion, seen = some_world(seed)
        answer = judge(asked, opinion, seen, f"{CYCLE}-a1")
        answers.append(answer)
        if isinstance(answer, Approval):
            _hold_to_the_verdict(answer, asked, opinion.draft)
            _hold_to_the_limits(answer, seen)

    no_way_around()
    entries = [a for a in answers if isinstance(a, Approval) and not a.reduce_only]
    exits = [a for a in answers if isinstance(a, Approval) and a.reduce_only]
    assert len(answers) >= CASES * 0.9
    assert len(entries) > 100, "the property must not hold for want of approvals"
    for side, leverages in itertools.product(("buy", "sell"), (range(1, 2), range(2, 126))):
        found = [a for a in entries if a.side == side and a.leverage in leverages]
        assert len(found) > 10, f"too few of side {side!r} with leverage in {leverages}"
    assert {one.side for one in exits} == {"buy", "sell"}
    assert len(exits) > 20
    met = {breach.limit for a in answers if isinstance(a, Denied) for breach in a.breaches}
    unreachable = {"risk.risk_per_trade_pct", "take_profit", "limit_price", "quantity", "entry"}
    assert met >= set(rule_names()) - unreachable


def _hold_to_the_verdict(given_, asked, opinion):
    """Nothing is larger, looser or more leveraged than proposed and judged."""
    assert opinion.decision != "veto"
    assert asked.draft.action != "hold"
    if asked.quantity is not None:
        assert given_.quantity <= asked.quantity
    if opinion.max_quantity is not None:
        assert given_.quantity <= opinion.max_quantity
    if given_.reduce_only:
        return
    assert _closeness(given_, given_.stop) >= _closeness(given_, asked.draft.stop)
    assert given_.leverage <= min(asked.draft.leverage, opinion.max_leverage or 125)
    if opinion.max_quantity is not None:
        assert opinion.max_quantity <= asked.quantity, "a looser value is refused, not ignored"
    if opinion.max_leverage is not None:
        assert opinion.max_leverage <= asked.draft.leverage
    if opinion.stop is not None:
        assert _closeness(given_, opinion.stop) >= _closeness(given_, asked.draft.stop)
        assert _closeness(given_, given_.stop) >= _closeness(given_, opinion.stop)


def _closeness(given_, stop):
    """A stop of a long is the closer the higher it lies, one of a short the lower."""
    return stop if given_.action == "open_long" else -stop


def _hold_to_the_limits(given_, seen):
    """Each bound computed here anew, from the account alone."""
    held = {one.position.symbol: one for one in seen.account.positions}
    rules = seen.market.rules
    assert given_.quantity > 0
    assert given_.quantity % rules.step == 0
    if given_.reduce_only:
        position = held["BTC/USDT"].position
        assert given_.side == ("sell" if position.side == "long" else "buy")
        assert given_.quantity <= position.quantity
        assert given_.leverage == 1
        return
    limits = seen.limits
    price = _price(given_, seen.market.ticker)
    sign = 1 if given_.action == "open_long" else -1
    away = (price - given_.stop) * sign
    assert (given_.action, given_.side) in (("open_long", "buy"), ("open_short", "sell"))
    assert rules.perpetual or given_.action == "open_long"
    assert seen.halted is None
    assert seen.breaker.status != "TRIGGERED"
    assert "BTC/USDT" not in held
    assert len(held) + len(seen.committed) < limits.max_open_positions
    assert given_.quantity * price >= rules.min_notional
    assert limits.min_stop_pct <= away / price * 100 <= limits.max_stop_pct
    assert given_.leverage <= limits.max_leverage
    assert given_.leverage <= (rules.max_leverage if rules.perpetual else 1)
    assert seen.market.ticker.spread_pct <= limits.max_spread_pct
    assert given_.price_low <= price <= given_.price_high
    assert given_.stop % rules.tick == 0
    assert price % rules.tick == 0
    if given_.entry == "limit":
        worst = given_.price_high if given_.side == "buy" else given_.price_low
        assert (given_.limit_price - worst) * sign >= 0, "the band goes no further than the limit"
    for entered in _prices(given_, price, rules.tick):
        _hold_to_the_caps(given_, entered, seen)
        _hold_to_the_margin(given_, entered, rules.maintenance_pct)
    if given_.take_profit is not None:
        assert given_.take_profit % rules.tick == 0
        assert given_.take_profit > 0
        assert (given_.take_profit - price) * sign > 0
        reward = (given_.take_profit - price) * sign / away
        assert reward >= limits.min_reward_risk - Decimal("0.0001")


def _prices(given_, price, tick):
    """Every price of the grid that the approval allows, and the ends of its band."""
    least = (given_.price_low / tick).to_integral_value(ROUND_CEILING)
    most = (given_.price_high / tick).to_integral_value(ROUND_FLOOR)
    on_grid = [tick * ticks for ticks in range(int(least), int(most) + 1)]
    assert price in on_grid
    return (given_.price_low, *on_grid, given_.price_high)


def _hold_to_the_caps(given_, entered, seen):
    """Risk, position, exposure and cash, had the entry been filled at this price."""
    limits, equity = seen.limits, seen.account.equity
    sign = 1 if given_.action == "open_long" else -1
    value = given_.quantity * entered
    held = sum(one.notional for one in seen.account.positions)
    promised = sum(one.quantity * one.price_high for one in seen.committed)
    bound = sum(one.quantity * one.price_high / one.leverage for one in seen.committed)
    way = (entered - given_.stop) * sign
    assert way > 0, "the band must not reach the stop"
    assert given_.quantity * way <= equity * limits.risk_per_trade_pct / 100
    assert value <= equity * limits.max_position_pct / 100
    assert value + held + promised <= equity * limits.max_total_exposure_pct / 100
    assert value / given_.leverage + bound <= seen.account.cash


def _price(given_, ticker):
    """What would be paid: the book, unless the limit is better."""
    if given_.side == "buy":
        return min(given_.limit_price or ticker.ask, ticker.ask)
    return max(given_.limit_price or ticker.bid, ticker.bid)


def _hold_to_the_margin(given_, entered, maintenance_pct):
    """At the stop, margin and loss leave more than the maintenance, wherever it was entered."""
    sign = 1 if given_.side == "buy" else -1
    left = entered / given_.leverage + (given_.stop - entered) * sign
    assert left > given_.stop * maintenance_pct / 100 or given_.leverage == sign == 1


def test_an_approval_says_exactly_what_may_be_sent():
    """One symbol, side, quantity, band, stop and target, for five minutes."""
    found = judged()
    assert found == Approval(
        approval_id=f"{CYCLE}-a1", cycle_id=CYCLE, proposal_id=f"{CYCLE}-p1",
        verdict_id=f"{CYCLE}-v1", created_at=NOW, expires_at=NOW + timedelta(seconds=300),
        symbol="BTC/USDT", action="open_long", side="buy", entry="market", quantity=Decimal("9.95"),
        price_low=Decimal("99.5"), price_high=Decimal("100.5"), limit_price=None,
        stop=Decimal(98), take_profit=Decimal(104), leverage=1, reduce_only=False,
    )  # fmt: skip


@pytest.mark.parametrize("of", [None, closing(), draft(action="hold")])
def test_a_veto_never_yields_an_approval(of):
    """Not for an entry, not for an exit, whatever figures come with it."""
    opinion = verdict("veto", max_quantity="1", reasons=("The trend is down.",))
    denied = judged(of, opinion, account=account(mark()))
    assert (denied.code, denied.message) == ("veto", "The trend is down.")


@pytest.mark.parametrize(
    ("description", "of", "opinion", "word"),
    [
        ("more than the desk computed", draft(), verdict(max_quantity="10.001"), "max_quantity"),
        ("more than was asked", draft(quantity="2"), verdict(max_quantity="3"), "max_quantity"),
        ("more leverage", draft(leverage=2), verdict(max_leverage=3), "max_leverage"),
        ("a stop farther away", draft(), verdict(stop="97.99"), "stop"),
        ("a stop on the other side", draft(), verdict(stop="101"), "stop"),
        ("a stop where none was proposed", draft(stop=None), verdict(stop="99"), "no stop"),
        ("a short's stop farther away", shorting(), verdict(stop="102.01"), "stop"),
        ("a short's stop on the other side", shorting(), verdict(stop="99"), "stop"),
        ("a shrink without a figure", draft(), verdict("shrink"), "names no max_quantity"),
    ],
)
def test_a_verdict_that_loosens_is_refused(description, of, opinion, word):
    """It is refused as a whole: what else it says cannot be trusted either."""
    denied = judged(of, opinion, market=market(**PERPETUAL))
    assert isinstance(denied, Denied), description
    assert denied.code == "loosened"
    assert word in denied.message


def test_a_verdict_tightens():
    """Quantity, stop and leverage, each no looser than proposed."""
    opinion = verdict("shrink", max_quantity="3.0005", stop="99.001", max_leverage=2)
    found = judged(draft(leverage=4), opinion, market=market(**PERPETUAL))
    assert (found.quantity, found.stop, found.leverage) == (Decimal(3), Decimal("99.01"), 2)


def test_a_verdict_tightens_a_short():
    """The same three, from the other side: a closer stop of a short lies lower."""
    opinion = verdict("shrink", max_quantity="3.0005", stop="101.008", max_leverage=2)
    found = judged(shorting(leverage=4), opinion, market=market(**PERPETUAL))
    assert (found.quantity, found.stop, found.leverage) == (Decimal(3), Decimal("101.00"), 2)


def test_less_leverage_buys_what_the_cash_then_pays():
    """The officer lowers it to be careful: a smaller order, not one that is refused for cash."""
    seen = {"market": market(**PERPETUAL), "limits": UNCAPPED}
    poor = account(cash=1000, equity=10_000)
    of = draft(leverage=5, stop="98.5")
    assert judged(of, account=poor, **seen).quantity == Decimal("48.537")
    cautious = judged(of, verdict(max_leverage=1), account=poor, **seen)
    assert (cautious.quantity, cautious.leverage) == (Decimal("9.900"), 1)


@pytest.mark.parametrize(
    ("description", "of", "opinion", "low", "high"),
    [
        ("a long is not bought at its stop", draft(stop="99.7"), verdict(), "99.71", "100.5"),
        ("nor at the one the officer set", draft(), verdict(stop="99.7"), "99.71", "100.5"),
        ("a short is not sold at its stop", shorting(stop="100.3"), verdict(),
         "99.49005", "100.29"),
        ("a limit is the most a long pays", draft(entry="limit", limit_price="99.9"), verdict(),
         "99.4005", "99.9"),
        ("also where the ask is better", draft(entry="limit", limit_price="100.2"), verdict(),
         "99.5", "100.2"),
        ("a limit is the least a short gets", shorting(entry="limit", limit_price="100.1"),
         verdict(), "100.1", "100.6005"),
        ("a limit out of reach makes the band no wider",
         draft(entry="limit", limit_price="104", take_profit="120"), verdict(), "99.5", "100.5"),
    ],
)  # fmt: skip
def test_the_band_ends_at_the_limit_and_before_the_stop(description, of, opinion, low, high):
    """The band may be wider than the way to the stop, and a limit trades on one side only."""
    found = judged(of, opinion, market=market(**PERPETUAL))
    assert (found.price_low, found.price_high) == (Decimal(low), Decimal(high)), description


def test_an_approved_short_says_exactly_what_may_be_sent():
    """The mirror image of a long: sold at the bid, its stop above and its target below."""
    found = judged(shorting(leverage=3), market=market(**PERPETUAL))
    assert (found.action, found.side, found.quantity) == ("open_short", "sell", Decimal("9.951"))
    assert (found.price_low, found.price_high) == (Decimal("99.49005"), Decimal("100.48995"))
    assert (found.stop, found.take_profit, found.leverage) == (Decimal(102), Decimal(95), 3)
    assert found.reduce_only is False


def test_a_spot_market_is_not_sold_short():
    """There is nothing to sell."""
    denied = judged(shorting())
    assert [breach.limit for breach in denied.breaches] == ["action"]


def test_a_tighter_stop_buys_no_larger_size():
    """Half the distance would double the size by the risk rule; the officer meant to be careful."""
    found = judged(draft(), verdict(stop="99"), limits=UNCAPPED)
    assert found.quantity == Decimal(40)


def test_a_tightened_stop_meets_the_limits_too():
    """A stop inside the noise is refused, whoever set it."""
    denied = judged(draft(), verdict(stop="99.9"))
    assert [breach.limit for breach in denied.breaches] == ["risk.min_stop_pct"]


def test_a_stop_between_two_ticks_goes_nearer():
    """The venue would refuse it after the entry was filled, and leave a position without a stop."""
    assert judged(draft(stop="98.001")).stop == Decimal("98.01")


def test_the_size_is_todays_not_the_proposals():
    """An approval given meanwhile takes its share: the exposure left binds the second one."""
    asked = proposal()
    seen = view(committed=(approval("ETH/USDT", quantity="48"),))
    assert asked.quantity == Decimal("9.95")
    assert judge(asked, verdict(), seen, "a").quantity == Decimal("1.99")


def test_a_size_never_grows_after_the_proposal():
    """The officer judged a figure; more room since then does not enlarge it."""
    asked = proposal(state=account(cash=500))
    found = judge(asked, verdict(), view(), "a")
    assert found.quantity == asked.quantity < Decimal(10)


def test_a_hold_has_nothing_to_approve():
    """Approving a hold is a normal ending, and no order."""
    assert judged(draft(action="hold")).code == "hold"


def test_a_market_that_was_not_seen_is_not_traded():
    """No snapshot, no price, no approval."""
    assert judge(proposal(), verdict(), view(market=None), "a").code == "no_market"


def test_every_breach_is_in_the_refusal():
    """The refusal is recorded with all its reasons."""
    contract = market(**PERPETUAL)
    denied = judged(draft(leverage=9), halted="lunch", breaker=TRIGGERED, market=contract)
    assert denied.code == "limits"
    assert [one.limit for one in denied.breaches] == ["halt", "breaker", "risk.max_leverage"]
    assert "lunch" in denied.message


@pytest.mark.parametrize(
    ("of", "opinion", "quantity"),
    [
        (closing(), verdict(), 5),
        (closing(quantity="2"), verdict(), 2),
        (closing(quantity="7"), verdict(), 5),
        (closing(action="reduce", quantity="2"), verdict(), 2),
        (closing(action="reduce"), verdict(), 5),
        (closing(), verdict("shrink", max_quantity="1.5"), "1.5"),
    ],
)
def test_an_exit_sells_what_is_held(of, opinion, quantity):
    """All of it, or what was asked when that is less; the officer may shrink it further."""
    found = judged(of, opinion, account=account(mark()), halted="lunch", breaker=TRIGGERED)
    assert (found.quantity, found.side, found.reduce_only) == (dec(quantity), "sell", True)
    assert (found.stop, found.take_profit) == (None, None)


@pytest.mark.parametrize("action", ["close", "reduce"])
def test_leaving_a_short_buys_it_back_at_the_ask(action):
    """The band lies around the price that a purchase pays; around the bid it would be too low."""
    short = account(mark(side="short", leverage=5), cash=0)
    found = judged(closing(action=action), account=short, market=market(bid="97", **PERPETUAL))
    assert (found.side, found.quantity, found.reduce_only) == ("buy", Decimal(5), True)
    assert (found.price_low, found.price_high) == (Decimal("99.5"), Decimal("100.5"))


def test_the_limit_of_a_short_that_is_left_goes_to_the_grid_as_a_purchase_does():
    """Rounded up, it would pay more than was asked for."""
    short = account(mark(side="short"))
    leaving = closing(entry="limit", limit_price="99.879")
    assert judged(leaving, account=short).limit_price == Decimal("99.87")


@pytest.mark.parametrize("of", [closing(), closing(action="reduce", quantity="5.001")])
def test_an_exit_sells_no_more_than_is_held(of):
    """Selling more would open a short."""
    held = (mark(),) if of.action == "reduce" else ()
    assert judged(of, account=account(*held)).code == "limits"


@pytest.mark.parametrize(
    "changes",
    [
        {"stop": "0." + "0" * 30 + "1"},
        {"stop": "9" * 55},
        {"take_profit": "9" * 55},
        {"take_profit": "100." + "0" * 40 + "1", "stop": "99." + "9" * 50},
        {"entry": "limit", "limit_price": "9" * 55},
        {"entry": "limit", "limit_price": "0." + "0" * 50 + "1"},
        {"quantity": "9" * 55},
        {"quantity": "0." + "0" * 50 + "1"},
    ],
)
def test_figures_beyond_sense_are_refused_not_a_crash(changes):
    """A model may write any number; the gate answers it with limits, and so does the sizing."""
    answer = judged(draft(**changes))
    assert isinstance(answer, Approval | Denied)
    if isinstance(answer, Approval):
        assert answer.quantity == Decimal("9.95")
        assert "quantity" in changes or len(changes) == 2
