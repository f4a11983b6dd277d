"""Every limit of the gate: a case that passes, and the one figure that breaks that limit alone."""

from datetime import timedelta
from decimal import Decimal

import pytest

from records.support import Support
from tests.tools.risk.cases import (
    BOTH_SIDES,
    BTC,
    LIMITS,
    NO_LOSS,
    NOW,
    PERPETUAL,
    SAFE,
    TRIGGERED,
    account,
    approval,
    candles,
    closing,
    draft,
    empty_account,
    levels,
    lock,
    losses,
    mark,
    market,
    proposal,
    shorting,
)
from tools.risk.limits import Case, breaches, rule_names
from tools.risk.sizing import Holdings

CONTRACT = market(**PERPETUAL)
SHORT = {"of": shorting(), "market": CONTRACT}
AT_LIMIT = {"of": draft(entry="limit", limit_price="100")}
NO_LEAST = {"min_stop_pct": Decimal(0)}
TENFOLD = {"market": CONTRACT, "leverage": 10, "limit": {"max_leverage": 10}}
FREE = {"market": market(**PERPETUAL | {"maintenance_pct": 0})}
"""Liquidated at 90 when bought at 100 with a tenth of it: 8 away is 80 % of that."""
FOUR = tuple(mark(f"X{n}/USDT", "0.1") for n in range(4))
AT_THE_ASK = {"entry": "limit", "limit_price": "100", "take_profit": None}
ALONE = {"correlations": {"ETH/USDT": 0.0}}
ETH = "ETH/USDT"


def case(*, of=None, limit=None, account=None, committed=(), correlations=None, **changes):
    """An entry of 5 at 100 with its stop at 98: up to 502.50 of 10,000 for a loss of 12.50."""
    of = of if of is not None else draft()
    holdings = Holdings(
        account=account or empty_account(), committed=committed, correlations=correlations or {}
    )
    values = {
        "proposal": proposal(of), "market": market(), "holdings": holdings,
        "limits": LIMITS.model_copy(update=limit or {}), "breaker": SAFE, "halted": None,
        "locks": (), "losses": NO_LOSS, "support": BOTH_SIDES, "figures": {}, "entries_today": 0,
        "now": NOW, "quantity": Decimal(5), "stop": of.stop, "leverage": 1,
    }  # fmt: skip
    return Case(**values | changes)


def beside(symbol=ETH, quantity="1", *, side="long", moves=None):
    """A position held in another market, and how that one moves with ours."""
    held = account(mark(symbol, quantity, side=side))
    return {"account": held, "correlations": {} if moves is None else {symbol: moves}}


def of_limit(price, sell=False, **changes):
    """A limit entry whose stop and target leave it free to be anywhere near the market."""
    kind, away = (shorting, ("104", "92")) if sell else (draft, ("96", "108"))
    values = {"entry": "limit", "limit_price": price, "stop": away[0], "take_profit": away[1]}
    seen = {"market": CONTRACT} if sell else {}
    return {"of": kind(**values | changes)} | seen


def proposed_at(price, sell=False):
    """An entry of today whose proposal was sized at another price."""
    of = shorting(stop="103", take_profit="90") if sell else draft(stop="97", take_profit="110")
    then = market(bid=price, ask=price, **PERPETUAL)
    return {"of": of, "market": CONTRACT, "proposal": proposal(of, seen=then)}


def of_orders(count, **changes):
    """So many small entries approved beside ours."""
    return {"committed": tuple(approval(f"X{n}/USDT", quantity="0.1", **changes)
                               for n in range(count))}  # fmt: skip


def in_book(*, sell=False, limit_price=None, **sides):
    """An entry of 5 into this book."""
    kind = shorting if sell else draft
    entry = {} if limit_price is None else {"entry": "limit", "limit_price": limit_price}
    rules = PERPETUAL if sell else {}
    return {"of": kind(**entry), "market": market(book=levels(**sides), **rules)}


AROUND_100 = {"market": market(bid="99.9", ask="100.1")}
AT_102 = {"of": draft(take_profit=None)}
"""Proposed at 100, and free to be taken at another price: 2 % away, when the ask is 102."""


def quoted(seconds):
    """A price of so many seconds ago."""
    return {"market": market(at=NOW - timedelta(seconds=seconds))}


