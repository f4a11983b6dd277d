"""A whole cycle run again from its recording, with no network: the same, or it says what is not."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crew import replay
from crew.cassettes import NotRecorded
from crew.cycle import run_cycle
from crew.desk import open_desk
from crew.offline import NetworkUsed, offline
from crew.replay import Changes, Rerun, replay_all, replay_cycle
from crew.settings import nested
from records.clock import FixedClock, SystemClock
from records.cycle import CycleRecord
from records.errors import LedgerError, SettingsError, TradingError
from tests.crew.desks import a_desk, one_cycle, settings
from tests.model_server import ModelServer

AT = datetime(2026, 11, 3, 1, tzinfo=UTC)
BOLD = "model=rulebook/bold"


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CycleRecord]:
    """A cycle that traded, and its state folder."""
    home = tmp_path_factory.mktemp("home")
    return home, one_cycle(home, BOLD, at=AT)


@pytest.fixture
def recording(traded: tuple[Path, CycleRecord], tmp_path: Path) -> Path:
    """A copy of its recording, to be spoiled."""
    home, record = traded
    folder = tmp_path / record.cycle_id
    shutil.copytree(home / "recordings" / record.cycle_id, folder)
    return folder


class GoingClock:
    """Time goes on, as it does for real cycles."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self._ahead = AT - self._clock.now()

    def now(self) -> datetime:
        return self._clock.now() + self._ahead


def replayed(home: Path, cycle_id: str, *changed: str) -> tuple[str, ...]:
    """What differs when the cycle is run again."""
    with a_desk(home, at=AT) as desk:
        return replay_cycle(desk, cycle_id, Changes(settings=nested(list(changed))))


def edit_calls(folder: Path, wanted: Callable[[dict[str, Any]], bool], old: str, new: str) -> None:
    """Put another word into the recorded replies of some calls."""
    file = folder / "models.jsonl"
    rows = [json.loads(line) for line in file.read_bytes().splitlines()]
    for row in rows:
        if wanted(row):
            row["reply"] = json.loads(json.dumps(row["reply"]).replace(old, new))
    file.write_text("\n".join(json.dumps(row) for row in rows) + "\n")


def test_a_cycle_is_recorded_by_default_and_replays_identically(
    traded: tuple[Path, CycleRecord],
) -> None:
    """Nothing need be set for paper money; every decision is compared."""
    home, record = traded

    assert record.outcome == "traded"
    assert replayed(home, record.cycle_id) == ()


def test_one_line_stands_for_each_model_call(traded: tuple[Path, CycleRecord]) -> None:
    """Who was asked what, in which turn, and what came back; the rulebook is recorded as well."""
    home, record = traded
    lines = (home / "recordings" / record.cycle_id / "models.jsonl").read_bytes().splitlines()
    rows = [json.loads(line) for line in lines]

    assert len(rows) == record.model.calls
    assert [row["n"] for row in rows] == list(range(1, len(rows) + 1))
    assert {row["model"] for row in rows} == {"rulebook/bold"}
    assert all(row["request"]["messages"] and row["reply"] and row["usage"] for row in rows)


def test_a_clock_that_went_on_changes_nothing(tmp_path: Path) -> None:
    """Prompts of later stages hold times of this very cycle; they are not compared."""
    clock = GoingClock()
    with open_desk(settings(BOLD), tmp_path, clock) as desk:
        first = run_cycle(desk, lambda _text: None)
        second = run_cycle(desk, lambda _text: None)
        assert replay_cycle(desk, first.cycle_id) == ()
        assert replay_cycle(desk, second.cycle_id) == ()


def test_models_behind_http_replay_with_the_server_gone(tmp_path: Path) -> None:
    """The answers are in models.jsonl; the traffic is kept beneath, as evidence of the wire."""
    with ModelServer() as server:
        over_http = ("model=openai/rulebook-bold", f"llm.base_url={server.base_url}")
        clock = FixedClock(AT)
        one_cycle(tmp_path, *over_http, "llm.api_key=sk-of-nobody-at-all", at=clock)
        clock.advance(minutes=30)
        with a_desk(tmp_path, *over_http, "llm.api_key=sk-of-nobody-at-all", at=clock) as desk:
            second = run_cycle(desk, print)

    assert second.model.calls > 0
    assert (tmp_path / "recordings" / second.cycle_id / "models.yaml").is_file()
    assert replayed(tmp_path, second.cycle_id) == ()


