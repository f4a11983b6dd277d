"""One cycle, end to end, on the demo market: real crew, real ledger, the embedded rulebook."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crew.cycle import run_cycle
from crew.evidence import draws_charts
from crew.home import CHECKOUT
from crew.transcript import Transcript, first_fault, joined, read
from memory.lessons import LessonMemory
from records.clock import FixedClock
from records.errors import LedgerError, SettingsError
from tests.crew.desks import QUIET, a_desk, one_cycle
from tests.model_server import ModelServer

BUSY = datetime(2026, 11, 3, 1, tzinfo=UTC)
"""A moment of the demo market at which the bold rulebook finds several trades at once."""
SIX = ("model=rulebook/bold", "screen.max_shortlist=6", "breaker.atr_jump_pct=1000")


def transcript(home: Path) -> list[dict]:
    """The entries of the only transcript."""
    (path,) = (home / "transcripts").glob("*.jsonl")
    return joined(read(path))


def test_a_new_desk_deliberates_with_five_agents(tmp_path: Path) -> None:
    """A newcomer sees the crew at work in the first cycle, whatever the market does."""
    record = one_cycle(tmp_path)

    assert record.outcome == "hold"
    assert record.hold_reason == "no_proposal"
    assert len(record.shortlist) == 3
    assert record.reports.technical is not None
    assert record.reports.sentiment is not None
    assert record.reports.chart is not None
    assert {v.symbol for v in record.reports.technical.views} == set(record.shortlist)


def test_six_markets_and_three_approvals_cost_nine_calls_in_five_rounds(tmp_path: Path) -> None:
    """The number of model calls does not grow with the number of markets or trades."""
    six = one_cycle(tmp_path / "six", *SIX, at=BUSY)
    one = one_cycle(tmp_path / "one", "model=rulebook/bold", "screen.max_shortlist=1", at=BUSY)

    assert len(six.shortlist) == 6
    assert len(six.approvals) >= 3
    assert len(one.shortlist) == 1
    assert len(one.approvals) == 1
    assert (six.model.calls, six.model.rounds) == (9, 5)
    assert (one.model.calls, one.model.rounds) == (9, 5)


def test_every_approval_became_one_order_with_its_stop(tmp_path: Path) -> None:
    """No entry without a stop, and nothing beyond what was approved."""
    record = one_cycle(tmp_path, *SIX, at=BUSY)
    entries = {o.intent.approval_id: o for o in record.orders if o.intent.role == "entry"}
    stops = {o.intent.approval_id: o for o in record.orders if o.intent.role == "stop"}

    assert record.outcome == "traded"
    assert entries.keys() == {a.approval_id for a in record.approvals} == stops.keys()
    for approval in record.approvals:
        assert entries[approval.approval_id].intent.quantity == approval.quantity
        assert entries[approval.approval_id].status == "filled"
        assert stops[approval.approval_id].status == "open"
        assert stops[approval.approval_id].intent.trigger_price == approval.stop


def test_every_trade_follows_from_the_shortlist(tmp_path: Path) -> None:
    """Nothing is traded that was not screened."""
    record = one_cycle(tmp_path, *SIX, at=BUSY)

    assert {order.intent.symbol for order in record.orders} <= set(record.shortlist)


def test_the_next_cycle_continues_the_same_account(tmp_path: Path) -> None:
    """Paper money is not forgotten between two starts."""
    clock = FixedClock(BUSY)
    first = one_cycle(tmp_path, *SIX, at=clock)
    clock.advance(minutes=3)
    second = one_cycle(tmp_path, *SIX, at=clock)

    assert first.account is not None
    assert second.account is not None
    assert {m.position.position_id for m in second.account.positions} <= {
        m.position.position_id for m in first.account.positions
    } | {f"{a.approval_id}-pos" for a in second.approvals}
    assert second.account.cash < 10_000
    assert second.cycle_id.endswith("-0002")


def test_without_a_new_candle_the_crew_does_not_meet_again(tmp_path: Path) -> None:
    """Nothing new to judge is no reason to pay a model."""
    clock = FixedClock(QUIET)
    one_cycle(tmp_path, at=clock)
    clock.advance(seconds=30)
    record = one_cycle(tmp_path, at=clock)

    assert (record.outcome, record.hold_reason) == ("hold", "no_new_candle")
    assert record.model.calls == 0


def test_a_failed_thesis_is_reviewed_without_a_new_candle(tmp_path: Path) -> None:
    """Its deadline passed between two candles: the crew meets, and has to answer for the market."""
    clock = FixedClock(BUSY)
    with a_desk(tmp_path, *SIX, "exits.thesis_deadline_h=1", at=clock) as desk:
        run_cycle(desk, print)
        (held, *_) = desk.ledger.account.open_positions()
        long_ago = held.opened_at - timedelta(minutes=59, seconds=50)
        desk.ledger.account.save_position(held.model_copy(update={"opened_at": long_ago}))
        clock.advance(seconds=20)
        reviewed = run_cycle(desk, print)
        clock.advance(seconds=20)
        talked_about = run_cycle(desk, print)

    assert reviewed.model.calls > 0
    assert held.symbol in {proposal.symbol for proposal in reviewed.proposals}
    assert "review_missing" not in {refusal.code for refusal in reviewed.refusals}
    assert talked_about.hold_reason == "no_new_candle"


def test_a_review_that_no_model_gave_is_asked_for_again(tmp_path: Path) -> None:
    """A meeting in which the model failed has reviewed nothing."""
    clock = FixedClock(BUSY)
    with a_desk(tmp_path, *SIX, at=clock) as desk:
        run_cycle(desk, print)
        (held, *_) = desk.ledger.account.open_positions()
        desk.ledger.account.save_position(held.model_copy(update={"invalidated_at": BUSY}))
    clock.advance(seconds=20)
    with (
        ModelServer(fault="error_500") as server,
        a_desk(
            tmp_path, *SIX, "model=openai/rulebook-balanced", f"llm.base_url={server.base_url}",
            "llm.api_key=none", at=clock,
        ) as desk,
    ):  # fmt: skip
        failed = run_cycle(desk, print)
    clock.advance(seconds=20)
    with a_desk(tmp_path, *SIX, at=clock) as desk:
        again = run_cycle(desk, print)

    assert failed.hold_reason == "model_failed"
    assert held.symbol in {proposal.symbol for proposal in again.proposals}


def test_a_review_that_is_left_out_is_on_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An analyst who overlooks what must be reviewed does not overlook it silently."""
    monkeypatch.setattr("crew.models.rules_proposal._review", lambda _prompt, _symbol: "")
    clock = FixedClock(BUSY)
    with a_desk(tmp_path, *SIX, at=clock) as desk:
        run_cycle(desk, print)
        (held, *_) = desk.ledger.account.open_positions()
        desk.ledger.account.save_position(held.model_copy(update={"invalidated_at": BUSY}))
        clock.advance(minutes=3)
        record = run_cycle(desk, print)

    (missing,) = [one for one in record.refusals if one.code == "review_missing"]
    assert missing.subject == held.symbol
    assert held.symbol in missing.message


