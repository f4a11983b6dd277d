"""
Sizes, computed by hand: risk first, then the caps, then the venue's grid.

The band is 0.5 %: bought at 100, an entry may be filled at 100.5; sold at 99.99, from
99.49005 to 100.48995.
"""

from decimal import Decimal

import pytest

from tests.tools.risk.cases import (
    LIMITS,
    PERPETUAL,
    UNCAPPED,
    account,
    approval,
    closing,
    draft,
    mark,
    market,
    shorting,
)
from tools.risk.sizing import entry_price, on_tick, reward_risk, room, round_down, size


def sized(of=None, *, seen=None, state=None, committed=(), limits=UNCAPPED):
    return size(of or draft(), seen or market(), state or account(), committed, limits)


@pytest.mark.parametrize(
    ("description", "changes", "quantity", "bound_by"),
    [
        ("1 % of 10,000 is 100; 2.5 to the stop: 40", {}, "40", "risk.risk_per_trade_pct"),
        ("3.5 to the stop: 28.571...", {"of": draft(stop="97", take_profit=None)}, "28.571",
         "risk.risk_per_trade_pct"),
        ("half the risk is half the size",
         {"limits": UNCAPPED.model_copy(update={"risk_per_trade_pct": Decimal("0.5")})}, "20",
         "risk.risk_per_trade_pct"),
        ("10 % of 10,000 is 1,000, at 100.5: 9.950...", {"limits": LIMITS}, "9.950",
         "risk.max_position_pct"),
        ("5,000 less 4,800 held: 200, at 100.5: 1.990...",
         {"limits": LIMITS, "state": account(mark("ETH/USDT", "48"))}, "1.990",
         "risk.max_total_exposure_pct"),
        ("5,000 less 4,800 approved: 200, at 100.5: 1.990...",
         {"limits": LIMITS, "committed": (approval(quantity="48"),)}, "1.990",
         "risk.max_total_exposure_pct"),
        ("1,000 of cash, less the reserve for the fee", {"state": account(cash=1000)}, "9.900",
         "cash"),
        ("2,000 of cash, 1,000 approved", {"state": account(cash=2000),
         "committed": (approval(quantity="10"),)}, "9.900", "cash"),
        ("a fifth of it is bound at leverage 5: 1,000 / 100.5 / 0.205",
         {"of": draft(leverage=5, stop="98.5"), "seen": market(**PERPETUAL),
          "state": account(cash=1000)}, "48.537", "cash"),
        ("a leverage the desk does not allow counts as the one it does",
         {"of": draft(leverage=50, stop="98.5"), "seen": market(**PERPETUAL),
          "state": account(cash=1000)}, "48.537", "cash"),
        ("nor does one that the venue does not allow",
         {"of": draft(leverage=5), "seen": market(**PERPETUAL | {"max_leverage": 2}),
          "state": account(cash=1000)}, "19.703", "cash"),
        ("a spot market has no leverage to count", {"of": draft(leverage=5),
         "state": account(cash=1000)}, "9.900", "cash"),
        ("1,000 of cash, 500 bound by an approval of 1,000 at leverage 2",
         {"state": account(cash=1000), "committed": (approval(quantity="10", leverage=2),)},
         "4.950", "cash"),
        ("leverage enlarges nothing but the cash",
         {"of": draft(leverage=5), "seen": market(**PERPETUAL), "limits": LIMITS}, "9.950",
         "risk.max_position_pct"),
        ("a short loses most when sold lowest: 100 / 2.50995",
         {"of": shorting(), "seen": market(**PERPETUAL)}, "39.841", "risk.risk_per_trade_pct"),
        ("a short is worth most when sold highest: 1,000 / 100.48995",
         {"of": shorting(), "seen": market(**PERPETUAL), "limits": LIMITS}, "9.951",
         "risk.max_position_pct"),
        ("but it is never sold at its stop: 1,000 / 100.29",
         {"of": shorting(stop="100.3"), "seen": market(**PERPETUAL), "limits": LIMITS}, "9.971",
         "risk.max_position_pct"),
        ("a short held takes its whole value: 5,000 less 4,800",
         {"limits": LIMITS, "state": account(mark("ETH/USDT", "48", side="short", leverage=5))},
         "1.990", "risk.max_total_exposure_pct"),
        ("a short's stop off the grid is moved nearer: 101.99, 2.49995 away",
         {"of": shorting(stop="101.998"), "seen": market(**PERPETUAL)}, "40",
         "risk.risk_per_trade_pct"),
        ("what was asked, when it is less", {"of": draft(quantity="7.0005")}, "7", "proposal"),
        ("what was asked does not enlarge", {"of": draft(quantity="70")}, "40",
         "risk.risk_per_trade_pct"),
        ("a coarse step rounds down", {"seen": market(step="15")}, "30",
         "risk.risk_per_trade_pct"),
        ("nothing left is nothing, not less",
         {"limits": LIMITS, "state": account(mark("ETH/USDT", "60"))}, "0",
         "risk.max_total_exposure_pct"),
        ("a limit below the market has its own distance",
         {"of": draft(entry="limit", limit_price="99")}, "100", "risk.risk_per_trade_pct"),
        ("a limit above the market is the worst it may pay: 2.2 to the stop",
         {"of": draft(entry="limit", limit_price="100.2")}, "45.454", "risk.risk_per_trade_pct"),
        ("a limit above the market is the least a short may get: 1.5 to the stop",
         {"of": shorting(entry="limit", limit_price="100.5"), "seen": market(**PERPETUAL)},
         "66.666", "risk.risk_per_trade_pct"),
        ("a stop off the grid is moved nearer: 98.01, 2.49 away",
         {"of": draft(stop="98.001")}, "40.160", "risk.risk_per_trade_pct"),
    ],
)  # fmt: skip
def test_the_smallest_bound_sets_the_size(description, changes, quantity, bound_by):
    """Source: domain reference, Risk, "Size from risk"."""
    found = sized(**changes)
    assert (found.quantity, found.bound_by) == (Decimal(quantity), bound_by), description