def test_prices_asked_for_again_are_part_of_the_recording(tmp_path: Path) -> None:
    """Before an order is sent its price is fresh; the replay must see the same one."""
    record = one_cycle(tmp_path, BOLD, "quote_max_age_s=0", at=AT)

    assert record.outcome == "traded"
    assert replayed(tmp_path, record.cycle_id) == ()


def test_a_model_that_failed_fails_again(tmp_path: Path) -> None:
    """A recorded error is heard again; the cycle holds for the same reason."""
    with ModelServer(fault="error_500", faulty_calls=None) as server:
        over_http = ("model=openai/rulebook-bold", f"llm.base_url={server.base_url}")
        record = one_cycle(tmp_path, *over_http, "llm.api_key=sk-of-nobody-at-all", at=AT)

    found = replayed(tmp_path, record.cycle_id)

    assert record.hold_reason == "model_failed"
    assert not any(line.startswith(("outcome", "hold_reason", "message")) for line in found)


def test_an_edited_goal_names_the_agent_task_and_turn(recording: Path, traded: Any) -> None:
    """One word of one agent: its prompt was not recorded, and nobody answers it."""
    file = recording / "agents.yaml"
    file.write_text(file.read_text().replace("Veto every proposal", "Welcome every proposal"))

    with pytest.raises(NotRecorded) as refused:
        Rerun(recording, traded[1]).differences()

    assert "agent 'Risk officer', task 'verdict', turn 1" in str(refused.value)
    assert "Welcome every proposal" in str(refused.value)


def test_another_agents_file_may_stand_in(traded: tuple[Path, CycleRecord], tmp_path: Path) -> None:
    """`desk replay CYCLE --agents my.yaml` tells whose prompt it changes."""
    home, record = traded
    mine = tmp_path / "mine.yaml"
    recorded = home / "recordings" / record.cycle_id / "agents.yaml"
    mine.write_text(recorded.read_text().replace("Veto every proposal", "Welcome every proposal"))

    with a_desk(home, at=AT) as desk, pytest.raises(NotRecorded, match="Risk officer"):
        replay_cycle(desk, record.cycle_id, Changes(agents=mine))


def test_a_setting_that_flips_a_decision_names_it(traded: tuple[Path, CycleRecord]) -> None:
    """Agents are told of the limits, so a prompt changes; what that flips is named as well."""
    home, record = traded

    with pytest.raises(NotRecorded) as refused:
        replayed(home, record.cycle_id, "risk.max_position_pct=0.5")

    assert "agent 'Market analyst', task 'proposal', turn 1" in str(refused.value)
    assert '"max_position_pct":"0.5"' in str(refused.value)
    assert f"approval {record.approvals[0].approval_id} (" in str(refused.value)
    assert f"refusal of {record.proposals[0].proposal_id} (" in str(refused.value)


def test_a_setting_no_prompt_tells_of_names_the_decision(
    traded: tuple[Path, CycleRecord],
) -> None:
    """Fees are in no prompt: the fills differ, and are named."""
    home, record = traded

    found = replayed(home, record.cycle_id, "paper.taker_fee_pct=1")

    assert any(line.startswith(f"fill {record.fills[0].fill_id}: fee was") for line in found)


def test_an_edited_reply_changes_the_result_and_is_told(recording: Path, traded: Any) -> None:
    """Replay reads the recording; it does not ask the rulebook again."""
    edit_calls(recording, lambda row: row["task"] == "verdict", "approve", "veto")

    rerun = Rerun(recording, traded[1])

    assert rerun.record.outcome == "vetoed"
    assert "was edited" in rerun.calls.edited[0]


def test_an_edited_word_that_changes_no_decision_is_told_as_well(
    recording: Path, traded: Any
) -> None:
    """A recording that was touched is no evidence any more."""
    edit_calls(recording, lambda row: row["task"] == "execution", "call_", "call_of_")

    found = Rerun(recording, traded[1]).differences()

    assert len(found) == 1
    assert "line 9 (agent 'Executor', task 'execution', turn 1) was edited" in found[0]


