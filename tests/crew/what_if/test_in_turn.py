"""Every adviser silent in turn: one agreement, one purse, and nobody is passed over in silence."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from crew.desk import TOOL_NAMES
from crew.home import CHECKOUT
from crew.specs import CrewSpec, load_specs
from crew.what_if.answer import UnansweredCycle
from crew.what_if.asking import answer
from crew.what_if.cases import LAST, chosen
from crew.what_if.change import Change, may_be_silent
from crew.what_if.estimate import Estimate
from crew.what_if.in_turn import Questions, Without, answers, each_without, questions
from crew.what_if.planned import Plan, plan
from crew.what_if.purse import Purse
from crew.what_if.table import adviser, advisers_notes
from records.errors import SettingsError
from tests.crew.test_cycle import SIX
from tests.crew.what_if.histories import TRADES, asked, looking_back, recorded
from tests.model_server import ModelServer

SHIPPED = load_specs(CHECKOUT / "agents.yaml", CHECKOUT / "tasks.yaml", TOOL_NAMES)
PAID = "openai/rulebook-bold"
PRICED = "llm.prices={openai/rulebook-bold: {prompt_usd: 1, completion_usd: 2}}"


def quiet(_text: str) -> None:
    """Progress nobody reads."""


@pytest.fixture(scope="module")
def vetoed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recorded cycles; in one the officer vetoed because of what the chart's reader said."""
    home = tmp_path_factory.mktemp("in_turn")
    recorded(home, *SIX, cycles=2, at=TRADES + timedelta(hours=3))
    return home


@pytest.fixture(scope="module")
def found(vetoed: Path) -> tuple[Without, ...]:
    """What each adviser's silence would have changed."""
    with looking_back(vetoed, *SIX) as desk:
        ready = questions(desk, None, None, None)
        return tuple(answers(desk, ready, Purse({}), quiet))


@pytest.fixture
def edited(vetoed: Path) -> Iterator[Path]:
    """The same folder; what is done to the newest recording's YAML is undone."""
    newest = sorted((vetoed / "recordings").iterdir())[-1]
    kept = {name: (newest / name).read_bytes() for name in ("agents.yaml", "tasks.yaml")}
    yield newest
    for name, content in kept.items():
        (newest / name).write_bytes(content)


def test_those_who_only_advise_may_be_silent() -> None:
    """Whoever proposes, judges or acts may not, nor is a waiting agent asked about."""
    assert may_be_silent(SHIPPED) == ("sentiment", "chart")
    assert "contrarian" in SHIPPED.agents


def test_a_crew_of_deciders_leaves_nobody_out() -> None:
    """Each of its agents is needed."""
    needed = {name: t for name, t in SHIPPED.tasks.items() if name in ("proposal", "verdict")}

    assert may_be_silent(CrewSpec(agents=SHIPPED.agents, tasks=needed)) == ()


def test_each_answer_is_that_of_the_single_question(
    vetoed: Path, found: tuple[Without, ...]
) -> None:
    """The figures beside the scores are those of `desk what-if --without`."""
    alone = asked(vetoed, Change(without="chart"), *SIX)
    sentiment, chart = found

    assert (sentiment.agent, chart.agent) == ("sentiment", "chart")
    assert dict(chart) | dict(alone.counts) == dict(chart)
    assert chart.hindsight == tuple(alone.hindsight())
    assert chart.flips > 0
    assert chart.vetoes_lost > 0
    assert any(one.now for one in chart.hindsight)
    assert (chart.cycles, chart.first_at) == (2, TRADES + timedelta(hours=3))
    assert chart.asked > 0 < chart.heard


def test_what_is_printed_holds_every_figure(found: tuple[Without, ...]) -> None:
    """Flips, vetoes, sizes, calls, cost and what entries came to, by horizon."""
    chart = found[1]
    said = adviser(chart, "USDT")

    assert said.startswith("  chart: 2 cycles, 2026-11-03 04:00 to 2026-11-03 05:00\n")
    assert f"{chart.flips} flip" in said
    assert f"{chart.vetoes_gained} vetoes gained, {chart.vetoes_lost} lost" in said
    assert f"{chart.heard} model calls from the recording, {chart.asked} asked anew" in said
    assert "entries that differ, USDT, in hindsight" in said
    for one in chart.hindsight:
        assert f"{one.was:+.2f}" in said
        assert f"{one.now:+.2f}" in said


def test_what_a_reader_must_know_stands_once_at_the_end(
    vetoed: Path, found: tuple[Without, ...]
) -> None:
    """Hindsight is marked as such, and whoever was not asked about is named."""
    with looking_back(vetoed, *SIX) as desk:
        ready = questions(desk, None, None, None)
        whole = each_without(desk, ready, Purse({}), found)
        partly = each_without(desk, ready, Purse({}, Decimal(2)), found[:1])

    assert whole.not_asked == ()
    assert "Hindsight: known only afterwards." in advisers_notes(whole)
    assert "Not asked" not in advisers_notes(whole)
    assert (partly.not_asked, partly.budget_usd) == (("chart",), 2)
    assert "Not asked about: chart." in advisers_notes(partly)


