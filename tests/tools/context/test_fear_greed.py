"""The Fear & Greed index over a real loopback server: one true figure, or none and why."""

import gzip
import json
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from records.clock import FixedClock
from records.context import Reading
from tests.tools.context.sources import fails, giving, silent
from tests.tools.web.web_server import (
    Answer,
    WebHandler,
    WebServer,
    bomb,
    drip,
    drip_body,
    flood,
    serving,
)
from tools.context.fear_greed import DEADLINE_S, FearGreed

NOW = datetime(2022, 6, 14, 12, tzinfo=UTC)
TODAY = datetime(2022, 6, 14, tzinfo=UTC)
PATH = "/fng/"


def document(value: Any = "8", at: datetime = TODAY) -> dict[str, Any]:
    """What alternative.me answers."""
    day = {
        "value": value,
        "value_classification": "Extreme Fear",
        "timestamp": str(int(at.timestamp())),
        "time_until_update": "43200",
    }
    return {"name": "Fear and Greed Index", "data": [day], "metadata": {"error": None}}


class Desk:
    """A state folder and a clock; each `read` is a cycle of its own, in a minute of its own."""

    def __init__(self, folder: Path, url: str, clock: FixedClock) -> None:
        self.folder, self.url, self.clock = folder, url, clock

    @property
    def file(self) -> Path:
        return self.folder / "fear_greed.json"

    def question(self, **more: Any) -> FearGreed:
        return FearGreed(self.url, self.folder, self.clock, **{"allow_private": True} | more)

    def read(self, **more: Any) -> Reading:
        return self.question(**more).value()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def read(tmp_path: Path, clock: FixedClock) -> Callable[..., Reading]:
    """One reading of a server with this answer, by a desk without memory."""

    def once(answer: Answer, **more: Any) -> Reading:
        with serving({PATH: answer}) as server:
            desk = Desk(tmp_path / "cache", f"{server.base}{PATH}?limit=1", clock)
            return desk.read(**more)

    return once


def reason(reading: Reading) -> str:
    assert (reading.value, reading.at, reading.read_at) == (None, None, NOW)
    assert reading.finding is not None
    return reading.finding


def test_the_index_comes_with_its_source_and_its_times(tmp_path: Path, clock: FixedClock) -> None:
    """The plain case: a figure that the breaker can use, and where and when it is from."""
    with serving({PATH: giving(document("8"))}) as server:
        desk = Desk(tmp_path, f"{server.base}{PATH}?limit=1", clock)
        reading = desk.read()

        assert server.asked == ["/fng/?limit=1"]
    assert reading == Reading(
        name="fear_greed",
        value=Decimal(8),
        unit="points",
        source=f"127.0.0.1:{server.server_port}",
        at=TODAY,
        read_at=NOW,
    )


@pytest.mark.parametrize("value", ["0", "9", "10", "100"])
def test_every_whole_figure_of_the_scale_is_taken(value: str, read: Callable[..., Reading]) -> None:
    """The ends of the scale are on it."""
    assert read(giving(document(value))).value == Decimal(value)


@pytest.mark.parametrize(
    "value",
    [
        *("101", "-1", "12.5", "012", "1e1", " 12", "12\n", "+12", "", "١٢", "NaN", "twelve"),
        *(12, 12.5, -1, None, True, ["12"], {"value": "12"}),
    ],
)
def test_a_figure_off_the_scale_is_no_figure(value: Any, read: Callable[..., Reading]) -> None:
    """A repaired number is an invented one."""
    assert "data.0.value" in reason(read(giving(document(value))))


