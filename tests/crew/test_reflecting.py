"""Lessons in a model's words: one call, from figures alone, and never at a lesson's expense."""

import json
import os
import shutil
import signal
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from threading import Timer
from time import monotonic
from typing import Any

import pytest

from crew.cycle import run_cycle
from crew.reflecting import MAX_LESSONS, reworded
from crew.replay import replay_cycle
from crew.transcript import joined, read
from memory.document import lessons_document
from records.clock import FixedClock
from records.cycle import CycleRecord
from records.errors import SettingsError
from records.lesson import Lesson, Said
from tests.crew.desks import QUIET, a_desk, settings
from tests.crew.test_recorded_cycle import no_network
from tests.model_server import ModelServer

BEGAN = QUIET + timedelta(hours=20)
DUE = BEGAN + timedelta(hours=24)
"""When the first cycle's proposals have become lessons."""
BOLD = ("model=rulebook/bold", "breaker.atr_jump_pct=1000", "screen.max_shortlist=6")
PRICES = "llm.prices={openai/rulebook-bold: {prompt_usd: 1, completion_usd: 2}}"
AGENT = "lesson reflections"


def by_model(server: ModelServer, *more: str) -> tuple[str, ...]:
    """The rulebook for the agents, the loopback server for the lessons."""
    return (
        *BOLD,
        "memory.reflections=model",
        "memory.reflection_model=openai/rulebook-bold",
        f"llm.base_url={server.base_url}",
        "llm.api_key=none",
        PRICES,
        *more,
    )


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder whose next cycle writes lessons."""
    home = tmp_path_factory.mktemp("past")
    with a_desk(home, *BOLD, "record=false", at=BEGAN) as desk:
        run_cycle(desk, print)
    return home


@pytest.fixture
def home(past: Path, tmp_path: Path) -> Path:
    """A copy of that folder."""
    return Path(shutil.copytree(past, tmp_path / "home"))


def next_cycle(home: Path, *wanted: str) -> tuple[CycleRecord, tuple[Lesson, ...]]:
    """The cycle that writes the lessons, and those."""
    with a_desk(home, *wanted, at=DUE) as desk:
        record = run_cycle(desk, print)
        return record, desk.ledger.lessons.lessons(None)


def rows(home: Path, record: CycleRecord) -> list[dict[str, Any]]:
    return list(joined(read(home / "transcripts" / f"{record.cycle_id}.jsonl")))


def calls(home: Path, record: CycleRecord) -> list[dict[str, Any]]:
    return [row for row in rows(home, record) if row.get("agent") == AGENT]


def warned(home: Path, record: CycleRecord) -> list[str]:
    events = (row["event"] for row in rows(home, record) if row["kind"] == "event")
    return [event["message"] for event in events if event["kind"] == "reflections"]


def of_figures(lesson: Lesson) -> bool:
    """Whether its sentence is the template's."""
    return lesson.reflection.startswith(("It made ", "Not entering ", "Nothing is known "))


def test_one_call_words_all_lessons_of_a_cycle(home: Path) -> None:
    """It stands in the transcript, in model_calls under the desk, and on the bill."""
    with ModelServer() as server:
        record, lessons = next_cycle(home, *by_model(server))

    (body,) = server.bodies
    assert body["response_format"]["json_schema"]["strict"] is True
    assert len(lessons) > 1
    assert {one.reflection for one in lessons} == {f"The {one.side} was late." for one in lessons}
    (call,) = calls(home, record)
    assert (call["kind"], call["model"]) == ("model_call", "openai/rulebook-bold")
    assert record.model.cost_usd == Decimal(str(call["cost_usd"])) > 0
    assert record.model.prompt_tokens >= call["prompt_tokens"] > 100
    assert warned(home, record) == []
    with a_desk(home, *BOLD, at=DUE) as desk:
        booked = desk.ledger.outcomes.calls(record.cycle_id)
        (kept,) = [one for one in booked if one.task == "reflections"]
    assert (kept.agent, kept.calls, kept.cost_usd) == ("desk", 1, record.model.cost_usd)


def test_the_model_is_told_no_word_of_a_stranger(home: Path) -> None:
    """Neither thesis nor gist nor reason: nothing from outside can come back through it."""
    with ModelServer() as server:
        _, lessons = next_cycle(home, *by_model(server))

    sent = json.dumps(server.bodies)
    for lesson in lessons:
        assert lesson.thesis
        for words in (lesson.thesis, lesson.news_gist, lesson.said.officer_reason):
            assert not words or words not in sent
    told = json.loads(server.bodies[0]["messages"][-1]["content"])["lessons"]
    assert {name for row in told for name in row} == {
        "id", "symbol", "kind", "side", "situation", "said", "outcome", "pnl_pct",
        "horizon_pct", "best_pct", "worst_pct", "better",
    }  # fmt: skip
    assert {name for row in told for name in row["said"]} == {
        "technical", "sentiment", "chart", "officer",
    }  # fmt: skip


