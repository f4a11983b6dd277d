"""
What six venues really answered, through ccxt's own parsers and then the desk's.

Each file counts what became a record and what was refused; a refusal is named, since the
desk never guesses what a venue left out.
"""

import json
from decimal import Decimal
from itertools import chain
from pathlib import Path

import pytest

from records.errors import VenueError
from tools.exchange import ccxt_parse

FIXTURES = (Path(__file__).parents[3] / "../shared/exchange-fixtures").resolve()
USDM, SPOT = "binanceusdm/documented/UsdFutures", "binance/documented/Spot"
BYBIT, OKX = "bybit/documented/V5Api", "okx/nautilus/http_get"

pytestmark = pytest.mark.skipif(not FIXTURES.is_dir(), reason="../shared is absent")

# Venue, file, where its rows are, how many became records, how many were refused.
ORDERS = [
    ("binanceusdm", f"{USDM}.Trading.PlaceOrder", "", 1, 0),
    ("binanceusdm", f"{USDM}.Trading.GetOrder", "", 1, 0),
    ("binanceusdm", f"{USDM}.Trading.GetOpenOrder", "", 1, 0),
    ("binanceusdm", f"{USDM}.Trading.GetOpenOrders", "", 1, 0),
    ("binanceusdm", f"{USDM}.Trading.GetOrders", "", 1, 0),
    ("binanceusdm", f"{USDM}.Trading.PlaceConditionalOrder", "", 1, 0),
    ("binanceusdm", f"{USDM}.Trading.GetConditionalOrder", "", 1, 0),
    ("binanceusdm", f"{USDM}.Trading.GetConditionalOrders", "", 1, 0),
    ("binanceusdm", f"{USDM}.Trading.GetOpenConditionalOrders", "", 1, 0),
    ("binanceusdm", "binanceusdm/nautilus/futures.http_json.open_algo_orders", "", 1, 0),
    ("binanceusdm", "binanceusdm/nautilus/http_responses.http_futures_account_orders", "", 1, 0),
    ("binance", f"{SPOT}.Trading.PlaceOrder", "", 1, 0),
    ("binance", f"{SPOT}.Trading.GetOrder", "", 1, 0),
    ("binance", f"{SPOT}.Trading.GetOrders", "", 1, 0),
    ("binance", f"{SPOT}.Trading.GetOpenOrders", "", 1, 0),
    ("binance", f"{SPOT}.Trading.CancelOrder", "", 1, 0),
    ("binance", "binance/nautilus/spot.http_json.all_orders_response", "", 1, 0),
    ("binance", "binance/nautilus/spot.http_json.new_order_full_response", "", 1, 0),
    ("binance", "binance/recorded/GET.api.v3.order", "0.response", 1, 0),
    ("binance", "binance/recorded/GET.api.v3.allOrders", "0.response", 1, 0),
    ("bybit", f"{BYBIT}.Trading.GetOrders", "result.list", 1, 0),
    ("bybit", f"{BYBIT}.Trading.GetOrderHistory", "result.list", 1, 0),
    ("bybit", "bybit/nautilus/http_get_orders_history", "result.list", 1, 0),
    ("bybit", "bybit/nautilus/http_get_orders_realtime", "result.list", 2, 0),
    ("bybit", "bybit/nautilus/http_get_orders_realtime_tp_sl", "result.list", 2, 0),
    (
        "bybit",
        "bybit/nautilus/http_get_order_partially_filled_rejected",
        "result.list",
        1,
        0,
    ),
    ("coinbase", "coinbase/nautilus/http_order", "order", 1, 0),
    ("coinbase", "coinbase/nautilus/http_orders_list", "orders", 2, 0),
    ("coinbase", "coinbase/documented/AdvancedTrade.Trading.GetOrders", "orders", 0, 1),
    ("kraken", "kraken/nautilus/http_open_orders", "result.open", 2, 0),
    ("kraken", "kraken/nautilus/http_closed_orders", "result.closed", 2, 0),
    ("kraken", "kraken/documented/Spot.Trading.GetOrders", "result", 2, 0),
    ("okx", f"{OKX}_orders_history", "data", 1, 0),
    ("okx", f"{OKX}_orders_pending", "data", 1, 0),
    ("okx", f"{OKX}_orders_pending_with_attached_tp_sl", "data", 1, 0),
    ("okx", f"{OKX}_orders_algo_pending", "data", 0, 1),
    ("okx", f"{OKX}_orders_algo_history", "data", 0, 1),
]
FILLS = [
    ("binance", f"{SPOT}.Trading.GetUserTrades", "", 1, 0),
    ("binance", "binance/nautilus/spot.http_json.account_trades_response", "", 1, 0),
    ("bybit", "bybit/nautilus/http_get_executions", "result.list", 2, 0),
    ("coinbase", "coinbase/nautilus/http_fills", "fills", 2, 0),
    ("coinbase", "coinbase/documented/AdvancedTrade.Trading.GetUserTrades", "fills", 0, 1),
    ("kraken", "kraken/nautilus/http_trades_history", "result.trades", 2, 0),
    ("kraken", "kraken/documented/Spot.Trading.GetUserTrades", "result.trades", 2, 0),
    ("okx", "okx/nautilus/http_transaction_detail", "", 1, 0),
]
POSITIONS = [
    ("binanceusdm", f"{USDM}.Trading.GetPositions", "", 0, 2),
    ("binanceusdm", f"{USDM}.Account.GetPositionInformation", "", 1, 0),
    (
        "binanceusdm",
        "binanceusdm/nautilus/http_responses.http_futures_account_positions_one_way",
        "",
        1,
        0,
    ),
    (
        "binanceusdm",
        "binanceusdm/nautilus/http_responses.http_futures_account_positions_hedge",
        "",
        0,
        2,
    ),
    ("bybit", f"{BYBIT}.Trading.GetPositions", "result.list", 1, 0),
    ("bybit", "bybit/nautilus/http_get_positions", "result.list", 3, 0),
    ("okx", f"{OKX}_positions", "data", 0, 1),
]
REFUSED = {
    "coinbase/documented/AdvancedTrade.Trading.GetOrders": "neither buy nor sell",
    "coinbase/documented/AdvancedTrade.Trading.GetUserTrades": "'maker' or 'taker'",
    f"{OKX}_orders_algo_pending": "its filled quantity is None",
    f"{OKX}_orders_algo_history": "its average price is None",
    f"{OKX}_positions": "hedge mode",
    f"{USDM}.Trading.GetPositions": "hedge mode",
    "binanceusdm/nautilus/http_responses.http_futures_account_positions_hedge": "hedge mode",
}


