"""Proposal, officer, gate and order beside each other, from what the ledger knows."""

import re
from pathlib import Path

import pytest

from crew.reading.cases import COLUMNS, Case
from crew.reading.story import Story, story_of
from crew.reading.text import Pen, whole
from tools.ledger.ledger import Ledger


@pytest.fixture(scope="module")
def one(traded: Path) -> Story:
    with Ledger(traded / "ledger.db") as ledger:
        return story_of(ledger, traded, None)


def test_every_proposal_is_told_to_its_end(one: Story) -> None:
    """What was asked, what the officer said, what the gate made of it, and what was sent."""
    placed = [case for case in one.cases if case.placed]
    stopped = [case for case in one.cases if not case.placed]

    assert (len(placed), len(stopped)) == (1, 2)
    (case,) = placed
    assert case.proposal[0].startswith("open_")
    assert case.officer[0] in ("approve", "shrink")
    assert case.gate[0].startswith("approved ")
    assert [words.split()[0] for words in case.order] == ["entry", "stop", "take_profit"]
    assert ": filled" in case.order[0]


def test_a_refusal_names_the_limit_and_why_no_order_was_sent(one: Story) -> None:
    """The officer had approved; the reader must see who stopped it."""
    for case in one.cases:
        if not case.placed:
            assert case.officer[0] in ("approve", "shrink")
            assert case.gate[0] == "refused: limits"
            assert any("risk.max_orders_per_cycle" in words for words in case.gate)
            assert case.order == ("not placed: the gate issued no approval",)


def test_the_columns_stand_beside_each_other_within_the_terminals_width(one: Story) -> None:
    """Wrapped, never cut: all words are there."""
    shown = whole(one, full=False, width=100).partition("Decisions")[2].partition("Costs")[0]
    lines = shown.splitlines()
    heads = [line for line in lines if line.split() == list(COLUMNS)]

    assert len(heads) == len(one.cases)
    assert max(map(len, lines)) <= 100
    words = " ".join(shown.split())
    assert all(word in words for case in one.cases for word in _words(case))


def test_the_closing_tells_costs_by_agent_and_the_outcome(one: Story) -> None:
    """The same figures as the ledger's own total."""
    shown = whole(one, full=False, width=100)
    assert one.record is not None
    table = shown.partition("Costs")[2].partition("Outcome")[0].splitlines()[2:]
    rows = [line.split() for line in table if len(line.split()) > 5]

    assert f"TRADED: {one.record.message}" in shown
    assert len(rows) == 5
    assert sum(int(row[-5]) for row in rows) == one.record.model.calls
    assert sum(int(row[-4]) for row in rows) == one.record.model.prompt_tokens


def _words(case: Case) -> set[str]:
    """Those short enough to stand in a column unbroken."""
    words = (word for column in case.columns() for one in column for word in one.split())
    return {word for word in words if word.isalnum() and len(word) < 16}


def test_colours_are_for_a_terminal_alone(one: Story) -> None:
    """A file or a mail that is full of codes cannot be read."""
    plain = whole(one, full=True, width=100)
    coloured = whole(one, full=True, width=100, pen=Pen(on_a_terminal=True))

    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain
    assert coloured != plain