def test_a_replay_words_lessons_as_recorded_and_asks_nobody(home: Path) -> None:
    """The call is told again, so that usage and cost are the same; the network is not there."""
    with ModelServer() as server:
        wanted = by_model(server, "record=true")
        record, _ = next_cycle(home, *wanted)
        assert len(server.bodies) == 1
    with no_network(), a_desk(home, *wanted, at=DUE) as desk:
        assert replay_cycle(desk, record.cycle_id) == ()


def test_a_replay_of_a_failed_call_is_the_same(home: Path) -> None:
    """What failed then is told as failed again."""
    with ModelServer(fault="error_500") as server:
        wanted = by_model(server, "record=true")
        record, _ = next_cycle(home, *wanted)
    with no_network(), a_desk(home, *wanted, at=DUE) as desk:
        assert replay_cycle(desk, record.cycle_id) == ()


def test_what_if_asks_nobody(home: Path) -> None:
    """A desk that a recording stands in for has nobody to ask, unless it is told again."""
    with ModelServer() as server, a_desk(home, *by_model(server), at=DUE) as desk:
        desk.stand_in(desk.market(FixedClock(DUE)), None)
        assert desk.tell_reflections is not None
        assert reworded(desk, many(2), nobody, print) == many(2)
    assert server.bodies == []


@pytest.mark.parametrize("fault", ["error_500", "error_429", "not_json", "html_page", "truncated"])
def test_a_model_that_fails_costs_no_lesson(fault: Any, home: Path) -> None:
    """Each keeps the sentence of its figures, and the cycle ends as it would have."""
    with ModelServer(fault=fault) as server:
        record, lessons = next_cycle(home, *by_model(server))

    assert record.outcome in ("hold", "traded", "vetoed") and record.exit_code == 0
    assert len(lessons) > 1 and all(map(of_figures, lessons))
    assert len(calls(home, record)) == len(server.bodies) == 1
    (said,) = warned(home, record)
    assert said.startswith(f"{len(lessons)} lessons keep the sentence made of their figures")


def test_a_slow_model_is_left_before_the_deadline(home: Path) -> None:
    """It is asked for no longer than llm.timeout_s and what the deadline leaves."""
    with ModelServer(fault="hang") as server:
        began = monotonic()
        record, lessons = next_cycle(home, *by_model(server, "llm.timeout_s=1"))

    assert monotonic() - began < 20
    assert record.exit_code == 0 and all(map(of_figures, lessons))
    assert "TimeoutError" in warned(home, record)[0]


def test_near_the_deadline_nobody_is_asked(home: Path) -> None:
    """The record needs its time."""
    with ModelServer() as server:
        record, lessons = next_cycle(home, *by_model(server, "deadline_s=5"))

    assert server.bodies == [] and calls(home, record) == []
    assert lessons and all(map(of_figures, lessons))


def test_a_signal_ends_the_wait_and_loses_nothing(home: Path) -> None:
    """The cycle has decided by then: it is recorded as it was, with its lessons."""
    with ModelServer(fault="hang") as server:
        signals: list[float] = []
        answers = server.record

        def soon(body: dict[str, Any]) -> Any:
            signals.append(monotonic())
            Timer(0.3, os.kill, [os.getpid(), signal.SIGTERM]).start()
            return answers(body)

        server.record = soon  # type: ignore[method-assign]
        record, lessons = next_cycle(home, *by_model(server))

    assert monotonic() - signals[0] < 10, "the server would hang for half a minute"
    assert record.outcome in ("hold", "traded", "vetoed")
    assert lessons and all(map(of_figures, lessons))
    assert "told to end" in warned(home, record)[0]
    (call,) = calls(home, record)
    assert call["kind"] == "model_failed"


def test_after_a_stop_nobody_is_asked(home: Path) -> None:
    """What was told to end asks for nothing that it can do without."""
    said: list[str] = []
    with ModelServer() as server, a_desk(home, *by_model(server), at=DUE) as desk:
        desk.stopping.ask("stopped", "SIGTERM ended the cycle.")
        assert reworded(desk, many(2), nobody, said.append) == many(2)
    assert server.bodies == [] and "told to end" in said[0]


def test_a_crew_that_failed_is_not_asked_for_words(tmp_path: Path) -> None:
    """Its model did not answer just now, and the rulebook in its place has no words."""
    said: list[str] = []
    with ModelServer() as server, a_desk(tmp_path, *by_model(server)) as desk:
        assert reworded(desk, many(2), None, said.append) == many(2)
    assert server.bodies == [] and "failed" in said[0]


def test_a_spent_budget_asks_nobody(home: Path) -> None:
    """The crew's own calls are the budget's as well; the words of lessons are its last."""
    with ModelServer() as server:
        free, _ = next_cycle(Path(shutil.copytree(home, home.parent / "free")), *by_model(server))
        limit = f"budget.max_calls={free.model.calls - 1}"
        server.bodies.clear()
        record, lessons = next_cycle(home, *by_model(server, limit))

    assert server.bodies == [] and record.outcome == free.outcome
    assert lessons and all(map(of_figures, lessons))
    assert "BudgetExhausted" in warned(home, record)[0]


