"""When the rulebook opens, closes or holds, and that what it writes can be checked."""

from decimal import Decimal
from typing import Any

import pytest

from records.proposal import TradeProposals
from tests.crew.models.desk_case import (
    BTC,
    PORTFOLIO,
    Documents,
    approved_case,
    changed,
    proposals,
    short_case,
    tabled,
)


def holding(
    unrealised_pct: str, documents: Documents | None = None, side: str = "long"
) -> Documents:
    """The same cycle with a position of BTC open."""
    documents = documents or approved_case()
    position = {"symbol": BTC, "side": side, "quantity": "1", "unrealised_pct": unrealised_pct}
    return {**documents, "get_portfolio": tabled(position, columns=PORTFOLIO)}


def without_signal(documents: Documents) -> Documents:
    return changed(documents, "get_indicators/signals.action", "hold")


def turned() -> Documents:
    documents = changed(approved_case(), "report technical/views/0.conviction", -0.5)
    return changed(documents, "report chart/views/0.conviction", -0.4)


def test_agreeing_readers_open_a_long_with_stop_target_and_facts() -> None:
    """An opening without a stop is refused by the desk, so none is ever written."""
    (draft,) = TradeProposals.model_validate({"proposals": proposals(approved_case())}).proposals

    assert (draft.action, draft.quantity) == ("open_long", None)
    assert draft.stop is not None and draft.take_profit is not None
    assert draft.stop < Decimal(100) < draft.take_profit
    assert (draft.take_profit - 100) / (100 - draft.stop) >= Decimal("1.5")
    assert draft.invalidation_price is not None and draft.stop <= draft.invalidation_price < 100


def test_facts_repeat_the_tools_figures_digit_for_digit() -> None:
    """The gate compares them with the snapshot; a rounded fact would be a wrong fact."""
    documents = changed(approved_case(), "get_indicators.rsi_14", 60.123456789)
    (draft,) = proposals(documents)
    facts = {fact["name"]: fact["value"] for fact in draft["facts"]}

    assert facts["rsi_14@3m"] == "60.123456789"
    assert facts["last"] == "100.00"
    assert {"ema_50@1h", "atr_pct_14@3m"} <= set(facts)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("report technical/views/0.conviction", 0.1),
        ("get_indicators/signals.strength", 2),
        ("get_indicators/signals.action", "sell"),
        ("get_limits.halted", True),
        ("get_market_snapshot.last", None),
    ],
)
def test_one_missing_reason_to_buy_is_enough_to_hold(path: str, value: Any) -> None:
    """Holding is the usual answer; an opening needs every condition."""
    assert proposals(changed(approved_case(), path, value)) == []


@pytest.mark.parametrize(
    "name", ["report technical", "get_market_snapshot", "get_portfolio", "get_limits"]
)
def test_without_a_price_a_view_a_portfolio_or_limits_nothing_is_opened(name: str) -> None:
    """Buying what may already be held, at an unknown price, is not a decision."""
    documents = approved_case()
    del documents[name]

    assert proposals(documents) == []


def test_the_stop_follows_the_range_and_stays_within_the_desks_bounds() -> None:
    """A wilder market needs a wider stop, but never a forbidden one."""

    def distance_pct(atr_pct: float) -> Decimal:
        (draft,) = proposals(changed(approved_case(), "get_indicators.atr_pct_14", atr_pct))
        return 100 - Decimal(draft["stop"])

    assert distance_pct(1.0) == Decimal("1.5")
    assert distance_pct(2.0) == Decimal(3)
    assert Decimal("0.3") <= distance_pct(0.01) <= Decimal("0.35")
    assert Decimal("9.7") <= distance_pct(50) <= Decimal(10)


@pytest.mark.parametrize(
    "last", ["67123.4", "60000", "0.1", "0.00001234", "1", "3500.55", "0.00000123"]
)
def test_prices_are_plain_decimals_as_fine_as_the_market(last: str) -> None:
    """Too coarse a stop sits on the entry; too fine a one is not a price."""
    documents = changed(approved_case(), "get_market_snapshot.last", last)
    documents = changed(documents, "get_market_snapshot.bid", last)
    documents = changed(documents, "get_market_snapshot.ask", last)

    for draft in proposals(documents):
        stop, target = Decimal(draft["stop"]), Decimal(draft["take_profit"])
        assert 0 < stop < Decimal(last) < target
        assert "E" not in draft["stop"].upper()
        assert -int(stop.as_tuple().exponent) <= 8


def test_a_held_market_is_never_bought_again() -> None:
    """One position for each market."""
    assert proposals(holding("1.5")) == []


def test_a_long_is_closed_when_chart_and_indicators_turned() -> None:
    """The thesis is gone, whatever the position earned."""
    (draft,) = proposals(holding("3", turned()))

    assert draft["action"] == "close"


@pytest.mark.parametrize(("open_pct", "actions"), [("-0.81", ["close"]), ("-0.8", []), ("2", [])])
def test_a_losing_long_without_a_signal_is_cut_and_a_winning_one_kept(
    open_pct: str, actions: list[str]
) -> None:
    """Source: domain.md, Strategies, position logic."""
    drafts = proposals(without_signal(holding(open_pct)))

    assert [draft["action"] for draft in drafts] == actions