def test_a_quiet_market_is_held_without_a_model(tmp_path: Path) -> None:
    """Most minutes deserve no deliberation."""
    clock = FixedClock(QUIET)
    with a_desk(tmp_path, "screen.min_strength=5", at=clock) as desk:
        run_cycle(desk, print)
        clock.advance(minutes=3)
        record = run_cycle(desk, print)

    assert (record.outcome, record.hold_reason) == ("hold", "screen")
    assert record.model.calls == 0


def test_a_halted_desk_opens_nothing_and_asks_nobody(tmp_path: Path) -> None:
    """The kill file works before any model is asked."""
    (tmp_path / "HALT").write_text("the owner is on holiday")
    record = one_cycle(tmp_path, *SIX, at=BUSY)

    assert (record.outcome, record.hold_reason) == ("halted", "halt")
    assert "the owner is on holiday" in record.message
    assert record.model.calls == 0
    assert record.orders == ()


@pytest.mark.parametrize("state", ["halted", "screened"])
def test_a_cycle_without_a_crew_does_not_import_crewai(tmp_path: Path, state: str) -> None:
    """A start every minute must be cheap when there is nothing to say."""
    clock = FixedClock(QUIET)
    one_cycle(tmp_path, at=clock)
    if state == "halted":
        (tmp_path / "HALT").write_text("stop")
    script = (
        "import sys; from datetime import datetime, UTC; from pathlib import Path\n"
        "from tests.crew.desks import one_cycle\n"
        f"record = one_cycle(Path({str(tmp_path)!r}), at=datetime(2026, 11, 2, tzinfo=UTC))\n"
        "heavy = ('crewai', 'pandas', 'alembic', 'matplotlib', 'chromadb')\n"
        "print(record.outcome, [name for name in heavy if name in sys.modules])"
    )

    ended = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env={"PATH": os.environ["PATH"]},
        check=True,
    )

    assert ended.stdout.splitlines()[-1] == f"{'halted' if state == 'halted' else 'hold'} []"


