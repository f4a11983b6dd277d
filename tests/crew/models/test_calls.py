"""A line of models.jsonl: what was asked and answered, exactly, without secrets or pictures."""

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crew.models.call_log import CallLog
from crew.models.calls import CallRequest, Place, RecordedReply, plain_reply, read_row, row
from crew.models.recorded import RecordedCalls
from records.clock import FixedClock
from records.errors import SettingsError
from records.redaction import NOTHING, Redactor
from records.strict import MAX_BYTES

AT = datetime(2026, 11, 3, 1, tzinfo=UTC)
PLACE = Place("Market analyst", "proposal", 1, "rulebook/bold")
SECRET = "sk-4f9a0c77d2e14b6f"
PNG = "data:image/png;base64,iVBORw0KGgo" + "A" * 60


def asked(text: Any = "what now?", place: Place = PLACE) -> CallRequest:
    """One question."""
    return CallRequest.of(place, [{"role": "user", "content": text}], None, NOTHING)


def given(reply: Any, **more: Any) -> RecordedReply:
    """One answer."""
    return RecordedReply(n=1, at=AT, reply=plain_reply(reply, NOTHING), **more)


def calls(*requests: CallRequest) -> RecordedCalls:
    """A recording in which each request was answered by its own text."""
    lines = [(one, given(str(one.messages[0]["content"]))) for one in requests]
    return RecordedCalls(lines, began=AT)


@pytest.mark.parametrize("reply", ["plain", "half a \ud83d character", "", "é", '{"a": 1.10}'])
def test_a_text_comes_back_as_it_was(reply: str) -> None:
    """Also what is no text at all: the desk must refuse it again, for the same reason."""
    request, back, whole = read_row(row(asked(), given(reply)))

    assert (request.sha256, back.reply, whole) == (asked().sha256, reply, True)


def test_a_providers_own_objects_become_tool_calls() -> None:
    """Arguments keep every digit and every repetition."""
    function = SimpleNamespace(name="place_order", arguments='{"a": 1.10, "a": 2}')
    call = SimpleNamespace(id="call_7", function=function)

    assert given([call]).reply == [
        {
            "id": "call_7",
            "type": "function",
            "function": {"name": "place_order", "arguments": '{"a": 1.10, "a": 2}'},
        }
    ]


def test_an_endless_answer_is_kept_as_far_as_it_is_looked_at() -> None:
    """Larger than what is refused for its size, and refused again on replay."""
    reply = given("x" * 10_000_000).reply

    assert reply is not None
    assert len(reply) == MAX_BYTES + 1


def test_secrets_and_pictures_are_not_in_a_line(tmp_path: Path) -> None:
    """Of a picture stands what it was."""
    log = CallLog(tmp_path / "models.jsonl", FixedClock(AT), Redactor([SECRET]))
    content = [
        {"type": "text", "text": f"the key is {SECRET}"},
        {"type": "image_url", "image_url": {"url": PNG}},
    ]
    call = log.of(PLACE).asked([{"role": "user", "content": content}], None)
    call.answered(f"it is {SECRET}", spelled="bold", finish_reason="stop", usage=None)
    text = (tmp_path / "models.jsonl").read_text()
    (line,) = text.splitlines()

    assert SECRET not in text and "iVBORw0KGgo" not in text
    assert "sha256" in json.loads(line)["request"]["messages"][0]["content"][1]["image_url"]["url"]
    assert read_row(line.encode())[2]


def test_one_picture_is_like_another() -> None:
    """Releases of the drawing library differ in bytes, and nothing else would have changed."""
    shown = [{"type": "image_url", "image_url": {"url": PNG}}]
    other = [{"type": "image_url", "image_url": {"url": PNG + "BBBB"}}]

    assert asked(shown).sha256 == asked(other).sha256
    assert asked(shown).sha256 != asked("no picture").sha256
    assert asked(shown).pictured and not asked().pictured


