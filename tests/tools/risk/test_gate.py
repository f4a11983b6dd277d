"""The gate has the last word: what a verdict may say, and what an approval then allows."""

from datetime import timedelta
from decimal import Decimal

import pytest

from records.verdict import Approval
from tests.tools.risk.cases import (
    BTC,
    CYCLE,
    LIMITS,
    NOW,
    PERPETUAL,
    TRIGGERED,
    UNCAPPED,
    account,
    approval,
    closing,
    dec,
    draft,
    levels,
    lock,
    losses,
    mark,
    market,
    proposal,
    shorting,
    verdict,
    view,
)
from tools.risk.gate import Denied, judge
from tools.risk.limits import held_in

CONTRACT = market(**PERPETUAL)


def judged(of=None, said=None, decision="approve", **world):
    """The gate's answer to a verdict that repeats the proposal, but for what is said."""
    seen = view(**world)
    state = seen.holdings.account
    asked = proposal(of, seen=seen.market, state=state, limits=seen.limits)
    held = held_in(asked.symbol, state)
    buys_back = not asked.draft.opens and held is not None and held.position.side == "short"
    repeated = {"side": "buy"} if buys_back else {}
    opinion = verdict(decision, on=asked, **repeated | (said or {}))
    return judge(asked, opinion, seen, f"{CYCLE}-a1")


def limits_of(denied):
    """Which limits a refusal names."""
    return [breach.limit for breach in denied.breaches]


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
    said = {"max_quantity": "1", "reasons": ("The trend is down.",)}
    denied = judged(of, said, "veto", account=account(mark()))
    assert (denied.code, denied.message) == ("veto", "The trend is down.")


@pytest.mark.parametrize(
    ("description", "of", "said", "words"),
    [
        ("more than the desk computed", draft(), {"max_quantity": "9.951"},
         "max_quantity 9.951 is above the proposal's 9.950"),
        ("more than was asked", draft(quantity="2"), {"max_quantity": "2.001"},
         "max_quantity 2.001 is above the proposal's 2"),
        ("more than the part that was to be sold", closing(action="reduce", quantity="2"),
         {"max_quantity": "2.001"}, "max_quantity 2.001 is above the proposal's 2"),
        ("more leverage", draft(leverage=2), {"max_leverage": 3},
         "max_leverage 3 is above the proposal's 2"),
        ("a stop farther away", draft(), {"stop": "97.99"},
         "stop 97.99 is farther away than the proposal's 98"),
        ("a stop on the other side", draft(), {"stop": "101"},
         "stop 101 is not on the proposal's side of 100"),
        ("a stop at the price", draft(), {"stop": "100"},
         "stop 100 is not on the proposal's side of 100"),
        ("a stop where none was proposed", draft(stop=None), {"stop": "99"},
         "the proposal has no stop that could be tightened"),
        ("a short's stop farther away", shorting(), {"stop": "102.01"},
         "stop 102.01 is farther away than the proposal's 102"),
        ("a short's stop on the other side", shorting(), {"stop": "99"},
         "stop 99 is not on the proposal's side of 99.99"),
        ("a short's stop at the price", shorting(), {"stop": "99.99"},
         "stop 99.99 is not on the proposal's side of 99.99"),
        ("no quantity", draft(), {"max_quantity": None},
         "the verdict names no max_quantity, so the entry would have none"),
        ("no stop", shorting(), {"stop": None},
         "the verdict names no stop, so the entry would have none"),
        ("no leverage, nor a stop", draft(), {"stop": None, "max_leverage": None},
         "the verdict names no stop and no max_leverage, so the entry would have none"),
    ],
)  # fmt: skip
def test_a_verdict_that_loosens_is_refused(description, of, said, words):
    """It is refused as a whole: what else it says cannot be trusted either."""
    denied = judged(of, said, market=CONTRACT, account=account(cash=10_000))
    assert isinstance(denied, Denied), description
    assert (denied.code, denied.message) == ("loosened", words)


