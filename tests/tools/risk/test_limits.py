"""Every limit of the gate: a case that passes, and the one figure that breaks that limit alone."""

from decimal import Decimal

import pytest

from tests.tools.risk.cases import (
    LIMITS,
    PERPETUAL,
    SAFE,
    TRIGGERED,
    account,
    approval,
    closing,
    draft,
    mark,
    market,
    proposal,
    shorting,
)
from tools.risk.limits import Case, breaches, rule_names

CONTRACT = market(**PERPETUAL)
SHORT = {"of": shorting(), "market": CONTRACT}
AT_LIMIT = {"of": draft(entry="limit", limit_price="100")}
NO_LEAST = {"min_stop_pct": Decimal(0)}
TENFOLD = {"market": CONTRACT, "leverage": 10, "limit": {"max_leverage": 10}}
FOUR = tuple(mark(f"X{n}/USDT", "0.1") for n in range(4))
AT_THE_ASK = {"entry": "limit", "limit_price": "100", "take_profit": None}
FAR_LIMIT = {"entry": "limit", "stop": "88", "take_profit": "120"}


def case(*, of=None, limit=None, **changes):
    """An entry of 5 at 100 with its stop at 98: up to 502.50 of 10,000 for a loss of 12.50."""
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
    ("action", SHORT, {"of": shorting()}),
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
    ("stop", SHORT, SHORT | {"of": shorting(stop="99", take_profit=None)}),
    ("stop", SHORT | {"of": shorting(stop="100.31", take_profit="99")},
     SHORT | {"of": shorting(stop="99.99", take_profit=None), "limit": NO_LEAST}),
    ("risk.min_stop_pct", {"of": draft(stop="99.70")}, {"of": draft(stop="99.71")}),
    ("risk.max_stop_pct", {"of": draft(stop="90", take_profit=None)},
     {"of": draft(stop="89.99", take_profit=None)}),
    ("risk.min_reward_risk", {"of": draft(take_profit="103")}, {"of": draft(take_profit="102.99")}),
    ("take_profit", {"of": draft(take_profit="1000")}, {"of": draft(take_profit="1000.01")}),
    ("risk.min_stop_pct", SHORT | {"of": shorting(stop="100.29")},
     SHORT | {"of": shorting(stop="100.28")}),
    ("risk.max_stop_pct", SHORT | {"of": shorting(stop="109.98", take_profit=None)},
     SHORT | {"of": shorting(stop="109.99", take_profit=None)}),
    ("risk.min_reward_risk", SHORT | {"of": shorting(take_profit="96.97")},
     SHORT | {"of": shorting(take_profit="96.98")}),
    ("risk.min_reward_risk", SHORT, SHORT | {"of": shorting(take_profit="104")}),
    ("take_profit", SHORT | {"of": shorting(take_profit="10")},
     SHORT | {"of": shorting(take_profit="9.99")}),
    ("liquidation", TENFOLD | {"of": draft(stop="92.83", take_profit=None)},
     TENFOLD | {"of": draft(stop="92.82", take_profit=None)}),
    ("liquidation", TENFOLD | {"of": draft(stop="92.37", **AT_THE_ASK)},
     TENFOLD | {"of": draft(stop="92.36", **AT_THE_ASK)}),
    ("liquidation", TENFOLD | {"of": shorting(stop="107.01", take_profit=None)},
     TENFOLD | {"of": shorting(stop="107.02", take_profit=None)}),
    ("risk.risk_per_trade_pct", {"limit": {"risk_per_trade_pct": Decimal("0.125")}},
     {"limit": {"risk_per_trade_pct": Decimal("0.1249")}}),
    ("risk.risk_per_trade_pct", SHORT | {"limit": {"risk_per_trade_pct": Decimal("0.1255")}},
     SHORT | {"limit": {"risk_per_trade_pct": Decimal("0.1254")}}),
    ("risk.max_position_pct", {"quantity": Decimal("9.95")}, {"quantity": Decimal("9.951")}),
    ("risk.max_position_pct", SHORT | {"quantity": Decimal("9.951")},
     SHORT | {"quantity": Decimal("9.952")}),
    ("risk.max_position_pct", AT_LIMIT | {"quantity": Decimal(10)},
     AT_LIMIT | {"quantity": Decimal("10.001")}),
    ("risk.max_total_exposure_pct", {"account": account(mark("ETH/USDT", "44.975"))},
     {"account": account(mark("ETH/USDT", "44.976"))}),
    ("risk.max_total_exposure_pct", {"committed": (approval(quantity="44.975"),)},
     {"committed": (approval(quantity="44.976"),)}),
    ("cash", {"account": account(cash="502.5")}, {"account": account(cash="502.49")}),
    ("cash", {"account": account(cash="602.5"), "committed": (approval(),)},
     {"account": account(cash="602.49"), "committed": (approval(),)}),
    ("cash", {"market": CONTRACT, "leverage": 5, "account": account(cash="100.5")},
     {"market": CONTRACT, "leverage": 5, "account": account(cash="100.49")}),
    ("cash", SHORT | {"account": account(cash="502.45")},
     SHORT | {"account": account(cash="502.44")}),
    ("cash", {"account": account(cash="552.5"), "committed": (approval(leverage=2),)},
     {"account": account(cash="552.49"), "committed": (approval(leverage=2),)}),
    ("risk.max_leverage", {"market": CONTRACT, "leverage": 5}, {"market": CONTRACT, "leverage": 6}),
    ("leverage", {"leverage": 1}, {"leverage": 2}),
    ("leverage", {"market": CONTRACT, "leverage": 2},
     {"market": market(max_leverage=5), "leverage": 2}),
    ("leverage", {"market": market(**PERPETUAL | {"max_leverage": 3}), "leverage": 3},
     {"market": market(**PERPETUAL | {"max_leverage": 3}), "leverage": 4}),
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
        case(
            halted="x", breaker=TRIGGERED, leverage=9, market=CONTRACT, quantity=Decimal(2000),
            of=draft(stop=None),
        )
    )  # fmt: skip
    assert [breach.limit for breach in broken] == [
        "halt", "breaker", "stop", "risk.max_position_pct", "risk.max_total_exposure_pct",
        "cash", "risk.max_leverage",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("description", "of", "maintenance_pct", "figures"),
    [
        ("a long: 100.5 x 0.9 / 0.995 = 90.90, 9.60 away; 80 % of that is 7.68",
         draft(stop="92.8", take_profit=None), "0.5", ("7.70 %", "100.5", "9.60 %", "90.90")),
        ("a short: 99.49 x 1.1 / 1.005 = 108.89, 9.41 away; 80 % of that is 7.52",
         shorting(stop="107.1", take_profit=None), "0.5", ("7.61 %", "99.49", "9.41 %", "108.89")),
        ("less margin than the maintenance asks is liquidated at once",
         draft(stop="99.6", take_profit=None), "11", ("0.90 %", "100.5", "-1.13 %", "101.62")),
    ],
)  # fmt: skip
def test_a_stop_behind_the_liquidation_is_told_with_its_figures(
    description, of, maintenance_pct, figures
):
    """The analyst must see how much nearer the stop has to be for this leverage."""
    seen = market(**PERPETUAL | {"maintenance_pct": maintenance_pct})
    (broken,) = breaches(case(**TENFOLD | {"of": of, "market": seen}))
    assert broken.limit == "liquidation", description
    assert [one for one in figures if one not in broken.message] == [], broken.message


@pytest.mark.parametrize(
    "of", [draft(stop="90", take_profit=None), shorting(stop="109.98", take_profit=None)]
)
def test_without_leverage_no_stop_is_behind_the_liquidation(of):
    """A long paid in full is never liquidated, a short only near twice its entry price."""
    assert breaches(case(of=of, market=CONTRACT)) == ()


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
