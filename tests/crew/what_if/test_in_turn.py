"""Every agent silent in turn: one agreement, one purse, one answer each."""

from decimal import Decimal
from pathlib import Path

import pytest

from crew.desk import TOOL_NAMES
from crew.home import CHECKOUT
from crew.specs import CrewSpec, load_specs
from crew.what_if.cases import LAST, chosen
from crew.what_if.change import may_be_silent
from crew.what_if.in_turn import answers, each_without, together, usual_budget_usd
from crew.what_if.planned import Plan
from records.errors import SettingsError
from tests.crew.what_if.histories import looking_back, recorded
from tests.model_server import ModelServer

BOLD = "model=rulebook/bold"
SHIPPED = load_specs(CHECKOUT / "agents.yaml", CHECKOUT / "tasks.yaml", TOOL_NAMES)


def quiet(_text: str) -> None:
    """Progress nobody reads."""


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("in_turn")
    recorded(home, BOLD)
    return home


def plans_of(home: Path, only: str | None = None) -> tuple[Plan, ...]:
    with looking_back(home, BOLD) as desk:
        return each_without(desk, chosen(desk, LAST, None), only)


def test_those_who_only_advise_may_be_silent() -> None:
    """Whoever proposes, judges or acts may not, nor is a waiting agent asked about."""
    assert may_be_silent(SHIPPED) == ("sentiment", "chart")
    assert "contrarian" in SHIPPED.agents


def test_a_crew_of_deciders_leaves_nobody_out() -> None:
    """Each of its agents is needed."""
    needed = {name: t for name, t in SHIPPED.tasks.items() if name in ("proposal", "verdict")}

    assert may_be_silent(CrewSpec(agents=SHIPPED.agents, tasks=needed)) == ()


def test_every_adviser_is_left_out_once_and_costs_are_added_up(traded: Path) -> None:
    plans = plans_of(traded)

    assert [one.change.without for one in plans] == ["sentiment", "chart"]
    assert together(plans).cycles == 2
    assert together(plans).free_calls == sum(one.estimate.free_calls for one in plans) > 0
    assert usual_budget_usd(plans) is None
    with looking_back(traded, BOLD) as desk:
        found = list(answers(desk, plans, budget_usd=None, say=quiet))
    assert [(one.change, len(one.compared)) for one in found] == [
        ("without sentiment", 1), ("without chart", 1),
    ]  # fmt: skip


def test_one_agent_can_be_asked_about(traded: Path) -> None:
    (one,) = plans_of(traded, "chart")

    assert one.change.words == "without chart"


def test_an_agent_that_decides_is_refused_by_name(traded: Path) -> None:
    with pytest.raises(SettingsError, match="--without analyst has no answer"):
        plans_of(traded, "analyst")


def test_what_one_answer_spends_the_next_has_no_longer(tmp_path: Path) -> None:
    """A budget is for the whole question: nobody agreed to it twice."""
    with ModelServer() as server:
        reached = (
            "model=openai/rulebook-bold", f"llm.base_url={server.base_url}", "llm.api_key=none",
            "llm.prices={openai/rulebook-bold: {prompt_usd: 1, completion_usd: 2}}",
        )  # fmt: skip
        recorded(tmp_path, *reached)
        with looking_back(tmp_path, *reached) as desk:
            plans = each_without(desk, chosen(desk, LAST, None), None)
            usual = usual_budget_usd(plans)
            assert usual is not None
            whole = list(answers(desk, plans, budget_usd=usual, say=quiet))
            enough_for_one = sum(one.cost_usd for one in whole) * Decimal("0.8")
            first, second = answers(desk, plans, budget_usd=enough_for_one, say=quiet)

    assert together(plans).may_ask == ("openai/rulebook-bold",)
    assert [one.stopped for one in whole] == [None, None]
    assert all(one.cost_usd > 0 for one in whole)
    assert (first.stopped, len(first.compared)) == (None, 1)
    assert "is used up" in (second.stopped or "")
    assert first.cost_usd + second.cost_usd <= enough_for_one


def test_after_a_signal_nobody_else_is_asked_about(traded: Path) -> None:
    """What is done stands."""
    plans = plans_of(traded)
    told = list[str]()
    with looking_back(traded, BOLD) as desk:

        def end_it(text: str) -> None:
            told.append(text)
            desk.stopping.ask("stopped", "a person had seen enough")

        (only,) = answers(desk, plans, budget_usd=None, say=end_it)

    assert "It was told to end" in (only.stopped or "")
    assert told == [f"without sentiment, 1 of 1: {plans[0].cases[0].cycle_id}"]
