"""Every limit of the gate: a case that passes, and the one figure that breaks that limit alone."""

from decimal import Decimal

import pytest

from tests.tools.risk.cases import (
    LIMITS,
    SAFE,
    TRIGGERED,
    account,
    approval,
    closing,
    draft,
    mark,
    market,
    proposal,
)
from tools.risk.limits import Case, breaches, rule_names

SHORT = {"action": "open_short", "stop": "102", "take_profit": "96"}
FOUR = tuple(mark(f"X{n}/USDT", "0.1") for n in range(4))
FAR_LIMIT = {"entry": "limit", "stop": "88", "take_profit": "120"}


def case(*, of=None, limit=None, **changes):
    """An entry of 5 at 100 with its stop at 98: 500 of 10,000 at stake for a loss of 10."""
    of = of if of is not None else draft()
    values = {
        "proposal": proposal(of), "market": market(), "account": account(), "committed": (),
        "limits": LIMITS.model_copy(update=limit or {}), "breaker": SAFE, "halted": None,
        "quantity": Decimal(5), "stop": of.stop, "leverage": 1,
    }  # fmt: skip
    return Case(**values | changes)


HELD = {"of": closing(), "account": account(mark())}

RULES = [
    ("halt", {"halted": None}, {"halted": "lunch"}),
    ("breaker", {"breaker": SAFE.model_copy(update={"status": "WARNING"})}, {"breaker": TRIGGERED}),
    ("action", {}, {"of": draft(**SHORT)}),
    ("risk.max_open_positions", {"account": account(*FOUR)},
     {"account": account(*FOUR, mark("X5/USDT", "0.1"))}),
    ("risk.max_open_positions", {"account": account(*FOUR)},
     {"account": account(*FOUR), "committed": (approval(),)}),
    ("risk.max_open_positions", {"committed": (approval(),)},
     {"committed": (approval("BTC/USDT"),)}),
    ("risk.max_open_positions", {"account": account(mark("ETH/USDT", "1"))},
     {"account": account(mark(quantity="1"))}),
    ("entry", {"of": draft(entry="limit", limit_price="100")}, {"of": draft(entry="limit")}),
    ("stop", {}, {"of": draft(stop=None)}),
    ("stop", {}, {"of": draft(stop="102", take_profit=None)}),
    ("risk.min_stop_pct", {"of": draft(stop="99.70")}, {"of": draft(stop="99.71")}),
    ("risk.max_stop_pct", {"of": draft(stop="90", take_profit=None)},
     {"of": draft(stop="89.99", take_profit=None)}),
    ("risk.min_reward_risk", {"of": draft(take_profit="103")}, {"of": draft(take_profit="102.99")}),
    ("take_profit", {"of": draft(take_profit="1000")}, {"of": draft(take_profit="1000.01")}),
    ("risk.risk_per_trade_pct", {"limit": {"risk_per_trade_pct": Decimal("0.1")}},
     {"limit": {"risk_per_trade_pct": Decimal("0.0999")}}),
    ("risk.max_position_pct", {"quantity": Decimal(10)}, {"quantity": Decimal("10.001")}),
    ("risk.max_total_exposure_pct", {"account": account(mark("ETH/USDT", "45"))},
     {"account": account(mark("ETH/USDT", "45.001"))}),
    ("risk.max_total_exposure_pct", {"committed": (approval(quantity="45"),)},
     {"committed": (approval(quantity="45.001"),)}),
    ("cash", {"account": account(cash=500)}, {"account": account(cash=499)}),
    ("cash", {"account": account(cash=600), "committed": (approval(),)},
     {"account": account(cash=599), "committed": (approval(),)}),
    ("risk.max_leverage", {"leverage": 5}, {"leverage": 6}),
    ("risk.max_spread_pct", {"market": market(bid="99.51")}, {"market": market(bid="99.49")}),
    ("limit_price", {"of": draft(limit_price="90.1", **FAR_LIMIT)},
     {"of": draft(limit_price="89.9", **FAR_LIMIT)}),
    ("min_notional", {"market": market(min_notional="500")},
     {"market": market(min_notional="501")}),
    ("min_notional", {"market": market(min_quantity="5")}, {"market": market(min_quantity="5.1")}),
    ("min_notional", {"quantity": Decimal("0.05")}, {"quantity": Decimal(0)}),
    ("quantity", HELD, HELD | {"quantity": Decimal(0)}),
    ("held", HELD, HELD | {"account": account()}),
    ("held", HELD, HELD | {"quantity": Decimal("5.001")}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "passing", "breaking"), RULES)
def test_the_limit_binds_at_its_figure(rule, passing, breaking):
    """On one side nothing is broken, on the other this limit and no other."""
    assert breaches(case(**passing)) == ()
    assert [breach.limit for breach in breaches(case(**breaking))] == [rule]


@pytest.mark.parametrize(("rule", "passing", "breaking"), RULES)
def test_a_breach_is_told_in_a_sentence(rule, passing, breaking):
    """The officer and the transcript read why, not only which limit."""
    message = breaches(case(**breaking))[0].message
    assert len(message.split()) >= 4


def test_every_rule_has_a_case():
    """A limit that is added without a test fails here."""
    assert sorted({rule for rule, _, _ in RULES}) == list(rule_names())


def test_every_breach_is_reported_at_once():
    """One refusal names all its reasons; nobody has to find them one by one."""
    broken = breaches(
        case(halted="x", breaker=TRIGGERED, leverage=9, quantity=Decimal(2000), of=draft(stop=None))
    )
    assert [breach.limit for breach in broken] == [
        "halt", "breaker", "stop", "risk.max_position_pct", "risk.max_total_exposure_pct",
        "cash", "risk.max_leverage",
    ]  # fmt: skip


def test_an_exit_is_possible_when_no_entry_is():
    """Halt, breaker, leverage and full exposure must never keep anybody in a position."""
    full = account(mark(), *(mark(f"X{n}/USDT", "20") for n in range(9)), cash=0)
    wide = market(bid="90")
    leaving = case(
        of=closing(), account=full, halted="x", breaker=TRIGGERED, leverage=9, market=wide
    )
    assert breaches(leaving) == ()


def test_dust_can_be_sold():
    """A remainder below the venue's least value is not locked in for ever."""
    held = account(mark(quantity="0.001"))
    assert breaches(case(of=closing(), account=held, quantity=Decimal("0.001"))) == ()
