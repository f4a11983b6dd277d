"""The risk desk with a real ledger: the first verdict stands, and every no is on record."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest

from records.proposal import WrittenProposal
from records.verdict import WrittenVerdict
from tests.tools.orders.bench import BTC, ETH, repeated
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


def written(**changes):
    """A proposal as a model writes it, with no value judged yet."""
    values = {"symbol": BTC, "action": "open_long", "stop": "1", "thesis": "Higher lows."}
    return WrittenProposal.model_validate(values | changes)


@pytest.mark.parametrize(
    ("symbol", "shown"), [("SOL/USDT", "SOL/USDT"), ("\u200bBTC/USDT", "\\u200bBTC/USDT"), ("", "")]
)
def test_a_market_beside_the_shortlist_is_dropped_and_on_record(bench, symbol, shown):
    """Agents may only trade what this cycle looked at; the others' proposals go on."""
    cycle = bench.cycle()
    (kept,) = cycle.risk.register([written(symbol=symbol), cycle.draft()])
    assert kept.symbol == BTC
    assert refusals(bench, cycle) == [(shown, "off_shortlist")]
    assert bench.ledger.decisions.proposals(cycle.ids.cycle_id) == (kept,)


@pytest.mark.parametrize(
    "changes",
    [{"stop": "-1"}, {"quantity": "0"}, {"leverage": 126}, {"limit_price": "0"}, {"leverage": 0}],
)
def test_what_could_not_be_a_trade_is_refused_by_itself(bench, changes):
    """One bad figure does not take the other proposals with it."""
    cycle = bench.cycle()
    (kept,) = cycle.risk.register([written(**changes), cycle.draft()])
    assert refusals(bench, cycle) == [(BTC, "out_of_bounds")]
    (refusal,) = bench.ledger.decisions.refusals(cycle.ids.cycle_id)
    assert next(iter(changes)) in refusal.message
    assert cycle.submit(kept).approval_id is not None


def test_an_entry_on_an_invented_figure_is_refused_at_once(bench):
    """It is on record with its id, and nobody is asked about it; an exit rests on no figure."""
    cycle = bench.cycle()
    facts = [{"name": "rsi_14@3m", "value": "28"}]
    (kept,) = cycle.risk.register([cycle.draft(facts=facts), cycle.closing(facts=facts)])
    entry, leaving = bench.ledger.decisions.proposals(cycle.ids.cycle_id)
    assert kept == leaving
    assert refusals(bench, cycle) == [(entry.proposal_id, "invented_fact")]
    assert cycle.risk.open_proposals() == (leaving,)
    assert [one.limit for one in cycle.submit(entry).refusal.breaches] == ["facts"]


def test_a_situation_is_kept_with_its_proposal(bench):
    """Lessons go by it; one that is too long is cut, not refused."""
    cycle = bench.cycle()
    told = {BTC: "x" * 700}
    first, second = cycle.risk.register([cycle.draft(), cycle.draft(ETH)], told)
    assert (first.situation, second.situation) == ("x" * 600, "")


def test_a_verdict_that_could_not_be_one_is_refused_and_a_proper_one_may_follow(bench):
    """A size of nothing is no verdict: none is written, so nothing stands in the way."""
    cycle = bench.cycle()
    proposal = cycle.risk.register([cycle.draft()])[0]
    assert cycle.submit(proposal, max_quantity="0").refusal.code == "out_of_bounds"
    assert bench.ledger.decisions.verdicts(cycle.ids.cycle_id) == ()
    assert cycle.submit(proposal).approval_id is not None


def test_an_entry_that_is_left_no_size_is_refused_before_anybody_is_asked(bench):
    """The officer could name no part of nothing; the refusal says what left nothing."""
    cycle = bench.cycle(max_symbol_pct=Decimal("0.001"))
    (kept,) = cycle.risk.register([cycle.draft(), cycle.draft(quantity="0.01")])
    assert kept.draft.quantity is not None
    (refusal,) = bench.ledger.decisions.refusals(cycle.ids.cycle_id)
    assert [one.limit for one in refusal.breaches] == ["risk.max_symbol_pct"]
    assert cycle.risk.open_proposals() == (kept,)
    assert [b.limit for b in cycle.submit(kept).refusal.breaches] == ["risk.max_symbol_pct"]


def test_a_veto_needs_no_figures(bench):
    """Whatever else it says, out of bounds or not, a no is a no."""
    cycle = bench.cycle()
    proposal = cycle.risk.register([cycle.draft()])[0]
    said = {"max_quantity": "-1", "stop": "0", "max_leverage": 999}
    assert cycle.submit(proposal, "veto", **said).refusal.code == "veto"
    assert cycle.submit(proposal).refusal.code == "VerdictStands"


