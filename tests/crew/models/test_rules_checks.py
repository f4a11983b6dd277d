"""Every veto and every cut names one figure of this cycle, and that figure alone flips it."""

from copy import deepcopy
from typing import Any

import pytest

from crew.models.rules_checks import RULES
from records.verdict import WrittenVerdict
from tests.crew.models.desk_case import (
    BTC,
    PORTFOLIO,
    Documents,
    approved_case,
    changed,
    frame,
    proposal,
    short_case,
    tabled,
    verdicts,
)

DRAFT = "report proposal/proposals/0/draft"
LESSONS = {"symbol": BTC, "like_this": 9, "traded": 3, "won": 1, "mean_pct": "0"}

FLIPS = [
    # rule, where, a figure that is kept, a figure that is not, the decision then
    ("breaker", "get_circuit_breaker.status", "SAFE", "WARNING", "veto"),
    ("breaker", "get_circuit_breaker.status", "RECOVERING", "TRIGGERED", "veto"),
    ("halt", "get_limits.halted", False, True, "veto"),
    ("spread", "get_market_snapshot.spread_pct", "0.1", "0.11", "veto"),
    ("spread", "get_limits/limits.max_spread_pct", "0.02", "0.01", "veto"),
    ("reward_risk", "report proposal/proposals/0/sizing.reward_risk", "1.5", "1.49", "veto"),
    ("technical", "report technical/views/0.conviction", 0.25, 0.24, "veto"),
    ("larger_trend", "get_indicators.1h", {"ema_50": 99.9}, {"close": 98, "ema_50": 99.9}, "veto"),
    ("chart_trend", "read_chart.trend", "range", "down", "veto"),
    ("chart_room", "read_chart.resistance", "100.35", "100.34", "veto"),
    ("funding", "get_market_snapshot.funding_rate_pct", "0.05", "0.051", "veto"),
    ("overbought", "get_indicators.1h", {"rsi_14": 78}, {"rsi_14": 78.1}, "veto"),
    ("volatility", "get_indicators.atr_pct_14", 0.55, 0.57, "shrink"),
    ("volatility", "get_indicators.atr_pct_14", 0.55, 1.2, "veto"),
    ("sentiment", "report sentiment/views/0.score", -0.39, -0.4, "veto"),
    ("stop_distance", f"{DRAFT}.stop", "99.7", "99.71", "veto"),
    ("stop_distance", "get_limits/limits.max_stop_pct", "1", "0.99", "veto"),
    ("size", "report proposal/proposals/0/sizing.quantity", "0.1", "0", "veto"),
    ("held", "get_portfolio.rows", [], [[BTC, "long", "1"] + [None] * 9], "veto"),
    ("positions", "get_limits/room.positions_left", 1, 0, "veto"),
    ("exposure", "get_limits/room.exposure_left", "1000", "999", "shrink"),
    ("exposure", "get_limits/room.exposure_left", "1000", "249", "veto"),
    ("leverage", f"{DRAFT}.leverage", 5, 6, "shrink"),
    ("lessons", "recall_lessons.mean_pct", "-1", "-1.01", "shrink"),
    ("evidence", "get_indicators.note", "fine", None, "veto"),
]


def with_figure(path: str, value: Any) -> Documents:
    """The approved case with one figure set."""
    documents = approved_case()
    if path == "recall_lessons.mean_pct":
        return {**documents, "recall_lessons": tabled(LESSONS | {"mean_pct": value})}
    if path == "get_indicators.1h":
        rows = tabled(frame("3m"), frame("1h", rsi_14=62) | value)
        return {**documents, "get_indicators": {**documents["get_indicators"], **rows}}
    if path == "get_indicators.note":
        failed = {"error": {"code": "no_data", "message": "The venue gave no candles."}}
        return documents if value else {**documents, "get_indicators": failed}
    return changed(documents, path, value)


def test_what_was_never_traded_does_not_bind_the_officer() -> None:
    """What a vetoed trade would have lost is why it was vetoed, not why the next one should be."""
    documents = approved_case()
    few = LESSONS | {"traded": 2, "mean_pct": "-9", "not_traded": 7, "would_mean_pct": "-9"}
    documents["recall_lessons"] = tabled(few)

    (verdict,) = verdicts(documents)

    assert verdict["decision"] == "approve"


def test_the_case_that_all_flips_start_from_is_approved() -> None:
    """Otherwise a veto below would prove nothing about the one figure that was changed."""
    (verdict,) = verdicts(approved_case())

    assert verdict["decision"] == "approve"
    assert (verdict["max_quantity"], verdict["max_leverage"]) == ("10", 1)
    assert len(verdict["reasons"]) == 5


@pytest.mark.parametrize(("rule", "path", "kept", "broken", "decision"), FLIPS)
def test_changing_one_figure_alone_flips_the_verdict(
    rule: str, path: str, kept: Any, broken: Any, decision: str
) -> None:
    """An officer who cannot name the figure that changed his mind is guessing."""
    (before,) = verdicts(with_figure(path, kept))
    (after,) = verdicts(with_figure(path, broken))

    assert before["decision"] == "approve", before["reasons"]
    assert after["decision"] == decision, after["reasons"]
    assert after["reasons"][0].startswith(f"{rule}: ")
    broken_rules = {reason.split(":")[0] for reason in after["reasons"] if "breaks" in reason}
    assert broken_rules <= {rule}
    WrittenVerdict.model_validate(after).draft()


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_rule_has_a_flip(rule: str) -> None:
    """A rule without a case in the table is a rule nobody has seen work."""
    assert rule in {case[0] for case in FLIPS}