def test_the_rulebook_words_no_lessons(home: Path) -> None:
    """It would be the template by a dearer way."""
    record, lessons = next_cycle(home, *BOLD, "memory.reflections=model")

    assert lessons and all(map(of_figures, lessons))
    assert calls(home, record) == [] and warned(home, record) == []


def test_another_protocol_is_refused_and_off_is_a_word() -> None:
    """Before a cycle, not in it."""
    with pytest.raises(SettingsError, match=r"memory\.reflection_model 'anthropic/x'"):
        settings("memory.reflections=model", "memory.reflection_model=anthropic/x")
    assert settings("memory.reflections=off").memory.reflections == "off"
    assert settings().memory.reflections == "template"


# what the model answers


def many(count: int) -> tuple[Lesson, ...]:
    return tuple(
        Lesson(
            lesson_id=f"c-l{number}",
            cycle_id="c",
            learned_at=DUE,
            symbol="BTC/USDT",
            side="long",
            situation="buy 4 by strength on 3m",
            decision="long at 100",
            thesis="A stranger's words.",
            said=Said(officer="veto", officer_reason="Strange."),
            outcome="not entered",
            pnl_pct=Decimal("1.5"),
            holding_s=60,
            reflection="It made +1.5 % after 1 min.",
        )
        for number in range(1, count + 1)
    )


def nobody() -> Any:
    raise AssertionError("asked")


@pytest.fixture
def answered(tmp_path: Path) -> Callable[..., tuple[list[str], list[str]]]:
    """Sentences and warnings of `count` lessons when the model's answer is this text."""

    def taken(reply: object, count: int = 2) -> tuple[list[str], list[str]]:
        said: list[str] = []
        wanted = (
            "memory.reflections=model",
            "memory.reflection_model=openai/x",
            "llm.api_key=none",
        )
        with a_desk(tmp_path, *wanted) as desk:
            text = reply if isinstance(reply, str) else json.dumps({"reflections": reply})
            desk.tell_reflections = lambda _calls: text
            told = reworded(desk, many(count), nobody, said.append)
        assert [one.lesson_id for one in told] == [one.lesson_id for one in many(count)]
        return [one.reflection for one in told], said

    return taken


TEMPLATE = "It made +1.5 % after 1 min."


@pytest.mark.parametrize(
    "sentence",
    ["", "   ", "\u200b\u200b", "x" * 241, "<script>x</script>"],
)
def test_a_sentence_that_cannot_be_used_leaves_the_figures(sentence: str, answered: Any) -> None:
    """For that lesson alone."""
    given = [{"id": "c-l1", "sentence": sentence}, {"id": "c-l2", "sentence": "It was late."}]
    sentences, said = answered(given)

    assert sentences == [TEMPLATE, "It was late."]
    assert said == [
        "1 lessons keep the sentence made of their figures: "
        "the model gave not one sentence that can be used."
    ]


def test_a_sentence_is_made_inert(answered: Any) -> None:
    """One line without markup, links, fences or template variables."""
    hostile = "[end]\n{x} <b>see</b> https://a.example/x \u202ethis"
    sentences, _ = answered([{"id": "c-l1", "sentence": hostile}], 1)

    assert sentences == ["(end) (x) see (link) this"]


def test_unknown_ids_and_doubles_are_told_and_not_taken(answered: Any) -> None:
    """Of two sentences neither is better."""
    given = [
        {"id": "c-l1", "sentence": "One."},
        {"id": "c-l1", "sentence": "Two."},
        {"id": "c-l9", "sentence": "Nine."},
    ]
    sentences, said = answered(given)

    assert sentences == [TEMPLATE, TEMPLATE]
    assert said[0].startswith("2 lessons keep")
    assert said[1] == "The model spoke of 1 lessons that it was not asked about."


@pytest.mark.parametrize(
    "reply",
    ["", "[]", "no", '{"reflections": 3}', '{"reflections": [], "more": 1}', "{" * 70_000],
)
def test_another_form_is_refused_whole(reply: str, answered: Any) -> None:
    """Nothing is repaired."""
    sentences, said = answered(reply)

    assert sentences == [TEMPLATE, TEMPLATE]
    assert said == [
        "2 lessons keep the sentence made of their figures: "
        "its answer was not of the form asked for."
    ]


def test_at_most_ten_lessons_are_asked_about(answered: Any) -> None:
    """The rest keep theirs, in order."""
    given = [{"id": f"c-l{number}", "sentence": "Late."} for number in range(1, 11)]
    sentences, said = answered(given, 12)

    assert sentences == ["Late."] * MAX_LESSONS + [TEMPLATE] * 2
    assert said == ["2 lessons keep the sentence made of their figures: one call asks about 10."]


def test_what_the_model_wrote_is_recalled_like_the_template(answered: Any) -> None:
    """Its beginning stands beside the base rates, cut where the template's would be."""
    sentences, _ = answered([{"id": "c-l1", "sentence": "Late. " * 30}], 1)
    lesson = many(1)[0].model_copy(update={"reflection": sentences[0]})

    shown = lessons_document({"BTC/USDT": [lesson]})["nearest"]["BTC/USDT"]
    assert "Late. " * 19 in shown and "Late. " * 27 not in shown
