"""A cycle is begun once, ended once, and read back whole."""

from datetime import timedelta

import pytest

from records.cycle import ModelUse
from records.errors import LedgerConflict, LedgerCorrupt
from tests.tools.ledger import samples
from tests.tools.ledger.samples import BTC, CYCLE, NOW


def test_sequence_counts_cycles_in_the_order_they_began(ledger):
    """The next id must be new even when the venue's clock was set back."""
    assert ledger.cycles.next_cycle_sequence() == 2
    samples.begin(ledger, "earlier")
    assert ledger.cycles.next_cycle_sequence() == 3


def test_a_cycle_that_ended_comes_back_whole(ledger):
    """The record is the truth: nothing about a decision may be lost in storage."""
    record = samples.cycle_record()
    assert ledger.cycles.cycle(CYCLE) is None

    ledger.cycles.end_cycle(record)

    assert ledger.cycles.cycle(CYCLE) == record
    assert ledger.cycles.last_cycle() == record
    assert str(ledger.cycles.cycle(CYCLE).account.equity) == str(samples.LONG)


def test_columns_of_a_cycle_can_be_searched(ledger):
    """Reports are made by SQL over columns, not by parsing every document."""
    ledger.cycles.end_cycle(samples.cycle_record())

    with ledger.store.reading() as connection:
        row = connection.exec_driver_sql(
            "SELECT outcome, exit_code, model_calls, model_rounds, prompt_tokens,"
            " completion_tokens, cost_usd, transcript_lines, transcript_hash, synthetic FROM cycles"
        ).one()
    assert tuple(row) == ("traded", 0, 5, 3, 10, 2, "0.0120", 12, "ab" * 32, 1)


def test_an_ending_is_final(ledger):
    """A later writer may not turn a failed cycle into a good one."""
    ledger.cycles.end_cycle(samples.cycle_record())

    with pytest.raises(LedgerConflict, match="has already ended"):
        ledger.cycles.end_cycle(samples.cycle_record(outcome="hold"))

    assert ledger.cycles.cycle(CYCLE).outcome == "traded"


def test_a_cycle_never_begun_cannot_end(ledger):
    """Its rows would refer to nothing."""
    with pytest.raises(LedgerConflict, match="never begun"):
        ledger.cycles.end_cycle(samples.cycle_record("elsewhere"))


def test_a_killed_cycle_is_unfinished(ledger):
    """The next start must know that somebody died, and where."""
    (start,) = ledger.cycles.unfinished()
    assert (start.cycle_id, start.started_at, start.symbols) == (CYCLE, NOW, (BTC, "ETH/USDT"))
    assert ledger.cycles.last_cycle() is None

    ledger.cycles.end_cycle(samples.cycle_record())

    assert ledger.cycles.unfinished() == ()


def test_cycles_come_newest_first(ledger):
    """`desk status` shows the latest."""
    ledger.cycles.end_cycle(samples.cycle_record())
    for name in ("b", "c"):
        samples.begin(ledger, name)
        ledger.cycles.end_cycle(samples.cycle_record(name, proposals=(), verdicts=()))

    assert [record.cycle_id for record in ledger.cycles.cycles(2)] == ["c", "b"]


def test_last_deliberation_ignores_quiet_and_failed_cycles(ledger):
    """A cycle without a model call did not think, and a failed one did not finish thinking."""
    assert ledger.cycles.last_deliberated() is None
    seen = samples.snapshot().model_copy(update={"as_of": NOW + timedelta(seconds=1)})
    ledger.cycles.add_snapshot(CYCLE, seen, "digest")
    ledger.cycles.end_cycle(samples.cycle_record())
    for name, changes in (("quiet", {"model": ModelUse()}), ("failed", {"outcome": "failed"})):
        samples.begin(ledger, name)
        ledger.cycles.end_cycle(samples.cycle_record(name, **changes))

    assert ledger.cycles.last_deliberated() == seen.as_of


