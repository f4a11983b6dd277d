"""Generated proposals, verdicts and states: there is no way around the gate."""

from decimal import Decimal

import pytest

from tests.gate.bounds import hold_to_the_limits
from tests.gate.proof import Summary, answer_of, prove
from tests.gate.worlds import World, some_world
from tests.tools.risk.cases import UNCAPPED, account, draft, losses, proposal, verdict, view
from tools.risk import limits
from tools.risk.limits import rule_names

CASES = 2_000
"""`python -m tests.gate.long` judges 100,000."""

OF_EXITS = {"quantity", "held"}


def by_hand(*, of=None, limit=None, **world):
    """A world that breaks one limit, where the generated ones seldom break it alone."""
    limits = UNCAPPED.model_copy(update={} if limit is None else {limit: Decimal(30)})
    asked = proposal(of or draft(quantity="39"), limits=limits)
    return World(asked, verdict(on=asked), view(limits=limits, **world), honest=True)


BY_HAND = {
    "cash": by_hand(account=account(cash=3000)),
    "risk.max_correlated_pct": by_hand(limit="max_correlated_pct"),
    "risk.max_symbol_pct": by_hand(limit="max_symbol_pct"),
    "risk.max_total_exposure_pct": by_hand(limit="max_total_exposure_pct"),
    "risk.max_week_loss_pct": by_hand(losses=losses(9000, week=10_000)),
    "take_profit": by_hand(of=draft(quantity="39", take_profit="1000.01")),
}


@pytest.fixture(scope="module")
def found() -> Summary:
    return prove(range(CASES))


def test_no_approval_lies_outside_any_limit_and_no_verdict_loosens_or_is_lost(found):
    """Every bound is computed anew, whatever is proposed and whatever the officer says."""
    assert (found.cases, found.violations, found.examples) == (CASES, 0, [])
    assert (found.vetoes_lost, found.loosened) == (0, 0)
    assert found.denials["veto"] == found.vetoes > 50


def test_entries_of_every_kind_are_approved_often_enough(found):
    """The property must not hold for want of approvals."""
    for kind in ("open_long", "open_short", "leveraged open_long", "leveraged open_short", "exit"):
        assert found.entries[kind] > 20, kind
    assert found.approvals > CASES / 6
    assert found.offers > 20
    assert found.sized_by["risk.risk_per_trade_pct"] > 20, "the 1 % rule itself must bind"


def test_every_limit_is_met(found):
    """A rule that no world breaks is not proved by them."""
    assert set(found.denials_by_limit) == set(rule_names())
    assert min(found.denials_by_limit.values()) > 5
    assert set(found.denials) == {"limits", "veto", "loosened", "verdict_mismatch", "hold"}


@pytest.mark.parametrize("limit", sorted(set(rule_names()) - OF_EXITS))
def test_without_its_rule_a_limit_would_be_seen_to_break(found, limit, monkeypatch):
    """The proof can fail: it does not take the gate's word for what is within the limits."""
    world = BY_HAND.get(limit) or some_world(found.only[limit])
    assert [breach.limit for breach in answer_of(world).breaches] == [limit]
    for name in ("_ENTRY_RULES", "_EXIT_RULES"):  # copies: put back, a rule would come last
        left = {one: rule for one, rule in getattr(limits, name).items() if one != limit}
        monkeypatch.setattr(limits, name, left)
    with pytest.raises((AssertionError, ValueError)):
        hold_to_the_limits(answer_of(world), world)
