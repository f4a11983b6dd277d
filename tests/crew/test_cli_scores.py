"""`desk scores`: at once, from the ledger alone, for people and for programs."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.crew.desks import one_cycle
from tests.crew.scores.histories import BEGAN, a_history, days
from tests.crew.test_cli import desk, refused
from tests.crew.test_cycle import SIX
from tests.crew.what_if.histories import TRADES, recorded
from tests.model_server import ModelServer

BROKEN = {"DESK_FILE": "no_such_desk.yaml"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Forty days of an agent that is always right."""
    with a_history(tmp_path) as history:
        for at in days(40):
            cycle = history.cycle(at)
            history.move(cycle, at, "BTC/USDT", "1")
            history.view(cycle, at, "seer", {"BTC/USDT": 1.0})
    return tmp_path


def test_scores_need_neither_settings_nor_a_venue(home: Path) -> None:
    """They are read from what was recorded, whatever the settings are today."""
    ended = desk("scores", home=home, environment=BROKEN)

    assert ended.returncode == 0, ended.stderr
    assert "seer: technical views" in ended.stdout
    assert "right 100.0 % (90.7 to 100.0), Brier 0.000" in ended.stdout


def test_scores_are_one_document_for_programs(home: Path) -> None:
    """Figures with their interval and sample, so that nobody parses a table."""
    ended = desk("scores", "--json", "--agent", "seer", home=home)

    card = json.loads(ended.stdout)
    (first, *_) = card["by_agent"]["forecasts"]
    assert (card["venue"], card["agent"], card["enough"]) == ("demo", "seer", 30)
    assert (first["cases"], first["hit_rate_pct"]["value"]) == (40, 100.0)


def test_scores_since_a_day_leave_out_what_was_before(home: Path) -> None:
    """An agent whose prompt was changed is judged by what it said since."""
    since = f"{BEGAN + timedelta(days=30):%Y-%m-%d}"
    ended = desk("scores", "--since", since, home=home)

    assert "not enough data (10 cases, 10 of 30 independent)" in ended.stdout


def test_a_since_that_is_no_time_is_refused(home: Path) -> None:
    """A typo must not look like a history without views."""
    assert "--since takes" in refused(desk("scores", "--since", "lately", home=home), 2)


def test_a_new_desk_has_nothing_to_score(tmp_path: Path) -> None:
    """It says so, and a program gets null."""
    assert "No cycle has run yet" in desk("scores", home=tmp_path).stdout
    assert desk("scores", "--json", home=tmp_path).stdout.strip() == "null"


def test_views_that_wait_for_their_time_are_counted(tmp_path: Path) -> None:
    """After the first cycle a newcomer sees that something will come, and how much is missing."""
    one_cycle(tmp_path)
    said = desk("scores", home=tmp_path).stdout

    assert "1 h  not enough data (0 cases, 0 of 30 independent); 3 waiting" in said
    assert "24 h  not enough data" in said


def test_a_name_nobody_has_is_refused_with_those_that_are(home: Path) -> None:
    """A typo must not look like a history without views; nor may a name steer the terminal."""
    said = refused(desk("scores", "--agent", "se\ner", home=home), 2)

    assert "known: seer" in said


@pytest.fixture(scope="module")
def vetoed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One recorded cycle whose officer vetoed because of the chart."""
    folder = tmp_path_factory.mktemp("vetoed")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DESK_HOME", raising=False)
        recorded(folder, *SIX, at=TRADES + timedelta(hours=3))
    return folder


def test_beside_it_stands_what_the_desk_would_have_been_without_each(vetoed: Path) -> None:
    """Every adviser silent in turn over recorded cycles, in the same answer."""
    said = desk("scores", "--what-if", home=vetoed)
    document = json.loads(
        desk("scores", "--what-if", "--agent", "chart", "--json", home=vetoed).stdout
    )
    alone = json.loads(desk("scores", "--json", home=vetoed).stdout)

    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("Scores on demo · SYNTHETIC market")
    for agent in ("sentiment", "chart"):
        assert f"  {agent}: 1 cycle, 2026-11-03 04:00 to" in said.stdout
    assert "desk scores --what-if" not in said.stdout
    (one,) = document["without"]["advisers"]
    assert (one["agent"], one["cycles"], document["without"]["not_asked"]) == ("chart", 1, [])
    assert one["flips"] > 0
    assert {row["horizon"] for row in one["hindsight"]} >= {"1 h", "24 h", "end"}
    assert alone["without"] is None


def test_nobody_is_paid_without_a_yes(tmp_path: Path) -> None:
    """The whole cost is told first; without a terminal there is nobody to agree."""
    prices = '{"openai/rulebook-bold": {"prompt_usd": 1, "completion_usd": 2}}'
    with ModelServer() as server:
        paid = {
            "MODEL": "openai/rulebook-bold", "OPENAI_API_KEY": "none",
            "DESK_LLM__BASE_URL": server.base_url, "DESK_LLM__PRICES": prices,
        }  # fmt: skip
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("DESK_HOME", raising=False)
            recorded(
                tmp_path, "model=openai/rulebook-bold", f"llm.base_url={server.base_url}",
                "llm.api_key=none", f"llm.prices={prices}",
            )  # fmt: skip
        asked = len(server.bodies)
        unasked = desk("scores", "--what-if", "--json", home=tmp_path, environment=paid)
        agreed = desk(
            "scores", "--what-if", "--yes", "--budget-usd", "0", home=tmp_path, environment=paid
        )

        assert len(server.bodies) == asked
    assert (unasked.returncode, agreed.returncode) == (2, 0)
    assert "Nobody can be asked here" in unasked.stdout + unasked.stderr
    assert "1 cycle again, without sentiment, chart in turn: up to" in agreed.stderr
    assert "The budget of 0 USD is used up" in agreed.stdout
    assert "Not asked about: chart." in agreed.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--cycles", "LAST_3"), "belong to --what-if"),
        (("--yes",), "belong to --what-if"),
        (("--what-if", "--model", "test/seer"), "whatever its model"),
        (("--what-if", "--since", "7d", "--cycles", "LAST_3"), "not both"),
        (("--what-if", "--budget-usd", "much"), "--budget-usd takes an amount"),
    ],
)
def test_options_that_would_mean_something_else_are_refused(
    home: Path, options: tuple[str, ...], said: str
) -> None:
    """Somebody who names cycles must not believe the scores are of these."""
    assert said in refused(desk("scores", *options, home=home), 2)


def test_without_recordings_the_question_has_no_answer(home: Path) -> None:
    """The scores stand; the question is refused with what to do."""
    ended = desk("scores", "--what-if", home=home)

    assert ended.returncode == 2
    assert "seer: technical views" in ended.stdout
    assert "No recorded cycle is meant" in ended.stderr


def test_scores_start_no_crew(home: Path) -> None:
    """A table of figures may not take the seconds that an agent framework takes."""
    ended = desk("scores", home=home, environment={"PYTHONPROFILEIMPORTTIME": "1"})

    loaded = {line.rsplit("|", 1)[-1].strip() for line in ended.stderr.splitlines()}
    assert "tools.ledger.judged" in loaded
    assert not loaded & {"crewai", "pandas", "ccxt", "chromadb", "alembic"}