def rows(file, where):
    """The rows of a recorded answer, each named by its key where the venue does that."""
    found = json.loads((FIXTURES / f"{file}.json").read_text())
    found = found["response"] if isinstance(found, dict) and "response" in found else found
    for step in filter(None, where.split(".")):
        found = found[int(step) if step.isdigit() else step]
    if isinstance(found, dict) and found and all(isinstance(v, dict) for v in found.values()):
        return [{**row, "id": name} for name, row in found.items()]
    return found if isinstance(found, list) else [found]


def venue(name):
    """ccxt's client, offline, with markets from recorded instruments and those the files name."""
    import ccxt

    exchange = getattr(ccxt, name)()
    exchange.number = str
    exchange.options |= {"crossMarginPairsData": [], "isolatedMarginPairsData": []}
    listed = [exchange.parse_market(one) for one in instruments(name)]
    known = {one["id"] for one in listed}
    listed += [one for one in map(plain_market, PLAIN[name]) if one["id"] not in known]
    exchange.set_markets(listed)
    exchange.options["leverageBrackets"] = {}
    return exchange


def instruments(name):
    """What the venue listed, where it was recorded in a form ccxt parses."""
    if name == "okx":
        files = (f"{OKX}_instruments_{kind}" for kind in ("swap", "spot"))
        return list(chain.from_iterable(rows(file, "data") for file in files))
    if name in ("binance", "binanceusdm"):
        path = "api.v3" if name == "binance" else "fapi.v1"
        found = rows(f"{name}/recorded/GET.{path}.exchangeInfo", "0")
        return found[0].get("response", found[0])["symbols"]
    return []