@pytest.mark.parametrize(
    "body",
    [
        [document()],
        [],
        "8",
        8,
        None,
        b"",
        b"<html>down for maintenance</html>",
        b'{"data": [{"value": "8", "value": "80", "timestamp": "1655164800"}]}',
        b'{"data": [{"value": NaN, "timestamp": "1655164800"}]}',
        b'{"data": ' + b"[" * 60_000,
        json.dumps(document()).encode() + json.dumps(document("80")).encode(),
        json.dumps(document()).encode()[:-20],
    ],
    ids=lambda body: repr(body)[:40],
)
def test_anything_but_one_plain_object_is_no_answer(
    body: Any, read: Callable[..., Reading]
) -> None:
    """Two readings of one text are one too many."""
    assert reason(read(giving(body))) == "it did not answer with one plain JSON object"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"data": []},
        {"data": {}},
        {"data": None},
        {"data": "8"},
        {"data": document()["data"] * 2},
        {"data": document()["data"] * 400},
        {"data": [{"value": "8"}]},
        {"data": [{"value": "8", "timestamp": 1655164800}]},
        {"data": [{"value": "8", "timestamp": "2022-06-14"}]},
        {"data": [{"value": "8", "timestamp": "99999999999"}]},
        {"data": [{"value": "8", "timestamp": "0"}]},
    ],
    ids=lambda body: repr(body)[:60],
)
def test_an_object_of_another_form_is_no_answer(body: Any, read: Callable[..., Reading]) -> None:
    """An interface that changed is found out, not guessed at."""
    assert "not what was asked for" in reason(read(giving(body)))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"[" * 100_000 + b"]" * 100_000, "it is larger than 65536 bytes"),
        (json.dumps(document() | {"x": "x" * 2_000_000}).encode(), "it is larger than 65536 bytes"),
    ],
    ids=["100,000 brackets", "2 MB"],
)
def test_more_than_an_index_needs_is_not_read(
    body: bytes, why: str, read: Callable[..., Reading]
) -> None:
    """Size is refused before anything is parsed."""
    assert reason(read(giving(body))) == why


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (flood, "it is larger than 65536 bytes"),
        (giving(bomb(), Content_Encoding="gzip"), "it is larger than 65536 bytes"),
        (giving(bomb(50), Content_Encoding="gzip"), "it is larger than 65536 bytes when unpacked"),
    ],
    ids=["100 MB", "300 MB in 300 kB", "50 MB in 50 kB"],
)
def test_floods_and_bombs_cost_little(
    answer: Answer, why: str, read: Callable[..., Reading]
) -> None:
    """The server decides what it sends, the desk what it takes."""
    tracemalloc.start()
    begin = time.monotonic()
    reading = read(answer)
    took_s = time.monotonic() - begin
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert reason(reading) == why
    assert peak < 32_000_000
    assert took_s < DEADLINE_S + 1


def test_a_packed_answer_is_read(read: Callable[..., Reading]) -> None:
    """Most servers pack when asked to."""
    packed = gzip.compress(json.dumps(document()).encode())

    assert read(giving(packed, Content_Encoding="gzip")).value == 8


@pytest.mark.parametrize("status", [204, 404, 429, 500, 503])
def test_any_other_status_is_no_answer(status: int, read: Callable[..., Reading]) -> None:
    """An error page may hold an old index."""

    def refuse(request: WebHandler) -> None:
        request.send_response(status)
        request.end_headers()

    assert reason(read(refuse)) == f"it answered with status {status}"


@pytest.mark.parametrize("answer", [silent, drip, drip_body])
def test_a_slow_source_is_left_at_the_deadline(
    answer: Answer, read: Callable[..., Reading]
) -> None:
    """The cycle waits for the index, so the wait has an end, however slowly bytes drip."""
    begin = time.monotonic()
    reading = read(answer, deadline_s=0.3)

    assert reason(reading) == "it did not answer in time"
    assert time.monotonic() - begin < 1.0


def test_the_deadline_is_two_seconds() -> None:
    """The slow tests scale it down; this pins the figure the desk runs with."""
    assert DEADLINE_S == 2.0