def test_the_transcript_holds_every_call_and_is_sealed(tmp_path: Path) -> None:
    """What an agent saw, said and called can be read afterwards, in order."""
    record = one_cycle(tmp_path, *SIX, at=BUSY)
    entries = transcript(tmp_path)
    calls = [entry for entry in entries if entry["kind"] == "model_call"]
    tools = [entry["tool"] for entry in entries if entry["kind"] == "tool_call"]

    assert len(calls) == record.model.calls
    assert all(call["messages"] and call["agent"] and call["task"] for call in calls)
    assert all(call["reply"] or call["tool_calls"] for call in calls)
    assert {"get_indicators", "get_news", "read_chart", "submit_verdict", "place_order"} <= set(
        tools
    )
    assert [e["kind"] for e in entries].count("gate") == len(record.verdicts)
    (path,) = (tmp_path / "transcripts").glob("*.jsonl")
    assert first_fault(path, record.transcript) is None


def test_charts_that_no_model_sees_are_not_drawn_where_settings_say_so(tmp_path: Path) -> None:
    """They are most of a cycle's work; the numbers of a chart are not pictures."""
    record = one_cycle(tmp_path, "charts.draw=seen", draws=True)

    assert record.model.calls > 0
    assert not list(tmp_path.rglob("*.png"))


@pytest.mark.parametrize(("most", "drawn"), [(6, True), (0, False)])
def test_charts_are_drawn_for_a_model_that_is_shown_them(
    tmp_path: Path, most: int, drawn: bool
) -> None:
    """One that can see and is sent none is shown none."""
    wanted = ("model=openai/gpt-4o", "charts.draw=seen", "llm.api_key=none")
    with a_desk(tmp_path, *wanted, f"charts.max_pictures={most}") as desk:
        assert draws_charts(desk) is drawn


def test_charts_are_kept_with_the_cycle(tmp_path: Path) -> None:
    """One picture for each shortlisted market."""
    record = one_cycle(tmp_path, draws=True)
    pictures = list((tmp_path / "charts" / record.cycle_id).glob("*.png"))

    assert len(pictures) == len(record.shortlist)
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)


def test_a_synthetic_market_is_marked(tmp_path: Path) -> None:
    """Nobody may take the demo for the market."""
    record = one_cycle(tmp_path)

    assert record.synthetic is True
    assert '"synthetic":true' in next((tmp_path / "transcripts").glob("*")).read_text()