def closed(*intervals, ago_ms):
    """Frames of these intervals: the first closed so long ago, the others just now."""
    frames = {
        one: candles(BTC, one, [100], until=NOW - timedelta(milliseconds=0 if number else ago_ms))
        for number, one in enumerate(intervals)
    }
    return {"market": market(frames=frames)}


def saying(**fields):
    return {
        "of": draft(**fields),
        "figures": {"rsi_14_3m": Decimal("28.314"), "last": Decimal(100)},
    }


def told(*facts):
    return saying(facts=[{"name": name, "value": value} for name, value in facts])


HOUR_MS = 3_600_000
HELD = {"of": closing(), "account": account(mark())}

RULES = [
    ("halt", {"halted": None}, {"halted": "lunch"}),
    ("breaker", {"breaker": SAFE.model_copy(update={"status": "WARNING"})}, {"breaker": TRIGGERED}),
    ("breaker", SHORT, SHORT | {"breaker": TRIGGERED}),
    ("action", SHORT, {"of": shorting()}),
    ("entry", AT_LIMIT, {"of": draft(entry="limit")}),
    ("entry", HELD | {"of": closing(entry="limit", limit_price="101")},
     HELD | {"of": closing(entry="limit")}),
    ("entry", HELD | {"of": closing(entry="limit", limit_price="999.95")},
     HELD | {"of": closing(entry="limit", limit_price="999.96")}),
    ("entry", HELD | {"of": closing(entry="limit", limit_price="9.9995")},
     HELD | {"of": closing(entry="limit", limit_price="9.9994")}),
    ("entry", {"of": draft(limit_price="1")}, {"of": draft(entry="limit", limit_price=None)}),
    ("locks", {"locks": (lock(ETH),)}, {"locks": (lock(BTC),)}),
    ("locks", SHORT | {"locks": (lock(ETH),)}, SHORT | {"locks": (lock(ETH), lock())}),
    ("risk.max_open_positions", {"account": account(*FOUR)},
     {"account": account(*FOUR, mark("X5/USDT", "0.1"))}),
    ("risk.max_open_positions", {"account": account(*FOUR)},
     {"account": account(*FOUR), "committed": (approval(),)}),
    ("risk.max_open_positions", {"account": account(*FOUR), "committed": (approval("X3/USDT"),)},
     {"account": account(*FOUR), "committed": (approval("X4/USDT"),)}),
    ("risk.max_open_positions", beside(), beside(BTC)),
    ("risk.max_open_positions", beside("ADA/USDT"),
     {"account": account(*(mark(f"X{n}/USDT", "0.1") for n in range(6)))}),
    ("duplicate", {"committed": (approval(ETH),)}, {"committed": (approval(BTC),)}),
    ("duplicate", {"committed": (approval("ADA/USDT"),)},
     {"committed": (approval("ADA/USDT"), approval(BTC))}),
    ("duplicate", {"committed": (approval(BTC, action="close", side="sell", reduce_only=True),)},
     {"committed": (approval(ETH), approval(BTC, cycle_id="20260105T115700Z-0000"))}),
    ("risk.max_orders_per_cycle", of_orders(2), of_orders(3)),
    ("risk.max_orders_per_cycle", of_orders(3, cycle_id="20260105T115700Z-0000"), of_orders(4)),
    ("risk.max_orders_per_cycle", of_orders(3, cycle_id="20260105T120300Z-0002"), of_orders(3)),
    ("risk.max_orders_per_cycle", SHORT | of_orders(3, reduce_only=True), SHORT | of_orders(3)),
    ("risk.max_orders_per_day", {"entries_today": 19}, {"entries_today": 20}),
    ("risk.max_orders_per_day", SHORT | {"entries_today": 19}, SHORT | {"entries_today": 21}),
    ("risk.max_day_loss_pct", {"losses": losses("9500.01", day=10_000)},
     {"losses": losses(9500, day=10_000)}),
    ("risk.max_week_loss_pct", {"losses": losses("9000.01", week=10_000)},
     {"losses": losses(9000, week=10_000)}),
    ("risk.max_month_loss_pct", {"losses": losses("8500.01", month=10_000)},
     {"losses": losses(8500, month=10_000)}),
    ("risk.max_drawdown_pct", {"losses": losses("8500.01", peak=10_000)},
     {"losses": losses(8500, peak=10_000)}),
    ("risk.max_day_loss_pct", SHORT | {"losses": losses("9500.01", day=10_000)},
     SHORT | {"losses": losses("9499.99", day=10_000)}),
    ("risk.require_take_profit", {"limit": {"require_take_profit": True}},
     {"of": draft(take_profit=None), "limit": {"require_take_profit": True}}),
    ("risk.require_take_profit", {"of": draft(take_profit=None)},
     SHORT | {"of": shorting(take_profit=None), "limit": {"require_take_profit": True}}),
    ("risk.require_evidence", {"support": Support(signal="buy")},
     {"support": Support(signal="sell")}),
    ("risk.require_evidence", {"support": Support(technical=0.1)},
     {"support": Support(technical=0.09)}),
    ("risk.require_evidence", {"support": Support(chart=0.1)}, {"support": Support(chart=-0.1)}),
    ("risk.require_evidence", {"support": Support(news=0.1, news_sources=2)},
     {"support": Support(news=0.1, news_sources=1)}),
    ("risk.require_evidence", {"support": Support(), "limit": {"require_evidence": False}},
     {"support": Support(news=0.09, news_sources=9)}),
    ("risk.require_evidence", SHORT | {"support": Support(signal="sell")},
     SHORT | {"support": Support(signal="buy", technical=1, chart=1, news=1, news_sources=9)}),
    ("risk.require_evidence", SHORT | {"support": Support(news=-0.1, news_sources=2)},
     SHORT | {"support": Support(news=-0.1, news_sources=1)}),
    ("facts", told(("rsi_14@3m", "28.314")), told(("rsi_14@3m", "28.315"))),
    ("facts", told(("rsi_14@3m", "28.3")), told(("rsi_14@3m", "28.4"))),
    ("facts", told(("last", "100")), told(("rsi_7@3m", "28.314"))),
    ("facts", saying(thesis="Oversold, rsi_14@3m is 28.31."),
     saying(thesis="Oversold, rsi_14@3m is 18.31.")),
    ("stop", {}, {"of": draft(stop=None)}),
    ("stop", {}, {"of": draft(stop="102", take_profit=None)}),
    ("stop", SHORT, SHORT | {"of": shorting(stop="99", take_profit=None)}),
    ("stop", SHORT | {"of": shorting(stop="100.31", take_profit="99")},
     SHORT | {"of": shorting(stop="99.99", take_profit=None), "limit": NO_LEAST,
              "proposal": proposal(shorting())}),
    ("stop", {"of": draft(stop="99.98"), "limit": NO_LEAST},
     {"of": draft(stop="99.99"), "limit": NO_LEAST}),
    ("stop", SHORT | {"of": shorting(stop="100.01", take_profit="99"), "limit": NO_LEAST},
     SHORT | {"of": shorting(stop="100", take_profit="99"), "limit": NO_LEAST}),
    ("risk.min_stop_pct", {"of": draft(stop="99.70")}, {"of": draft(stop="99.71")}),
    ("risk.max_stop_pct", {"of": draft(stop="90", take_profit=None)},
     {"of": draft(stop="89.99", take_profit=None)}),
    ("risk.min_reward_risk", {"of": draft(take_profit="103")}, {"of": draft(take_profit="102.99")}),
    ("risk.min_reward_risk", {"of": draft(take_profit="103"), "limit": {
        "min_reward_risk": Decimal("1.5")}}, {"of": draft(take_profit="103"), "limit": {
            "min_reward_risk": Decimal("1.50001")}}),
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
    ("invalidation_price", {"of": draft(invalidation_price="99.99")},
     {"of": draft(invalidation_price="100")}),
    ("invalidation_price", SHORT | {"of": shorting(invalidation_price="100")},
     SHORT | {"of": shorting(invalidation_price="99.99")}),
    ("liquidation", TENFOLD | {"of": draft(stop="92.83", take_profit=None)},
     TENFOLD | {"of": draft(stop="92.82", take_profit=None)}),
    ("liquidation", TENFOLD | {"of": draft(stop="92.37", **AT_THE_ASK)},
     TENFOLD | {"of": draft(stop="92.36", **AT_THE_ASK)}),
    ("liquidation", TENFOLD | FREE | {"of": draft(stop="92", **AT_THE_ASK)},
     TENFOLD | FREE | {"of": draft(stop="91.99", **AT_THE_ASK)}),
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
    ("risk.max_symbol_pct", {"limit": {"max_symbol_pct": Decimal("5.025")}},
     {"limit": {"max_symbol_pct": Decimal("5.0249")}}),
    ("risk.max_symbol_pct", SHORT | {"limit": {"max_symbol_pct": Decimal("5.0245")}},
     SHORT | {"limit": {"max_symbol_pct": Decimal("5.0244")}}),
    ("risk.max_correlated_pct", beside(quantity="34.975"), beside(quantity="34.976")),
    ("risk.max_correlated_pct", beside(quantity="44.975", moves=0.79),
     beside(quantity="34.976", moves=0.8)),
    ("risk.max_correlated_pct", beside(quantity="44.975", side="short", moves=0.9),
     beside(quantity="34.976", side="short", moves=-0.8)),
    ("risk.max_correlated_pct", SHORT | beside(quantity="44.975", moves=0.9),
     SHORT | beside(quantity="34.976", moves=-0.9)),
    ("risk.max_correlated_pct", SHORT | beside(quantity="34.975", side="short", moves=0.8),
     SHORT | beside(quantity="34.976", side="short", moves=0.8)),
    ("risk.max_correlated_pct", beside(quantity="34.975", moves=float("nan")),
     beside(quantity="34.976", moves=float("nan"))),
    ("risk.max_correlated_pct", ALONE | {"committed": (approval(quantity="40"),)},
     {"committed": (approval(quantity="40"),)}),
    ("risk.max_total_exposure_pct", beside(quantity="44.975", moves=0.0),
     beside(quantity="44.976", moves=0.0)),
    ("risk.max_total_exposure_pct", ALONE | {"committed": (approval(quantity="44.975"),)},
     ALONE | {"committed": (approval(quantity="44.976"),)}),
    ("risk.max_total_exposure_pct", SHORT | beside(quantity="44.975", moves=0.0),
     SHORT | beside(quantity="44.976", moves=0.0)),
    ("cash", {"account": account(cash="505.0125")}, {"account": account(cash="505.0124")}),
    ("cash", {"account": account(cash="605.5125"), "committed": (approval(),)},
     {"account": account(cash="605.5124"), "committed": (approval(),)}),
    ("cash", {"market": CONTRACT, "leverage": 5, "account": account(cash="103.0125")},
     {"market": CONTRACT, "leverage": 5, "account": account(cash="103.0124")}),
    ("cash", SHORT | {"account": account(cash="504.962")},
     SHORT | {"account": account(cash="504.9619")}),
    ("cash", {"account": account(cash="555.5125"), "committed": (approval(leverage=2),)},
     {"account": account(cash="555.5124"), "committed": (approval(leverage=2),)}),
    ("risk.max_leverage", {"market": CONTRACT, "leverage": 5}, {"market": CONTRACT, "leverage": 6}),
    ("leverage", {"leverage": 1}, {"leverage": 2}),
    ("leverage", {"market": CONTRACT, "leverage": 2},
     {"market": market(max_leverage=5), "leverage": 2}),
    ("leverage", {"market": market(**PERPETUAL | {"max_leverage": 3}), "leverage": 3},
     {"market": market(**PERPETUAL | {"max_leverage": 3}), "leverage": 4}),
    ("risk.max_spread_pct", {"market": market(bid="99.51")}, {"market": market(bid="99.49")}),
    ("risk.max_spread_pct", {"market": market(bid="100")}, {"market": market(bid="100.01")}),
    ("risk.max_spread_pct", AT_102 | {"market": market(bid="99.75", ask="100.25")},
     AT_102 | {"market": market(bid="99.75", ask="100.26")}),
    ("risk.max_slippage_pct", in_book(asks={"100": 5}), in_book(asks={"100": "4.999"})),
    ("risk.max_slippage_pct", in_book(asks={"100": 4, "100.5": 1}),
     in_book(asks={"100": 4, "100.51": 1})),
    ("risk.max_slippage_pct", in_book(sell=True, bids={"99.99": 4, "99.50": 1}),
     in_book(sell=True, bids={"99.99": 4, "99.49": 1})),
    ("risk.max_slippage_pct", in_book(asks={"100.5": 4, "100": 1}), in_book(asks={})),
    ("risk.max_slippage_pct", in_book(limit_price="100.2", asks={"100": 4, "100.2": 1}),
     in_book(limit_price="100.2", asks={"100": 4, "100.21": 1})),
    ("risk.max_slippage_pct",
     in_book(sell=True, limit_price="99.9", bids={"99.99": 4, "99.9": 1}),
     in_book(sell=True, limit_price="99.9", bids={"99.99": 4, "99.89": 1})),
    ("risk.max_slippage_pct", in_book(limit_price="99.99", asks={}),
     in_book(limit_price="100", asks={})),
    ("risk.max_slippage_pct", in_book(sell=True, limit_price="100", bids={}),
     in_book(sell=True, limit_price="99.99", bids={})),
    ("risk.max_price_deviation_pct", of_limit("98.00"), of_limit("97.99")),
    ("risk.max_price_deviation_pct", of_limit("101.99"), of_limit("102.00")),
    ("risk.max_price_deviation_pct", of_limit("101.99", sell=True),
     of_limit("102.00", sell=True)),
    ("risk.max_price_deviation_pct", of_limit("98.00", sell=True), of_limit("97.99", sell=True)),
    ("risk.max_price_deviation_pct", {"of": draft(limit_price="50")},
     {"market": market(bid="99.88"), "limit": {"max_price_deviation_pct": Decimal("0.06")}}),
    ("risk.max_price_deviation_pct", of_limit("98") | AROUND_100, of_limit("97.99") | AROUND_100),
    ("risk.max_price_deviation_pct", AT_102 | {"market": market(bid="101.99", ask="102")},
     AT_102 | {"market": market(bid="102", ask="102.01")}),
    ("risk.max_price_deviation_pct", proposed_at("98.04"), proposed_at("98.03")),
    ("risk.max_price_deviation_pct", proposed_at("102.04"), proposed_at("102.05")),
    ("risk.max_price_deviation_pct", proposed_at("102.03", sell=True),
     proposed_at("102.04", sell=True)),
    ("risk.max_price_deviation_pct", {},
     {"proposal": proposal().model_copy(update={"sizing": None})}),
    ("risk.max_quote_age_s", quoted(300), quoted(300.001)),
    ("risk.max_quote_age_s", quoted(-300), quoted(-300.001)),
    ("risk.max_data_age_candles", closed("1h", ago_ms=2 * HOUR_MS),
     closed("1h", ago_ms=2 * HOUR_MS + 1)),
    ("risk.max_data_age_candles", closed("1h", ago_ms=-2 * HOUR_MS),
     closed("1h", ago_ms=-2 * HOUR_MS - 1)),
    ("risk.max_data_age_candles", closed("1h", "3m", ago_ms=9 * HOUR_MS),
     closed("3m", "1h", ago_ms=360_001)),
    ("risk.max_data_age_candles", closed("3m", "1h", ago_ms=360_000),
     {"market": market(frames={})}),
    ("risk.max_data_age_candles",
     {"market": market(frames={"3m": candles(BTC, "3m", [1]).last(0),
                               "1h": candles(BTC, "1h", [1])})},
     {"market": market(frames={"3m": candles(BTC, "3m", [1]).last(0)})}),
    ("min_notional", {"market": market(min_notional="500")},
     {"market": market(min_notional="500.01")}),
    ("min_notional", {"market": market(min_quantity="5")},
     {"market": market(min_quantity="5.001")}),
    ("min_notional", {"quantity": Decimal("0.05")}, {"quantity": Decimal(0)}),
    ("min_notional", {"quantity": Decimal("0.05")}, {"quantity": Decimal(-1)}),
    ("quantity", HELD, HELD | {"quantity": Decimal(0)}),
    ("held", HELD, HELD | {"account": account()}),
    ("held", HELD, HELD | {"quantity": Decimal("5.001")}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "passing", "breaking"), RULES)