@pytest.mark.parametrize("of", [draft(), closing()])
def test_a_shrink_names_how_much(of):
    """Without a figure it would shrink nothing."""
    denied = judged(of, {"max_quantity": None}, "shrink", account=account(mark(symbol="A/USDT")))
    assert (denied.code, denied.message) == ("loosened", "a shrink names no max_quantity")


@pytest.mark.parametrize(
    "said", [{"max_quantity": "9.950"}, {"stop": "98"}, {"max_leverage": 1}, {"stop": "98.00"}]
)
def test_a_verdict_may_repeat_the_proposal(said):
    """Equal is not looser."""
    assert judged(draft(), said).quantity == Decimal("9.95")


@pytest.mark.parametrize(
    ("description", "of", "said", "words"),
    [
        ("another market", draft(), {"symbol": "ETH/USDT"},
         "the verdict is on 'ETH/USDT', the proposal on BTC/USDT"),
        ("a market that looks alike", draft(), {"symbol": "\u0412TC/USDT"},
         "the verdict is on '\u0412TC/USDT', the proposal on BTC/USDT"),
        ("the other side of a long", draft(), {"side": "sell"},
         "the verdict is on a sell, the proposal is a buy"),
        ("the other side of a short", shorting(), {"side": "buy"},
         "the verdict is on a buy, the proposal is a sell"),
        ("the other side of an exit", closing(), {"side": "buy"},
         "the verdict is on a buy, the proposal is a sell"),
        ("a market earlier in the alphabet", draft(), {"symbol": "ADA/USDT"},
         "the verdict is on 'ADA/USDT', the proposal on BTC/USDT"),
        ("another proposal", draft(), {"proposal_id": f"{CYCLE}-p2"},
         f"the verdict is on '{CYCLE}-p2', not on {CYCLE}-p1"),
        ("an earlier proposal", draft(), {"proposal_id": f"{CYCLE}-p0"},
         f"the verdict is on '{CYCLE}-p0', not on {CYCLE}-p1"),
    ],
)  # fmt: skip
def test_a_verdict_on_another_trade_is_refused(description, of, said, words):
    """The officer had something else in mind; what it was is nobody's to guess."""
    denied = judged(of, said, market=CONTRACT)
    assert (denied.code, denied.message) == ("verdict_mismatch", words), description


def test_the_exit_of_a_short_is_a_purchase():
    """The side is that of the order, so a verdict that says sell is on something else."""
    held = {"account": account(mark(side="short")), "market": CONTRACT}
    assert judged(closing(), {"side": "buy"}, **held).side == "buy"
    assert judged(closing(), {"side": "sell"}, **held).code == "verdict_mismatch"


def test_a_veto_is_one_whatever_else_it_says():
    """A wrong market, side or figure must not turn a no into a refusal of the verdict."""
    said = {"symbol": "ETH/USDT", "side": "sell", "max_quantity": "99", "stop": "1"}
    assert judged(draft(), said, "veto").code == "veto"
    assert judged(draft(), said, "veto", market=market("ETH/USDT")).code == "veto"


def test_a_verdict_tightens():
    """Quantity, stop and leverage, each no looser than proposed."""
    said = {"max_quantity": "3.0005", "stop": "99.001", "max_leverage": 2}
    found = judged(draft(leverage=4), said, "shrink", market=CONTRACT)
    assert (found.quantity, found.stop, found.leverage) == (Decimal(3), Decimal("99.01"), 2)


def test_a_verdict_tightens_a_short():
    """The same three, from the other side: a closer stop of a short lies lower."""
    said = {"max_quantity": "3.0005", "stop": "101.008", "max_leverage": 2}
    found = judged(shorting(leverage=4), said, "shrink", market=CONTRACT)
    assert (found.quantity, found.stop, found.leverage) == (Decimal(3), Decimal("101.00"), 2)


def test_less_leverage_buys_what_the_cash_then_pays():
    """The officer lowers it to be careful: a smaller order, not one that is refused for cash."""
    seen = {"market": CONTRACT, "limits": UNCAPPED}
    poor = account(cash=1000, equity=10_000)
    of = draft(leverage=5, stop="98.5")
    assert judged(of, account=poor, **seen).quantity == Decimal("48.537")
    cautious = judged(of, {"max_leverage": 1}, account=poor, **seen)
    assert (cautious.quantity, cautious.leverage) == (Decimal("9.900"), 1)


