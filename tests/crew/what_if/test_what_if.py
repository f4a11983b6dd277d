"""Recorded cycles asked again: real cycles, real crews, the rulebook in every place."""

import hashlib
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crew.home import CHECKOUT
from crew.what_if.answer import Answer
from crew.what_if.asking import answer
from crew.what_if.cases import chosen
from crew.what_if.change import Change
from crew.what_if.page import answer_page
from crew.what_if.planned import plan
from crew.what_if.table import table
from records.errors import SettingsError
from tests.crew.desks import QUIET, one_cycle
from tests.crew.test_recorded_cycle import no_network
from tests.crew.what_if.histories import TRADES, asked, looking_back, recorded
from tests.model_server import ModelServer
from tools.risk.halt import halt

STRICT = Change(settings={"risk": {"max_open_positions": 1}})


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recorded cycles; the first opens something."""
    home = tmp_path_factory.mktemp("traded")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DESK_HOME", raising=False)
        first, _second = recorded(home, "model=rulebook/bold", cycles=2)
    assert first.outcome == "traded"
    return home


def files_of(home: Path) -> dict[str, str]:
    """Everything in a state folder, by fingerprint; not what an open ledger keeps beside it."""
    found = (one for one in home.rglob("*") if one.is_file() and "-" not in one.suffix)
    return {str(one): hashlib.sha256(one.read_bytes()).hexdigest() for one in found}


def edited(tmp_path: Path, name: str, before: str, after: str) -> Path:
    """A copy of the shipped YAML with some words changed."""
    text = (CHECKOUT / name).read_text()
    assert before in text
    copy = tmp_path / name
    copy.write_text(text.replace(before, after))
    return copy


def test_nothing_changed_flips_nothing_and_asks_nobody(traded: Path) -> None:
    """Every answer comes from the recording, and nothing of the desk is touched."""
    before = files_of(traded)
    with no_network():
        found = asked(traded, Change())

    assert (found.differences, found.asked, found.unanswered) == ((), 0, ())
    assert len(found.compared) == 2
    assert found.heard >= 10
    assert files_of(traded) == before


def test_a_stricter_limit_loses_the_trade_and_names_the_rule(traded: Path) -> None:
    """What it saved or cost stands beside it, in hindsight."""
    found = asked(traded, STRICT)
    flips = [one for one in found.differences if one.flipped and one.kind == "entry"]

    assert flips
    for one in flips:
        assert one.was is not None and one.was.done
        assert one.now is None or not one.now.done
        assert [look.known for look in one.hindsight_was] == [True] * 4
        assert one.hindsight_now == ()
    assert {rule for one in found.differences for rule in one.rules} == {"veto: positions"}


def test_readers_whose_prompt_is_unchanged_are_not_asked_again(traded: Path) -> None:
    """Only who was told of the limits, and who reads their answers."""
    found = asked(traded, STRICT)

    assert 0 < found.asked < found.heard


def test_an_edited_goal_asks_that_agent_alone(traded: Path, tmp_path: Path) -> None:
    """The rulebook reads no goals, so what it answers is the same, and so is the rest."""
    goal = edited(tmp_path, "agents.yaml", "Veto every proposal", "Welcome every proposal")
    found = asked(traded, Change(agents=goal))
    unchanged = asked(traded, Change())

    assert found.flips == 0
    assert found.asked > 0
    assert found.asked + found.heard == unchanged.heard


def test_another_temperature_is_another_question(traded: Path, tmp_path: Path) -> None:
    """No prompt tells of it, but a model would answer otherwise."""
    hotter = edited(tmp_path, "agents.yaml", "chart:\n", "chart:\n  temperature: 0.9\n")

    assert asked(traded, Change(agents=hotter)).asked == 4  # two calls in each cycle


def test_an_agent_s_silence_is_one_reader_less(traded: Path) -> None:
    """The others' reports stand; whoever read it decides without."""
    found = asked(traded, Change(without="chart"))

    assert found.heard > 0
    assert found.asked > 0
    assert not found.unanswered