@pytest.mark.parametrize("field", ["reply", "finish_reason", "usage", "task", "model"])
def test_an_edited_line_is_known(field: str) -> None:
    """Every field that the desk acts on is under one of the fingerprints, or is the place."""
    document = json.loads(row(asked(), given("yes", finish_reason="stop")))
    document[field] = {"prompt_tokens": 1} if field == "usage" else "other"
    request, _, whole = read_row(json.dumps(document).encode())

    assert not whole or request.place != asked().place


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reply", 7),
        ("reply", ["text"]),
        ("at", "2026-11-03T01:00:00"),
        ("at", 1),
        ("turn", "one"),
        ("request", []),
        ("request", {"messages": "x", "tools": []}),
        ("usage", "much"),
        ("error", "E"),
    ],
)
def test_a_line_that_is_none_is_refused(field: str, value: Any) -> None:
    """Recordings are files, and files are edited."""
    document = json.loads(row(asked(), given("yes")))

    with pytest.raises(ValueError):
        read_row(json.dumps({**document, field: value}).encode())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"reply":', '"reply":"other","reply":'),
        ('"usage":null', '"usage":{"prompt_tokens":1,"prompt_tokens":2}'),
        ('"seconds":0.0', '"seconds":NaN'),
        ('"n":1', '"n":1,"comment":"x"'),
        ('"turn":1', '"turn":1e400'),
    ],
)
def test_a_line_that_could_be_read_in_two_ways_is_refused(old: str, new: str) -> None:
    """Two readers would not see the same in it, and no fingerprint covers what is added."""
    line = row(asked(), given("yes")).decode()
    assert line.count(old) == 1

    with pytest.raises(ValueError):
        read_row(line.replace(old, new).encode())


def test_a_place_has_one_line(tmp_path: Path) -> None:
    """Of two answers to one question the recording does not say which was given."""
    file = tmp_path / "models.jsonl"
    file.write_bytes(row(asked(), given("yes")) + b"\n" + row(asked(), given("no")) + b"\n")

    with pytest.raises(SettingsError, match=r"line 2, is damaged: .*has a line already"):
        RecordedCalls.read(file, began=AT)


@pytest.mark.parametrize(
    "time",
    [
        "2026-12-24 24:61",
        "2026-13-01 10:00",
        "2026-02-30T10:00:00Z",
        "2026-11-03T01:00:00+99:99",
    ],
)
def test_what_only_looks_like_a_time_is_compared_as_it_is(time: str) -> None:
    """Headlines and models write what they like; it must not end a replay."""
    recording = calls(asked(f"shown at {time}"))

    assert recording.reply_for(asked("shown at noon")) is None
    assert recording.reply_for(asked(f"shown at {time}")) is not None


def test_tasks_that_run_side_by_side_never_hear_each_others_answers() -> None:
    """The same words in another task, turn or attempt are another question."""
    places = [
        PLACE,
        Place("Market analyst", "other", 1, "rulebook/bold"),
        Place("Market analyst", "proposal", 2, "rulebook/bold"),
        Place("Market analyst", "proposal", 1, "rulebook/bold", 2),
    ]
    recording = calls(asked("first"))

    assert [recording.reply_for(asked("first", place)) is not None for place in places] == [
        True, False, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("now", "same"),
    [
        ("approved until 2026-11-03T01:05:07.123Z", True),
        ("approved until 2026-11-03 01:09:00 UTC", True),
        ("approved until 2026-11-02T23:00:00Z", False),
        ("approved", False),
    ],
)
def test_times_from_the_cycles_own_beginning_on_are_not_compared(now: str, same: bool) -> None:
    """The clock of a replay goes another way between two calls; older times are evidence."""
    recording = calls(asked("approved until 2026-11-03T01:05:00Z"))

    assert (recording.reply_for(asked(now)) is not None) is same


def test_what_was_not_asked_for_is_named() -> None:
    """The first of what is left."""
    later = Place("Market analyst", "proposal", 1, "rulebook/bold", 2)
    recording = calls(asked("first"), asked("second", later))
    recording.reply_for(asked("first"))

    assert "task 'proposal', turn 2" in str(recording.unheard())
