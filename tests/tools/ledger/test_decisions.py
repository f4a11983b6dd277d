"""The first verdict stands, and no approval rests on a veto."""

from datetime import timedelta

import pytest

from records.errors import LedgerConflict, VerdictStands
from tests.tools.ledger import samples
from tests.tools.ledger.samples import CYCLE, NOW


def test_proposals_come_back_exact_and_in_order(ledger):
    """p2 was made before p10, whatever the alphabet says."""
    written = tuple(samples.proposal(number) for number in (1, 2, 10))
    for proposal in reversed(written):
        ledger.decisions.add_proposal(proposal)

    assert ledger.decisions.proposals(CYCLE) == written
    assert ledger.decisions.proposal(written[1].proposal_id) == written[1]
    assert ledger.decisions.proposal("unknown") is None


def test_the_first_verdict_stands(ledger):
    """A veto cannot be taken back by asking again."""
    ledger.decisions.add_proposal(samples.proposal())
    veto = samples.verdict(decision="veto")
    ledger.decisions.add_verdict(veto)

    with pytest.raises(VerdictStands, match="veto"):
        ledger.decisions.add_verdict(samples.verdict(verdict_id="second"))

    assert ledger.decisions.verdicts(CYCLE) == (veto,)
    assert ledger.decisions.verdict(f"{CYCLE}-p1") == veto


def test_a_verdict_needs_its_proposal(ledger):
    """Nobody judges what was not proposed."""
    with pytest.raises(LedgerConflict, match="FOREIGN KEY"):
        ledger.decisions.add_verdict(samples.verdict())


@pytest.mark.parametrize(
    ("decision", "changes"),
    [
        ("veto", {}),
        ("approve", {"used_at": NOW}),
        ("approve", {"verdict_id": "none"}),
        ("approve", {"proposal_id": f"{CYCLE}-p2"}),
    ],
    ids=["on a veto", "already used", "without a verdict", "of another proposal"],
)
def test_an_approval_without_ground_is_refused(ledger, decision, changes):
    """The gate decides; the ledger is the second lock."""
    for number in (1, 2):
        ledger.decisions.add_proposal(samples.proposal(number))
        ledger.decisions.add_verdict(samples.verdict(number, decision))

    with pytest.raises(LedgerConflict):
        ledger.decisions.add_approval(samples.approval(**changes))

    assert ledger.decisions.approvals(CYCLE) == ()


def test_one_verdict_gives_one_approval(ledger):
    """Two permissions on one judgement would double the position."""
    samples.allow(ledger)

    with pytest.raises(LedgerConflict, match="verdict_id"):
        ledger.decisions.add_approval(samples.approval(approval_id="again"))


def test_an_approval_comes_back_exact(ledger):
    """The executor trades on these digits."""
    permission = samples.allow(ledger)

    assert ledger.decisions.approval(permission.approval_id) == permission
    assert ledger.decisions.approvals(CYCLE) == (permission,)
    assert ledger.decisions.approval("unknown") is None


def test_unspent_approvals_leave_out_used_and_expired(ledger):
    """What is offered to the executor can be executed."""
    first, second = samples.allow(ledger, 1), samples.allow(ledger, 2)
    samples.allow(ledger, 3, expires_at=NOW + timedelta(microseconds=1))
    ledger.execution.spend_approval(first.approval_id, NOW, samples.with_stop())

    now = NOW + timedelta(microseconds=1)

    assert ledger.decisions.unspent_approvals(CYCLE, now) == (second,)
    assert ledger.decisions.unspent_approvals("other", now) == ()


def test_refusals_keep_their_breaches(ledger):
    """Why something was not done is read long afterwards."""
    ledger.decisions.add_refusal(samples.refusal())

    assert ledger.decisions.refusals(CYCLE) == (samples.refusal(),)