def test_the_limit_binds_at_its_figure(rule, passing, breaking):
    """On one side nothing is broken, on the other this limit and no other."""
    assert breaches(case(**passing)) == ()
    assert [breach.limit for breach in breaches(case(**breaking))] == [rule]


SENTENCES = [
    ({"halted": "lunch"}, "the desk is halted: lunch"),
    ({"breaker": TRIGGERED}, "the circuit breaker is TRIGGERED: BTC/USDT 1h drop 16 %"),
    ({"of": shorting()}, "BTC/USDT is a spot market here: nothing can be sold short on it"),
    ({"of": draft(entry="limit")}, "a limit order names no limit_price"),
    (HELD | {"of": closing(entry="limit", limit_price="1")},
     "the limit price is more than 10 times away from the market, 99.995"),
    ({"locks": (lock(BTC, reason="a stop"), lock(ETH), lock())},
     "BTC/USDT is locked: a stop; the desk is locked: 4 stops in a day"),
    (beside(BTC), "BTC/USDT is already held; one position a market"),
    ({"account": account(*FOUR, mark("X5/USDT", "0.1"))}, "5 positions are open or approved"),
    ({"committed": (approval(BTC),)}, "BTC/USDT already has an approved or a working entry"),
    (of_orders(3), "3 entries were approved in this cycle already"),
    ({"entries_today": 21}, "21 entries were sent or approved since 00:00 UTC, the most is 20"),
    ({"losses": losses(9450, day=10_000)},
     "5.50 % were lost since the day began, the most is 5 %"),
    ({"losses": losses(8950, week=10_000)},
     "10.50 % were lost since the week began, the most is 10 %"),
    ({"losses": losses(8450, month=10_000)},
     "15.50 % were lost since the month began, the most is 15 %"),
    ({"losses": losses(8450, peak=10_000)},
     "equity is 15.50 % below its highest, the most is 15 %"),
    (SHORT | {"support": Support()},
     "neither the desk's signal nor a reader of the market is on the side of a short in "
     "BTC/USDT, and the news cited has fewer than 2 sources"),
    (told(("rsi_14@3m", "30"), ("x", "1")),
     "it quotes figures that are not the desk's: rsi_14@3m is 28.314, not 30; no tool printed a "
     "figure named 'x'"),
    ({"of": draft(stop=None)}, "an entry needs a stop"),
    ({"of": draft(stop="102", take_profit=None)},
     "the stop 102 is on the wrong side of the entry 100 or of the market, which is at 100"),
    ({"of": draft(stop="99.75")}, "the stop is 0.25 % away, the least is 0.3 %"),
    ({"of": draft(stop="89.5", take_profit=None)}, "the stop is 10.50 % away, the most is 10 %"),
    ({"of": draft(take_profit="102.5")}, "reward/risk is 1.25, the least is 1.5"),
    ({"of": draft(take_profit="1001")},
     "the target 1001 is beyond 1000, the farthest for an entry at 100"),
    (SHORT | {"of": shorting(take_profit="9")},
     "the target 9 is beyond 9.999, the farthest for an entry at 99.99"),
    ({"of": draft(invalidation_price="101")},
     "the invalidation price 101 is not below the entry price 100"),
    (SHORT | {"of": shorting(invalidation_price="99")},
     "the invalidation price 99 is not above the entry price 99.99"),
    ({"limit": {"risk_per_trade_pct": Decimal("0.1")}},
     "the loss at the stop may be 12.50, entered at 100.5; the most is 10.00"),
    (SHORT | {"limit": {"risk_per_trade_pct": Decimal("0.1")}},
     "the loss at the stop may be 12.55, entered at 99.49; the most is 10.00"),
    ({"quantity": Decimal("9.96")}, "the position may be worth 1000.98, 1000.00 is left"),
    ({"limit": {"max_symbol_pct": Decimal(5)}},
     "the entry may be worth 502.50, 500.00 is left for BTC/USDT"),
    (beside(quantity="36"),
     "the entry may be worth 502.50, 400.00 is left for what moves with BTC/USDT"),
    (beside(quantity="46", moves=0.0), "the entry may be worth 502.50, exposure left is 400.00"),
    ({"account": account(cash=500)},
     "the entry may take 505.01, its fee included; cash left is 500.00"),
    ({"market": CONTRACT, "leverage": 6}, "leverage 6 is above 5"),
    ({"leverage": 2}, "leverage 2 is above 1, the most BTC/USDT has here"),
    ({"market": market(bid="99")}, "the spread is 1.005 %, the most is 0.5 %"),
    (in_book(asks={"100": 4, "101": 1}),
     "5 slips 0.200 %; within 0.5 % of the best price the book has 4"),
    (in_book(asks={"100": 4}),
     "5 is not in the book at all; within 0.5 % of the best price the book has 4"),
    (of_limit("97"), "the entry is 3.00 % from the market, 99.995; the most is 2 %"),
    (proposed_at("97.5"), "the price moved 2.56 % since the proposal; the most is 2 %"),
    ({"proposal": proposal().model_copy(update={"sizing": None})},
     "the desk could not size the proposal, so nobody knows the price it was made at"),
    (quoted(301.4), "the price is 301 s old, the most is 300 s"),
    (closed("3m", ago_ms=500_000), "the last 3m candle closed 2.8 candles ago, the most is 2"),
    ({"market": market(frames={})}, "BTC/USDT has no candles"),
    ({"market": market(min_notional="501")},
     "an order of 500.00 is below the venue's least value 501"),
    ({"market": market(min_quantity="6")}, "5 is below the venue's least quantity 6"),
    ({"quantity": Decimal(0)}, "no quantity is left"),
    ({"quantity": Decimal(-1)}, "no quantity is left"),
    (HELD | {"account": account()}, "BTC/USDT is not held"),
    (HELD | {"quantity": Decimal(6)}, "only 5 is held, 6 was asked"),
]  # fmt: skip