def test_a_recorded_call_that_is_not_asked_for_fails(recording: Path, traded: Any) -> None:
    """A crew with one task less takes another way."""
    file = recording / "tasks.yaml"
    text = file.read_text()
    file.write_text(text.replace("\nexecution:", "\nexecution:\n  enabled: false", 1))

    with pytest.raises(NotRecorded, match="task 'execution', turn 1"):
        Rerun(recording, traded[1]).differences()


def test_a_missing_call_fails(recording: Path, traded: Any) -> None:
    """Nobody answers in the place of a line that was cut out."""
    file = recording / "models.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(line for line in lines if b'"task":"verdict"' not in line))

    with pytest.raises(NotRecorded, match="the recorded cycle did not ask then"):
        Rerun(recording, traded[1]).differences()


def test_a_changed_price_names_the_order(recording: Path, traded: Any) -> None:
    """The market of a recording is evidence as well."""
    file = recording / "market.json"
    document = json.loads(file.read_bytes())
    symbol = traded[1].orders[0].intent.symbol
    ticker = document["observed"][0]["markets"][symbol]["ticker"]
    ticker["ask"] = str(Decimal(ticker["ask"]) * 2)
    file.write_text(json.dumps(document))

    decisions = Rerun(recording, traded[1], by_place=True).decisions()

    assert any(line.startswith("order ") and symbol in line for line in decisions)


def test_a_cycle_that_was_not_recorded_says_so(tmp_path: Path) -> None:
    """`record: false` keeps nothing."""
    record = one_cycle(tmp_path, "record=false", at=AT)

    with pytest.raises(SettingsError, match="was not recorded"):
        replayed(tmp_path, record.cycle_id)


@pytest.mark.parametrize("missing", ["models.jsonl", "before.db.z"])
def test_a_recording_of_an_older_release_says_so(
    recording: Path, traded: Any, missing: str
) -> None:
    """It kept less than a replay needs; a clear word is better than a crash."""
    (recording / missing).unlink()

    with pytest.raises(SettingsError, match="older release"):
        Rerun(recording, traded[1])


@pytest.mark.parametrize(
    "spoiled",
    [
        ("models.jsonl", b"{\n"),
        ("market.json", b"[]"),
        ("candles.bin", b"x"),
        ("before.db.z", b"x"),
        ("candles.bin", None),
        ("settings.json", b"{"),
        ("settings.json", b"[]"),
        ("settings.json", None),
        ("news.json", b"{}"),
        ("outside.json", b"[]"),
        ("recalls.json", b"[]"),
        ("market.json", b'{"format": 2}'),
    ],
)
def test_a_damaged_recording_is_refused_in_a_sentence(
    recording: Path, traded: Any, spoiled: tuple[str, bytes | None]
) -> None:
    """Files are edited, cut, lost and copied wrongly."""
    name, content = spoiled
    (recording / name).unlink(missing_ok=True)
    if content is not None:
        (recording / name).write_bytes(content)

    with pytest.raises(TradingError, match=r"Nothing was run|damaged"):
        Rerun(recording, traded[1])


def test_a_history_is_replayed_line_by_line(tmp_path: Path) -> None:
    """Identical, different, or why it cannot be told."""
    clock = FixedClock(AT)
    with a_desk(tmp_path, BOLD, at=clock) as desk:
        cycles = []
        for _ in range(3):
            cycles.append(run_cycle(desk, print).cycle_id)
            clock.advance(minutes=30)
        edit_calls(tmp_path / "recordings" / cycles[0], lambda _row: True, "approve", "veto")
        (tmp_path / "recordings" / cycles[1] / "candles.bin").write_bytes(b"")
        found = {one.cycle_id: one.result for one in replay_all(desk, None)}
        late = [one.cycle_id for one in replay_all(desk, AT.replace(hour=2))]

    assert found == {cycles[0]: "differs", cycles[1]: "cannot", cycles[2]: "identical"}
    assert late == [cycles[2]]


