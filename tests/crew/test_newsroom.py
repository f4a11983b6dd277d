"""News in a whole cycle: who scores it, what that costs, and that a replay asks nobody."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crew.cycle import run_cycle
from crew.listener import CrewListener
from crew.models.scoring_calls import ScoringCalls
from crew.models.watch import CallWatch
from crew.newsroom import read_news
from crew.replay import replay_cycle
from crew.settings import load_settings
from crew.transcript import Transcript, joined, read
from records.clock import FixedClock
from records.cycle import CycleRecord
from records.errors import BudgetExhausted, SettingsError
from records.risk import Budget
from tests.crew.desks import a_desk, one_cycle, settings
from tests.crew.test_recorded_cycle import no_network
from tests.model_server import ModelServer

AT = datetime(2026, 11, 3, 1, tzinfo=UTC)
KEY = "sk-news-77c1Zq8x"
TOKEN = "t0k3n-0f-4-s3rv1ce"
PRICES = (
    "llm.prices={openai/rulebook-balanced: {prompt_usd: 1, completion_usd: 2},"
    " openai/rulebook-bold: {prompt_usd: 1, completion_usd: 2}}"
)


def by_model(server: ModelServer, *more: str) -> Sequence[str]:
    """The rulebook for the agents, the loopback server for the headlines."""
    return (
        "news.scoring=model",
        "news.model=openai/rulebook-balanced",
        f"llm.base_url={server.base_url}",
        f"llm.api_key={KEY}",
        *more,
    )


def called(home: Path, record: CycleRecord) -> list[dict[str, Any]]:
    """The calls that no agent made, as the transcript has them."""
    rows = joined(read(home / "transcripts" / f"{record.cycle_id}.jsonl"))
    return [row for row in rows if row.get("agent") == "news scoring"]


def scored_by(home: Path, record: CycleRecord) -> str:
    """The mode of the news that the sentiment reader was given."""
    rows = joined(read(home / "transcripts" / f"{record.cycle_id}.jsonl"))
    called = (row for row in rows if row["kind"] == "tool_call")
    (answer,) = [row["result"] for row in called if row["tool"] == "get_news"]
    return str(json.loads(answer.splitlines()[1])["scored"])


def test_headlines_are_scored_in_one_call_of_the_cycle(tmp_path: Path) -> None:
    """It stands in the transcript and on the bill like any other call."""
    with ModelServer() as server:
        record = one_cycle(tmp_path, *by_model(server, PRICES), at=AT)

    (call,) = called(tmp_path, record)
    assert len(server.bodies) == 1
    assert (call["kind"], call["model"]) == ("model_call", "openai/rulebook-balanced")
    assert call["prompt_tokens"] > 100 and '"score"' in call["reply"]
    assert record.model.cost_usd is not None and record.model.cost_usd > 0
    assert record.model.prompt_tokens >= call["prompt_tokens"]
    assert scored_by(tmp_path, record) == "model"
    assert KEY.encode() not in b"".join(f.read_bytes() for f in tmp_path.rglob("*") if f.is_file())


def test_a_second_cycle_asks_nothing_about_the_same_items(tmp_path: Path) -> None:
    """The sample headlines are the same an hour later."""
    clock = FixedClock(AT)
    with ModelServer() as server:
        one_cycle(tmp_path, *by_model(server), at=clock)
        clock.advance(hours=1)
        record = one_cycle(tmp_path, *by_model(server), at=clock)

    assert len(server.bodies) == 1
    assert called(tmp_path, record) == []
    assert scored_by(tmp_path, record) == "model"


def test_a_replay_asks_nobody_for_scores(tmp_path: Path) -> None:
    """They are part of the news that was recorded, and of no cassette."""
    with ModelServer() as server:
        wanted = by_model(server, "record=true", "model=openai/rulebook-bold", PRICES)
        record = one_cycle(tmp_path, *wanted, at=AT)
        asked = [body for body in server.bodies if "news_scores" in str(body)]
    assert len(asked) == 1

    recording = tmp_path / "recordings" / record.cycle_id
    news = json.loads((recording / "news.json").read_bytes())
    assert {item["model_score"] for item in news["items"]} == {0.5}
    assert "news_scores" not in (recording / "models.yaml").read_text()
    with no_network(), a_desk(tmp_path, *wanted, at=AT) as desk:
        assert replay_cycle(desk, record.cycle_id) == ()


def test_a_broken_scorer_does_not_end_a_cycle(tmp_path: Path) -> None:
    """The local scores stand in, and the reader is told so."""
    with ModelServer(fault="error_500") as server:
        record = one_cycle(tmp_path, *by_model(server), at=AT)

    assert record.outcome in ("hold", "traded", "vetoed")
    (call,) = called(tmp_path, record)
    assert call["kind"] == "model_failed"
    rows = joined(read(tmp_path / "transcripts" / f"{record.cycle_id}.jsonl"))
    (answer,) = [row["result"] for row in rows if row.get("tool") == "get_news"]
    assert "the model gave no scores" in json.loads(answer.splitlines()[1])["findings"][0]


def test_a_call_for_scores_counts_like_any_other(tmp_path: Path) -> None:
    """Calls, tokens and money of the same budget; one that is refused is not on record."""
    messages = [{"role": "user", "content": "x"}]
    with Transcript(tmp_path / "t.jsonl", FixedClock(AT)) as transcript:
        listener = CrewListener(transcript, lambda *_: Decimal("0.25"))
        watch = CallWatch(
            listener,
            Budget(max_calls=2, max_usd=Decimal("0.5")),
            spent_today_usd=Decimal(0),
            redact=str,
            record=lambda *_: None,
        )
        calls = ScoringCalls(listener, watch)
        calls.ask("openai/x", messages).answered(
            "{}", prompt_tokens=7, completion_tokens=3, finish_reason="stop"
        )
        calls.ask("openai/x", messages).failed("APITimeoutError: slow")
        with pytest.raises(BudgetExhausted, match=r"max_calls 2"):
            calls.ask("openai/x", messages)

    use = listener.use(())
    assert (use.calls, use.prompt_tokens, use.completion_tokens) == (2, 7, 3)
    assert use.cost_usd == Decimal("0.25")
    rows = joined(read(tmp_path / "t.jsonl"))
    assert [row["kind"] for row in rows] == ["model_call", "model_failed"]
    assert not listener.waits()


def test_while_headlines_are_scored_a_stop_is_heard(tmp_path: Path) -> None:
    """The main thread waits for that model as for any other, and may leave it."""
    with Transcript(tmp_path / "t.jsonl", FixedClock(AT)) as transcript:
        listener = CrewListener(transcript, lambda *_: None)
        watch = CallWatch(
            listener, Budget(), spent_today_usd=Decimal(0), redact=str, record=lambda *_: None
        )
        call = ScoringCalls(listener, watch).ask("openai/x", [])
        assert listener.waits()
        call.failed("x")
        assert not listener.waits()


@pytest.mark.parametrize("mode", ["local", "off"])
def test_the_other_modes_ask_no_model(mode: str, tmp_path: Path) -> None:
    """The default costs nothing."""
    record = one_cycle(tmp_path, f"news.scoring={mode}", at=AT)  # YAML reads off as false

    assert called(tmp_path, record) == []
    assert scored_by(tmp_path, record) == mode


def test_the_rulebook_cannot_score(tmp_path: Path) -> None:
    """It would be the word list by another name; the setting is refused when it is read."""
    with pytest.raises(SettingsError, match=r"Set news\.model to openai/<model>"):
        settings("news.scoring=model")
    with pytest.raises(SettingsError, match=r"news\.model 'anthropic/x'"):
        settings("news.scoring=model", "news.model=anthropic/x")
    assert settings("news.scoring=model", "model=openai/x").scoring_model == "openai/x"


def test_a_scorer_without_a_key_is_refused_before_a_cycle(tmp_path: Path) -> None:
    """Every cycle would fail at it otherwise."""
    with (
        pytest.raises(SettingsError, match="needs a key"),
        a_desk(tmp_path, "news.scoring=model", "news.model=openai/x"),
    ):
        pass


@pytest.mark.parametrize("name", ["newsapi_key", "cryptopanic_token"])
def test_a_services_key_is_refused_in_a_file_and_in_a_flag(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the exchange's keys are: files and flags end up in backups and process lists."""
    from crew.settings import Settings

    with pytest.raises(SettingsError, match=f"DESK_NEWS__{name.upper()}") as refused:
        settings(f"news.{name}={TOKEN}")
    assert TOKEN not in str(refused.value)

    monkeypatch.setattr(Settings, "yaml_file", tmp_path / "desk.yaml")
    Settings.yaml_file.write_text(f"news:\n  {name}: {TOKEN}\n")
    with pytest.raises(SettingsError, match=r"stands in desk\.yaml") as refused:
        settings()
    assert TOKEN not in str(refused.value)