@pytest.mark.parametrize(
    ("description", "of", "said", "low", "high"),
    [
        ("a long is not bought at its stop", draft(stop="99.7"), {}, "99.71", "100.5"),
        ("nor at the one the officer set", draft(), {"stop": "99.7"}, "99.71", "100.5"),
        ("a short is not sold at its stop", shorting(stop="100.3"), {}, "99.49005", "100.29"),
        ("a limit is the most a long pays", draft(entry="limit", limit_price="99.9"), {},
         "99.4005", "99.9"),
        ("also where the ask is better", draft(entry="limit", limit_price="100.2"), {},
         "99.5", "100.2"),
        ("a limit is the least a short gets", shorting(entry="limit", limit_price="100.1"), {},
         "100.1", "100.6005"),
        ("also where the bid is better", shorting(entry="limit", limit_price="99.8"), {},
         "99.8", "100.48995"),
        ("a limit out of reach makes the band no wider",
         draft(entry="limit", limit_price="101.9", take_profit="120"), {}, "99.5", "100.5"),
    ],
)  # fmt: skip
def test_the_band_ends_at_the_limit_and_before_the_stop(description, of, said, low, high):
    """The band may be wider than the way to the stop, and a limit trades on one side only."""
    found = judged(of, said, market=CONTRACT)
    assert (found.price_low, found.price_high) == (Decimal(low), Decimal(high)), description


def test_an_approved_short_says_exactly_what_may_be_sent():
    """The mirror image of a long: sold at the bid, its stop above and its target below."""
    found = judged(shorting(leverage=3), market=CONTRACT)
    assert (found.action, found.side, found.quantity) == ("open_short", "sell", Decimal("9.951"))
    assert (found.price_low, found.price_high) == (Decimal("99.49005"), Decimal("100.48995"))
    assert (found.stop, found.take_profit, found.leverage) == (Decimal(102), Decimal(95), 3)
    assert found.reduce_only is False


def test_a_spot_market_is_not_sold_short():
    """There is nothing to sell."""
    assert limits_of(judged(shorting())) == ["action"]


def test_a_tighter_stop_buys_no_larger_size():
    """Half the distance would double the size by the risk rule; the officer meant to be careful."""
    found = judged(draft(), {"stop": "99"}, limits=UNCAPPED)
    assert found.quantity == Decimal(40)
    sold = judged(shorting(), {"stop": "101"}, limits=UNCAPPED, market=CONTRACT)
    assert sold.quantity == Decimal("39.841")


def test_a_tightened_stop_meets_the_limits_too():
    """A stop inside the noise is refused, whoever set it."""
    assert limits_of(judged(draft(), {"stop": "99.9"})) == ["risk.min_stop_pct"]


def test_a_stop_between_two_ticks_goes_nearer():
    """The venue would refuse it after the entry was filled, and leave a position without a stop."""
    assert judged(draft(stop="98.001")).stop == Decimal("98.01")


def test_the_size_is_todays_not_the_proposals():
    """An approval given meanwhile takes its share: the exposure left binds the second one."""
    asked = proposal()
    seen = view(committed=(approval("ETH/USDT", quantity="48"),), correlations={"ETH/USDT": 0.0})
    assert asked.quantity == Decimal("9.95")
    assert judge(asked, verdict(on=asked), seen, "a").quantity == Decimal("1.99")


def test_a_size_never_grows_after_the_proposal():
    """The officer judged a figure; more room since then does not enlarge it."""
    asked = proposal(state=account(cash=500))
    found = judge(asked, verdict(on=asked), view(), "a")
    assert found.quantity == asked.quantity < Decimal(10)


def test_a_hold_has_nothing_to_approve():
    """Approving a hold is a normal ending, and no order."""
    assert judged(draft(action="hold")).code == "hold"