def test_no_folder_hides_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is wrong with one, it has its line, and the next is replayed."""
    clock = FixedClock(AT)
    with a_desk(tmp_path, at=clock) as desk:
        first = run_cycle(desk, print).cycle_id
        clock.advance(minutes=30)
        second = run_cycle(desk, print).cycle_id
        whole = replay.recorded_calls

        def broken(folder: Path, recorded: CycleRecord) -> Any:
            if folder.name == first:
                raise RuntimeError("nobody thought of it")
            return whole(folder, recorded)

        monkeypatch.setattr(replay, "recorded_calls", broken)
        found = {one.cycle_id: one for one in replay_all(desk, None)}

    assert found[first].result == "cannot" and "nobody thought of it" in found[first].why
    assert found[second].result == "identical"


def test_a_failed_cycle_cannot_be_run_again(tmp_path: Path) -> None:
    """A venue that did not answer does not fail again; the history's result is not at fault."""
    with a_desk(tmp_path, BOLD, at=AT) as desk:
        record = run_cycle(desk, print)
        failed = record.model_copy(update={"outcome": "failed", "message": "The venue was down."})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(desk.ledger.cycles), "cycle", lambda *_: failed)
            (found,) = replay_all(desk, None)

    assert found.result == "cannot"
    assert "failed" in found.why and "The venue was down." in found.why


@pytest.mark.parametrize(
    ("file", "old", "new", "then"),
    [
        ("agents.yaml", "Veto every", "Welcome every", "is not in the recording"),
        ("tasks.yaml", "\nexecution:", "\nexecution:\n  enabled: false", "were not asked for"),
    ],
)
def test_an_edited_line_is_named_first_whatever_comes_of_it(
    recording: Path, traded: Any, file: str, old: str, new: str, then: str
) -> None:
    """Where another thing is asked, or one thing less, the edit is the likely cause."""
    yaml = recording / file
    yaml.write_text(yaml.read_text().replace(old, new, 1))
    edit_calls(recording, lambda row: row["task"] == "execution", "call_", "call_of_")

    with pytest.raises(NotRecorded, match=then) as refused:
        Rerun(recording, traded[1]).differences()

    assert (
        "(agent 'Executor', task 'execution', turn 1) was edited"
        in str(refused.value).partition("\n")[0]
    )


def test_news_that_are_missing_are_not_read_afresh(recording: Path, traded: Any) -> None:
    """What the news are now is not what the cycle was told."""
    (recording / "news.json").unlink()

    with pytest.raises(NotRecorded, match="news the cycle asks for is not in the recording"):
        Rerun(recording, traded[1]).differences()


def test_a_call_that_cannot_be_recorded_ends_the_cycle_untraded(tmp_path: Path) -> None:
    """If it cannot be recorded, it is not traded."""
    with a_desk(tmp_path, BOLD, at=AT) as desk:
        ids = "20261103T010000Z-0001"
        (tmp_path / "recordings" / ids / "models.jsonl").parent.parent.mkdir()
        with pytest.raises(LedgerError, match="cannot be written"):
            run_cycle(desk, lambda text: _block(tmp_path / "recordings" / ids, text))
        assert desk.ledger.execution.orders(ids) == ()


def _block(folder: Path, text: str) -> None:
    """When the crew meets, a folder stands where its calls are to be written."""
    if text.startswith("the crew meets"):
        (folder / "models.jsonl").mkdir()


def test_nothing_connects_while_a_recording_is_heard() -> None:
    """By name, by address, and by the low-level call."""
    import socket

    with offline(), socket.socket() as low:
        with pytest.raises(NetworkUsed):
            socket.getaddrinfo("localhost", 80)
        with pytest.raises(NetworkUsed):
            socket.create_connection(("127.0.0.1", 9))
        with pytest.raises(NetworkUsed):
            low.connect(("127.0.0.1", 9))
        for name in ("gethostbyname", "gethostbyname_ex", "gethostbyaddr"):
            with pytest.raises(NetworkUsed):
                getattr(socket, name)("localhost")
        with pytest.raises(NetworkUsed):
            socket.getnameinfo(("127.0.0.1", 80), 0)
    with offline(), socket.socket(type=socket.SOCK_DGRAM) as sender:
        with pytest.raises(NetworkUsed):
            sender.sendto(b"x", ("127.0.0.1", 9))
        with pytest.raises(NetworkUsed):
            sender.sendmsg([b"x"], [], 0, ("127.0.0.1", 9))
    assert socket.gethostbyname("127.0.0.1") == "127.0.0.1"
