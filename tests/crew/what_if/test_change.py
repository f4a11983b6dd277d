"""What may be imagined otherwise, and what a recording may not decide."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crew.desk import TOOL_NAMES
from crew.home import CHECKOUT
from crew.replay import settings_of
from crew.settings import Settings
from crew.specs import CrewSpec, load_specs
from crew.what_if.change import Change, silenced
from records.errors import SettingsError
from tests.crew.desks import settings


@pytest.fixture
def shipped() -> CrewSpec:
    return load_specs(CHECKOUT / "agents.yaml", CHECKOUT / "tasks.yaml", TOOL_NAMES)


def recording(folder: Path, *assignments: str) -> Path:
    """The part of a recording that says by which settings it was made."""
    document = settings(*assignments).model_dump(mode="json")
    (folder / "settings.json").write_text(json.dumps(document))
    market = {"format": 2, "name": "demo", "synthetic": True, "rules": {}}
    market |= {key: [] for key in ("observed", "candles", "packed")}
    (folder / "market.json").write_text(json.dumps(market))
    return folder


def changed(folder: Path, change: Change, today: Settings | None = None) -> Settings:
    return settings_of(folder, change.of(folder, today or settings()))


def test_nothing_changed_leaves_every_limit_as_it_was(tmp_path: Path) -> None:
    """Whatever today's settings say: the question is about then."""
    folder = recording(tmp_path, "risk.max_position_pct=7", "screen.min_strength=2")
    again = changed(folder, Change(), settings("risk.max_position_pct=3"))

    assert again.risk == settings("risk.max_position_pct=7").risk
    assert again.screen.min_strength == 2
    assert Change().words == "nothing changed"


def test_a_profile_replaces_what_the_profile_had_set(tmp_path: Path) -> None:
    """A limit that a person had set is that person's under any profile."""
    folder = recording(tmp_path, "risk.max_position_pct=7")
    risk = changed(folder, Change(profile="conservative")).risk

    assert risk.max_position_pct == 7
    assert risk.max_open_positions == 3
    assert risk.risk_per_trade_pct == Decimal("0.5")
    assert risk.max_spread_pct == settings().risk.max_spread_pct


def test_of_a_custom_profile_every_limit_is_replaced(tmp_path: Path) -> None:
    """All of them were set by hand, so the question can only mean all of them."""
    limits = {f"risk.{name}={value}" for name, value in _plainly(settings()).items()}
    folder = recording(tmp_path, "profile=custom", *sorted(limits), "risk.max_position_pct=7")

    assert changed(folder, Change(profile="moderate")).risk == settings().risk


def _plainly(found: Settings) -> dict[str, Any]:
    return found.risk.model_dump(mode="json")


def test_a_setting_goes_before_the_profile(tmp_path: Path) -> None:
    """As it does for a cycle."""
    change = Change(profile="conservative", settings={"risk": {"max_open_positions": 9}})

    assert changed(recording(tmp_path), change).risk.max_open_positions == 9


def test_a_recording_does_not_say_where_a_key_is_sent(tmp_path: Path) -> None:
    """A recording is data, perhaps somebody else's; the address and the key are today's."""
    folder = recording(tmp_path, "llm.base_url=http://elsewhere.invalid/v1", "llm.max_turns=3")
    today = settings("llm.base_url=http://127.0.0.1:9/v1", "llm.api_key=sk-of-today")
    again = changed(folder, Change(), today)

    assert again.llm.base_url == Change().llm(today).base_url == "http://127.0.0.1:9/v1"
    assert again.llm.max_turns == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (Change(settings={"venue": "demo"}), "--set venue cannot be asked"),
        (Change(settings={"replay": {"step": "4h"}}), "--set replay cannot be asked"),
        (Change(settings={"news": {"feeds": []}}), "--set news.feeds cannot be asked"),
        (Change(settings={"paper": {"cash": 5}}), "--set paper.cash cannot be asked"),
        (Change(settings={"api_secret": "s"}), "api_secret"),
        (Change(settings={"llm": {"api_key": "sk-x"}}), "never in --set"),
        (Change(settings={"model": "rulebook/bold"}), "Write --model NAME"),
        (Change(profile="custom"), "gives no limits"),
        (Change(profile="reckless"), "Allowed: aggressive, conservative, moderate"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(change: Change, said: str) -> None:
    """One clear message, and nothing was run."""
    with pytest.raises(SettingsError) as refused:
        change.check()

    assert said in str(refused.value)
    assert "sk-x" not in str(refused.value)


@pytest.mark.parametrize("assignment", [{"risk": 3}, {"llm": 3}, {"risk": {"max_lever": 2}}])
def test_a_setting_that_is_none_is_refused(tmp_path: Path, assignment: dict[str, Any]) -> None:
    """Before any cycle is run."""
    with pytest.raises(SettingsError):
        changed(recording(tmp_path), Change(settings=assignment))


def test_a_silent_agent_s_answers_are_read_by_nobody(shipped: CrewSpec) -> None:
    """Its task is left out, and so is its name in the context of others."""
    crew = silenced(shipped, "chart")

    assert "chart" not in crew.tasks
    assert crew.tasks["proposal"].context == ("technical", "sentiment")
    assert crew.tasks["verdict"].context == ("technical", "sentiment", "proposal")


@pytest.mark.parametrize(
    ("agent", "why"),
    [("analyst", "proposes"), ("risk_officer", "verdicts"), ("executor", "places the orders")],
)
def test_nobody_decides_without_proposal_verdict_or_order(
    shipped: CrewSpec, agent: str, why: str
) -> None:
    """Silence of these would answer another question: nothing is ever traded."""
    with pytest.raises(SettingsError, match=f"--without {agent} has no answer.*{why}"):
        silenced(shipped, agent)


def test_a_misspelt_agent_is_told_of(shipped: CrewSpec) -> None:
    """Otherwise a typo would look like an agent without influence."""
    with pytest.raises(SettingsError, match="Did you mean 'chart'"):
        silenced(shipped, "chrat")


def test_the_change_is_told_on_one_line() -> None:
    """It stands at the head of every answer."""
    change = Change(
        agents=Path("/some/where/mine.yaml"),
        model="rulebook/bold",
        settings={"risk": {"max_leverage": 2}, "screen": {"min_strength": 4}},
    )

    assert change.words == (
        "agents mine.yaml, model rulebook/bold, risk.max_leverage = 2, screen.min_strength = 4"
    )
