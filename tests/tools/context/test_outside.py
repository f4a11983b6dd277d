"""Everything asked beside the market: together, in time, each by itself."""

import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from records.clock import FixedClock
from records.context import Outside
from tests.tools.context.sources import fails, giving, silent
from tests.tools.context.test_dominance import document as shares
from tests.tools.context.test_fear_greed import document as mood
from tests.tools.context.worlds import BTC, going, world
from tests.tools.web.web_server import WebServer, serving
from tools.context.outside import OutsideQuestions

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
SEEN = world(going(BTC, 1), BTC={"open_interest": Decimal(7)}).model_copy(update={"as_of": NOW})
TRUE = {
    "/fng/": giving(mood("34", NOW.replace(hour=0))),
    "/global": giving(shares()),
}


def asked(server: WebServer, folder: Path, **urls: str | None) -> Outside:
    """What a cycle brings back from this server."""
    given = {"fear_greed_url": f"{server.base}/fng/", "dominance_url": f"{server.base}/global"}
    questions = OutsideQuestions(folder, FixedClock(NOW), allow_private=True, **given | urls)
    questions.start()
    return questions.collect(SEEN)


def test_both_sources_are_asked_and_open_interest_is_kept(tmp_path: Path) -> None:
    """The plain case, and what it leaves behind for tomorrow."""
    with serving(dict(TRUE)) as server:
        outside = asked(server, tmp_path)

    assert [one.value for one in outside.asked] == [34, Decimal("56.28374827")]
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "btc_dominance.json",
        "fear_greed.json",
        "open_interest.json",
    ]


def test_two_sources_that_hang_delay_the_cycle_as_long_as_one(tmp_path: Path) -> None:
    """Both deadlines run at the same time: two seconds, and not four."""
    with serving({"/fng/": silent, "/global": silent}) as server:
        begin = time.monotonic()
        outside = asked(server, tmp_path)
        took_s = time.monotonic() - begin

    assert [one.finding for one in outside.asked] == ["it did not answer in time"] * 2
    assert took_s < 2.6


def test_one_that_is_down_takes_nothing_from_the_other(tmp_path: Path) -> None:
    """Each is a reading of its own."""
    with serving(TRUE | {"/global": fails}) as server:
        outside = asked(server, tmp_path)

    assert outside.fear_greed is not None and outside.fear_greed.value == 34
    assert outside.dominance is not None
    assert (outside.dominance.value, outside.dominance.finding) == (
        None,
        "it answered with status 500",
    )


@pytest.mark.parametrize("off", ["fear_greed_url", "dominance_url"])
def test_a_source_that_is_switched_off_is_not_asked(off: str, tmp_path: Path) -> None:
    """Null in the settings means that nothing leaves this machine for it."""
    with serving(dict(TRUE)) as server:
        outside = asked(server, tmp_path, **{off: None})

        assert len(server.asked) == 1
    assert len(outside.asked) == 1
