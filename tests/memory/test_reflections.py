"""A lesson's sentence is made of its figures and of nothing else."""

from decimal import Decimal
from typing import Any

import pytest

from memory.features import figures
from memory.reflections import better, reflection
from records.lesson import Lesson
from tests.tools.ledger import samples


def lesson(pnl: str | None, **changes: Any) -> Lesson:
    return samples.lesson(1, pnl_pct=pnl, **changes)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (lesson("-1"), "not entering: +0.0 %"),
        (lesson("-1", horizon_pct={1: "0.5", 24: "2"}), "leaving after 24 h: +2.0 %"),
        (lesson("3", horizon_pct={1: "0.5", 24: None}), ""),
        (lesson("2", kind="vetoed"), "entering as proposed: +2.0 %"),
        (lesson("-2", kind="vetoed", horizon_pct={1: "-1"}), ""),
        (lesson(None, kind="unfilled"), ""),
    ],
)
def test_what_would_have_been_better_is_the_best_known_way(told: Lesson, said: str) -> None:
    """Against what was done: the trade, or nothing where nothing was entered."""
    assert better(told) == said


@pytest.mark.parametrize(
    ("told", "moves", "said"),
    [
        (lesson("-1"), {}, "It made -1.0 % after 60 min."),
        (
            lesson("-1"),
            {1: Decimal(-1), 24: Decimal("1.24")},
            "It made -1.0 % after 60 min; 24 h after the proposal the price was 1.2 % its way.",
        ),
        (lesson("-2", kind="vetoed"), {}, "Not entering spared -2.0 %."),
        (
            lesson("2", kind="refused"),
            {4: Decimal(-3)},
            "Not entering missed +2.0 %; 4 h after the proposal the price was 3.0 % against it.",
        ),
        (lesson(None, kind="unfilled"), {}, "Nothing is known of how it would have ended."),
    ],
)
def test_a_reflection_tells_the_figures(told: Lesson, moves: Any, said: str) -> None:
    """It may stand in a prompt, so no word of a model may be in it."""
    assert reflection(told, moves) == said


def test_figures_are_named_by_the_word_before_them() -> None:
    """The situation's numbers as numbers."""
    found = figures("buy 4 by strength on 1h risk_on: rsi_14 31.2; rsi_14 99")

    assert found == {"buy": 4.0, "on": 1.0, "rsi_14": 31.2}