def test_a_lock_holds_until_its_time(bench):
    """The ledger's locks are asked at every verdict: one market's, or the desk's."""
    cycle = bench.cycle()
    now = bench.clock.now()
    bench.ledger.safety.hold_lock(
        kind="cooldown", symbol=ETH, since=now, until=now + timedelta(seconds=60),
        reason="a stop", by="cooldown",
    )  # fmt: skip
    free, locked, later = cycle.risk.register([cycle.draft(), cycle.draft(ETH), cycle.draft(ETH)])
    assert cycle.submit(free).approval_id is not None
    refusal = cycle.submit(locked).refusal
    assert [one.limit for one in refusal.breaches] == ["locks"]
    assert "a stop" in refusal.message
    bench.clock.advance(seconds=60)
    assert cycle.submit(later).approval_id is not None


def test_an_entry_that_rests_from_an_earlier_cycle_counts(bench):
    """It may yet become a position: it takes its room, its market and one of the day's orders."""
    earlier = bench.cycle()
    earlier.trade(earlier.draft(below_pct="1"))
    bench.clock.advance(seconds=60)
    cycle = bench.cycle(max_orders_per_day=2, max_position_pct=Decimal(15))
    (resting,) = cycle.risk.committed()
    assert (resting.symbol, resting.cycle_id) == (BTC, earlier.ids.cycle_id)
    again, other, third = cycle.risk.register(
        [cycle.draft(quantity="0.001"), *[cycle.draft(ETH, quantity="0.1")] * 2]
    )
    assert [b.limit for b in cycle.submit(again).refusal.breaches] == ["duplicate"]
    assert cycle.submit(other).approval_id is not None
    assert [b.limit for b in cycle.submit(third).refusal.breaches] == [
        "duplicate", "risk.max_orders_per_day",
    ]  # fmt: skip


def test_what_rested_yesterday_is_no_entry_of_today(bench):
    """The day's count begins at 00:00 UTC; the cycle's with the cycle."""
    earlier = bench.cycle()
    earlier.trade(earlier.draft(below_pct="1"))
    bench.clock.advance(hours=12)
    cycle = bench.cycle(max_orders_per_day=1, max_orders_per_cycle=1)
    assert cycle.submit(cycle.risk.register([cycle.draft(ETH)])[0]).approval_id is not None


def test_holdings_say_how_each_other_market_moves(bench):
    """Five candles are too few to say, so a held market counts as moving together."""
    earlier = bench.cycle()
    earlier.trade(earlier.draft())
    bench.clock.advance(seconds=60)
    cycle = bench.cycle()
    assert cycle.risk.holdings(ETH).correlations == {BTC: None}
    assert cycle.risk.holdings(BTC).correlations == {}
    assert [mark.position.symbol for mark in cycle.risk.holdings(ETH).account.positions] == [BTC]


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


def test_a_veto_beside_an_approval_in_one_call_counts(bench):
    """Whichever stands first: a veto that was given is never lost."""
    cycle = bench.cycle()
    proposal = cycle.risk.register([cycle.draft()])[0]
    said = repeated(proposal, bench.ledger)
    vetoed = {"decision": "veto", "max_quantity": None, "stop": None, "max_leverage": None}
    given = [WrittenVerdict(**said, decision="approve"), WrittenVerdict(**said | vetoed)]
    assert {one.decision: one.approval_id for one in cycle.risk.submit(given).outcomes} == {
        "approve": None, "veto": None,
    }  # fmt: skip
    assert bench.ledger.decisions.verdict(proposal.proposal_id).draft.decision == "veto"


def test_a_veto_after_an_approval_takes_back_what_is_not_sent_yet(bench):
    """It cannot be a second verdict, but it is a no, and the order has not left."""
    cycle = bench.cycle()
    proposal = cycle.risk.register([cycle.draft()])[0]
    cycle.submit(proposal)
    (approval,) = bench.ledger.decisions.approvals(cycle.ids.cycle_id)
    assert cycle.risk.withdrawn(approval) is None
    assert cycle.submit(proposal, "veto").refusal.code == "VerdictStands"
    assert cycle.risk.withdrawn(approval) == "the officer vetoed its proposal after all"


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
    left = room(ETH, 1, cycle.risk.holdings(ETH), cycle.risk.limits)
    assert account.cash - left.cash_left == value / 5 + value * Decimal("0.005")
    assert left.exposure_left == account.equity / 2 - value


def test_approvals_of_one_cycle_share_the_limits(bench):
    """Two entries that fit alone do not fit together."""
    cycle = bench.cycle(max_open_positions=1)
    first, second = cycle.risk.register([cycle.draft(), cycle.draft(ETH)])
    opinions = [
        WrittenVerdict.model_validate(repeated(one, bench.ledger) | {"decision": "approve"})
        for one in (first, second)
    ]
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
