"""Every view is put down to the agent and the model that it was really of."""

from pathlib import Path

import pytest

from crew.scores.claims import UNKNOWN, Author, Authors, of_proposals
from records.model_calls import ModelCalls
from records.reports import ReportRow
from tests.crew.scores.histories import BEGAN, a_history
from tools.ledger.judged import Stretch


def report(report_id: str) -> ReportRow:
    return ReportRow.model_validate(
        {
            "report_id": report_id,
            "cycle_id": "c",
            "agent": "analyst",
            "task": "technical",
            "kind": "Note",
            "created_at": BEGAN,
            "report": {"summary": "Nothing."},
        }
    )


def calls(model: str, attempt: int, count: int = 1) -> ModelCalls:
    return ModelCalls(
        cycle_id="c",
        agent="analyst",
        task="technical",
        answer="TechnicalReport",
        model=model,
        attempt=attempt,
        calls=count,
        prompt_tokens=1,
        completion_tokens=1,
        cost_usd=0,
    )


def test_a_report_of_the_rulebook_that_stood_in_is_the_rulebook_s() -> None:
    """A model that failed may not be praised for what was said in its place."""
    authors = Authors([calls("rulebook/balanced", 2), calls("openai/x", 1)])

    assert authors.of_report(report("c-technical")) == Author("analyst", "openai/x")
    assert authors.of_report(report("c-technical-2")) == Author("analyst", "rulebook/balanced")


def test_of_two_models_in_one_task_the_one_asked_most_is_named() -> None:
    """A view cannot be cut in two."""
    authors = Authors([calls("openai/x", 1, 4), calls("openai/y", 1, 1)])

    assert authors.of_report(report("c-technical")).model == "openai/x"


def test_a_report_of_a_killed_cycle_has_an_agent_and_no_model() -> None:
    """Its calls were never told apart; a guess would be a false score."""
    assert Authors([]).of_report(report("c-technical")) == Author("analyst", UNKNOWN)


def test_the_confidence_of_a_short_is_that_of_a_fall(tmp_path: Path) -> None:
    """Read the other way round, every good short would be a bad forecast."""
    with a_history(tmp_path) as history:
        history.entry(cycle := history.cycle(BEGAN), BEGAN, "veto", "1")
        (entry,) = history.ledger.judged.proposed(Stretch("demo"))
    draft = entry.proposal.draft.model_copy(update={"action": "open_short"})
    short = entry._replace(proposal=entry.proposal.model_copy(update={"draft": draft}))

    (as_long,), (as_short,) = of_proposals([entry], Authors([])), of_proposals([short], Authors([]))
    assert (as_long.cycle_id, as_long.up, as_short.up) == (cycle, 0.875, 0.125)


def test_an_unsure_proposal_is_still_one_of_its_direction(tmp_path: Path) -> None:
    """Whoever proposes to buy with little confidence does not forecast a fall."""
    with a_history(tmp_path) as history:
        history.entry(history.cycle(BEGAN), BEGAN, "veto", "1")
        (entry,) = history.ledger.judged.proposed(Stretch("demo"))
    draft = entry.proposal.draft.model_copy(update={"confidence": 0.35})
    unsure = entry._replace(proposal=entry.proposal.model_copy(update={"draft": draft}))

    (forecast,) = of_proposals([unsure], Authors([]))
    assert forecast.up == pytest.approx(0.675)