def test_a_cycle_that_had_held_may_meet_without_news(tmp_path: Path) -> None:
    """The screen let nothing through, so no news was read; the answer says so."""
    home = tmp_path / "home"
    recorded(home, "screen.min_strength=5", cycles=2, at=QUIET)
    found = asked(home, Change(settings={"screen": {"min_strength": 1}}))
    (met,) = [one for one in found.compared if one.reason_was == "screen"]

    assert met.reason_now != "screen"
    assert met.asked > 0
    assert met.without_news
    assert "met without news" in table(found)


def test_a_halt_by_file_holds_in_the_past_as_well(tmp_path: Path) -> None:
    """It stands in no ledger, and without it the cycle would seem to flip."""
    home = tmp_path / "home"
    home.mkdir()
    halt(home, "the owner sleeps")
    (record,) = recorded(home)
    (home / "HALT").unlink()
    (found,) = asked(home, Change()).compared

    assert record.outcome == "halted"
    assert (found.outcome_now, found.reason_now) == ("halted", "halt")


def test_fewer_markets_and_candles_are_answered_from_what_was_seen(traded: Path) -> None:
    """More than was seen cannot be: nobody knows what it was."""
    less = Change(settings={"symbols": ["BTC/USDT", "ETH/USDT"], "candles": 300})
    more = Change(settings={"intervals": ["5m", "1h", "4h"]})

    assert asked(traded, less).unanswered == ()
    assert all("did not look at" in one.why for one in asked(traded, more).unanswered)


def test_every_cycle_that_cannot_answer_says_why(traded: Path, tmp_path: Path) -> None:
    """One that was edited since proves nothing."""
    home = tmp_path / "home"
    shutil.copytree(traded, home)
    first = sorted((home / "recordings").glob("*/market.json"))[0].parent
    lines = (first / "models.jsonl").read_text()
    (first / "models.jsonl").write_text(lines.replace("long", "short", 1))
    found = asked(home, Change())

    assert [one.cycle_id for one in found.unanswered] == [first.name]
    assert "was edited" in found.unanswered[0].why
    assert len(found.compared) == 1


@pytest.mark.parametrize("name", ["settings.json", "news.json", "candles.bin", "before.db.z"])
def test_a_damaged_recording_gives_no_answer(traded: Path, tmp_path: Path, name: str) -> None:
    """Half a file after a full disk: told of in a sentence, and the other cycles go on."""
    home = tmp_path / "home"
    shutil.copytree(traded, home)
    first = sorted((home / "recordings").glob("*/market.json"))[0].parent
    (first / name).write_bytes((first / name).read_bytes()[:7])
    found = asked(home, Change())

    assert [one.cycle_id for one in found.unanswered] == [first.name]
    assert len(found.compared) == 1


def test_cycles_that_were_not_recorded_are_refused(traded: Path) -> None:
    """Before anything is run."""
    with looking_back(traded) as desk, pytest.raises(SettingsError, match="was not recorded"):
        chosen(desk, "20260101T000000Z-0001", None)


@pytest.mark.parametrize("named", ["LAST_0", "LAST_x", "last_5", ",", "../../etc"])
def test_what_names_no_cycle_is_told_what_does(traded: Path, named: str) -> None:
    """Nobody looks for a cycle of the name LAST_0."""
    with looking_back(traded) as desk, pytest.raises(SettingsError, match="--cycles takes LAST_1"):
        chosen(desk, named, None)


def test_the_last_cycles_are_counted_from_the_newest(traded: Path) -> None:
    """LAST_1 is the one a person just saw."""
    with looking_back(traded) as desk:
        both = chosen(desk, "LAST_50", None)

        assert chosen(desk, "LAST_1", None) == both[1:]
        assert chosen(desk, f"{both[0]}, {both[0]}", None) == both[:1]
        assert chosen(desk, None, TRADES.replace(minute=30)) == both[1:]
        with pytest.raises(SettingsError, match="No recorded cycle is meant"):
            chosen(desk, None, QUIET.replace(year=2027))