def test_a_market_that_was_not_seen_is_not_traded():
    """No snapshot, no price, no approval."""
    for seen in (None, market("ETH/USDT"), market("ADA/USDT")):
        denied = judge(proposal(), verdict(), view(market=seen), "a")
        assert (denied.code, denied.message) == (
            "no_market", "BTC/USDT is not in this cycle's snapshot",
        )  # fmt: skip


def test_every_breach_is_in_the_refusal():
    """The refusal is recorded with all its reasons."""
    denied = judged(draft(leverage=9), halted="lunch", breaker=TRIGGERED, market=CONTRACT)
    assert denied.code == "limits"
    assert limits_of(denied) == ["halt", "breaker", "risk.max_leverage"]
    assert denied.message == "; ".join(breach.message for breach in denied.breaches)


@pytest.mark.parametrize(
    ("of", "said", "quantity"),
    [
        (closing(), {}, 5),
        (closing(quantity="2"), {}, 2),
        (closing(quantity="7"), {}, 5),
        (closing(action="reduce", quantity="2"), {}, 2),
        (closing(action="reduce"), {}, 5),
        (closing(), {"max_quantity": "1.5"}, "1.5"),
        (closing(quantity="3.0009"), {"max_quantity": "3.0009"}, 3),
    ],
)
def test_an_exit_sells_what_is_held(of, said, quantity):
    """All of it, or what was asked when that is less; the officer may shrink it further."""
    decision = "shrink" if said else "approve"
    found = judged(of, said, decision, account=account(mark()), halted="lunch", breaker=TRIGGERED)
    assert (found.quantity, found.side, found.reduce_only) == (dec(quantity), "sell", True)
    assert (found.stop, found.take_profit, found.leverage) == (None, None, 1)


def test_an_exit_takes_no_stop_from_its_proposal_nor_from_its_verdict():
    """What is left of the position keeps the guards it has."""
    of = closing(stop="90", take_profit="110", leverage=3)
    found = judged(of, {"stop": "95", "max_leverage": 2}, account=account(mark()))
    assert (found.stop, found.take_profit, found.leverage) == (None, None, 1)


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
        {"quantity": "9" * 60, "stop": "9" * 60, "take_profit": "9" * 60},
        {"entry": "limit", "limit_price": "9" * 60, "quantity": "1"},
        {"entry": "limit", "limit_price": "0." + "0" * 59 + "1", "quantity": "0." + "9" * 60},
    ],
)
def test_figures_beyond_sense_are_refused_not_a_crash(changes):
    """A model may write any number; the gate answers it with limits, and so does the sizing."""
    for kind in (draft, shorting):
        answer = judged(kind(**changes), market=CONTRACT)
        assert isinstance(answer, Approval | Denied)
        if isinstance(answer, Approval):
            assert len(changes) == 2
            assert answer.quantity in (Decimal("9.95"), Decimal("9.951"))


@pytest.mark.parametrize("side", ["long", "short"])
@pytest.mark.parametrize(
    "changes",
    [
        {"entry": "limit", "limit_price": "9" * 60},
        {"entry": "limit", "limit_price": "0." + "0" * 59 + "1"},
        {"quantity": "9" * 60, "action": "reduce"},
        {"quantity": "0." + "0" * 59 + "1"},
    ],
)
def test_an_exit_with_figures_beyond_sense_is_refused_not_a_crash(side, changes):
    """The position keeps its stop; what nobody can mean is not sent to the venue."""
    held = account(mark(side=side))
    denied = judged(closing(**changes), account=held, market=CONTRACT)
    assert limits_of(denied)[0] in ("entry", "held", "quantity")


ASKED = {"market": CONTRACT, "limits": UNCAPPED}


