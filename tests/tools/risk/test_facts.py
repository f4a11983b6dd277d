"""Figures a proposal quotes: each is one the desk's tools printed, or it is invented."""

from decimal import Decimal

import pytest

from tests.tools.risk.cases import draft
from tools.risk.facts import figure_name, invented, printed_figures, quoted, rounds_to

BTC, ETH = "BTC/USDT", "ETH/USDT"
PRINTED = {
    "last": Decimal("61234.5"),
    "rsi_14_3m": Decimal("28.314"),
    "macd_1h": Decimal("-0.0476"),
    "equity": Decimal("10000"),
}


def faults(*facts, thesis="Higher lows.", **changes):
    """What is invented in a proposal that quotes these figures, given as name and value."""
    told = [{"name": name, "value": value} for name, value in facts]
    return invented(draft(facts=told, thesis=thesis, **changes), PRINTED)


@pytest.mark.parametrize(
    "name",
    [
        "rsi_14@3m", "RSI_14@3m", "rsi 14 @ 3m", "rsi-14 (3m)", "rsi_14_3m", "BTC/USDT rsi_14@3m",
        "btc_usdt_rsi_14_3m",
    ],
)  # fmt: skip
def test_a_name_is_read_without_its_case_and_punctuation(name):
    """A model writes names as it pleases; the figure counts."""
    assert faults((name, "28.314")) == ()
    assert faults((name, "29")) == (f"{name} is 28.314, not 29",)


@pytest.mark.parametrize(
    ("name", "plain"),
    [("RSI_14@3m", "rsi_14_3m"), ("  last  ", "last"), ("%", ""), ("ATR (14), 1h", "atr_14_1h")],
)
def test_a_plain_name(name, plain):
    """Letters and digits, with one underscore for whatever stands between."""
    assert figure_name(name) == plain


@pytest.mark.parametrize(
    "name", ["rsi_14@1h", "rsi", "ETH/USDT rsi_14@3m", "volume profile", "%", "rsi_14_3m_x"]
)
def test_a_name_that_nobody_printed_is_invented(name):
    """What cannot be checked is not a fact, and another market's figure is not this one's."""
    assert faults((name, "28.314")) == (f"no tool printed a figure named {name!r}",)


@pytest.mark.parametrize(
    ("printed", "written", "holds"),
    [
        ("28.314", "28.314", True),
        ("28.314", "28.31400", True),
        ("28.314", "28.31", True),
        ("28.314", "28.3", True),
        ("28.314", "28", True),
        ("28.314", "28.32", False),
        ("28.314", "28.4", False),
        ("28.314", "29", False),
        ("28.314", "28.3141", False),
        ("28.5", "28", True),
        ("28.5", "29", True),
        ("28.51", "28", False),
        ("28.35", "28.3", True),
        ("28.35", "28.4", True),
        ("0.04", "0.0", True),
        ("0.06", "0.0", False),
        ("0.04", "0", False),
        ("4.4", "4", False),
        ("4", "4", True),
        ("9.9", "10", True),
        ("10000", "10000", True),
        ("-0.0476", "-0.05", True),
        ("-0.0476", "0.05", False),
        ("-0.0476", "-0.04", False),
        ("61234.5", "61000", False),
        ("61234.5", "6.1E+4", True),
        ("61234.5", "6.2E+4", False),
        ("61234.5", "6E+4", False),
        ("1" + "0" * 40, "1" + "0" * 40, True),
        ("0." + "0" * 39 + "1", "0." + "0" * 39 + "2", False),
    ],
)
def test_a_figure_holds_when_it_is_the_printed_one_rounded(printed, written, holds):
    """To the digits that were written; one whole digit alone would fit too much."""
    assert rounds_to(Decimal(printed), Decimal(written)) is holds


def test_every_invented_figure_is_named_once():
    """The analyst reads all of them; the same one twice says nothing more."""
    wrong = faults(
        ("rsi_14@3m", "30"), ("rsi_14@3m", "30"), ("last", "1"), ("equity", "10000"), ("x", "1")
    )
    assert wrong == (
        "rsi_14@3m is 28.314, not 30", "last is 61234.5, not 1",
        "no tool printed a figure named 'x'",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("thesis", "wrong"),
    [
        ("rsi_14@3m 28.3 says oversold", ()),
        ("rsi_14@3m = 28.31, macd_1h too", ()),
        ("rsi_14@3m is 29.", ("rsi_14@3m is 28.314, not 29",)),
        ("RSI_14@3m at 12", ("RSI_14@3m is 28.314, not 12",)),
        ("rsi_14@3m: 12.5%", ("rsi_14@3m is 28.314, not 12.5",)),
        ("macd@1h -0.05 and macd@1h 0.05", ("macd@1h is -0.0476, not 0.05",)),
        ("rsi_14@3m below 30 and rsi_14@3m < 30", ()),
        ("rsi_14@3m is 9" + "9" * 40, (f"rsi_14@3m is 28.314, not 9{'9' * 40}",)),
        ("rsi_7@3m is 12", ("no tool printed a figure named 'rsi_7@3m'",)),
        ("rsi_14@3m is 5 points above its mean", ()),
        ("rsi_14@3m 2 % below it", ()),
        ("rsi_14@3m reads 12", ("rsi_14@3m is 28.314, not 12",)),
        ("RSI-14 @ 3m = 12", ("RSI-14 @ 3m is 28.314, not 12",)),
        ("rsi_14@3m (12)", ("rsi_14@3m is 28.314, not 12",)),
        ("RSI is 12, last 5", ()),
        ("a rsi_14@3m of 12", ("rsi_14@3m is 28.314, not 12",)),
        ("mail@rsi_14@3m 12", ()),
        ("rsi_14@3m 28...", ()),
    ],
)
def test_figures_of_the_thesis_are_looked_at_behind_a_printed_name(thesis, wrong):
    """Prose is not parsed further: a threshold and a distance are left alone."""
    assert faults(thesis=thesis) == wrong


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("close@1h 61,234.5", "61234.5"), ("close@1h = 1,061,234", "1061234"),
        ("close@1h is 1.2e-5", "0.000012"), ("close@1h 6.1E+4", "61000"),
        ("close@1h 61234.5, and more", "61234.5"), ("close@1h 12.", "12"),
        ("close@1h:-3", "-3"), ("close@12d  at  007", "7"),
    ],
)  # fmt: skip
def test_a_figure_of_a_text_is_read_as_people_write_it(text, value):
    """With thousands, an exponent, a full stop at the end."""
    assert [found for _, found in quoted(text)] == [Decimal(value)]