PAID = "openai/rulebook-bold"
PRICES = {PAID: {"prompt_usd": 1, "completion_usd": 2}}


def paid(home: Path, server: ModelServer, budget_usd: str, **prices: Any) -> Answer:
    """The answer of a model that costs something, asked on loopback."""
    reached = (f"llm.base_url={server.base_url}", "llm.api_key=sk-of-today")
    change = Change(model=PAID, settings={"llm": {"prices": prices or PRICES}})
    with looking_back(home, *reached) as desk:
        ready = plan(desk, change, chosen(desk, None, None))
        assert ready.estimate.may_ask == (PAID,)
        assert ready.estimate.usd > 0
        return answer(desk, ready, budget_usd=Decimal(budget_usd), say=lambda _text: None)


def test_another_model_is_asked_within_the_budget(traded: Path) -> None:
    """Every call is counted and paid for by the price table."""
    with ModelServer() as server:
        found = paid(traded, server, "1")
        calls = len(server.bodies)

    assert (found.asked, found.heard, found.stopped) == (calls, 0, None)
    assert len(found.compared) == 2
    assert 0 < found.cost_usd <= found.estimate.usd * 2


def test_a_budget_that_is_used_up_stops_with_what_is_done(traded: Path) -> None:
    """In the middle of a cycle, which then does not count."""
    with ModelServer() as server:
        whole = paid(traded, server, "1")
        enough_for_one = whole.cost_usd * Decimal("0.75")
        found = paid(traded, server, f"{enough_for_one:.6f}")

    assert found.stopped is not None
    assert "USD is used up" in found.stopped
    assert len(found.compared) == 1
    assert found.cost_usd <= enough_for_one
    assert "USD is used up" in table(found)


def test_whoever_ends_it_keeps_what_is_done(traded: Path) -> None:
    """The answer says how many cycles it is about."""
    with looking_back(traded) as desk:
        ready = plan(desk, STRICT, chosen(desk, None, None))
        seen: list[str] = []

        def end_at_the_second(said: str) -> None:
            seen.append(said)
            if len(seen) == 2:
                desk.stopping.ask("stopped", "a person had seen enough")

        found = answer(desk, ready, budget_usd=None, say=end_at_the_second)

    assert len(found.compared) == 1
    assert found.stopped == "It was told to end. 1 of 2 cycles had been run again; they stand."


def test_with_nothing_to_spend_nobody_is_asked(traded: Path) -> None:
    """A budget of zero."""
    with ModelServer() as server:
        found = paid(traded, server, "0")

        assert server.bodies == []
    assert found.compared == ()


def test_a_model_without_its_key_is_refused_before_anything_is_run(traded: Path) -> None:
    """Not call by call, fifty times."""
    with looking_back(traded) as desk, pytest.raises(SettingsError, match="needs a key"):
        plan(desk, Change(model="openai/gpt-4.1-mini"), chosen(desk, None, None))


def test_table_and_page_tell_the_same(traded: Path) -> None:
    """A terminal and a browser; the page holds no link and no script."""
    found = asked(traded, STRICT)
    said, page = table(found), answer_page(found)

    for text in (said, page):
        assert "risk.max_open_positions = 1" in text
        assert f"{found.flips} flip" in text
        assert "stop or target" in text
        assert "indsight" in text
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_an_unrecorded_desk_says_how_to_record(tmp_path: Path) -> None:
    """The first question of a newcomer."""
    one_cycle(tmp_path, "record=false")

    with looking_back(tmp_path) as desk, pytest.raises(SettingsError, match="record: true"):
        chosen(desk, None, None)