def test_the_sizing_shows_its_figures():
    """The officer judges the most that may be lost and held, not what the price of now gives."""
    found = sized()
    assert found.reference_price == Decimal(100)
    assert found.notional == Decimal(4020)
    assert found.risk_amount == Decimal(100)
    assert found.risk_pct == Decimal(1)
    assert found.reward_risk == Decimal(2)


@pytest.mark.parametrize("of", [draft(stop=None), draft(stop="100"), closing()])
def test_without_a_distance_there_is_no_size(of):
    """No stop, or a stop at the price, is not risk zero: it is no size at all."""
    assert sized(of) is None


def test_an_account_without_equity_gets_nothing():
    """Division by nothing is not an infinite size."""
    found = sized(state=account(equity=0, cash=0))
    assert (found.quantity, found.risk_pct) == (0, 0)


def test_room_counts_what_is_held_and_what_is_approved():
    """Two proposals of one cycle share one cash box and one exposure limit."""
    left = room(
        "BTC/USDT",
        account(mark("ETH/USDT", "10"), cash=9000),
        (approval("SOL/USDT", quantity="20"), approval("ETH/USDT", quantity="1")),
        LIMITS,
    )
    assert left.exposure_left == 5000 - 1000 - 2000 - 100
    assert left.position_left == 1000
    assert left.positions_left == 5 - 2
    assert left.cash_left == 9000 - 2000 - 100


def test_room_counts_a_leveraged_approval_by_its_margin_and_its_whole_exposure():
    """Leverage frees cash; it makes nothing less exposed."""
    left = room("BTC/USDT", account(cash=9000), (approval(quantity="20", leverage=4),), LIMITS)
    assert (left.cash_left, left.exposure_left) == (9000 - 500, 5000 - 2000)