def test_a_resolver_that_hangs_is_left_behind(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking up a name is the one wait that cannot be cut short; the cycle goes on without it."""
    released = threading.Event()

    def hang(*_args: object, **_more: object) -> None:
        released.wait(10)
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    begin = time.monotonic()
    reading = Desk(tmp_path, "https://api.example/fng/", clock).read(deadline_s=0.2)
    took_s = time.monotonic() - begin
    released.set()

    assert reason(reading) == "it did not answer in time"
    assert took_s < 1.0


def test_no_network_at_all_is_a_missing_value(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A laptop without network runs its cycle."""

    def unknown(*_args: object, **_more: object) -> None:
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    reading = Desk(tmp_path, "https://api.example/fng/", clock).read()

    assert (reason(reading), reading.source) == ("its host has no address", "api.example")


def test_a_refused_connection_is_a_missing_value(tmp_path: Path, clock: FixedClock) -> None:
    """Nobody listens."""
    reading = Desk(tmp_path, "http://127.0.0.1:1/fng/", clock).read()

    assert reason(reading) == "its connection failed"


def test_redirects_stay_on_the_host(tmp_path: Path, clock: FixedClock) -> None:
    """The host was chosen by a person; what answers there may not choose another."""
    with (
        serving({PATH: giving(document("80"))}) as other,
        serving(
            {
                "/moved": lambda request: request.lead_to(PATH),
                PATH: giving(document("8")),
                "/away": lambda request: request.lead_to(f"{other.base}{PATH}"),
                "/loop": lambda request: request.lead_to("/loop"),
            }
        ) as server,
    ):
        read = {
            path: Desk(tmp_path / path[1:], f"{server.base}{path}", clock).read()
            for path in ("/moved", "/away", "/loop")
        }

        assert other.asked == []
    assert read["/moved"].value == 8
    assert reason(read["/away"]) == "it redirects to another host"
    assert reason(read["/loop"]) == "it redirects more than 3 times"


def test_this_machine_is_asked_only_when_allowed(tmp_path: Path, clock: FixedClock) -> None:
    """An address from a shared settings file must not reach services of this machine."""
    with serving({PATH: giving(document())}) as server:
        reading = Desk(tmp_path, f"{server.base}{PATH}", clock).read(allow_private=False)

        assert server.asked == []
    assert "private network" in reason(reading)


def test_a_refused_address_is_shown_nowhere(tmp_path: Path, clock: FixedClock) -> None:
    """It may hold a password."""
    desk = Desk(tmp_path, "https://user:secret@api.example/fng/", clock)
    reading = desk.read()

    assert reason(reading) == "its address holds a user name"
    assert "secret" not in reading.model_dump_json() + desk.file.read_text()


def test_a_key_in_the_address_is_remembered_nowhere(tmp_path: Path, clock: FixedClock) -> None:
    """The memory is a plain file."""
    with serving({PATH: giving(document())}) as server:
        desk = Desk(tmp_path, f"{server.base}{PATH}?key=secret", clock)
        desk.read()

        assert server.asked == ["/fng/?key=secret"]
    assert "secret" not in desk.file.read_text()


@pytest.mark.parametrize(
    ("at", "why"),
    [
        (NOW, None),
        (NOW + timedelta(seconds=1), "its value is dated in the future"),
        (NOW - timedelta(days=3), None),
        (
            NOW - timedelta(days=3, seconds=1),
            "its value is of 2022-06-11, which is too long ago",
        ),
        (datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), "its value is of 1970-01-01"),
        (datetime(2286, 11, 20, tzinfo=UTC), "its value is dated in the future"),
    ],
)
def test_an_index_is_of_the_last_three_days(
    at: datetime, why: str | None, read: Callable[..., Reading]
) -> None:
    """A source that stopped, or lies about the day, says nothing about today."""
    reading = read(giving(document(at=at)))

    if why is None:
        assert (reading.value, reading.at, reading.finding) == (8, at, None)
    else:
        assert reason(reading).startswith(why)


# beside the market


def test_it_is_asked_while_the_market_is_observed(tmp_path: Path, clock: FixedClock) -> None:
    """Its deadline must not be added to the cycle's."""

    def half_a_second_late(request: WebHandler) -> None:
        request.server.stopping.wait(0.5)
        giving(document())(request)

    with serving({PATH: half_a_second_late}) as server:
        question = Desk(tmp_path, f"{server.base}{PATH}", clock).question()
        begin = time.monotonic()
        question.start()
        started_s = time.monotonic() - begin
        time.sleep(1.0)  # the market is observed
        begin = time.monotonic()
        reading = question.value()
        waited_s = time.monotonic() - begin

    assert reading.value == 8
    assert started_s < 0.3
    assert waited_s < 0.3


def test_an_answer_that_came_in_time_is_taken_however_late_it_is_collected(
    tmp_path: Path, clock: FixedClock
) -> None:
    """A market that takes longer than the deadline costs the index nothing."""
    with serving({PATH: giving(document())}) as server:
        question = Desk(tmp_path, f"{server.base}{PATH}", clock).question(deadline_s=1.0)
        question.start()
        time.sleep(1.3)

        assert question.value().value == 8


def test_a_cycle_asks_once_and_hears_one_answer(tmp_path: Path, clock: FixedClock) -> None:
    """Whoever asks again in the same cycle sees the same index, whatever happened since."""
    with serving({PATH: giving(document())}) as server:
        question = Desk(tmp_path, f"{server.base}{PATH}", clock).question()
        question.start()
        question.start()
        first = question.value()
        clock.advance(hours=30)

        assert question.value() is first
        assert server.asked == [PATH]


def test_a_question_that_is_never_started_costs_nothing(tmp_path: Path, clock: FixedClock) -> None:
    """On demo and replay it is not asked at all."""
    with serving({PATH: giving(document())}) as server:
        Desk(tmp_path / "cache", f"{server.base}{PATH}", clock).question()

        assert server.asked == []
    assert not (tmp_path / "cache").exists()


