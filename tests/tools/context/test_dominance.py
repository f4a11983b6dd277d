"""Bitcoin's share of all coins over a real loopback server: one true figure, or none and why."""

import json
import time
import tracemalloc
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from records.clock import FixedClock
from records.context import Reading
from tests.tools.context.sources import fails, giving, silent
from tests.tools.web.web_server import Answer, bomb, drip_body, flood, serving
from tools.context.dominance import Dominance

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
PATH = "/api/v3/global"


def document(btc: Any = 56.28374827, at: Any = None) -> dict[str, Any]:
    """What CoinGecko answers, with the fields that nobody here reads."""
    return {
        "data": {
            "active_cryptocurrencies": 17_000,
            "total_market_cap": {"btc": 3.4e7, "usd": 3.1e12},
            "market_cap_percentage": {"btc": btc, "eth": 12.1},
            "updated_at": int((NOW - timedelta(minutes=4)).timestamp()) if at is None else at,
        }
    }


def read(folder: Path, answer: Answer, clock: FixedClock | None = None, **more: Any) -> Reading:
    """One reading of a server with this answer."""
    with serving({PATH: answer}) as server:
        question = Dominance(
            f"{server.base}{PATH}",
            folder,
            clock or FixedClock(NOW),
            **{"allow_private": True} | more,
        )
        return question.value()


def test_the_share_comes_digit_for_digit_with_its_source_and_times(tmp_path: Path) -> None:
    """Rounding is for those who show it."""
    reading = read(tmp_path, giving(document()))

    assert (reading.name, reading.value, reading.unit) == (
        "btc_dominance",
        Decimal("56.28374827"),
        "percent",
    )
    assert (reading.at, reading.read_at) == (NOW - timedelta(minutes=4), NOW)
    assert reading.source.startswith("127.0.0.1:")


@pytest.mark.parametrize("btc", [0, 100, -1, 1e300, "56.2", None, True, [56], {"usd": 56}])
def test_what_is_no_share_is_no_figure(btc: Any, tmp_path: Path) -> None:
    """Bitcoin is neither nothing nor everything, and a text is no number."""
    reading = read(tmp_path, giving(document(btc)))

    assert reading.value is None
    assert "market_cap_percentage.btc" in str(reading.finding)


@pytest.mark.parametrize("at", ["1767600000", 0, -5, 1.5, 10**10, None, True, []])
def test_a_time_of_another_form_is_no_answer(at: Any, tmp_path: Path) -> None:
    """An interface that changed is found out, not guessed at."""
    body = document()
    body["data"]["updated_at"] = at
    reading = read(tmp_path, giving(body))

    assert (reading.value, "updated_at" in str(reading.finding)) == (None, True)


@pytest.mark.parametrize(
    ("age", "why"),
    [
        (timedelta(seconds=-1), "its value is dated in the future"),
        (timedelta(0), None),
        (timedelta(hours=6), None),
        (timedelta(hours=6, seconds=1), "its value is of 2026-01-05, which is too long ago"),
    ],
)
def test_a_share_is_of_the_last_six_hours(age: timedelta, why: str | None, tmp_path: Path) -> None:
    """The source is renewed every few minutes; one that stopped says nothing of now."""
    at = int((NOW - age).timestamp())

    assert read(tmp_path, giving(document(at=at))).finding == why


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (fails, "it answered with status 500"),
        (silent, "it did not answer in time"),
        (drip_body, "it did not answer in time"),
        (flood, "it is larger than 65536 bytes"),
        (giving(bomb(50), Content_Encoding="gzip"), "it is larger than 65536 bytes when unpacked"),
        (giving([document()]), "it did not answer with one plain JSON object"),
        (giving(b"[" * 60_000), "it did not answer with one plain JSON object"),
    ],
    ids=["down", "silent", "dripping", "100 MB", "bomb", "list", "brackets"],
)
def test_a_source_that_is_down_slow_or_hostile_is_a_missing_value(
    answer: Answer, why: str, tmp_path: Path
) -> None:
    """The cycle goes on without it, soon and at little cost."""
    tracemalloc.start()
    begin = time.monotonic()
    reading = read(tmp_path, answer, deadline_s=0.5)
    took_s = time.monotonic() - begin
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (reading.value, reading.finding) == (None, why)
    assert (took_s < 1.5, peak < 32_000_000) == (True, True)


def test_it_is_asked_every_five_minutes_at_most(tmp_path: Path) -> None:
    """A free interface stays free for those who ask seldom."""
    clock = FixedClock(NOW)
    with serving({PATH: giving(document())}) as server:

        def asked() -> int:
            url = f"{server.base}{PATH}"
            assert Dominance(url, tmp_path, clock, allow_private=True).value().value
            return len(server.asked)

        assert asked() == 1
        clock.advance(minutes=5, microseconds=-1)
        assert asked() == 1
        clock.advance(microseconds=1)
        assert asked() == 2


def test_the_memory_of_another_kind_of_reading_is_not_taken(tmp_path: Path) -> None:
    """Each kind has its file; one that was swapped is found out by its name and unit."""
    read(tmp_path, giving(document()))
    file = tmp_path / "btc_dominance.json"
    kept = json.loads(file.read_text())
    kept["reading"] |= {"name": "fear_greed", "unit": "points"}
    file.write_text(json.dumps(kept))

    assert read(tmp_path, fails).value is None
