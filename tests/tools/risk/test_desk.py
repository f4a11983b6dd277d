"""The risk desk with a real ledger: the first verdict stands, and every no is on record."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from records.verdict import VerdictDraft
from tests.tools.orders.bench import BTC, ETH
from tools.risk.sizing import room


def refusals(bench, cycle):
    return [(one.subject, one.code) for one in bench.ledger.decisions.refusals(cycle.ids.cycle_id)]


def test_a_draft_is_registered_with_an_id_and_a_size(bench):
    """The officer judges what is in the ledger, with the desk's figures beside it."""
    cycle = bench.cycle()
    first, second = cycle.risk.register([cycle.draft(), cycle.closing(ETH)])
    assert first.proposal_id == f"{cycle.ids.cycle_id}-p1"
    assert first.sizing.quantity > 0
    assert second.sizing is None
    assert bench.ledger.decisions.proposals(cycle.ids.cycle_id) == (first, second)


def test_a_market_beside_the_shortlist_is_not_sized_and_not_approved(bench):
    """Agents may only trade what this cycle looked at."""
    cycle = bench.cycle()
    proposal = cycle.risk.register(
        [cycle.draft(symbol=BTC).model_copy(update={"symbol": "SOL/USDT"})]
    )
    assert proposal[0].sizing is None
    assert cycle.submit(proposal[0]).refusal.code == "no_market"


def test_the_first_verdict_stands(bench):
    """An approval is not improved by asking again, and not repeated either."""
    cycle = bench.cycle()
    proposal = cycle.risk.register([cycle.draft()])[0]
    first = cycle.submit(proposal, max_quantity="0.001")
    again = cycle.submit(proposal)
    assert (first.quantity, again.approval_id) == (bench.ledger.decisions.approvals(
        cycle.ids.cycle_id)[0].quantity, None)  # fmt: skip
    assert again.refusal.code == "VerdictStands"
    assert refusals(bench, cycle) == [(proposal.proposal_id, "VerdictStands")]
    assert len(bench.ledger.decisions.approvals(cycle.ids.cycle_id)) == 1


def test_a_veto_is_final(bench):
    """Nothing the officer says afterwards takes it back."""
    cycle = bench.cycle()
    proposal = cycle.risk.register([cycle.draft()])[0]
    assert cycle.submit(proposal, "veto").refusal.code == "veto"
    for decision in ("approve", "veto"):
        assert cycle.submit(proposal, decision).refusal.code == "VerdictStands"
    assert bench.ledger.decisions.approvals(cycle.ids.cycle_id) == ()
    assert bench.ledger.decisions.verdict(proposal.proposal_id).draft.decision == "veto"


def test_a_verdict_on_nothing_is_refused_and_recorded(bench):
    """A misspelt or invented proposal, or one of another cycle, is not judged."""
    earlier = bench.cycle()
    old = earlier.risk.register([earlier.draft()])[0]
    bench.clock.advance(seconds=60)
    cycle = bench.cycle()
    for wrong in (old.proposal_id, "p1", "x" * 80):
        outcome = cycle.submit(wrong)
        assert (outcome.approval_id, outcome.refusal.code) == (None, "unknown_proposal")
        assert refusals(bench, cycle)[-1] == (wrong, "unknown_proposal")
    assert bench.ledger.decisions.verdict(old.proposal_id) is None


def test_a_refusal_by_the_limits_names_all_of_them(bench):
    """In the ledger and in the transcript, not only in the answer."""
    bench.halted = "lunch"
    cycle = bench.cycle()
    proposal = cycle.risk.register([cycle.draft(leverage=9)])[0]
    refusal = cycle.submit(proposal).refusal
    assert [one.limit for one in refusal.breaches] == ["halt", "risk.max_leverage"]
    assert bench.ledger.decisions.refusals(cycle.ids.cycle_id) == (refusal,)
    assert bench.journal.of("gate")[-1]["result"] == "limits"
    assert bench.journal.of("refusal")[-1]["refusal"]["refusal_id"] == refusal.refusal_id


def test_a_leveraged_short_is_sized_and_approved_and_binds_its_margin_only(bench):
    """The demo market is a perpetual: the second entry finds the cash less a fifth of the first."""
    cycle = bench.cycle()
    ask = cycle.snapshot.markets[BTC].ticker.ask
    short = cycle.draft(action="open_short", leverage=5, stop=round(ask * Decimal("1.02")),
                        take_profit=round(ask * Decimal("0.94")))  # fmt: skip
    proposal = cycle.risk.register([short])[0]
    assert cycle.submit(proposal).quantity == proposal.sizing.quantity > 0

    (approval,) = bench.ledger.decisions.approvals(cycle.ids.cycle_id)
    assert (approval.side, approval.action, approval.leverage) == ("sell", "open_short", 5)
    value = approval.quantity * approval.price_high
    account = cycle.risk.account
    left = room(ETH, account, cycle.risk.committed(), cycle.risk.limits)
    assert account.cash - left.cash_left == value / 5
    assert left.exposure_left == account.equity / 2 - value


def test_approvals_of_one_cycle_share_the_limits(bench):
    """Two entries that fit alone do not fit together."""
    cycle = bench.cycle(max_open_positions=1)
    first, second = cycle.risk.register([cycle.draft(), cycle.draft(ETH)])
    opinions = [
        VerdictDraft(proposal_id=one.proposal_id, decision="approve", max_quantity=None,
                     stop=None, max_leverage=None, reasons=("Fits.",))
        for one in (first, second)
    ]  # fmt: skip
    report = cycle.risk.submit(opinions)
    assert report.outcomes[0].approval_id is not None
    assert [b.limit for b in report.outcomes[1].refusal.breaches] == ["risk.max_open_positions"]


def test_many_threads_get_one_approval(bench):
    """Agents run side by side; the second verdict on a proposal loses, whoever sends it."""
    cycle = bench.cycle()
    proposal = cycle.risk.register([cycle.draft()])[0]
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: cycle.submit(proposal), range(16)))
    assert sum(one.approval_id is not None for one in outcomes) == 1
    assert len(bench.ledger.decisions.approvals(cycle.ids.cycle_id)) == 1
    assert len(refusals(bench, cycle)) == 15


def test_threads_share_the_limits(bench):
    """Two verdicts judged at the same moment must not both take the last place."""
    cycle = bench.cycle(max_open_positions=1)
    proposals = cycle.risk.register([cycle.draft(), cycle.draft(ETH)] * 8)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(cycle.submit, proposals))
    assert sum(one.approval_id is not None for one in outcomes) == 1


def test_what_waits_for_a_verdict_is_what_nobody_judged(bench):
    """The officer's task lists these; a hold asks for nothing."""
    cycle = bench.cycle()
    judged, waiting, _ = cycle.risk.register(
        [cycle.draft(), cycle.draft(ETH), cycle.closing(action="hold")]
    )
    cycle.submit(judged, "veto")
    assert cycle.risk.open_proposals() == (waiting,)