def test_room_ignores_approved_exits():
    """An exit that was only approved has freed nothing yet, and takes nothing either."""
    leaving = approval("ETH/USDT", action="close", side="sell", reduce_only=True)
    state = account(mark("ETH/USDT", "10"))
    assert room("BTC/USDT", state, (leaving,), LIMITS) == room("BTC/USDT", state, (), LIMITS)


def test_an_entry_is_judged_at_the_price_it_would_pay():
    """Buying takes the ask, selling the bid; a limit names its own price."""
    seen = market(bid="99", ask="101")
    assert entry_price(draft(), seen) == 101
    assert entry_price(closing(), seen) == 99
    assert entry_price(draft(entry="limit", limit_price="95"), seen) == 95
    assert entry_price(shorting(), seen) == 99
    assert entry_price(shorting(entry="limit", limit_price="105"), seen) == 105
    assert entry_price(shorting(entry="limit", limit_price="95"), seen) == 99


def test_leaving_a_short_is_judged_as_the_purchase_it_is():
    """At the bid, the price band would lie a spread too low and keep the desk in the position."""
    seen, short = market(bid="99", ask="101"), mark(side="short")
    assert entry_price(closing(), seen, short) == 101
    assert on_tick(
        closing(entry="limit", limit_price="99.999"), Decimal("0.01"), short
    ).limit_price == Decimal("99.99")


@pytest.mark.parametrize(
    ("quantity", "step", "expected"),
    [
        ("0.0129", "0.001", "0.012"),
        ("0.3", "0.1", "0.3"),
        ("0.09", "0.1", "0"),
        ("0.00002999999999999999999999999999999", "0.00001", "0.00002"),
    ],
)
def test_steps_are_whole_and_never_more_than_asked(quantity, step, expected):
    """Not even by the last of forty digits."""
    assert round_down(Decimal(quantity), Decimal(step)) == Decimal(expected)


def test_prices_go_to_the_grid_on_the_safe_side():
    """A venue refuses a price between two ticks, and a refused stop is no stop."""
    asked = draft(entry="limit", limit_price="99.999", stop="98.0001", take_profit="104.009")
    found = on_tick(asked, Decimal("0.01"))
    assert (found.limit_price, found.stop, found.take_profit) == (
        Decimal("99.99"), Decimal("98.01"), Decimal("104.00"),
    )  # fmt: skip
    sold = on_tick(
        shorting(entry="limit", limit_price="100.001", stop="102.009", take_profit="95.001"),
        Decimal("0.01"),
    )
    assert (sold.limit_price, sold.stop, sold.take_profit) == (
        Decimal("100.01"), Decimal("102.00"), Decimal("95.01"),
    )  # fmt: skip
    leaving = on_tick(closing(entry="limit", limit_price="99.991"), Decimal("0.01"))
    assert leaving.limit_price == Decimal("100.00")
    assert on_tick(found, Decimal("0.01")) == found


@pytest.mark.parametrize(
    ("target", "ratio"),
    [("104", "2"), ("103.33", "1.665"), ("99", "-0.5"), ("1" + "0" * 50, "1000000")],
)
def test_reward_over_risk(target, ratio):
    """A target behind the entry is negative; one beyond sense is only very large."""
    assert reward_risk(draft(take_profit=target), Decimal(100)) == Decimal(ratio)


@pytest.mark.parametrize(("target", "ratio"), [("96", "2"), ("101", "-0.5"), ("0.01", "49.995")])
def test_reward_over_risk_of_a_short(target, ratio):
    """The mirror image: a target above the entry is behind it."""
    assert reward_risk(shorting(take_profit=target), Decimal(100)) == Decimal(ratio)


def test_without_a_target_there_is_no_ratio():
    """Missing is not zero: a trailing exit needs no target."""
    assert reward_risk(draft(take_profit=None), Decimal(100)) is None
