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
    levels,
    mark,
    market,
    shorting,
)
from tools.risk.sizing import (
    Holdings,
    band,
    book_depth,
    cost,
    entry_price,
    on_tick,
    reward_risk,
    room,
    round_down,
    size,
    usable_leverage,
)

CONTRACT = market(**PERPETUAL)
ALONE = {"ETH/USDT": 0.0}
"""What ETH does says nothing of the market in question."""


def sized(of=None, *, seen=None, state=None, committed=(), moves=None, limits=UNCAPPED):
    holdings = Holdings(account=state or account(), committed=committed, correlations=moves or {})
    return size(of or draft(), seen or market(), holdings, limits)


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
         {"limits": LIMITS, "state": account(mark("ETH/USDT", "48")), "moves": ALONE}, "1.990",
         "risk.max_total_exposure_pct"),
        ("5,000 less 4,800 approved: 200, at 100.5: 1.990...",
         {"limits": LIMITS, "committed": (approval(quantity="48"),), "moves": ALONE}, "1.990",
         "risk.max_total_exposure_pct"),
        ("4,000 less 3,800 that moves with it: 200, at 100.5: 1.990...",
         {"limits": LIMITS, "state": account(mark("ETH/USDT", "38")), "moves": {"ETH/USDT": 0.8}},
         "1.990", "risk.max_correlated_pct"),
        ("2 % in one market: 200, at 100.5: 1.990...",
         {"limits": LIMITS.model_copy(update={"max_symbol_pct": Decimal(2)})}, "1.990",
         "risk.max_symbol_pct"),
        ("7.0009 in the book within half a percent", {"seen": market(
            book=levels(asks={"100": 4, "100.5": "3.0009", "100.51": 99}))}, "7",
         "risk.max_slippage_pct"),
        ("the same for a short, down to 99.49005", {"of": shorting(), "seen": market(
            book=levels(bids={"99.99": 4, "99.5": "3.0009", "99.49": 99}), **PERPETUAL)}, "7",
         "risk.max_slippage_pct"),
        ("an order that rests takes nothing from the book", {"seen": market(book=levels()),
         "of": draft(entry="limit", limit_price="99.5")}, "66.666", "risk.risk_per_trade_pct"),
        ("an empty book gives nothing", {"seen": market(book=levels())}, "0",
         "risk.max_slippage_pct"),
        ("1,000 of cash, less the reserve for the fee", {"state": account(cash=1000)}, "9.900",
         "cash"),
        ("2,000 of cash, 1,005 for what is approved and its fee: 995 / 101.0025",
         {"state": account(cash=2000), "committed": (approval(quantity="10"),)}, "9.851", "cash"),
        ("a fifth of it is bound at leverage 5: 1,000 / 100.5 / 0.205",
         {"of": draft(leverage=5, stop="98.5"), "seen": CONTRACT,
          "state": account(cash=1000)}, "48.537", "cash"),
        ("a leverage the desk does not allow counts as the one it does",
         {"of": draft(leverage=50, stop="98.5"), "seen": CONTRACT,
          "state": account(cash=1000)}, "48.537", "cash"),
        ("nor does one that the venue does not allow",
         {"of": draft(leverage=5), "seen": market(**PERPETUAL | {"max_leverage": 2}),
          "state": account(cash=1000)}, "19.703", "cash"),
        ("a spot market has no leverage to count", {"of": draft(leverage=5),
         "state": account(cash=1000)}, "9.900", "cash"),
        ("1,000 of cash, 505 taken by an approval of 1,000 at leverage 2: 495 / 101.0025",
         {"state": account(cash=1000), "committed": (approval(quantity="10", leverage=2),)},
         "4.900", "cash"),
        ("leverage enlarges nothing but the cash",
         {"of": draft(leverage=5), "seen": CONTRACT, "limits": LIMITS}, "9.950",
         "risk.max_position_pct"),
        ("a short loses most when sold lowest: 100 / 2.50995",
         {"of": shorting(), "seen": CONTRACT}, "39.841", "risk.risk_per_trade_pct"),
        ("a short is worth most when sold highest: 1,000 / 100.48995",
         {"of": shorting(), "seen": CONTRACT, "limits": LIMITS}, "9.951",
         "risk.max_position_pct"),
        ("but it is never sold at its stop: 1,000 / 100.29",
         {"of": shorting(stop="100.3"), "seen": CONTRACT, "limits": LIMITS}, "9.971",
         "risk.max_position_pct"),
        ("a short held takes its whole value: 5,000 less 4,800",
         {"limits": LIMITS, "state": account(mark("ETH/USDT", "48", side="short", leverage=5)),
          "moves": ALONE}, "1.990", "risk.max_total_exposure_pct"),
        ("a short's stop off the grid is moved nearer: 101.99, 2.49995 away",
         {"of": shorting(stop="101.998"), "seen": CONTRACT}, "40",
         "risk.risk_per_trade_pct"),
        ("what was asked is compared by the gate, not looked at here",
         {"of": draft(quantity="7.0005")}, "40", "risk.risk_per_trade_pct"),
        ("a coarse step rounds down", {"seen": market(step="15")}, "30",
         "risk.risk_per_trade_pct"),
        ("nothing left is nothing, not less",
         {"limits": LIMITS, "state": account(mark("ETH/USDT", "60")), "moves": ALONE}, "0",
         "risk.max_total_exposure_pct"),
        ("a limit below the market has its own distance",
         {"of": draft(entry="limit", limit_price="99")}, "100", "risk.risk_per_trade_pct"),
        ("a limit above the market is the worst it may pay: 2.2 to the stop",
         {"of": draft(entry="limit", limit_price="100.2")}, "45.454", "risk.risk_per_trade_pct"),
        ("a limit above the market is the least a short may get: 1.5 to the stop",
         {"of": shorting(entry="limit", limit_price="100.5"), "seen": CONTRACT},
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


@pytest.mark.parametrize("kind", [draft, shorting])
@pytest.mark.parametrize("equity", [0, "0." + "0" * 40 + "1", -1, -10_000])
def test_an_account_without_equity_gets_nothing(kind, equity):
    """Division by nothing is not an infinite size, and less than nothing no negative one."""
    found = sized(kind(), seen=CONTRACT, state=account(equity=equity, cash=equity))
    assert (found.quantity, found.notional, found.risk_amount) == (0, 0, 0)
    assert format(found.risk_pct.normalize(), "f") == "0"


def test_the_risk_of_less_than_one_unit_of_equity_is_a_share_of_it_too():
    """1 % of 0.5 is 0.005; 2.5 to the stop."""
    found = sized(state=account(equity="0.5", cash="0.5"))
    assert (found.quantity, found.risk_pct) == (Decimal("0.002"), 1)


@pytest.mark.parametrize(
    ("kind", "stop", "way"),
    [
        (draft, "99", "1.5"), (draft, "98", "2.5"), (draft, "95.01", "5.49"),
        (shorting, "101", "1.50995"), (shorting, "102", "2.50995"), (shorting, "105", "5.50995"),
    ],
)  # fmt: skip
def test_with_every_cap_at_100_the_1_percent_rule_itself_binds(kind, stop, way):
    """One step more would lose more than 1 % of 10,000 at the stop, bought or sold worst."""
    of, way = kind(stop=stop, take_profit=None), Decimal(way)
    found = sized(of, seen=CONTRACT)
    assert found.bound_by == "risk.risk_per_trade_pct"
    assert found.quantity * way <= 100 < (found.quantity + Decimal("0.001")) * way
    assert found.risk_amount == found.quantity * way


def left(*, symbol="BTC/USDT", sign=1, state=None, committed=(), moves=None):
    holdings = Holdings(account=state or account(), committed=committed, correlations=moves or {})
    return room(symbol, sign, holdings, LIMITS)


def test_room_counts_what_is_held_and_what_is_approved():
    """Two proposals of one cycle share one cash box and one exposure limit."""
    found = left(
        state=account(mark("ETH/USDT", "10"), cash=9000),
        committed=(approval("SOL/USDT", quantity="20"), approval("ETH/USDT", quantity="1")),
    )
    assert found.exposure_left == 5000 - 1000 - 2000 - 100
    assert found.correlated_left == 4000 - 1000 - 2000 - 100
    assert (found.position_left, found.symbol_left) == (1000, 2000)
    assert found.positions_left == 5 - 2
    assert found.cash_left == 9000 - 2010 - Decimal("100.5")


def test_room_counts_what_is_in_the_market_itself():
    """Held and approved in one market are one risk, whichever way it moves with others."""
    found = left(
        state=account(
            mark("BTC/USDT", "1", side="short"), mark("ETH/USDT", "1"), mark("ADA/USDT", "1")
        ),
        committed=(approval("".join(("BTC", "/USDT")), quantity="3"),),
        moves={"ETH/USDT": 0.1, "ADA/USDT": 0.1, "BTC/USDT": 0.0},
    )
    assert found.position_left == 1000 - 100 - 300
    assert found.symbol_left == 2000 - 100 - 300
    assert found.correlated_left == 4000 - 100 - 300
    assert found.exposure_left == 5000 - 100 - 300 - 200
    assert found.positions_left == 5 - 3


def test_room_takes_an_approval_at_the_most_it_may_be_worth():
    """A long or a short, at the highest price of its band."""
    wide = approval(quantity="10", price_low="90", price_high="110", leverage=2)
    assert left(committed=(wide,)).exposure_left == 5000 - 1100
    assert left(committed=(wide,)).cash_left == 10_000 - 550 - Decimal("5.5")


@pytest.mark.parametrize(
    ("description", "sign", "side", "correlation", "together"),
    [
        ("two longs that rise together", 1, "long", 0.8, True),
        ("nearly", 1, "long", 0.79, False),
        ("a long and a short", 1, "short", 0.95, False),
        ("a short and a long", -1, "long", 0.95, False),
        ("two shorts", -1, "short", 0.8, True),
        ("what rises when the other falls, on the other side", 1, "short", -0.8, True),
        ("the same, seen from the short", -1, "long", -0.8, True),
        ("what rises when the other falls, on one side", 1, "long", -1.0, False),
        ("not much, and on the other side", 1, "short", -0.79, False),
        ("not much, and seen from the short", -1, "long", -0.79, False),
        ("not much, and both short", -1, "short", 0.79, False),
        ("unknown", 1, "long", None, True),
        ("unknown, on the other side", -1, "long", None, True),
        ("no number", 1, "long", float("nan"), True),
        ("no number, on the other side", -1, "long", float("nan"), True),
    ],
)
def test_room_counts_together_what_moves_together(description, sign, side, correlation, together):
    """A hedge frees nothing, but it is no second bet either; what is not known is one."""
    bought = {"side": "buy"} if side == "long" else {"side": "sell", "action": "open_short"}
    for holding in (
        {"state": account(mark("ETH/USDT", "10", side=side))},
        {"committed": (approval("ETH/USDT", quantity="10", **bought),)},
    ):
        found = left(sign=sign, moves={"ETH/USDT": correlation}, **holding)
        assert found.correlated_left == (3000 if together else 4000), description
        assert found.exposure_left == 4000


def test_a_market_without_a_correlation_moves_together():
    """Absent is unknown."""
    assert left(state=account(mark("ETH/USDT", "10"))).correlated_left == 3000


def test_room_counts_a_leveraged_approval_by_its_margin_and_its_whole_exposure():
    """Leverage frees cash; it makes nothing less exposed."""
    found = left(state=account(cash=9000), committed=(approval(quantity="20", leverage=4),))
    assert (found.cash_left, found.exposure_left) == (9000 - 500 - 10, 5000 - 2000)


def test_room_ignores_approved_exits():
    """An exit that was only approved has freed nothing yet, and takes nothing either."""
    leaving = approval("ETH/USDT", action="close", side="sell", reduce_only=True)
    state = account(mark("ETH/USDT", "10"))
    assert left(state=state, committed=(leaving,)) == left(state=state)


def test_room_can_be_less_than_nothing():
    """A cap that is exceeded already leaves no room, and says by how much."""
    state = account(*(mark(f"X{n}/USDT", "20") for n in range(6)), cash=0)
    found = left(state=state, committed=(approval(quantity="1"),))
    assert (found.exposure_left, found.positions_left) == (5000 - 12_100, 5 - 7)
    assert (found.correlated_left, found.cash_left) == (4000 - 12_100, Decimal("-100.5"))


@pytest.mark.parametrize(
    ("value", "leverage", "expected"),
    [("1000", 1, "1005"), ("1000", 5, "205"), ("-10", 1, "-10.05")],
)
def test_an_entry_takes_its_margin_and_its_fee(value, leverage, expected):
    """Half a percent is kept back, more than any venue takes."""
    assert cost(Decimal(value), leverage) == Decimal(expected)


@pytest.mark.parametrize(
    ("asked", "rules", "expected"),
    [
        (1, PERPETUAL, 1), (5, PERPETUAL, 5), (6, PERPETUAL, 5),
        (4, PERPETUAL | {"max_leverage": 3}, 3), (3, {"max_leverage": 3}, 1), (3, {}, 1),
    ],
)  # fmt: skip
def test_leverage_is_used_as_far_as_desk_and_venue_allow(asked, rules, expected):
    """A spot market has none, whatever its rules say."""
    assert usable_leverage(asked, market(**rules).rules, LIMITS) == expected


@pytest.mark.parametrize(
    ("description", "of", "low", "high"),
    [
        ("half a percent around the ask", draft(), "99.5", "100.5"),
        ("half a percent around the bid", shorting(), "99.49005", "100.48995"),
        ("without a stop it ends where it ends", draft(stop=None), "99.5", "100.5"),
        ("for a short too", shorting(stop=None), "99.49005", "100.48995"),
        ("a stop beyond the price leaves that price", draft(stop="101"), "100", "100.5"),
        ("for a short too", shorting(stop="99"), "99.49005", "99.99"),
        ("a market order's limit is not looked at", draft(limit_price="99.7"), "99.5", "100.5"),
        ("for a short too", shorting(limit_price="100.2"), "99.49005", "100.48995"),
        ("a tick above the stop", draft(stop="99.8"), "99.81", "100.5"),
        ("a tick below the stop", shorting(stop="100.2"), "99.49005", "100.19"),
        ("at its limit", draft(entry="limit", limit_price="100.1"), "99.5", "100.1"),
        ("at its limit", shorting(entry="limit", limit_price="99.9"), "99.9", "100.48995"),
        ("an exit has no stop to end at", closing(stop="99.9"), "99.49005", "100.48995"),
        ("an exit is bound by no limit", closing(entry="limit", limit_price="99.9"),
         "99.49005", "100.48995"),
    ],
)  # fmt: skip
def test_the_band(description, of, low, high):
    """The prices an order may be sent at: an entry's end at its limit, and before its stop."""
    found = band(of, market(), LIMITS)
    assert (found.low, found.high) == (Decimal(low), Decimal(high)), description


def test_a_band_stays_above_zero():
    """The lowest price there is, is one tick."""
    wide = LIMITS.model_copy(update={"price_band_pct": Decimal(100)})
    assert band(closing(), market(), wide).low == Decimal("0.01")
    assert band(draft(stop=None), market(), wide).low == Decimal("0.01")


DEEP = levels(
    asks={"100": 1, "100.2": 2, "100.5": 4, "100.51": 8},
    bids={"99.99": 1, "99.8": 2, "99.5": 4, "99.49": 8},
)


@pytest.mark.parametrize(
    ("description", "of", "depth"),
    [
        ("half a percent from the ask", draft(), 7),
        ("half a percent from the bid", shorting(), 7),
        ("no worse than its limit", draft(entry="limit", limit_price="100.2"), 3),
        ("no worse than its limit", shorting(entry="limit", limit_price="99.8"), 3),
        ("a limit far away makes it no deeper", draft(entry="limit", limit_price="110"), 7),
        ("a limit far away makes it no deeper", shorting(entry="limit", limit_price="90"), 7),
        ("at the best price it takes that level", draft(entry="limit", limit_price="100"), 1),
        ("at the best price it takes that level", shorting(entry="limit", limit_price="99.99"), 1),
        ("below it, it rests", draft(entry="limit", limit_price="99.99"), None),
        ("above it, it rests", shorting(entry="limit", limit_price="100"), None),
        ("a limit that is missing is none", draft(entry="limit"), 7),
        ("a market order's limit is not looked at", draft(limit_price="90"), 7),
    ],
)  # fmt: skip
def test_the_depth_an_entry_finds(description, of, depth):
    """Only what the book shows within reach; nothing is guessed behind it."""
    assert book_depth(of, market(book=DEEP), LIMITS) == depth, description


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
        ("9" * 60 + "." + "9" * 60, "0." + "0" * 59 + "1", "9" * 60 + "." + "9" * 60),
        ("9" * 60 + "." + "9" * 60, "1", "9" * 60),
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
    [
        ("104", "2"),
        ("103.33", "1.665"),
        ("99", "-0.5"),
        ("1" + "0" * 50, "1000000"),
        ("102.99999", "1.4999"),
        ("99.99999", "-0.0001"),
    ],
)
def test_reward_over_risk(target, ratio):
    """A target behind the entry is negative; one beyond sense is only very large."""
    assert reward_risk(draft(take_profit=target), Decimal(100)) == Decimal(ratio)