@pytest.mark.parametrize("flip", [flip for flip in FLIPS if flip[0] != "evidence"])
def test_a_veto_or_cut_cites_a_figure_or_a_state(flip: tuple[Any, ...]) -> None:
    """Words without a figure cannot be checked against the tools' answers."""
    (after,) = verdicts(with_figure(flip[1], flip[3]))

    assert any(character.isdigit() for character in after["reasons"][0]) or flip[0] == "halt"


SHORT_FLIPS = [
    ("technical", "report technical/views/0.conviction", -0.25, -0.24),
    ("chart_trend", "read_chart.trend", "range", "up"),
    ("chart_room", "read_chart.support", "99.65", "99.66"),
    ("funding", "get_market_snapshot.funding_rate_pct", "-0.05", "-0.051"),
    ("sentiment", "report sentiment/views/0.score", 0.39, 0.4),
    ("stop_distance", f"{DRAFT}.stop", "101", "99"),
]


@pytest.mark.parametrize(("rule", "path", "kept", "broken"), SHORT_FLIPS)
def test_a_short_meets_the_same_rules_mirrored(
    rule: str, path: str, kept: Any, broken: Any
) -> None:
    """A model that may sell short must not find the officer blind on that side."""
    (before,) = verdicts(changed(short_case(), path, kept))
    (after,) = verdicts(changed(short_case(), path, broken))

    assert before["decision"] == "approve", before["reasons"]
    assert (after["decision"], after["reasons"][0].split(":")[0]) == ("veto", rule)


def test_half_the_size_means_half_of_what_was_sized() -> None:
    """The cut is a number of base units, so that the gate can enforce it."""
    (verdict,) = verdicts(with_figure("get_indicators.atr_pct_14", 0.57))

    assert verdict["max_quantity"] == "5.00000000"


def test_an_approval_leaves_less_room_for_the_next_proposal() -> None:
    """Two trades that fit alone may not fit together."""
    documents = approved_case()
    documents["report proposal"]["proposals"].append(proposal(2))
    documents["get_limits"]["room"] = {"exposure_left": "1400", "positions_left": 5}

    first, second = verdicts(documents)

    assert (first["decision"], second["decision"]) == ("approve", "shrink")
    assert second["max_quantity"] == "4.00000000"


def test_an_exit_is_approved_whatever_the_evidence() -> None:
    """No rule may stand between the desk and less risk."""
    documents = changed(approved_case(), "get_circuit_breaker.status", "TRIGGERED")
    documents["report proposal"] = {"proposals": [proposal(action="close", stop=None)]}
    documents["get_market_snapshot"] = {"error": {"code": "x", "message": "y"}}

    (verdict,) = verdicts(documents)

    assert verdict["decision"] == "approve"


def test_no_proposals_are_answered_with_an_empty_list() -> None:
    """The officer always answers, so that silence is never read as consent."""
    documents = approved_case()
    documents["report proposal"] = {"proposals": []}

    assert verdicts(documents) == []


@pytest.mark.parametrize(
    "name", ["get_circuit_breaker", "get_limits", "get_market_snapshot", "report technical"]
)
@pytest.mark.parametrize("spoiled", ["absent", "not json", '{"error": {"code": "x"}}', "{}"])
def test_missing_evidence_is_a_veto(name: str, spoiled: str) -> None:
    """Thin evidence is a reason to stay out, never a crash and never a pass."""
    documents = approved_case()
    if spoiled == "absent":
        del documents[name]
    else:
        documents[name] = spoiled

    (verdict,) = verdicts(documents)

    assert verdict["decision"] == "veto"
    assert "no evidence" in verdict["reasons"][0]


def test_a_proposal_that_cannot_be_read_is_vetoed_by_its_id() -> None:
    """A broken draft must not slip through for want of a verdict."""
    documents = approved_case()
    documents["report proposal"]["proposals"][0]["draft"]["quantity"] = "1e400"

    (verdict,) = verdicts(documents)

    assert (verdict["proposal_id"], verdict["decision"]) == ("c-1-p1", "veto")


def test_cautious_vetoes_what_balanced_approves_and_bold_what_neither_shrinks() -> None:
    """Temperaments differ in thresholds, in the direction their names say."""
    crowded = changed(approved_case(), "get_market_snapshot.funding_rate_pct", "0.04")
    wild = changed(approved_case(), "get_indicators.atr_pct_14", 0.7)

    decisions = {
        name: (verdicts(crowded, name)[0]["decision"], verdicts(wild, name)[0]["decision"])
        for name in ("cautious", "balanced", "bold")
    }

    assert decisions == {
        "cautious": ("veto", "veto"),
        "balanced": ("approve", "shrink"),
        "bold": ("approve", "approve"),
    }


def test_a_level_that_held_once_is_no_level() -> None:
    """Every swing high is touched once; only one that held again stands in the way."""
    documents = changed(approved_case(), "read_chart.resistance", "100.1")

    assert verdicts(documents)[0]["decision"] == "veto"
    once = changed(documents, "read_chart.resistance_touches", 1)
    assert verdicts(once)[0]["decision"] == "approve"


def test_held_position_is_seen_whatever_else_is_in_the_portfolio() -> None:
    """Another market's position does not count against this one."""
    documents = deepcopy(approved_case())
    other = {"symbol": "ETH/USDT", "side": "long", "quantity": "1"}
    documents["get_portfolio"] |= tabled(other, columns=PORTFOLIO)

    assert verdicts(documents)[0]["decision"] == "approve"