def test_snapshot_keeps_figures_and_candle_times(ledger):
    """Enough to see later what the desk saw, without keeping every candle."""
    ledger.cycles.add_snapshot(CYCLE, samples.snapshot(), "digest")

    kept = ledger.cycles.snapshot(CYCLE)

    market = kept.markets[BTC]
    assert (kept.digest, kept.as_of, kept.synthetic) == ("digest", NOW, True)
    assert (market.last, market.bid, market.open_interest) == (samples.LONG, samples.TINY, None)
    assert str(market.funding_rate_pct) == "-0.0100"
    assert market.candles_to["1h"] is None
    assert market.candles_to["3m"].timestamp() == 540
    assert ledger.cycles.snapshot("unknown") is None


def test_reports_come_back_as_what_they_were(ledger):
    """A sentiment report must not be read as a technical one."""
    rows = (samples.report(1), samples.report(2, "SentimentReport"), samples.report(10))
    for row in (rows[2], rows[0], rows[1]):
        ledger.cycles.add_report(row)

    assert ledger.cycles.reports(CYCLE) == rows


def test_a_cycle_id_is_used_once(ledger):
    """Two cycles under one id would mix their orders."""
    with pytest.raises(LedgerConflict):
        samples.begin(ledger)


def test_what_models_cost_is_summed_as_far_as_it_is_known(ledger):
    """A model without a price must not hide what the others cost; an older desk told nothing."""
    ledger.cycles.end_cycle(samples.cycle_record())
    for name, usd in (("priced", "0.0130"), ("unpriced", None), ("running", None)):
        samples.begin(ledger, name)
        if name != "running":
            use = ModelUse(calls=1, cost_usd=usd)
            ledger.cycles.end_cycle(samples.cycle_record(name, model=use))

    assert str(ledger.cycles.cost_since(NOW)) == "0.0250"
    assert ledger.cycles.cost_since(NOW + timedelta(microseconds=1)) == 0


def test_a_killed_cycle_has_spent_what_its_calls_cost(ledger):
    """A desk that crashes after each call would start every day's budget anew."""
    for usd, unpriced in (("0.0130", 0), ("0", 1), ("0.0020", 0)):
        ledger.cycles.add_use(
            CYCLE,
            ModelUse(
                calls=1, prompt_tokens=100, completion_tokens=7, cost_usd=usd,
                unpriced_calls=unpriced,
            ),
        )  # fmt: skip

    assert str(ledger.cycles.cost_since(NOW)) == "0.0150"
    with ledger.store.reading() as connection:
        row = connection.exec_driver_sql(
            "SELECT model_calls, prompt_tokens, completion_tokens FROM cycles"
        ).one()
    assert tuple(row) == (3, 300, 21)


def test_the_end_of_a_cycle_tells_the_whole_of_it_once(ledger):
    """What was added call by call is in it already, and nothing is added afterwards."""
    use = ModelUse(calls=1, prompt_tokens=100, cost_usd="0.01")
    ledger.cycles.add_use(CYCLE, use)
    ledger.cycles.end_cycle(samples.cycle_record(model=use))

    assert str(ledger.cycles.cost_since(NOW)) == "0.01"
    with pytest.raises(LedgerConflict, match="already ended"):
        ledger.cycles.add_use(CYCLE, use)


def test_only_a_replayed_market_tells_its_time(ledger):
    """Elsewhere a stopped desk's last cycle says nothing about now."""
    assert ledger.cycles.replayed_to() is None
    ledger.cycles.begin_cycle("r", NOW, "replay", "paper", True, (BTC,))

    assert ledger.cycles.replayed_to() == NOW


def test_a_document_changed_by_another_hand_is_reported(ledger):
    """It is believed neither in part nor in whole."""
    ledger.cycles.end_cycle(samples.cycle_record())
    with ledger.store.raw() as connection:
        connection.execute("DROP TRIGGER cycles_no_update")
        connection.execute("UPDATE cycles SET record = replace(record, 'traded', 'lucky')")

    with pytest.raises(LedgerCorrupt, match="outcome"):
        ledger.cycles.cycle(CYCLE)