def test_a_services_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """And is shown nowhere."""
    monkeypatch.setenv("DESK_NEWS__NEWSAPI_KEY", KEY)
    monkeypatch.setenv("DESK_NEWS__CRYPTOPANIC_TOKEN", TOKEN)
    wanted = load_settings(env_file=None)

    assert wanted.news.newsapi_key and wanted.news.newsapi_key.get_secret_value() == KEY
    shown = repr(wanted) + str(wanted.model_dump()) + wanted.model_dump_json()
    assert KEY not in shown and TOKEN not in shown


def test_services_are_not_asked_for_a_market_of_another_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """News of today beside invented or past prices would be fiction, or foresight."""
    monkeypatch.setenv("DESK_NEWS__NEWSAPI_KEY", KEY)
    monkeypatch.setenv("DESK_NEWS__CRYPTOPANIC_TOKEN", TOKEN)

    def nobody() -> Any:
        raise AssertionError("asked")

    with no_network(), a_desk(tmp_path, at=AT) as desk:
        reading = read_news(desk, FixedClock(AT), cycle_id="c-1", calls=nobody)

    assert reading.sample and reading.down == ()


def test_services_are_asked_beside_the_feeds_of_a_real_market(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here nothing can be reached, so all are named as missing; no key is in what they say."""
    monkeypatch.setenv("DESK_NEWS__NEWSAPI_KEY", KEY)
    monkeypatch.setenv("DESK_NEWS__CRYPTOPANIC_TOKEN", TOKEN)

    def nobody() -> Any:
        raise AssertionError("asked")

    import socket

    def unknown(*_args: object, **_more: object) -> None:
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with a_desk(tmp_path, "venue=binance", at=AT) as desk:
        reading = read_news(desk, FixedClock(AT), cycle_id="c-1", calls=nobody)

    named = [down.source for down in reading.down]
    assert named[-2:] == ["newsapi.org", "cryptopanic.com"] and len(named) == 8
    assert KEY not in str(reading) and TOKEN not in str(reading)


def test_a_recording_holds_no_key_of_a_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is made to be handed on."""
    monkeypatch.setenv("DESK_NEWS__NEWSAPI_KEY", KEY)
    with a_desk(tmp_path, "record=true", at=AT) as desk:
        record = run_cycle(desk, print)

    written = (tmp_path / "recordings" / record.cycle_id / "settings.json").read_text()
    assert "newsapi_key" not in written and "cryptopanic_token" not in written