def test_a_failing_model_means_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken model is no reason to trade, and no reason to crash."""
    with ModelServer(fault="error_500") as server:
        record = one_cycle(
            tmp_path,
            "model=openai/rulebook-bold",
            f"llm.base_url={server.base_url}",
            "llm.api_key=none",
            at=BUSY,
        )

    assert (record.outcome, record.hold_reason, record.exit_code) == ("hold", "model_failed", 5)
    assert record.orders == ()


@pytest.mark.parametrize("fault", ["not_json", "html_page", "truncated", "error_429"])
def test_a_misbehaving_model_means_hold(tmp_path: Path, fault: str) -> None:
    """Whatever a provider answers, nothing is traded on it."""
    with ModelServer(fault=fault) as server:
        record = one_cycle(
            tmp_path,
            "model=openai/rulebook-bold",
            f"llm.base_url={server.base_url}",
            "llm.api_key=none",
            at=BUSY,
        )

    assert (record.hold_reason, record.exit_code) == ("model_failed", 5)
    assert record.orders == ()


def test_the_rulebook_stands_in_when_settings_say_so(tmp_path: Path) -> None:
    """`on_model_failure: rulebook` keeps the desk going on embedded rules."""
    with ModelServer(fault="error_500") as server:
        record = one_cycle(
            tmp_path,
            "model=openai/rulebook-bold",
            f"llm.base_url={server.base_url}",
            "llm.api_key=none",
            "on_model_failure=rulebook",
            at=BUSY,
        )

    assert record.exit_code == 0
    assert record.reports.technical is not None
    assert "model_failed" in [e["event"]["kind"] for e in transcript(tmp_path) if "event" in e]


def test_the_rulebook_does_not_stand_in_for_a_budget_that_is_used_up(tmp_path: Path) -> None:
    """A second crew would have a budget of its own, and trade on it."""
    with ModelServer() as server:
        record = one_cycle(
            tmp_path,
            "model=openai/rulebook-bold",
            f"llm.base_url={server.base_url}",
            "llm.api_key=none",
            "on_model_failure=rulebook",
            "budget.max_calls=4",
            at=BUSY,
        )

    assert (record.outcome, record.hold_reason, record.orders) == ("hold", "budget", ())


def test_an_agent_and_a_task_added_in_yaml_alone_work(tmp_path: Path) -> None:
    """People change behaviour by editing YAML."""
    agents = tmp_path / "agents.yaml"
    agents.write_text(
        (CHECKOUT / "agents.yaml").read_text()
        + "\ndoubter:\n  role: Doubter\n  goal: Argue against the crowd.\n"
        "  backstory: You doubt.\n  tools: [get_circuit_breaker, get_indicators]\n"
    )
    shipped = (CHECKOUT / "tasks.yaml").read_text()
    added = (
        "doubt:\n  agent: doubter\n  async_execution: true\n"
        "  description: Say what speaks against a trade.\n  expected_output: A note.\n"
        "  output: Note\n\n"
    )
    tasks = tmp_path / "tasks.yaml"
    tasks.write_text(shipped.replace("proposal:\n", added + "proposal:\n", 1))

    record = one_cycle(tmp_path / "home", f"agents_file={agents}", f"tasks_file={tasks}")

    assert record.reports.notes["doubt"].summary
    assert record.exit_code == 0


def test_a_cycle_is_a_function_of_market_time_and_account(tmp_path: Path) -> None:
    """Ids, prices and decisions are the same when the same cycle runs again elsewhere."""
    first = one_cycle(tmp_path / "a", *SIX, at=BUSY)
    second = one_cycle(tmp_path / "b", *SIX, at=BUSY)
    differing = {"timings_ms", "transcript"}

    assert first.model_dump(exclude=differing) == second.model_dump(exclude=differing)


def test_a_ledger_of_one_venue_is_not_traded_on_another(tmp_path: Path) -> None:
    """Prices of another market would make the account fiction."""
    one_cycle(tmp_path)

    with pytest.raises(SettingsError, match="holds the paper account of venue 'demo'"):
        one_cycle(tmp_path, "venue=binance")


def test_an_executor_that_dawdles_trades_on_nothing(tmp_path: Path) -> None:
    """An approval expires by the venue's clock, not by anybody's patience."""
    clock = FixedClock(BUSY)
    with a_desk(tmp_path, *SIX, "risk.approval_ttl_s=60", at=clock) as desk:
        record = run_cycle(desk, print)
        approval = record.approvals[0]

    assert approval.expires_at - approval.created_at == timedelta(seconds=60)


def test_what_cannot_be_recorded_ends_the_cycle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CrewAI hands a tool's error to the model and goes on; the desk does not."""
    write = Transcript.write

    def full(self: Transcript, kind: str, **data: object) -> None:
        if kind == "gate":
            raise LedgerError("The disk is full.")
        write(self, kind, **data)

    monkeypatch.setattr(Transcript, "write", full)
    with a_desk(tmp_path, *SIX, at=BUSY) as desk:
        with pytest.raises(LedgerError, match="disk is full"):
            run_cycle(desk, print)

        assert desk.ledger.execution.working_orders() == ()
        assert desk.ledger.account.open_positions() == ()