PLAIN = {
    "binance": [("LTCBTC", "LTC", "BTC", None), ("BTCUSDT", "BTC", "USDT", None),
                ("BNBBTC", "BNB", "BTC", None), ("ETHUSDT", "ETH", "USDT", None)],
    "binanceusdm": [("BTCUSDT", "BTC", "USDT", "USDT"), ("BNBUSDT", "BNB", "USDT", "USDT"),
                    ("ETHUSDT", "ETH", "USDT", "USDT")],
    "bybit": [("BTCUSDT", "BTC", "USDT", "USDT"), ("ETHUSDT", "ETH", "USDT", "USDT"),
              ("XRPUSDT", "XRP", "USDT", "USDT"), ("SOLUSDT", "SOL", "USDT", "USDT"),
              ("BTCUSD", "BTC", "USD", "USD")],
    "coinbase": [("BTC-USD", "BTC", "USD", None), ("ETH-USD", "ETH", "USD", None)],
    "kraken": [("XXBTZUSD", "BTC", "USD", None), ("XBTUSDT", "BTC", "USDT", None),
               ("XBTUSD", "BTC", "USD", None), ("ETHUSDT", "ETH", "USDT", None)],
    "okx": [("BTC-USDT-SWAP", "BTC", "USDT", "USDT"), ("BTC-USDT", "BTC", "USDT", None)],
}  # fmt: skip


def plain_market(row):
    """A market of which only the names matter."""
    market_id, base, quote, settle = row
    swap = settle is not None
    return {
        "id": market_id,
        "symbol": f"{base}/{quote}:{settle}" if swap else f"{base}/{quote}",
        "base": base,
        "quote": quote,
        "settle": settle,
        "baseId": base,
        "quoteId": quote,
        "settleId": settle,
        "type": "swap" if swap else "spot",
        "spot": not swap,
        "swap": swap,
        "margin": False,
        "future": False,
        "option": False,
        "active": True,
        "contract": swap,
        "linear": swap or None,
        "inverse": False if swap else None,
        "contractSize": "1" if swap else None,
        "precision": {"amount": 1e-8, "price": 1e-8},
        "limits": {"amount": {}, "price": {}, "cost": {}, "leverage": {}},
        "info": {},
    }


def tried(parse, found):
    """Records, and the words of each refusal."""
    records, refused = [], []
    for row in found:
        try:
            records.append(parse(row))
        except (VenueError, KeyError, TypeError, AttributeError, ValueError) as problem:
            refused.append(str(problem) if isinstance(problem, VenueError) else repr(problem))
    return records, refused


def named(cases):
    return pytest.mark.parametrize(
        ("name", "file", "where", "records", "refused"), cases, ids=[c[1] for c in cases]
    )


@named(ORDERS)
def test_orders_that_were_recorded(name, file, where, records, refused):
    """Ids, sides, quantities and states; nothing is filled in."""
    exchange = venue(name)

    def parse(row):
        answer = exchange.parse_order(row)
        return ccxt_parse.order(answer, exchange.market(answer["symbol"]))

    found, problems = tried(parse, rows(file, where))
    assert (len(found), len(problems)) == (records, refused)
    assert all(REFUSED[file] in words for words in problems)
    assert all(one.filled_quantity <= one.quantity for one in found)
    assert all((one.average_price is None) == (not one.filled_quantity) for one in found)


@named(FILLS)
def test_fills_that_were_recorded(name, file, where, records, refused):
    """Each with its own id, its order's id, a fee and who made the price."""
    exchange = venue(name)

    def parse(row):
        answer = exchange.parse_trade(row)
        return ccxt_parse.fill(answer, exchange.market(answer["symbol"]), Decimal(1))

    found, problems = tried(parse, rows(file, where))
    assert (len(found), len(problems)) == (records, refused)
    assert all(REFUSED[file] in words for words in problems)
    assert len({one.fill_id for one in found}) == len(found)