def test_a_cycle_that_cannot_answer_is_counted_with_its_reason(
    found: tuple[Without, ...],
) -> None:
    """A model that failed, a cycle that met without news, an end before the last one."""
    failed = tuple(UnansweredCycle(cycle_id=name, why="no \x1bmodel") for name in ("c1", "c2"))
    odd = {"unanswered": failed, "without_news": 1, "stopped": "It was told to end."}
    said = adviser(found[0].model_copy(update=odd), "USDT")

    assert "no answer from 2 more: no " in said
    assert "\x1b" not in said
    assert "1 of them met without news" in said
    assert "It was told to end." in said


def test_one_agent_can_be_asked_about(vetoed: Path) -> None:
    """The others are not run."""
    with looking_back(vetoed, *SIX) as desk:
        assert tuple(questions(desk, None, None, "chart").of) == ("chart",)


@pytest.mark.parametrize("name", ["analyst", "nobody"])
def test_an_agent_that_cannot_be_left_out_is_refused_with_those_who_can(
    vetoed: Path, name: str
) -> None:
    """In the words of this command, not of another one's options."""
    with looking_back(vetoed, *SIX) as desk, pytest.raises(SettingsError) as refused:
        questions(desk, None, None, name)

    assert f"{name!r} cannot be left out" in str(refused.value)
    assert "Those who may be: sentiment, chart." in str(refused.value)
    assert "--without" not in str(refused.value)


def test_a_recording_that_cannot_be_read_hides_no_other(vetoed: Path, edited: Path) -> None:
    """One damaged file of the newest cycle is no reason to answer nothing."""
    (edited / "agents.yaml").write_text("a: [")
    with looking_back(vetoed, *SIX) as desk:
        ready = questions(desk, None, None, None)

        told = each_without(desk, ready, Purse({}), ())

    assert {name: len(one.cases) for name, one in ready.of.items()} == {"sentiment": 1, "chart": 1}
    assert [one.cycle_id for one in told.unread] == [edited.name]
    assert f"Not read: {edited.name}: agents.yaml" in advisers_notes(told)


def test_a_recording_that_alone_is_meant_and_cannot_be_read_is_refused_with_the_cause(
    vetoed: Path, edited: Path
) -> None:
    (edited / "agents.yaml").write_text("a: [")
    with looking_back(vetoed, *SIX) as desk, pytest.raises(SettingsError, match=r"agents\.yaml"):
        questions(desk, edited.name, None, None)


def test_an_adviser_without_an_answer_keeps_no_other_from_theirs(
    vetoed: Path, edited: Path
) -> None:
    """Named with its reason: its only cycle is damaged."""
    older = sorted(edited.parent.iterdir())[0]
    tasks, kept = older / "tasks.yaml", (edited / "settings.json").read_bytes()
    text = tasks.read_text()
    tasks.write_text(text.replace("\nchart:\n", "\nchart:\n  enabled: false\n"))
    (edited / "settings.json").write_text("{")
    try:
        with looking_back(vetoed, *SIX) as desk:
            ready = questions(desk, None, None, None)
            notes = advisers_notes(each_without(desk, ready, Purse({}), ()))
    finally:
        tasks.write_text(text)
        (edited / "settings.json").write_bytes(kept)

    assert tuple(ready.of) == ("sentiment",)
    assert [one.agent for one in ready.no_answer] == ["chart"]
    assert "No answer about chart: settings.json of the recording is damaged" in notes


def test_each_is_left_out_of_the_cycles_it_worked_in(vetoed: Path, edited: Path) -> None:
    """Who was silent in the newest cycle is still scored, and still asked about."""
    text = (edited / "tasks.yaml").read_text()
    (edited / "tasks.yaml").write_text(text.replace("\nchart:\n", "\nchart:\n  enabled: false\n"))
    with looking_back(vetoed, *SIX) as desk:
        ready = questions(desk, None, None, None)

    assert {name: len(one.cases) for name, one in ready.of.items()} == {"sentiment": 2, "chart": 1}


def test_cycles_are_named_bounded_and_told_oldest_first(vetoed: Path) -> None:
    """In whatever order they are typed."""
    with looking_back(vetoed, *SIX) as desk:
        old, new = chosen(desk, LAST, None)

        assert chosen(desk, f"{new},{old}", None) == (old, new)
        assert chosen(desk, None, TRADES, newest=1) == (new,)
        assert chosen(desk, None, None, newest=1) == (new,)
        assert chosen(desk, "LAST_2", None, newest=1) == (old, new)
        (one,) = questions(desk, old, None, "chart").of.values()
        assert [case.cycle_id for case in one.cases] == [old]