# the memory


@pytest.fixture
def source() -> Any:
    """A server whose answer the test may change."""
    with serving({PATH: giving(document("8"))}) as server:
        yield server


@pytest.fixture
def desk(tmp_path: Path, source: WebServer, clock: FixedClock) -> Desk:
    """A desk of many cycles."""
    return Desk(tmp_path / "state" / "cache", f"{source.base}{PATH}", clock)


def test_a_fresh_reading_is_not_asked_for_again(
    desk: Desk, source: WebServer, clock: FixedClock
) -> None:
    """The index is of a day; a desk that runs every minute asks every hour."""
    first = desk.read()
    source.answers[PATH] = giving(document("50"))
    clock.advance(hours=1, microseconds=-1)
    assert desk.read() == first

    clock.advance(microseconds=1)
    assert desk.read().value == 50
    assert len(source.asked) == 2


def test_after_a_failure_the_last_reading_stands_in_for_a_day(
    desk: Desk, source: WebServer, clock: FixedClock
) -> None:
    """An index of this morning is better than none, when its age is said."""
    desk.read()
    source.answers[PATH] = fails
    clock.advance(hours=1.5)
    reading = desk.read()
    assert (reading.value, reading.at, reading.read_at) == (8, TODAY, NOW)
    assert reading.finding == "read 1.5 h ago; since then it answered with status 500"

    clock.advance(hours=22.5)
    assert desk.read().value == 8

    clock.advance(microseconds=1)
    missing = desk.read()
    assert (missing.value, missing.finding) == (None, "it answered with status 500")


def test_a_reading_never_outlives_its_own_day_by_more_than_three(
    desk: Desk, source: WebServer, clock: FixedClock
) -> None:
    """A value that was old when it was read is not kept for another day."""
    source.answers[PATH] = giving(document(at=NOW - timedelta(days=3, minutes=-90)))
    assert desk.read().value == 8

    source.answers[PATH] = fails
    clock.advance(minutes=90)
    assert desk.read().value == 8
    clock.advance(minutes=5)
    assert desk.read().value is None


def test_a_dead_source_is_left_alone_for_five_minutes(
    desk: Desk, source: WebServer, clock: FixedClock
) -> None:
    """Otherwise every cycle of every minute would wait for it."""
    source.answers[PATH] = fails
    first = desk.read()
    source.answers[PATH] = giving(document())
    clock.advance(minutes=5, microseconds=-1)
    assert desk.read() == first
    assert reason(first) == "it answered with status 500"
    assert len(source.asked) == 1

    clock.advance(microseconds=1)
    assert desk.read().value == 8
    assert len(source.asked) == 2


def test_a_failure_that_is_over_leaves_no_trace(
    desk: Desk, source: WebServer, clock: FixedClock
) -> None:
    """A reading that is whole again carries no old excuse."""
    source.answers[PATH] = fails
    desk.read()
    clock.advance(minutes=6)
    source.answers[PATH] = giving(document())

    assert desk.read().finding is None
    assert json.loads(desk.file.read_text())["failure"] is None


def test_a_lie_is_a_failure_too(desk: Desk, source: WebServer, clock: FixedClock) -> None:
    """What stands in for it is the last reading that could be true."""
    desk.read()
    source.answers[PATH] = giving(document("101"))
    clock.advance(hours=2)

    reading = desk.read()
    assert reading.value == 8
    assert reading.finding is not None and "data.0.value" in reading.finding


def test_another_source_inherits_nothing(desk: Desk, source: WebServer, clock: FixedClock) -> None:
    """Whoever changes the address wants to know what the new one says."""
    desk.read()
    with serving({PATH: giving(document("50"))}) as other:
        desk.url = f"{other.base}{PATH}"

        assert desk.read().value == 50


def test_no_part_of_a_file_is_left_behind(desk: Desk) -> None:
    """It is written beside and moved into place, so that a reader sees all of it or none."""
    desk.folder.mkdir(parents=True)
    desk.file.with_suffix(".part").write_text("half of an ear")
    desk.read()

    assert [file.name for file in desk.folder.iterdir()] == ["fear_greed.json"]


KEPT = {
    "source": "SOURCE",
    "reading": {
        "name": "fear_greed",
        "value": "50",
        "unit": "points",
        "source": "SOURCE",
        "at": "2022-06-14T00:00:00Z",
        "read_at": "2022-06-14T11:30:00Z",
        "finding": None,
    },
    "failure": None,
}