@pytest.mark.parametrize(
    ("description", "of", "world", "largest", "limit"),
    [
        ("1,000 at 100.5: 9.950...", {}, {}, "9.950", "risk.max_position_pct"),
        ("300 less than that: 2 % of 10,000", {}, {"limits": LIMITS.model_copy(update={
            "max_symbol_pct": Decimal(2)})}, "1.990", "risk.max_symbol_pct"),
        ("5,000 less 4,900: 0.995...", {}, {"account": account(mark("ETH/USDT", "49")),
         "correlations": {"ETH/USDT": 0.0}}, "0.995", "risk.max_total_exposure_pct"),
        ("4,000 less 3,900 that moves with it: 0.995...", {}, {"account": account(
            mark("ETH/USDT", "39"))}, "0.995", "risk.max_correlated_pct"),
        ("1 % of 10,000 is 100; 2.5 to the stop", {}, ASKED, "40", "risk.risk_per_trade_pct"),
        ("1.5 to the stop that the officer allows", {"said": {"stop": "99"}}, ASKED, "66.666",
         "risk.risk_per_trade_pct"),
        ("500 of cash at 100.5 and the fee: 4.950...", {}, {"account": account(cash=500)},
         "4.950", "cash"),
        ("leverage 5, of which the officer allows 2: 500 / 100.5 / 0.505", {"leverage": 5,
         "said": {"max_leverage": 2}}, ASKED | {"account": account(cash=500)}, "9.851", "cash"),
        ("7 within reach in the book", {}, {"market": market(book=levels(asks={"100": 7}))}, "7",
         "risk.max_slippage_pct"),
    ],
)  # fmt: skip
def test_the_largest_size_that_passes_is_offered_and_no_larger_one_does(
    description, of, world, largest, limit
):
    """A size that was asked for is refused, never made smaller in silence; the offer is exact."""
    of = {"take_profit": None} | of
    said = of.pop("said", {})
    denied = judged(draft(quantity="90", **of), said, **world)
    assert limit in limits_of(denied), description
    assert denied.largest_quantity == Decimal(largest), description
    assert denied.message.endswith(f"; the largest size that passes is {largest}")

    assert judged(draft(quantity=largest, **of), said, **world).quantity == Decimal(largest)
    more = judged(draft(quantity=Decimal(largest) + Decimal("0.001"), **of), said, **world)
    assert limits_of(more) == [limit]
    assert more.largest_quantity == Decimal(largest)


def test_the_largest_size_is_told_without_an_exponent():
    """1E+1 is a figure that people misread."""
    full = market(step="10", book=levels(asks={"100": 10}))
    denied = judged(draft(quantity="20", take_profit=None), market=full, limits=UNCAPPED)
    assert denied.message.endswith("; the largest size that passes is 10")


@pytest.mark.parametrize(
    ("description", "of", "world"),
    [
        ("a smaller size breaks the same limit", draft(quantity="90"), {"halted": "lunch"}),
        ("nothing is left", draft(quantity="90"), {"account": account(cash=0)}),
        ("what is left is dust", draft(quantity="90"), {"market": market(min_notional="1000")}),
        ("there is no stop to size by", draft(quantity="90", stop=None), {}),
        ("the size was the desk's already", draft(), {"locks": (lock(),)}),
        ("the stop is where the price is by now", draft(quantity="9"),
         {"market": market(bid="97.99", ask="98"), "limits": UNCAPPED}),
        ("an exit is not sized", closing(), {}),
        ("nor is one of more than is held", closing(action="reduce", quantity="6"),
         {"account": account(mark())}),
    ],
)  # fmt: skip
def test_no_size_is_offered_where_none_passes(description, of, world):
    """An offer that would be refused again is worse than none."""
    denied = judged(of, **world)
    assert (denied.code, denied.largest_quantity) == ("limits", None), description
    assert "largest" not in denied.message


def test_an_explicit_size_is_met_to_the_step():
    """What the venue's grid takes off is all that is taken off."""
    assert judged(draft(quantity="9.9509")).quantity == Decimal("9.950")
    assert judged(draft(quantity="3")).quantity == 3
    assert judged(draft(quantity="3"), {"max_quantity": "2.5"}).quantity == Decimal("2.5")


@pytest.mark.parametrize("kind", [draft, shorting])
def test_a_size_of_nothing_is_refused_by_what_left_nothing(kind):
    """The officer cannot name a part of nothing; the refusal says why there is nothing."""
    full = account(mark("ETH/USDT", "60"))
    denied = judged(kind(), account=full, market=CONTRACT)
    assert denied.code == "limits"
    assert limits_of(denied)[0] == "risk.max_correlated_pct"
    assert judged(kind(), {"stop": None}, account=full, market=CONTRACT).code == "loosened"