def test_the_rulebook_stands_in_for_a_crew_that_failed_half_way(tmp_path: Path) -> None:
    """Two readers have written their reports when the third one's model fails."""
    agents = tmp_path / "agents.yaml"
    shipped = (CHECKOUT / "agents.yaml").read_text()
    agents.write_text(
        shipped.replace("tools: [read_chart]", "tools: [read_chart]\n  model: openai/rulebook-bold")
    )
    with ModelServer(fault="error_500") as server:
        record = one_cycle(
            tmp_path / "home",
            f"agents_file={agents}",
            f"llm.base_url={server.base_url}",
            "llm.api_key=none",
            "on_model_failure=rulebook",
            at=BUSY,
        )

    assert record.exit_code == 0
    assert record.reports.technical is not None
    assert record.reports.chart is not None


def test_a_breaker_that_sees_nothing_lets_nothing_open(tmp_path: Path) -> None:
    """Fail closed: a missing input is no sign of calm."""
    first_ms, hour_ms = 1_599_998_400_000, 3_600_000
    prices = "0.2501,0.2509,0.2493,0.2502,5000"
    rows = "".join(f"{first_ms + hour * hour_ms},{prices}\n" for hour in range(300))
    file = tmp_path / "DOGE_USDT-1h.csv"
    file.write_text("timestamp,open,high,low,close,volume\n" + rows)
    record = one_cycle(
        tmp_path / "home",
        "venue=replay",
        f"replay={{files: ['{file}'], start: '2020-09-25T00:00:00Z'}}",
        "intervals=[1h]",
        "symbols=[DOGE/USDT]",
    )

    assert (record.outcome, record.hold_reason) == ("halted", "breaker_blind")
    assert record.model.calls == 0


def test_a_venue_without_any_of_the_markets_fails(tmp_path: Path) -> None:
    """All markets skipped is no quiet market."""
    record = one_cycle(tmp_path, "symbols=[FOO/USDT]")

    assert (record.outcome, record.exit_code) == ("failed", 4)
    assert "FOO/USDT" in record.message


def test_a_stop_that_was_hit_is_told_and_becomes_a_lesson(tmp_path: Path) -> None:
    """What closed since the last cycle belongs to this one's record."""
    clock = FixedClock(BUSY)
    stopped = list[str]()
    with a_desk(tmp_path, *SIX, "memory.horizons_h=[1]", at=clock) as desk:
        run_cycle(desk, print)
        for _ in range(12):
            clock.advance(hours=1)
            record = run_cycle(desk, print)
            assert {trade.trade_id for trade in record.trades} <= {
                f"{fill.fill_id}-trade" for fill in record.fills
            }
            stopped = [t.position_id for t in record.trades if t.exit_reason == "stop_loss"]
            if stopped:
                break
        position = desk.ledger.account.position(stopped[0])
        assert position is not None
        (lesson,) = [
            one
            for one in desk.ledger.lessons.lessons(None)
            if one.proposal_id == position.proposal_id
        ]
        memory = LessonMemory(
            tmp_path / "memory", lessons=lambda: desk.ledger.lessons.lessons(None)
        )
        memory.rebuild(desk.ledger.lessons.lessons(None))
        later = clock.now() + timedelta(days=1)
        recalled = memory.recall(lesson.situation, [lesson.symbol], later, 5)
        memory.close()

    assert (lesson.kind, lesson.hypothetical, lesson.learned_at) == ("traded", False, clock.now())
    assert "stop" in lesson.outcome
    assert lesson.situation.startswith(("buy ", "sell "))
    assert lesson.thesis
    assert lesson.said.officer in ("approve", "shrink")
    assert (lesson.lesson_id, lesson.pnl_pct) in [(one.lesson_id, one.pnl_pct) for one in recalled]