def remember(desk: Desk, source: WebServer, text: str) -> None:
    desk.folder.mkdir(parents=True)
    desk.file.write_text(text.replace("SOURCE", f"127.0.0.1:{source.server_port}"))


def kept(**reading: Any) -> str:
    return json.dumps(KEPT | {"reading": KEPT["reading"] | reading})


def test_a_kept_reading_is_used(desk: Desk, source: WebServer) -> None:
    """The form in which the cases below are changed is the real one."""
    remember(desk, source, kept())

    assert desk.read().value == 50
    assert source.asked == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\0" * 500,
        "[]",
        "{}",
        "null",
        '{"source": "SOURCE", "reading": 7}',
        kept()[:-30],
        kept() + kept(),
        kept().replace('"value": "50"', '"value": "50", "value": "50"'),
        kept(value="101"),
        kept(value="-1"),
        kept(value="50.5"),
        kept(value="NaN"),
        kept(value="1e1"),
        kept(value=True),
        kept(value=None),
        kept(value=None, at=None, finding="missing"),
        kept(finding="read long ago"),
        kept(name="dominance"),
        kept(unit="percent"),
        kept(source="evil.example"),
        kept(at="2022-06-14T12:00:01Z"),
        kept(at="2022-06-11T11:59:59Z"),
        kept(at="9999-12-31T23:59:59-14:00"),
        kept(read_at="0001-01-01T00:00:00+14:00"),
        kept(read_at="2022-06-14T12:00:01Z"),
        kept(read_at="2099-01-01T00:00:00Z"),
        kept(read_at="2022-06-14T11:30:00"),
        kept(extra="field"),
        json.dumps(KEPT | {"source": "evil.example"}),
        json.dumps(KEPT | {"extra": "field"}),
        '{"source": "SOURCE", "failure": {"at": "2022-06-14T12:00:01Z", "why": "in the future"}}',
        '{"source": "SOURCE", "failure": {"at": "2022-06-14T11:59:00Z", "why": ""}}',
        '{"source": "SOURCE", "failure": {"at": "9999-12-31T23:59:59-14:00", "why": "late"}}',
        json.dumps(KEPT | {"failure": {"at": "2022-06-14T11:59:00Z", "why": "w" * 301}}),
        '{"a": ' * 2_000,
        kept(finding="x" * 10_000),
    ],
    ids=lambda text: text[-60:].replace("\0", "0"),
)
def test_a_corrupt_or_hostile_memory_is_ignored(text: str, desk: Desk, source: WebServer) -> None:
    """A file is outside too: what it says is checked like an answer, and never ends a cycle."""
    remember(desk, source, text)

    assert desk.read().value == 8
    assert len(source.asked) == 1
    assert json.loads(desk.file.read_text())["reading"]["value"] == "8"


def test_bytes_that_are_no_text_are_ignored(desk: Desk, source: WebServer) -> None:
    """A disk can fail within a file."""
    desk.folder.mkdir(parents=True)
    desk.file.write_bytes(b"\xff\xfe\x00{")

    assert desk.read().value == 8


def test_a_memory_that_is_no_file_is_neither_read_nor_followed(
    desk: Desk, source: WebServer, tmp_path: Path
) -> None:
    """A link is replaced, not written through; a pipe would wait for ever."""
    import os

    desk.folder.mkdir(parents=True)
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text(kept().replace("SOURCE", f"127.0.0.1:{source.server_port}"))
    before = elsewhere.read_text()
    desk.file.symlink_to(elsewhere)
    os.mkfifo(desk.file.with_suffix(".part"))

    assert desk.read().value == 8
    assert (elsewhere.read_text(), desk.file.is_symlink()) == (before, False)

    desk.file.unlink()
    os.mkfifo(desk.file)
    assert desk.read().value == 8
    assert desk.file.is_file()


def test_without_a_writable_folder_it_is_asked_each_time(
    desk: Desk, source: WebServer, clock: FixedClock
) -> None:
    """A full disk costs the memory, not the index."""
    desk.folder.parent.mkdir(parents=True)
    desk.folder.write_text("a file where the folder should be")

    assert [desk.read().value, desk.read().value] == [8, 8]
    source.answers[PATH] = fails
    assert reason(desk.read()) == "it answered with status 500"
    assert len(source.asked) == 3


def test_a_memory_that_is_a_folder_is_done_without(desk: Desk, source: WebServer) -> None:
    """Whatever stands in its place, the cycle goes on."""
    desk.file.mkdir(parents=True)

    assert [desk.read().value, desk.read().value] == [8, 8]
    assert len(source.asked) == 2