@pytest.mark.parametrize("price", ["98", "97"])
def test_a_stop_that_the_market_has_passed_leaves_no_size(price):
    """Sized a moment ago, and now there is no way to the stop, or one on the wrong side."""
    asked = proposal(limits=UNCAPPED)
    passed = market(bid=price, ask=price)
    denied = judge(asked, verdict(on=asked), view(market=passed, limits=UNCAPPED), "a")
    assert "stop" in limits_of(denied)
    assert ("min_notional" in limits_of(denied)) is (price == "98")


@pytest.mark.parametrize("price", ["98", "100"])
def test_what_has_no_size_breaks_the_caps_that_are_below_zero(price):
    """Nothing is worth 0, not less: an account in debt has no room even for that."""
    asked = proposal(limits=UNCAPPED)
    if price == "100":
        asked = asked.model_copy(update={"sizing": None})
    seen = view(market=market(bid=price, ask=price), account=account(equity=-10), limits=UNCAPPED)
    denied = judge(asked, verdict(on=proposal()), seen, "a")
    assert {"min_notional", "risk.max_position_pct"} <= set(limits_of(denied))


def test_a_market_order_has_no_limit_price():
    """One that was written beside it is not used, and not approved either."""
    for kind in (draft, shorting):
        found = judged(kind(limit_price="99"), market=CONTRACT)
        assert (found.entry, found.limit_price) == ("market", None)


def again(text):
    """The same name, read from somewhere else: another object."""
    return "".join(list(text))


def test_names_are_compared_and_not_where_they_come_from():
    """A market, a cycle or a proposal is read from a model, from the ledger and from a venue."""
    of = draft(symbol=again(BTC))
    others = [
        approval(again(BTC), cycle_id=again(CYCLE)),
        approval("A/USDT", cycle_id=again(CYCLE)),
    ]
    tight = LIMITS.model_copy(update={"max_orders_per_cycle": 2})
    beside = {"account": account(mark(again(BTC), "1")), "committed": tuple(others)}
    asked = proposal(of, seen=market(again(BTC)), limits=tight)
    opinion = verdict(on=asked, symbol=again(BTC), proposal_id=again(asked.proposal_id))
    denied = judge(asked, opinion, view(market=market(again(BTC)), limits=tight, **beside), "a")
    assert limits_of(denied) == [
        "risk.max_open_positions", "duplicate", "risk.max_orders_per_cycle",
    ]  # fmt: skip


def test_without_a_size_of_the_desk_nothing_is_opened():
    """Neither asked for nor sized: there is nothing that could have been judged."""
    asked = proposal().model_copy(update={"sizing": None})
    denied = judge(asked, verdict(on=proposal()), view(), "a")
    assert "min_notional" in limits_of(denied)


@pytest.mark.parametrize("action", ["open_long", "close"])
def test_a_wrong_verdict_is_told_before_the_limits(action):
    """The officer has to read what it did wrong, not what else would have been."""
    of = draft(action=action)
    denied = judged(of, {"symbol": "ETH/USDT"}, halted="lunch", losses=losses(1, day=2))
    assert denied.code == "verdict_mismatch"


def test_an_approval_lives_as_long_as_the_limits_say():
    """From the moment of the verdict, not of the proposal."""
    limits = LIMITS.model_copy(update={"approval_ttl_s": 7})
    later = NOW + timedelta(seconds=60)
    found = judged(limits=limits, now=later)
    assert (found.created_at, found.expires_at) == (later, later + timedelta(seconds=7))


def test_the_gate_judges_the_market_of_the_proposal():
    """BTC held does not close ETH, and the other way round."""
    denied = judged(closing(), account=account(mark("ETH/USDT")))
    assert limits_of(denied) == ["quantity", "held"]
    assert judged(closing(), account=account(mark("ETH/USDT"), mark(BTC))).quantity == 5