@pytest.mark.parametrize(
    ("target", "ratio"), [("96", "2"), ("101", "-0.5"), ("0.01", "49.995"), ("97.00001", "1.4999")]
)
def test_reward_over_risk_of_a_short(target, ratio):
    """The mirror image: a target above the entry is behind it."""
    assert reward_risk(shorting(take_profit=target), Decimal(100)) == Decimal(ratio)


def test_a_ratio_beyond_sense_is_only_very_small():
    """The mirror image of the one that is only very large."""
    far = shorting(take_profit="1" + "0" * 50)
    assert reward_risk(far, Decimal(100)) == Decimal(-1_000_000)


@pytest.mark.parametrize("of", [draft(take_profit=None), draft(stop=None), draft(stop="100")])
def test_without_a_target_or_a_way_to_the_stop_there_is_no_ratio(of):
    """Missing is not zero: a trailing exit needs no target."""
    assert reward_risk(of, Decimal(100)) is None


def test_the_lowest_price_is_one_tick():
    """A price below the grid would be no price at all."""
    tiny = draft(entry="limit", limit_price="0.001", stop="0.001", take_profit="0.001")
    found = on_tick(tiny, Decimal("0.01"))
    assert (found.limit_price, found.stop, found.take_profit) == (Decimal("0.01"),) * 3