@named(POSITIONS)
def test_positions_that_were_recorded(name, file, where, records, refused):
    """Signed base units; hedge mode is refused."""
    exchange = venue(name)

    def parse(row):
        kind = "parse_position_risk" if name == "binanceusdm" else "parse_position"
        answer = getattr(exchange, kind)(row)
        return ccxt_parse.holding(answer, exchange.market(answer["symbol"]))

    found, problems = tried(parse, rows(file, where))
    assert (len(found), len(problems)) == (records, refused)
    assert all(REFUSED[file] in words for words in problems)


@pytest.mark.parametrize(
    "file",
    [f"{USDM}.Account.GetAccountInfo", "binanceusdm/nautilus/futures.http_json.account_info_v2"],
)
def test_accounts_that_were_recorded(file):
    """The wallet of one currency, whatever else the account holds."""
    (account,) = rows(file, "")
    assert ccxt_parse.cash(account, "USDT", {"BTCUSDT": "USDT"}) == Decimal("23.72469206")


def test_an_account_that_contradicts_itself_is_refused():
    """The documented example holds one bitcoin that is worth nothing."""
    (account,) = rows(f"{USDM}.Account.GetAccountInfoV3", "")
    with pytest.raises(VenueError, match="different signs"):
        ccxt_parse.cash(account, "USDT", {"BTCUSDT": "USDT"})


def test_a_stop_that_was_executed_is_recorded_with_its_order():
    """What it filled is its order's to say; the recorded answer only names that order."""
    exchange = venue("binanceusdm")
    answer = exchange.parse_order(rows(f"{USDM}.Trading.GetConditionalOrder", "")[0])
    found = ccxt_parse.order(answer, exchange.market("BTC/USDT:USDT"))
    assert ccxt_parse.triggered_as(answer) == "974828356187"
    assert (found.trigger_price, found.quantity) == (Decimal("69080.20"), Decimal("0.002"))
    assert (found.filled_quantity, found.reduce_only) == (0, True)


@pytest.mark.parametrize(
    ("said", "status"),
    [("NEW", "open"), ("TRIGGERING", "open"), ("TRIGGERED", "open"), ("CANCELED", "cancelled"),
     ("REJECTED", "rejected"), ("EXPIRED", "expired")],
)  # fmt: skip
def test_every_state_of_a_conditional_order_has_its_meaning(said, status):
    """As long as its order is not named, one that was triggered still stands."""
    assert ccxt_parse.order(conditional(said), market()).status == status
    assert ccxt_parse.triggered_as(conditional(said)) is None


def test_unknown_states_are_refused():
    """Neither open nor ended would be right."""
    for answer in (
        conditional("PAUSED"),
        plain_order(status="canceling"),
        plain_order(status=None),
    ):
        with pytest.raises(VenueError, match="not known here"):
            ccxt_parse.order(answer, market())
    with pytest.raises(VenueError, match="does not say how"):
        ccxt_parse.triggered_as(conditional("FINISHED"))


@pytest.mark.parametrize(
    "fault",
    [
        {"id": None}, {"id": ""}, {"side": "both"}, {"amount": None}, {"amount": "NaN"},
        {"filled": "many"}, {"filled": "1", "average": None}, {"filled": "1", "average": "0"},
        {"filled": "-1", "average": "1"}, {"status": "closed"}, {"timestamp": None},
        {"timestamp": True}, {"triggerPrice": "-1"},
    ],
)  # fmt: skip
def test_an_order_that_says_too_little_is_refused(fault):
    """Each of these would be booked wrongly if it were repaired."""
    with pytest.raises(VenueError):
        ccxt_parse.order(plain_order(**fault), market())


def market():
    exchange = venue("binanceusdm")
    return exchange.market("BTC/USDT:USDT")


def plain_order(**given):
    """One that ccxt parsed."""
    usual = {"id": "7", "clientOrderId": "a-1-e", "symbol": "BTC/USDT:USDT", "side": "buy",
             "amount": "2", "filled": "0", "average": None, "status": "open",
             "timestamp": 1_745_000_400_000, "info": {}}  # fmt: skip
    assert ccxt_parse.order(usual, {}).status == "open"
    return usual | given


def conditional(said):
    """A stop in one of the venue's own states."""
    return plain_order(info={"algoStatus": said, "actualOrderId": ""}, triggerPrice="80000")