def test_a_figure_of_another_market_is_looked_up_there():
    """A long of Ether may rest on what Bitcoin did; without that row it is invented."""
    of_eth = {"symbol": ETH, "facts": [{"name": "BTC/USDT rsi_14@3m", "value": "55"}]}
    document = rows(["symbol", "interval", "rsi_14"], [BTC, "3m", 55], [ETH, "3m", 28])
    assert invented(draft(**of_eth), printed_figures([document], ETH)) == ()
    said = draft(symbol=ETH, thesis="BTC/USDT rsi_14@3m is 28, rsi_14@3m is 28")
    assert invented(said, printed_figures([document], ETH)) == ("BTC/USDT rsi_14@3m is 55, not 28",)


def test_the_own_market_may_stand_before_a_figure():
    """Another one may not, where no tool printed it."""
    of_eth = {"symbol": ETH, "facts": [{"name": "ETH/USDT last", "value": "61234.5"}]}
    assert invented(draft(**of_eth), PRINTED) == ()
    of_eth["facts"] = [{"name": "BTC/USDT last", "value": "61234.5"}]
    assert invented(draft(**of_eth), PRINTED) == ("no tool printed a figure named 'BTC/USDT last'",)


def rows(columns, *lines):
    return {"columns": columns, "rows": [list(line) for line in lines]}


@pytest.mark.parametrize(
    ("description", "document", "printed"),
    [
        ("figures of no market", {"equity": "9998.17", "open_positions": 3},
         {"equity": "9998.17", "open_positions": "3"}),
        ("nested ones", {"room": {"cash_left": "10"}, "limits": {"max_leverage": 5}},
         {"cash_left": "10", "max_leverage": "5"}),
        ("this market's row, not another's",
         rows(["symbol", "last"], [BTC, "61234.5"], [ETH, "3000"]),
         {"last": "61234.5", "eth_usdt_last": "3000"}),
        ("with its interval",
         rows(["symbol", "interval", "rsi_14"], [BTC, "3m", 28.314], [BTC, "1h", 55]),
         {"rsi_14_3m": "28.314", "rsi_14_1h": "55"}),
        ("an interval that is none", rows(["interval", "rsi_14"], [None, 28]), {"rsi_14": "28"}),
        ("with its trigger", rows(["trigger", "value", "limit"], ["BTC/USDT 1h drop", "0.2", "15"]),
         {"btc_usdt_1h_drop_value": "0.2", "btc_usdt_1h_drop_limit": "15"}),
        ("a trigger that is none", rows(["trigger", "value"], [1, "2"]),
         {"trigger": "1", "value": "2"}),
        ("a table within a table", {"signals": rows(["symbol", "strength"], [BTC, 4], [ETH, 5])},
         {"strength": "4", "eth_usdt_strength": "5"}),
        ("under this market's name, not under another's",
         {BTC: {"funding": "0.01"}, ETH: {"funding": "0.02"}}, {"funding": "0.01"}),
        ("the first one stands", {"a": {"last": 1}, "b": {"last": 2}}, {"last": "1"}),
        ("what is no number", {"halted": True, "as_of": "2026-01-05", "none": None, "list": [1],
                               "text": "12 of 15", "nan": float("nan"), "inf": float("inf")}, {}),
        ("columns without rows", {"columns": ["last"], "rows": "none"}, {}),
        ("rows without columns", {"columns": None, "rows": [[1]]}, {}),
        ("a number too long to be one", {"x": "1" * 41, "y": "1" * 40, "z": 1e-50},
         {"y": "1" * 40}),
        ("small and large floats, digit for digit", {"a": 1e-7, "b": 1e22, "c": Decimal("1E-7")},
         {"a": "0.0000001", "b": "1" + "0" * 22, "c": "0.0000001"}),
    ],
)  # fmt: skip
def test_the_figures_that_tools_printed(description, document, printed):
    """Of this market or of no market; everything else does not exist for a proposal."""
    found = printed_figures([document], BTC)
    assert found == {name: Decimal(value) for name, value in printed.items()}, description


def test_the_first_tool_that_printed_a_name_is_believed():
    """Two tools with one name for two figures would let a proposal choose."""
    assert printed_figures([{"last": 1}, {"last": 2, "bid": 3}], BTC) == {"last": 1, "bid": 3}