@pytest.mark.parametrize(("breaking", "sentence"), SENTENCES)
def test_a_breach_is_told_with_its_figures(breaking, sentence):
    """The officer and the transcript read what is broken, by how much, and what the bound is."""
    assert [breach.message for breach in breaches(case(**breaking))] == [sentence]


def test_every_rule_has_a_case():
    """A limit that is added without a test fails here."""
    assert sorted({rule for rule, _, _ in RULES}) == list(rule_names())


def test_every_breach_is_reported_at_once():
    """One refusal names all its reasons; nobody has to find them one by one."""
    broken = breaches(
        case(
            of=draft(stop="101", take_profit="2000", facts=[{"name": "last", "value": "1"}]),
            halted="x", breaker=TRIGGERED, locks=(lock(),), entries_today=20, support=Support(),
            losses=losses(8000, peak=10_000, day=10_000, week=10_000, month=10_000),
            **of_orders(5), quantity=Decimal(200_000), leverage=9, now=NOW + timedelta(hours=3),
            market=market(bid="95", **PERPETUAL),
        )
    )  # fmt: skip
    assert [breach.limit for breach in broken] == [
        "halt", "breaker", "locks", "risk.max_open_positions", "risk.max_orders_per_cycle",
        "risk.max_orders_per_day", "risk.max_day_loss_pct", "risk.max_week_loss_pct",
        "risk.max_month_loss_pct", "risk.max_drawdown_pct", "risk.require_evidence", "facts",
        "stop", "take_profit", "risk.risk_per_trade_pct", "risk.max_position_pct",
        "risk.max_symbol_pct", "risk.max_correlated_pct", "risk.max_total_exposure_pct", "cash",
        "risk.max_leverage", "risk.max_spread_pct", "risk.max_slippage_pct",
        "risk.max_price_deviation_pct", "risk.max_quote_age_s", "risk.max_data_age_candles",
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


@pytest.mark.parametrize("of", [draft(stop="90.5", take_profit=None), draft(stop=None)])
def test_only_a_contract_with_a_stop_is_compared_with_its_liquidation(of):
    """A spot market liquidates nobody, whatever leverage was asked; no stop is told as that."""
    spot = breaches(case(of=of, leverage=10))
    assert [one.limit for one in spot if one.limit != "stop"] == ["risk.max_leverage", "leverage"]
    contract = breaches(case(**TENFOLD | {"of": of}))
    assert [one.limit for one in contract] == ["stop" if of.stop is None else "liquidation"]


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
        of=closing(facts=[{"name": "x", "value": "1"}]), account=full, halted="x", leverage=9,
        breaker=TRIGGERED, market=wide, locks=(lock(),), losses=losses(1, peak=2, day=2),
        entries_today=99, support=Support(), now=NOW + timedelta(days=9),
        committed=(approval(BTC), *of_orders(9)["committed"]),
    )  # fmt: skip
    assert breaches(leaving) == ()


def test_dust_can_be_sold():
    """A remainder below the venue's least value is not locked in for ever."""
    held = account(mark(quantity="0.001"))
    assert breaches(case(of=closing(), account=held, quantity=Decimal("0.001"))) == ()
