"""Which tasks a change can touch: what is estimated, and what people are asked about."""

from dataclasses import replace
from pathlib import Path

import pytest

from crew.desk import TOOL_NAMES
from crew.home import CHECKOUT
from crew.specs import AgentSpec, load_specs
from crew.what_if.change import silenced
from crew.what_if.estimate import Planned, affected, estimate
from tests.crew.desks import settings

PAID = "openai/gpt-4.1-mini"
KEY = "llm.api_key=sk-nobody-is-asked"


@pytest.fixture
def unchanged(tmp_path: Path) -> Planned:
    """A cycle of the shipped crew, without any change."""
    spec = load_specs(CHECKOUT / "agents.yaml", CHECKOUT / "tasks.yaml", TOOL_NAMES)
    now = settings()
    return Planned(tmp_path, spec, spec, now, now, limits_change=False)


def edited(planned: Planned, agent: str, **changed: object) -> Planned:
    before = planned.before.agents[agent]
    agents = {**planned.before.agents, agent: before.model_copy(update=changed)}
    assert isinstance(agents[agent], AgentSpec)
    return replace(planned, after=planned.before.model_copy(update={"agents": agents}))


def test_nothing_changed_asks_nobody(unchanged: Planned) -> None:
    """Every prompt is what it was."""
    assert affected(unchanged) == frozenset()


def test_an_officer_s_new_goal_touches_verdict_and_execution(unchanged: Planned) -> None:
    """Those who work before the officer are not asked again."""
    found = affected(edited(unchanged, "risk_officer", goal="Welcome every proposal."))

    assert found == {"verdict", "execution"}


def test_a_reader_s_new_goal_touches_whoever_reads_it(unchanged: Planned) -> None:
    """The other readers work beside it and know nothing of it."""
    found = affected(edited(unchanged, "chart", temperature=0.7))

    assert found == {"chart", "proposal", "verdict", "execution"}


def test_a_silent_reader_touches_whoever_would_have_read_it(unchanged: Planned) -> None:
    """Its own calls are not made at all."""
    found = affected(replace(unchanged, after=silenced(unchanged.before, "sentiment")))

    assert found == {"proposal", "verdict", "execution"}


def test_a_setting_may_touch_every_prompt(unchanged: Planned) -> None:
    """Limits stand in briefings, and the screen chooses what all of them read."""
    assert affected(replace(unchanged, limits_change=True)) == unchanged.after.tasks.keys()


def test_another_model_touches_agents_without_their_own(unchanged: Planned) -> None:
    """An agent that names its model keeps it."""
    own = edited(unchanged, "sentiment", model="rulebook/cautious")
    planned = replace(own, before=own.after, settings_after=settings(f"model={PAID}", KEY))

    assert "sentiment" not in affected(planned)
    assert "technical" in affected(planned)


def test_who_would_be_paid_is_named_even_where_nothing_was_recorded(unchanged: Planned) -> None:
    """A cycle that had not met may meet now."""
    found = estimate([replace(unchanged, settings_after=settings(f"model={PAID}", KEY))], {})

    assert (found.may_ask, found.unpriced, found.calls) == ((PAID,), (PAID,), 0)