def test_bold_opens_where_balanced_holds_and_balanced_where_cautious_holds() -> None:
    """The thresholds are ordered as the names say."""
    convictions = (0.32, 0.48, 0.7)
    opened = {
        name: [
            len(proposals(changed(approved_case(), "report technical/views/0.conviction", c), name))
            for c in convictions
        ]
        for name in ("cautious", "balanced", "bold")
    }

    assert opened == {"cautious": [0, 0, 1], "balanced": [0, 1, 1], "bold": [1, 1, 1]}


def test_on_a_perpetual_agreeing_readers_open_a_short_mirrored() -> None:
    """The same conditions with every sign turned: stop above, target below, support ahead."""
    (draft,) = TradeProposals.model_validate({"proposals": proposals(short_case())}).proposals

    assert (draft.action, draft.quantity, draft.leverage) == ("open_short", None, 1)
    assert draft.stop is not None and draft.take_profit is not None
    assert 0 < draft.take_profit < Decimal(100) < draft.stop
    assert (100 - draft.take_profit) / (draft.stop - 100) >= Decimal("1.5")
    assert draft.invalidation_price is not None and 100 < draft.invalidation_price <= draft.stop
    assert "Short: technical -0.6" in draft.thesis
    assert "at or below -0.35; signal strength 4" in draft.thesis


def test_a_short_mirrors_the_long_to_the_digit() -> None:
    """One set of rules: the same evidence turned around gives the same distances and trust."""
    (long,), (short,) = proposals(approved_case()), proposals(short_case())

    assert Decimal(long["stop"]) + Decimal(short["stop"]) == 200
    assert Decimal(long["take_profit"]) + Decimal(short["take_profit"]) == 200
    assert long["confidence"] == short["confidence"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("get_market_snapshot.perpetual", False),
        ("get_market_snapshot.perpetual", None),
        ("get_market_snapshot.perpetual", "true"),
        ("report technical/views/0.conviction", -0.1),
        ("get_indicators/signals.strength", 2),
        ("get_indicators/signals.action", "buy"),
        ("get_limits.halted", True),
    ],
)
def test_one_missing_reason_to_sell_is_enough_to_hold(path: str, value: Any) -> None:
    """Above all a market that is not plainly called a perpetual is not sold short."""
    assert proposals(changed(short_case(), path, value)) == []


def test_a_market_that_does_not_say_what_it_is_counts_as_spot() -> None:
    """An older or foreign snapshot has no such column; a missing figure opens nothing."""
    documents = short_case()
    market = documents["get_market_snapshot"]
    place = market["columns"].index("perpetual")
    for line in (market["columns"], *market["rows"]):
        del line[place]

    assert proposals(documents) == []


def test_a_held_short_is_kept_while_the_market_falls() -> None:
    """Nothing asks for its end, and it is not opened twice."""
    assert proposals(holding("1.5", short_case(), "short")) == []


def test_a_short_is_closed_when_chart_and_indicators_turned() -> None:
    """The same threshold from the other side."""
    documents = changed(short_case(), "report technical/views/0.conviction", 0.3)
    (draft,) = proposals(holding("3", changed(documents, "report chart/views/0.conviction", 0.2),
                                 "short"))  # fmt: skip
    assert draft["action"] == "close"
    assert "average 0.25, at or above 0.25: the trend turned" in draft["thesis"]

    almost = changed(documents, "report chart/views/0.conviction", 0.19)
    assert proposals(holding("3", almost, "short")) == []


@pytest.mark.parametrize(("open_pct", "actions"), [("-0.81", ["close"]), ("-0.8", []), ("2", [])])
def test_a_losing_short_without_a_signal_is_cut_and_a_winning_one_kept(
    open_pct: str, actions: list[str]
) -> None:
    """The mirror image: only a short signal supports a short."""
    assert proposals(holding("-5", short_case(), "short")) == []
    for documents in (without_signal(short_case()), changed(
        short_case(), "get_indicators/signals.action", "buy"
    )):  # fmt: skip
        drafts = proposals(holding(open_pct, documents, "short"))
        assert [draft["action"] for draft in drafts] == actions


def reviewed(failure: str, documents: Documents | None = None) -> list[Any]:
    """What is proposed for a winning position whose thesis has failed."""
    asked = holding("2", documents)
    asked["get_portfolio"] = {**asked["get_portfolio"], "must_review": {BTC: failure}}
    return proposals(asked)


def test_a_failed_thesis_is_answered_for() -> None:
    """Proven wrong it is left, overdue it is weighed; either way the answer names the market."""
    (wrong,) = reviewed("thesis_invalidated at 2026-11-02T05:00:00Z")
    (late,) = reviewed("thesis_deadline at 2026-11-02T05:00:00Z")
    (spent,) = reviewed("thesis_deadline at 2026-11-02T05:00:00Z", turned())
    assert [draft["action"] for draft in (wrong, late, spent)] == ["close", "hold", "close"]
    assert "thesis_deadline" in late["thesis"]


def test_a_position_without_a_plain_side_is_left_alone() -> None:
    """What is not understood is not traded; its stop rests at the venue."""
    assert proposals(holding("-5", without_signal(approved_case()), "both")) == []