def planned(estimate: Estimate) -> Plan:
    return Plan(change=Change(without="x"), cases=(), unanswered=(), estimate=estimate)


def test_costs_are_added_up_field_by_field() -> None:
    """One question is agreed to, so it must name all of it."""
    first = Estimate(
        cycles=2, calls=3, tokens=500, usd=Decimal("0.4"), unpriced=(), free_calls=1,
        may_ask=("a/b",),
    )  # fmt: skip
    free = replace(planned(first.model_copy(update={"may_ask": (), "usd": Decimal(0)})))
    both = Questions({"one": planned(first), "two": planned(first)})

    assert both.estimate == Estimate(
        cycles=4, calls=6, tokens=1000, usd=Decimal("0.8"), unpriced=(), free_calls=2,
        may_ask=("a/b",),
    )  # fmt: skip
    assert both.usual_budget_usd == Decimal("1.2")
    assert Questions({"one": planned(first), "two": free}).usual_budget_usd == Decimal("0.6")
    assert Questions({"two": free}).usual_budget_usd is None
    unpriced = planned(first.model_copy(update={"unpriced": ("a/b",)}))
    assert Questions({"one": planned(first), "two": unpriced}).usual_budget_usd is None


def test_the_question_counts_a_cycle_once(vetoed: Path) -> None:
    """Twenty cycles without each of two agents are not forty cycles."""
    with looking_back(vetoed, *SIX) as desk:
        words = questions(desk, None, None, None).words

    assert words == "2 cycles again, without sentiment, chart in turn"


def test_what_one_answer_spends_the_next_has_no_longer(tmp_path: Path) -> None:
    """A budget is for the whole question: nobody agreed to it twice, or to another one."""
    with ModelServer() as server:
        reached = (
            f"model={PAID}", f"llm.base_url={server.base_url}", "llm.api_key=none", PRICED,
        )  # fmt: skip
        recorded(tmp_path, *reached)
        with looking_back(tmp_path, *reached) as desk:
            ready = questions(desk, None, None, None)
            prices, usual = desk.settings.llm.prices, ready.usual_budget_usd
            whole = list(answers(desk, ready, Purse(prices, usual), quiet))
            little = sum((one.cost_usd for one in whole), Decimal(0)) * Decimal("0.8")
            purse = Purse(prices, little)
            first, second = answers(desk, ready, purse, quiet)
            purse_of_none = Purse(prices, Decimal(0))
            (nothing,) = answers(desk, ready, purse_of_none, quiet)

    assert ready.estimate.may_ask == (PAID,)
    assert [one.stopped for one in whole] == [None, None]
    assert all(one.cost_usd > 0 for one in whole)
    assert (first.stopped, first.cycles) == (None, 1)
    assert f"The budget of {little:f} USD is used up" in (second.stopped or "")
    assert first.cost_usd + second.cost_usd == purse.spent_usd <= little
    assert "is used up" in (nothing.stopped or "")
    assert nothing.cost_usd == 0


def test_after_a_signal_nobody_else_is_asked_about(vetoed: Path) -> None:
    """What is done stands."""
    told = list[str]()
    with looking_back(vetoed, *SIX) as desk:
        ready = questions(desk, None, None, None)

        def end_it(text: str) -> None:
            told.append(text)
            desk.stopping.ask("stopped", "a person had seen enough")

        (only,) = answers(desk, ready, Purse({}), end_it)

    assert "It was told to end" in (only.stopped or "")
    assert (only.heard, only.asked) == (0, 0)
    assert told == [f"without sentiment, 1 of 2: {ready.of['sentiment'].cases[0].cycle_id}"]


def test_a_prompt_that_differs_unforeseen_is_no_bill(tmp_path: Path) -> None:
    """Edited news, another release: no estimate names it, so no model that costs is asked."""
    with ModelServer() as server:
        reached = (
            f"model={PAID}", f"llm.base_url={server.base_url}", "llm.api_key=none", PRICED,
        )  # fmt: skip
        (record,) = recorded(tmp_path, *reached)
        news = tmp_path / "recordings" / record.cycle_id / "news.json"
        text = news.read_text()
        news.write_text(text.replace('"title":"', '"title":"Edited ', 20))
        assert news.read_text() != text
        before = len(server.bodies)
        with looking_back(tmp_path, *reached) as desk:
            ready = plan(desk, Change(), chosen(desk, LAST, None))
            unasked = answer(desk, ready, budget_usd=None, say=quiet)
            asked_then = len(server.bodies)
            agreed = answer(desk, ready, budget_usd=Decimal(1), say=quiet, bound=True)

    assert ready.estimate.may_ask == ()
    assert (unasked.asked, unasked.cost_usd, asked_then) == (0, 0, before)
    assert "nobody agreed to pay" in unasked.unanswered[0].why
    assert (len(agreed.compared), agreed.unanswered) == (1, ())
    assert agreed.asked > 0 < agreed.cost_usd
