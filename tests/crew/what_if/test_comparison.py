"""What counts as another decision, on stances written by hand."""

from decimal import Decimal

import pytest

from crew.what_if.comparison import Difference, differences
from crew.what_if.stances import Stance, Stances
from tests.crew.what_if.stance_case import AT, BTC, refused, stance, stances_of

NOTHING: Stances = {}


def compared(was: Stances, now: Stances) -> tuple[Difference, ...]:
    return tuple(differences("c1", AT, was, now))


def test_the_same_decisions_are_no_difference() -> None:
    """Also where nothing was done: a veto that stays a veto is no news."""
    for one in (stance(), refused("veto: spread"), stance(kind="exit", action="close")):
        assert compared(stances_of(one), stances_of(one)) == ()


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (stance(), None),
        (None, stance()),
        (stance(), refused("risk.max_stop_pct")),
        (stance(), stance(action="open_short", side="short")),
        (stance(kind="exit", action="close"), None),
        (stance(kind="exit", action="close"), stance(kind="exit", action="reduce")),
    ],
)
def test_another_thing_done_is_a_flip(was: Stance | None, now: Stance | None) -> None:
    """Opened or not, which side, closed or not."""
    (found,) = compared(stances_of(was) if was else NOTHING, stances_of(now) if now else NOTHING)

    assert found.flipped
    assert (found.was, found.now) == (was, now)


def test_a_proposal_that_nobody_made_or_let_pass_is_no_flip() -> None:
    """Wanted and refused comes to the same as not wanted: nothing was opened."""
    (found,) = compared(stances_of(refused("veto: spread")), NOTHING)

    assert not found.flipped
    assert found.veto == "lost"


@pytest.mark.parametrize(
    ("was", "now", "veto", "rules"),
    [
        (stance(), refused("risk.max_stop_pct"), "gained", ("risk.max_stop_pct",)),
        (refused("veto: spread"), stance(), "lost", ("veto: spread",)),
        (refused("veto: spread"), refused("cash"), "other rule", ("cash",)),
    ],
)
def test_vetoes_are_gained_and_lost_with_their_rules(
    was: Stance, now: Stance, veto: str, rules: tuple[str, ...]
) -> None:
    """The rule is what a person tunes."""
    (found,) = compared(stances_of(was), stances_of(now))

    assert (found.veto, found.rules) == (veto, rules)


def test_a_size_change_is_told_in_percent_of_the_recorded_size() -> None:
    """Half the size is half the risk, and no flip."""
    (found,) = compared(stances_of(stance()), stances_of(stance(quantity=Decimal(1))))

    assert found.size_change_pct == -50
    assert not (found.flipped or found.veto or found.moved)


def test_another_stop_or_target_is_a_difference_of_its_own() -> None:
    """The same trade with another end is another bet."""
    (found,) = compared(stances_of(stance()), stances_of(stance(stop=Decimal(97))))

    assert found.moved
    assert not found.flipped


def test_entry_and_exit_of_one_market_are_two_decisions() -> None:
    """A stop that closed one position says nothing of the next."""
    closed = stance(kind="exit", action="close")
    found = compared(stances_of(closed), stances_of(closed, stance()))

    assert [(one.symbol, one.kind, one.flipped) for one in found] == [(BTC, "entry", True)]
